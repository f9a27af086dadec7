// A host ends a room that was recorded, and is asked whom it was for.
import { launch, look, must, open } from "./browser.mjs";

const step = (text) => console.log(`- ${text}`);
const { HOST } = process.env;

const browser = await launch();
try {
  const page = await open(browser);
  await page.goto(HOST);
  await page.locator("#join").click();
  await page.locator("#leave").waitFor();
  await page.locator('#indicator[data-state="recording"]').waitFor();
  step("recorded");
  await page.locator("#end").click();
  await page.locator("#end").click();
  const form = page.locator(".requester form");
  await form.waitFor();
  await look(page, "requester");
  await form.locator("input").fill("kari");
  await form.locator("button.primary").click();
  await page.locator(".requester .says-wrong").waitFor();
  await look(page, "requester-wrong");
  await form.locator("input").fill("kari@example.com");
  await form.locator("button.primary").click();
  await page.locator(".requester [role=status]").waitFor();
  await look(page, "requester-named");
  must(page.troubles.length === 0, page.troubles.join("\n"));
  step("asked at the end, and answered");
} finally {
  await browser.close();
}
