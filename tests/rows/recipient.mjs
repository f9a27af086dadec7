// Somebody outside on a phone and at a desk: language, code, terms, list, playing; and what an open player does when its share is called back.
import { SITE, api, launch, look, must, open, until } from "../console/browser.mjs";

const { LETTERS, SOUND, FILM, CHAT } = process.env;
const step = (text) => console.log(`- ${text}`);
const json = (body) => ({ method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

async function letter(after) {
  return until("a letter", async () => {
    const all = await (await fetch(LETTERS)).json();
    return all[after];
  });
}
const letters = async () => (await (await fetch(LETTERS)).json()).length;

async function share(body) {
  const known = await letters();
  const row = await api("/v1/shares", json({ recipient: { name: "Bob Smith", email: "bob@example.com" }, reason: "complaint 4711", ...body }));
  const text = await letter(known);
  return { row, link: text.match(/https?:\S+\/e\/\S+/)[0] };
}

/** Everything that the page asks for is remembered. */
function watch(page) {
  page.seen = [];
  page.on("response", (answer) => page.seen.push({ url: answer.url(), status: answer.status(), length: Number(answer.headers()["content-length"] ?? 0) }));
}

async function comeIn(page, link, { looks = false } = {}) {
  await page.goto(link);
  if (looks) {
    await look(page, "external-ask");
    await page.selectOption("#l", "fi");
    await page.getByRole("button", { name: "Pyydä kertakäyttökoodi" }).waitFor();
    await page.waitForLoadState(); // a choice is heard by the page's script
    await page.selectOption("#l", "en");
  }
  const known = await letters();
  await page.getByRole("button", { name: "Request one-time code" }).click();
  await page.locator("#code").waitFor();
  if (looks) await look(page, "external-code");
  const code = (await letter(known)).match(/\b\d{6}\b/)[0];
  if (looks) {
    await page.fill("#code", String((Number(code) + 1) % 1_000_000).padStart(6, "0"));
    await page.getByRole("button", { name: "Continue" }).click();
    await page.locator("#wrong").waitFor();
    await look(page, "external-code-wrong");
  }
  await page.fill("#code", code);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.locator(".terms").waitFor();
  if (looks) await look(page, "external-terms");
  await page.getByRole("button", { name: "I accept" }).click();
  await page.locator("#shared").waitFor();
  await page.waitForLoadState();
}

const now = (page, item) => page.locator(`${item} video, ${item} audio`).evaluate((media) => media.currentTime);

const browser = await launch();
try {
  await api("/v1/shares/configuration", { method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify({ footer: ["Acme Energy", "help@acme.example"], terms: { en: "The recordings are meant for you.\n\nYou are not allowed to store or share them.", fi: "Tallenteet on tarkoitettu sinulle." } }) });
  const first = await share({ recordings: [SOUND], show_access_number: true, show_queue_name: true });
  const phone = await open(browser, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, permissions: [] });
  watch(phone);
  await comeIn(phone, first.link, { looks: true });
  must((await phone.locator("details[open]").count()) === 1, "one recording stands open");
  await phone.locator(".listen .play").click();
  const item = "details[open]";
  await until("it plays", async () => (await now(phone, item)) > 1.5);
  await look(phone, "external-one");
  await phone.locator(`${item} input[type=range]`).evaluate((range) => {
    range.value = "900";
    range.dispatchEvent(new Event("input"));
    range.dispatchEvent(new Event("change"));
  });
  await until("it goes where it is led", async () => (await now(phone, item)) > 50);
  const media = phone.seen.filter((one) => one.url.endsWith("recording.mp4"));
  must(media.length > 0, "the media came");
  must(media.every((one) => one.status === 206 && one.length <= 1 << 20), JSON.stringify(media));
  must(phone.seen.every((one) => one.url.startsWith(SITE)), "nothing is asked of anybody else");
  const url = media[0].url;
  must((await phone.evaluate(async (src) => (await fetch(src)).status, url)) === 416, "not as a whole");
  const window = await phone.context().newPage();
  const answer = await window.goto(url).catch(() => null);
  must(!answer || answer.status() === 404, "not in a window, with its cookie too");
  await window.close();
  must(await phone.locator(".listen").evaluate((box) => !box.dispatchEvent(new MouseEvent("contextmenu", { bubbles: true, cancelable: true }))), "no menu on the player");
  must((await phone.locator("a[download], [href*='.mp4']").count()) === 0, "no download");
  const plays = async () => (await api(`/v1/audit?action=play&subject=recording:${SOUND}`)).items.length;
  must((await plays()) === 1, "one play of many pieces");
  await until("it comes to its end", () => phone.locator(`${item} audio`).evaluate((audio) => audio.ended), 30_000);
  await phone.locator(".listen .play").click();
  await until("playing again is a play again", async () => (await plays()) === 2);
  step("a phone: language, code, terms, one recording open, played in pieces");

  const second = await share({ recordings: [FILM], sessions: [CHAT], days: 30 });
  const desk = await open(browser, { permissions: [] });
  watch(desk);
  await comeIn(desk, second.link);
  must((await desk.locator("details").count()) === 3 && (await desk.locator("details[open]").count()) === 0, "three, collapsed");
  await look(desk, "external-several");
  await desk.locator("summary", { hasText: "Chat" }).click();
  await desk.locator("details[open] .open-chat").click();
  await desk.locator(".chat-lines").waitFor();
  const film = "details:has(video)";
  await desk.locator(`${film} summary`).click();
  await desk.locator(`${film} .play`).click();
  await until("the film plays", async () => (await now(desk, film)) > 1);
  await look(desk, "external-film-and-chat");
  step("a desk: film and chat");

  // The first is called back while it plays on the phone, the second while it plays at the desk.
  await until("the phone plays", async () => !(await phone.locator(`${item} audio`).evaluate((audio) => audio.paused)));
  for (const [page, shared, what] of [[phone, first, "sound"], [desk, second, "film"]]) {
    const began = Date.now();
    await api(`/v1/shares/${shared.row.id}/cancel`, { method: "POST" });
    const silent = () => page.evaluate(() => ![...document.querySelectorAll("video, audio")].some((media) => !media.paused));
    await until("nothing plays on", silent, 6_000);
    must((await page.locator(".is-over").last().textContent()).includes("withdrawn"), "it says why");
    step(`the ${what} stopped ${Date.now() - began} ms after it was called back`);
  }
  await look(phone, "external-cancelled");
  const dead = phone.seen.find((one) => one.url.endsWith("recording.mp4")).url;
  must((await phone.evaluate(async (src) => (await fetch(src, { headers: { range: "bytes=0-9" } })).status, dead)) === 404, "no piece any more");
  await phone.reload();
  must((await phone.locator("h1").textContent()) === "Your access has ended", "and the page is over");
  await look(phone, "external-over");
  for (const page of [phone, desk]) must(page.troubles.length === 0, page.troubles.join("\n"));

  const plain = await open(browser, { javaScriptEnabled: false, permissions: [] });
  const third = await share({ recordings: [SOUND] });
  await comeIn(plain, third.link);
  must((await plain.locator("details[open] audio[controls]").count()) === 1, "without scripts there is a player too");
  step("without scripts");
} finally {
  await browser.close();
}
