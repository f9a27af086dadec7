// Somebody opens a recording's link, is asked who they are, and comes in by the letter; somebody else is told the same and gets none.
import { SITE, giveKey, launch, look, must, open, until } from "./browser.mjs";
import { letter, linkIn } from "./letters.mjs";

const step = (text) => console.log(`- ${text}`);
const { LINK } = process.env;
const words = (page) => page.locator("main").innerText();

async function ask(page, address) {
  await page.goto(LINK);
  await page.fill("#address", address);
  await page.click("button.primary");
  await page.locator("[role=status]").waitFor();
  await page.waitForLoadState();
}

const browser = await launch();
try {
  const stranger = await open(browser);
  await ask(stranger, "eve@example.com");
  const told = await words(stranger);
  step("somebody who is not selected is told that a link is on its way if they are");

  const page = await open(browser);
  await page.goto(LINK);
  await look(page, "asked");
  await page.fill("#address", "kari");
  await page.evaluate(() => document.querySelector("form").setAttribute("novalidate", ""));
  await page.click("button.primary");
  await page.locator("#address-wrong").waitFor();
  must((await page.inputValue("#address")) === "kari", "what was entered is kept");
  await until("the field is where the keyboard is", () => page.evaluate(() => document.activeElement?.id === "address"));
  await look(page, "asked-wrong");
  await page.fill("#address", "Kari@Example.com");
  await page.click("button.primary");
  await page.locator("[role=status]").waitFor();
  await page.waitForLoadState();
  must((await words(page)) === told, "the same words for everybody");
  await look(page, "asked-told");
  const sent = await letter(1);
  must(sent.to === "kari@example.com", sent.to);
  step("the one who is selected gets the letter");

  await page.goto(linkIn(sent));
  must(page.url() === LINK, `the token has left the address: ${page.url()}`);
  await page.locator("video").waitFor();
  await page.evaluate(() => document.querySelector("video").play());
  await until("it plays", () => page.evaluate(() => document.querySelector("video").currentTime > 0.3));
  await look(page, "by-temporary-link");
  step("and plays the recording");

  const plain = await open(browser, { javaScriptEnabled: false });
  await ask(plain, "eve@example.com");
  must((await words(plain)).includes((await words(stranger)).split("\n")[0]), "without script too");

  const member = await open(browser);
  await member.goto(LINK);
  await member.click("a[href$='/member']");
  await giveKey(member);
  await until("a member is led to the recording", async () => member.url().startsWith(`${SITE}/recordings/`));
  step("a member signs in from there");
  for (const one of [page, stranger, member]) must(one.troubles.length === 0, one.troubles.join("\n"));
} finally {
  await browser.close();
}
