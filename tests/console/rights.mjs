// An administrator makes a user and a key; the user signs in with a password and finds what is theirs to find.
import { SITE, launch, look, must, open, signIn } from "./browser.mjs";

const step = (text) => console.log(`- ${text}`);
const PASSWORD = "a lamp that flickers";

async function administrator(page) {
  await signIn(page, "/settings/people");
  await page.locator(".empty").first().waitFor();
  await look(page, "people-empty");
  await page.click('a[href="/settings/new-user"]');
  await page.fill("[name=name]", "anna");
  await page.fill("#password", PASSWORD);
  await page.click("form.settings button.primary");
  await page.locator(".note.warn").waitFor();
  must((await page.inputValue("[name=name]")) === "anna", "what was written is kept");
  await look(page, "people-user-wrong");
  await page.check("[name=role][value=reviewer]");
  await page.fill("#password", PASSWORD);
  await page.click("form.settings button.primary");
  await page.locator("tbody th a", { hasText: "anna" }).waitFor();
  await look(page, "people");
  step("a user is made");

  await page.goto(`${SITE}/settings/people/workspace`);
  await look(page, "people-properties");
  await page.goto(`${SITE}/settings/keys`);
  await page.fill("form.settings [name=name]", "crm");
  await page.locator("form.settings input[type=checkbox]").first().check();
  await page.click("form.settings button.primary");
  const key = await page.inputValue("#made");
  must(key.startsWith("ferric_"), "the key is shown");
  await look(page, "keys-made");
  await page.goto(`${SITE}/settings/keys`);
  must(!(await page.content()).includes(key), "once");
  step("a key is made and shown once");
}

async function anna(page) {
  await page.goto(`${SITE}/archive`);
  await page.fill("#name", "anna");
  await page.fill("#password", "a lamp that shines");
  await page.press("#password", "Enter");
  await page.locator(".note.warn").waitFor();
  must((await page.inputValue("#name")) === "anna", "the name is kept");
  await page.fill("#password", PASSWORD);
  await page.press("#password", "Enter");
  await page.locator("#search").waitFor();
  must((await page.locator('nav a[href="/settings"]').count()) === 0, "settings are an administrator's");
  const refused = await page.goto(`${SITE}/settings/people`);
  must(refused.status() === 403, `settings answer ${refused.status()}`);
  step("she signs in, and finds the archive and no settings");
}

const browser = await launch();
try {
  await administrator(await open(browser));
  await anna(await open(browser));
} finally {
  await browser.close();
}
