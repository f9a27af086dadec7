// A member sends a recording outside and to a colleague, from its page; looks at the log, calls access back, and says how the recipients' page looks.
import { SITE, api, launch, look, must, open, signIn, until } from "./browser.mjs";
import { letter, linkIn } from "./letters.mjs";

const step = (text) => console.log(`- ${text}`);
const { RECORDING, LOGO } = process.env;

async function outside(page) {
  await signIn(page, `/recordings/${RECORDING}`);
  const button = page.locator("a[data-letter][href^='/archive/send?']");
  await button.click();
  const dialog = page.locator("dialog.letter-dialog");
  await dialog.locator("#name").waitFor();
  must((await page.evaluate(() => document.activeElement?.id)) === "name", "the first field is where the keyboard is");
  await look(page, "send-outside", { full: false });
  await page.fill("#name", "Kari Nordmann");
  await page.fill("#email", "kari");
  await page.fill("#reason", "She asked for it");
  await dialog.locator("button.primary").click();
  await dialog.locator("#w-email").waitFor();
  must((await page.inputValue("#name")) === "Kari Nordmann", "what was written is kept");
  must((await page.evaluate(() => document.activeElement?.id)) === "email", "the fault is where the keyboard is");
  await look(page, "send-outside-wrong", { full: false });
  await page.fill("#email", "kari@example.com");
  await dialog.locator("button.primary").click();
  await dialog.locator("[role=status]").waitFor();
  await look(page, "send-outside-sent", { full: false });
  await page.keyboard.press("Escape");
  await until("the dialog is gone", async () => (await dialog.count()) === 0);
  must(await button.evaluate((one) => one === document.activeElement), "and the keyboard is where it was");
  const sent = await letter(1);
  must(sent.to === "kari@example.com" && sent.text.includes("Kari Nordmann"), JSON.stringify(sent));
  const recipient = await open(page.context().browser());
  await recipient.goto(linkIn(sent));
  must((await recipient.locator("main").count()) === 1, "the link opens a page");
  step("sent outside, from the recording's page");
}

async function inside(page) {
  await api("/v1/users", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "paal", display_name: "Paal Kongshaug", email: "paal@example.com", role: "reviewer" }),
  });
  await page.goto(`${SITE}/recordings/${RECORDING}`);
  await page.locator("a[data-letter][href^='/archive/send-internal']").click();
  const dialog = page.locator("dialog.letter-dialog");
  await dialog.locator("#to").waitFor();
  await page.selectOption("#to", "paal");
  must((await page.inputValue("#email")) === "paal@example.com", "the address that is known");
  await look(page, "send-inside", { full: false });
  const message = await page.inputValue("#message");
  await page.fill("#message", "no link");
  await dialog.locator("button.primary").click();
  await dialog.locator("#w-message").waitFor();
  await page.fill("#message", message);
  await dialog.locator("button.primary").click();
  await dialog.locator("[role=status]").waitFor();
  const sent = await letter(2);
  must(sent.to === "paal@example.com" && linkIn(sent).startsWith(`${SITE}/archive?sel=`), JSON.stringify(sent));
  step("sent to a colleague");
}

async function configured(page) {
  await page.goto(`${SITE}/external/configuration`);
  await look(page, "external-configuration");
  await page.setInputFiles("#logo", LOGO);
  await page.click(".logo-form button");
  await until("the logo shows", () => page.evaluate(() => document.querySelector("img.logo")?.naturalWidth > 0));
  await page.fill("#footer", "My Company\nsupport@mycompany.example");
  await page.fill("#session_hours", "30");
  await page.fill("#terms_no", "Opptakene er bare til deg.");
  await page.click("form[action='/external/configuration'] button.primary");
  await page.locator("#w-hours").waitFor();
  must((await page.inputValue("#terms_no")).startsWith("Opptakene"), "what was written is kept");
  await look(page, "external-configuration-wrong");
  await page.fill("#session_hours", "3");
  await page.click("form[action='/external/configuration'] button.primary");
  await page.locator("[role=status]").waitFor();
  await page.goto(`${SITE}/archive/send?r=${RECORDING}`);
  await page.selectOption("#language", "no");
  const norwegian = await page.inputValue("#body");
  must(norwegian.includes("{{link}}") && !norwegian.startsWith("Dear"), norwegian);
  await page.fill("#body", "{{link}} written by hand");
  await page.selectOption("#language", "en");
  must((await page.inputValue("#body")) === "{{link}} written by hand", "what was written stays whatever the language");
  step("the page for people outside is configured; the letter follows the language until somebody writes it");
}

async function log(page) {
  await page.goto(`${SITE}/external`);
  await page.locator(".external-rows tbody tr").first().waitFor();
  must((await page.locator(".external-rows tbody tr").count()) === 1, "the colleague's letter is not in it");
  await look(page, "external-log");
  await page.click(".cancel summary");
  await look(page, "external-log-cancel");
  await page.click(".cancel button");
  await page.locator("[role=status]").waitFor();
  const row = await page.locator(".external-rows .status").innerText();
  must(/Cancelled\s+by \S+ on/.test(row), row);
  await page.fill("input[name=name]", "nobody");
  await page.click(".filters button");
  await page.locator(".empty").waitFor();
  await look(page, "external-log-none");
  step("the log, and access called back");
}

const browser = await launch();
try {
  const page = await open(browser);
  await outside(page);
  await inside(page);
  await configured(page);
  await log(page);
  must(page.troubles.length === 0, page.troubles.join("\n"));
  const plain = await open(browser, { javaScriptEnabled: false });
  await signIn(plain, `/recordings/${RECORDING}`);
  await plain.click("a[data-letter][href^='/archive/send?']");
  await plain.fill("#name", "Ola");
  await plain.fill("#email", "ola@example.com");
  await plain.fill("#reason", "He asked");
  await plain.click("button.primary");
  await plain.locator("[role=status]").waitFor();
  // Copies come first: the page does not wait for the letter.
  const sent = await letter(3);
  must(sent.to === "ola@example.com", JSON.stringify(sent));
  step("without scripts too");
} finally {
  await browser.close();
}
