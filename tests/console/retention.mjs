// What an administrator sees of retention: what goes when, holds laid, refused and released, in both themes and on a telephone.
import { SITE, api, launch, look, must, open, signIn } from "./browser.mjs";

const step = (text) => console.log(`- ${text}`);
const text = (page, selector) => page.locator(selector).first().textContent();

const browser = await launch();
try {
  const page = await open(browser);
  await signIn(page, "/settings/retention");
  await page.waitForSelector("#when");
  must((await page.locator('[aria-labelledby="next"] tbody tr').count()) === 3, "what is due within 90 days is listed");
  const first = await text(page, '[aria-labelledby="next"] tbody tr');
  must(first.includes("the workspace’s days"), `and why: ${first}`);
  must((await text(page, ".lead")).includes("Europe/Oslo"), "the time zone is named");
  await look(page, "retention", true);
  step("what goes when is shown");

  await page.click(".new-hold summary");
  await page.fill("#f-name", "Case 7");
  await page.fill("#f-customer", "Kari");
  await page.click(".new-hold .primary");
  await page.waitForSelector("#e-reason");
  must((await page.inputValue("#f-customer")) === "Kari", "nothing that was typed is lost");
  await page.fill("#f-reason", "A court asked for it.");
  await page.click(".new-hold .primary");
  await page.waitForSelector("#e-customer");
  await look(page, "retention-hold-wrong", true);
  await page.fill("#f-customer", "+47 22 33 44 55");
  await page.click(".new-hold .primary");
  await page.waitForSelector(".note[role=status]");
  must((await text(page, ".hold h3")).includes("covers 1 recording"), "it says how many it covers");
  must((await text(page, '[aria-labelledby="kept"] tbody tr')).includes("Case 7"), "and they are listed as kept by it");
  must((await page.locator('[aria-labelledby="next"] tbody tr').count()) === 2, "not as going");
  await look(page, "retention-held", true);
  const held = (await api("/v1/holds")).items[0];
  must(held.filter.customer === "+47 22 33 44 55" && held.covers === 1, "it is kept");
  step("a hold is laid, after two refusals beside their fields");

  // Forms work before scripts do.
  const plain = await open(browser, { javaScriptEnabled: false, storageState: await page.context().storageState() });
  await plain.goto(`${SITE}/settings/retention`);
  await plain.click(".hold .delete summary");
  await plain.click(".hold .delete button");
  must((await text(plain, ".hold .says-wrong")).includes("1 to 1,000") || (await text(plain, ".hold .says-wrong")).includes("1 to 1000"), "a release needs a reason");
  await plain.fill(".hold textarea", "The case is closed.");
  await plain.click(".hold .delete button");
  must((await text(plain, ".hold.over")).includes("The case is closed."), "it is released");
  must((await plain.locator('[aria-labelledby="next"] tbody tr').count()) === 3, "and what it kept is due again");
  await plain.context().close();
  await page.goto(`${SITE}/settings/retention`);
  await look(page, "retention-released", true);
  step("it is released without scripts");
  must(page.troubles.length === 0, page.troubles.join("\n"));
} finally {
  await browser.close();
}
