// Chromium as people have it: a window, a phone, two themes. Every page that is looked at is also given to axe.
import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const SITE = process.env.FERRIC_URL;
export const KEY = process.env.FERRIC_KEY;
/** A folder for pictures of every page, for people to look at. Nothing is measured in them, so none is taken where nobody asks. */
const PICTURES = process.env.PICTURES;

export async function launch() {
  if (PICTURES) mkdirSync(PICTURES, { recursive: true });
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--use-fake-device-for-media-stream",
      "--use-fake-ui-for-media-stream",
      ...(process.env.CAMERA ? [`--use-file-for-fake-video-capture=${process.env.CAMERA}`] : []),
      ...(process.env.MICROPHONE ? [`--use-file-for-fake-audio-capture=${process.env.MICROPHONE}`] : []),
      "--auto-select-desktop-capture-source=Entire screen",
      "--allow-loopback-in-peer-connection",
      "--autoplay-policy=no-user-gesture-required",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
    ],
  });
}

/** A page whose scripts may not fail and whose policy may not be broken. */
export async function open(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, permissions: ["camera", "microphone"], reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const troubles = [];
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && /Content Security Policy|Uncaught/.test(message.text())) troubles.push(message.text());
  });
  page.troubles = troubles;
  return page;
}

/** Signs in on the way to a page; it is there with its scripts when this is done. */
export async function signIn(page, path) {
  await page.goto(`${SITE}${path}`);
  await giveKey(page);
}

/** Gives the key to the page that asks for it, and waits for the one behind it. */
export async function giveKey(page) {
  await page.fill("#key", KEY);
  await page.press("#key", "Enter");
  await page.locator("#key").waitFor({ state: "detached" });
  await page.waitForLoadState();
}

export function must(holds, what) {
  if (!holds) throw new Error(what);
}

/** Waits until it holds, and says what did not. */
export async function until(what, holds, within = 20_000) {
  const end = Date.now() + within;
  for (;;) {
    const value = await holds();
    if (value) return value;
    must(Date.now() < end, `did not come true: ${what}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** A page in both themes and both widths: axe looks at each, nothing is wider than the screen, and a picture is taken where somebody wants one. */
export async function look(page, name, { full = true } = {}) {
  const before = page.viewportSize();
  for (const [device, size] of [["desktop", { width: 1280, height: 860 }], ["phone", { width: 390, height: 844 }]]) {
    await page.setViewportSize(size);
    for (const theme of ["light", "dark"]) {
      await page.evaluate((t) => (document.documentElement.dataset.theme = t), theme);
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      if (PICTURES) await page.screenshot({ path: join(PICTURES, `${name}-${device}-${theme}.png`), fullPage: full });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      must(wide <= 0, `${name} on a ${device} is ${wide} px wider than the screen`);
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
      const said = violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => `${n.target.join(" ")} (${n.any.map((a) => a.message).join("; ")})`).join(", ")}`);
      must(violations.length === 0, `axe on ${name}, ${device}, ${theme}:\n${said.join("\n")}`);
    }
  }
  await page.setViewportSize(before);
  await page.evaluate(() => delete document.documentElement.dataset.theme);
  must(page.troubles.length === 0, `${name}: ${page.troubles.join("\n")}`);
}

export async function api(path, options = {}) {
  const answer = await fetch(`${SITE}${path}`, { ...options, headers: { authorization: `Bearer ${KEY}`, ...options.headers } });
  must(answer.ok, `${path}: ${answer.status}`);
  return answer.status === 204 ? undefined : answer.json();
}
