// Somebody changes their own password: what is wrong stands at its field, other browsers are signed out, this one stays.
import { SITE, api, launch, look, must, open } from "./browser.mjs";

const step = (text) => console.log(`- ${text}`);
const OLD = "a lamp that flickers";
const NEW = "a lamp that shines on";

async function come(page, password, path = "/archive") {
  await page.goto(`${SITE}${path}`);
  await page.fill("#name", "anna");
  await page.fill("#password", password);
  await page.press("#password", "Enter");
}

async function send(page, current, password, again = password) {
  await page.fill("#current", current);
  await page.fill("#new", password);
  await page.fill("#again", again);
  // What is looked at next is the page that answers.
  await page.evaluate(() => (document.body.dataset.sent = "yes"));
  await page.click("form.settings button.primary");
  await page.waitForSelector("body:not([data-sent])");
}

const wrong = async (page, field) => {
  await page.waitForSelector(`#${field}[aria-invalid="true"]`);
  const marked = await page.locator('[aria-invalid="true"]').count();
  must(marked === 1, `${marked} fields are marked`);
  for (const id of ["current", "new", "again"]) must((await page.inputValue(`#${id}`)) === "", "no password is sent back");
  const says = await page.getAttribute(`#${field}`, "aria-describedby");
  must(says.includes(`e-${field}`), `${field} is described by ${says}`);
  return page.textContent(`#e-${field}`);
};

async function faults(page) {
  await send(page, OLD, NEW, `${NEW}!`);
  must((await wrong(page, "again")) === "This is not the same as the new password.", "the second differs");
  await look(page, "me-wrong");
  await send(page, "not my password", NEW);
  must((await wrong(page, "current")) === "This is not your present password.", "the present one is asked for");
  await send(page, OLD, OLD);
  must((await wrong(page, "new")) === "This is the password that you have now.", "the same again is none");
  // Browsers hold short ones back themselves; the node does too.
  await page.evaluate(() => (document.querySelector("form.settings").noValidate = true));
  await send(page, OLD, "short");
  must((await wrong(page, "new")) === "A password has 10 to 512 characters.", "short ones are refused");
  step("what is wrong stands at its field");
}

const browser = await launch();
try {
  await api("/v1/users", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "anna", display_name: "Anna Bø", email: "anna@example.com", role: "reviewer", password: OLD }),
  });
  const [page, elsewhere] = [await open(browser), await open(browser)];
  await come(page, OLD);
  await come(elsewhere, OLD);
  await elsewhere.locator("#search").waitFor();
  await page.locator("#search").waitFor();
  must((await page.textContent(".bar .me")) === "anna", "the bar says who is signed in");
  await page.click(".bar .me");
  await page.waitForSelector("#current");
  await look(page, "me");
  await faults(page);
  await send(page, OLD, NEW);
  await page.locator(".note[role=status]").waitFor();
  await look(page, "me-changed");
  const asked = (p) => p.evaluate(async () => (await fetch("/v1/me")).status);
  must((await asked(page)) === 200 && (await asked(elsewhere)) === 401, "signed in here, and nowhere else");
  await page.goto(`${SITE}/archive`);
  await page.locator("#search").waitFor();
  step("the password is changed; this browser stays, the other is out");

  // A form that was open there leads to signing in, and back to its page.
  await elsewhere.evaluate(() => document.querySelector('form[action="/sign-out"]').submit());
  await elsewhere.locator("#wrong").waitFor();
  must((await elsewhere.textContent("#wrong")).includes("signed out in the meantime"), "it says why");
  must((await elsewhere.inputValue('form[action="/sign-in"] [name=next]')) === "/archive", "and leads back");
  await elsewhere.fill("#name", "anna");
  await elsewhere.fill("#password", OLD);
  await elsewhere.press("#password", "Enter");
  await elsewhere.locator("#wrong", { hasText: "wrong" }).waitFor();
  await elsewhere.fill("#password", NEW);
  await elsewhere.press("#password", "Enter");
  await elsewhere.locator("#search").waitFor();
  step("the old one opens nothing, the new one does");

  // What is refused is a page: settings are an administrator's.
  const refused = await page.goto(`${SITE}/settings/people`);
  must(refused.status() === 403, `settings answer ${refused.status()}`);
  must((await page.textContent("h1")) === "That did not work" && (await page.isVisible(".bar .me")), "in words, in the frame of the pages");
  await look(page, "refused");
  const audit = (await api("/v1/audit?action=setting_change&actor=user:anna")).items;
  must(audit.length === 1 && audit[0].subject === "user:anna" && audit[0].detail.password === "set", JSON.stringify(audit));
  const tries = (await api("/v1/audit?action=sign_in&actor=user:anna")).items.filter((e) => e.detail.again);
  must(tries.length === 1 && tries[0].detail.failed, JSON.stringify(tries));
  must(!JSON.stringify(await api("/v1/audit?limit=200")).includes("lamp"), "no password is kept");
  step("noted, without the password");
} finally {
  await browser.close();
}
