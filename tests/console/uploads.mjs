// A member sends a film in and looks at its recording with the chat beside it; somebody outside sends one by an invitation and sees nothing else.
import { SITE, api, launch, look, must, open, signIn, until } from "./browser.mjs";

const step = (text) => console.log(`- ${text}`);
const { FILM, SOUND, WRONG } = process.env;
const text = (page, selector) => page.locator(selector).first().textContent();

async function send(page) {
  await signIn(page, "/upload");
  await look(page, "upload");
  await page.setInputFiles("#file", FILM);
  await page.fill("#title", "Where the lamp is");
  await page.fill("#ticket", "T-77");
  await page.fill("#customer_email", "kari@example.com");
  await page.click("#send");
  const link = page.locator("#standing a");
  await link.waitFor({ timeout: 90_000 });
  await look(page, "upload-ready");
  const id = (await link.getAttribute("href")).split("/").pop();
  step("a film was sent in pieces and is ready");
  return id;
}

async function chat(id) {
  const row = await api(`/v1/recordings/${id}`);
  const at = (ms) => new Date(Date.parse(row.started_at) + ms).toISOString();
  const lines = [
    { at: at(1000), from: "Kari", role: "customer", text: "Can you see my screen?" },
    { at: at(20_000), from: "Paal", role: "agent", text: "Yes. The lamp left our house on Monday, and will be with you tomorrow." },
    { at: at(50_000), from: "Kari", role: "customer", text: "Thank you!" },
  ];
  await api(`/v1/sessions/${row.session}/chat`, { method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify(lines) });
}

async function recording(page, id) {
  await page.goto(`${SITE}/recordings/${id}?t=21.5`);
  const now = () => page.evaluate(() => document.getElementById("media").currentTime);
  await until("it opens where the link points", async () => Math.abs((await now()) - 21.5) < 0.2);
  await until("the chat is in step", async () => (await text(page, ".chat li.now p"))?.startsWith("Yes."));
  await page.locator(".chat li button").nth(2).click();
  await until("a line leads to its moment", async () => Math.abs((await now()) - 50) < 0.2);
  await page.locator("#scrub").focus();
  await page.keyboard.press("ArrowLeft");
  await until("keys", async () => Math.abs((await now()) - 45) < 0.3);
  await page.keyboard.press(",");
  await page.keyboard.press("j");
  await until("back by ten", async () => Math.abs((await now()) - 35) < 0.4);
  await page.keyboard.press(" ");
  await until("it plays", async () => (await now()) > 35.5);
  await page.keyboard.press("k");
  const box = await page.locator("#scrub").boundingBox();
  await until("a thumbnail", async () => {
    await page.mouse.move(box.x + box.width / 2 + Math.random() * 20, box.y + 20);
    return page.evaluate(() => document.querySelector(".peek i").style.backgroundImage.includes("thumbnails-"));
  });
  await look(page, "recording-with-chat");
  await page.fill("[name=labels]", "lamp, late , lamp");
  await page.click(".labels > button");
  must((await page.inputValue("[name=labels]")) === "lamp, late", "labels are kept, each once");
  must((await page.content()).includes("kari@example.com"), "what was said of it is shown");
  step("the recording's page: where the link points, chat in step, keys, thumbnails, labels");
}

async function invited(browser, page) {
  await page.goto(`${SITE}/upload`);
  await page.fill("#ticket", "T-78");
  await page.click("#invite-form button");
  await page.locator("#invite-link").waitFor();
  const url = await page.inputValue("#invite-url");
  must(/\/send#[0-9a-f]{64}$/.test(url), url);
  const guest = await open(browser);
  await guest.goto(url);
  await guest.locator("#upload-form").waitFor();
  must((await guest.locator("nav").count()) === 0, "nothing else to see");
  await look(guest, "send");
  await guest.setInputFiles("#file", SOUND);
  await guest.click("#send");
  await guest.locator("#done").waitFor();
  await look(guest, "send-done");
  await guest.reload();
  await guest.locator("#done").waitFor();
  const stranger = await open(browser);
  await stranger.goto(`${SITE}/send#${"0".repeat(64)}`);
  await stranger.locator("#trouble").waitFor();
  await look(stranger, "send-over");
  step("somebody outside sent one file");
}

async function wrong(page) {
  await page.goto(`${SITE}/upload`);
  await page.setInputFiles("#file", WRONG);
  await page.click("#send");
  await page.locator("#trouble").waitFor({ timeout: 30_000 });
  must((await text(page, "#trouble")).includes("no sound or video file"), "it says why");
  const { items } = await api("/v1/recordings?state=failed");
  await page.goto(`${SITE}/recordings/${items[0].id}`);
  await look(page, "recording-failed");
  await page.click("form[action$='/retry'] button");
  await until("tried again", async () => (await api(`/v1/recordings/${items[0].id}`)).state === "failed");
  step("a file that is none says so, and can be tried again");
}

const browser = await launch();
try {
  const page = await open(browser);
  const id = await send(page);
  await chat(id);
  await recording(page, id);
  await invited(browser, page);
  await wrong(page);
  must(page.troubles.length === 0, page.troubles.join("\n"));
  const plain = await open(browser, { javaScriptEnabled: false });
  await signIn(plain, `/recordings/${id}`);
  must((await text(plain, ".chat p")).includes("Can you see"), "readable without script");
} finally {
  await browser.close();
}
