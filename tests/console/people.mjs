// What people do: sign in, watch, open a room, ask for consent, record, pause, stop, and play it.
import { writeFileSync } from "node:fs";
import { SITE, api, giveKey, launch, look, must, open, until } from "./browser.mjs";

const step = (text) => console.log(`- ${text}`);
const word = (page) => page.textContent("#indicator-word");

async function signIn(admin) {
  await admin.goto(`${SITE}/`);
  await admin.fill("#key", "not a key");
  await admin.press("#key", "Enter");
  await admin.waitForSelector(".note.warn");
  await look(admin, "sign-in");
  await giveKey(admin);
  await admin.waitForSelector("#recordings");
  step("signed in");
}

async function watchTheCall(admin) {
  await admin.waitForSelector(".live .state.recording");
  await until("both parties have a growing lane", async () => (await admin.locator(".live rect.open[data-running]").count()) >= 2);
  const width = () => admin.locator(".live .elapsed").first().textContent();
  const before = await width();
  await until("the clock of the live call runs", async () => (await width()) !== before);
  await admin.waitForSelector("tr[data-recording]");
  step("a call is live in the console");
}

async function links(admin, consent) {
  await admin.click('nav a[href="/try"]');
  if (consent) await admin.check('input[name="consent"]');
  await admin.click("form.acts button");
  return [await admin.inputValue("#host-link"), await admin.inputValue("#guest-link")];
}

async function comeIn(page) {
  await page.click("#join");
  await page.waitForSelector("#leave:not([hidden])");
}

async function openRoom(browser, admin) {
  const [host, guest] = await links(admin, true);
  await look(admin, "try");
  const hostPage = await open(browser);
  const guestPage = await open(browser);
  await hostPage.goto(host);
  await guestPage.goto(guest);
  for (const page of [hostPage, guestPage]) {
    await page.waitForSelector("#camera:not([hidden])");
    must((await word(page)) === "Not recording", "the indicator is there before anything is recorded");
  }
  must(await guestPage.isHidden("#host"), "a guest has no host's controls");
  await look(guestPage, "room-guest-before");
  step("host and guest see themselves");
  return [hostPage, guestPage];
}

async function consent(hostPage, guestPage) {
  for (const page of [hostPage, guestPage]) await page.waitForSelector("#consent:not([hidden])");
  await hostPage.click('[data-do="consent_grant"]');
  await comeIn(hostPage);
  await hostPage.click('[data-do="start"]');
  await until("the host alone has agreed and is alone", async () => (await word(hostPage)) === "Recording");
  await guestPage.click('[data-do="consent_grant"]');
  await comeIn(guestPage);
  for (const page of [hostPage, guestPage]) await until("both are told that it records", async () => (await word(page)) === "Recording");
  step("nothing was recorded before both agreed");
}

async function record(hostPage, guestPage) {
  await until("the guest reads who is recorded", async () => (await guestPage.textContent("#indicator-what")).startsWith("You and "));
  await hostPage.click("#share").catch(() => undefined);
  await new Promise((done) => setTimeout(done, 5000)); // people talk
  await look(hostPage, "room-host-recording");
  await look(guestPage, "room-guest-recording");
  await hostPage.click('[data-do="pause"]');
  await until("the guest is told of the pause", async () => (await word(guestPage)) === "Recording paused");
  await look(guestPage, "room-paused");
  await hostPage.click('[data-do="resume"]');
  await until("it records on", async () => (await word(guestPage)) === "Recording");
  await hostPage.click('[data-do="censor_on"]');
  await until("the guest is told of the censoring", async () => (await word(guestPage)) === "Censored");
  await new Promise((done) => setTimeout(done, 1500));
  await hostPage.click('[data-do="censor_off"]');
  await until("it records on", async () => (await word(guestPage)) === "Recording");
  await new Promise((done) => setTimeout(done, 2500)); // people talk on
}

async function stop(hostPage, guestPage) {
  await hostPage.click('[data-do="stop"]');
  await until("the guest is told of the stop", async () => (await word(guestPage)) === "Recording stopped");
  for (const page of [guestPage, hostPage]) {
    await page.click("#leave");
    await page.waitForSelector("#leave", { state: "hidden" });
    must(page.troubles.length === 0, page.troubles.join("\n"));
  }
  step("stopped and left");
}

/** A guest says no: nothing of anybody is recorded while they are there, and the room goes on. */
async function decline(browser, admin) {
  const [host, guest] = await links(admin, true);
  const [hostPage, guestPage] = [await open(browser), await open(browser)];
  for (const [page, link, answer] of [[hostPage, host, "consent_grant"], [guestPage, guest, "consent_decline"]]) {
    await page.goto(link);
    await page.waitForSelector("#camera:not([hidden])");
    await page.click(`[data-do="${answer}"]`);
    await page.waitForSelector("#consent", { state: "hidden" });
    await comeIn(page);
  }
  await until("the guest reads what no means", async () => (await guestPage.textContent("#consent-said")).startsWith("You declined."));
  await hostPage.click('[data-do="start"]');
  await hostPage.waitForSelector('[data-do="stop"]');
  must((await word(guestPage)) !== "Recording" && (await word(hostPage)) !== "Recording", "nobody is recorded against a no");
  const session = new URL(host).pathname.split("/").pop();
  const gates = (await api(`/v1/sessions/${session}`)).gates;
  must(gates.every((g) => g.gate === "closed"), `every gate is closed: ${JSON.stringify(gates)}`);
  await look(guestPage, "room-declined");
  await api(`/v1/sessions/${session}/end`, { method: "POST" });
  await until("the guest is told of the end", async () => (await word(guestPage)) === "Ended");
  await Promise.all([hostPage.context().close(), guestPage.context().close()]);
  step("a no was kept");
}

async function ready(kind) {
  const found = await until(`a ${kind} is ready`, async () => (await api("/v1/recordings?state=ready")).items.find((r) => r.kind === kind), 90_000);
  return found;
}

async function plays(admin, name, recording, hls) {
  await admin.goto(`${SITE}/recordings/${recording.id}`);
  const media = admin.locator("#media");
  await until(`${name} has a length`, async () => (await media.evaluate((m) => m.duration)) > 5);
  const length = await media.evaluate((m) => m.duration * 1000);
  must(Math.abs(length - recording.duration_ms) < 100, `${name}: ${length} ms play, ${recording.duration_ms} ms are told`);
  const source = await admin.locator("#player").getAttribute("data-source");
  must(source === (hls ? "hls.js" : null), `${name} plays from ${source}`);
  await admin.click("#play");
  await until(`${name} plays`, async () => (await media.evaluate((m) => m.currentTime)) > 1);
  await admin.keyboard.press("k");
  must(await media.evaluate((m) => m.paused), "K pauses");
  const at = await media.evaluate((m) => m.currentTime);
  await admin.keyboard.press(".");
  await until("a point goes one frame on", async () => Math.abs((await media.evaluate((m) => m.currentTime)) - at - 0.04) < 0.02);
  const box = await admin.locator("#scrub").boundingBox();
  await admin.mouse.click(box.x + box.width * 0.6, box.y + 20);
  await until(`${name} seeks to where it was clicked`, async () => {
    const [time, seeking] = await media.evaluate((m) => [m.currentTime / m.duration, m.seeking]);
    return !seeking && Math.abs(time - 0.6) < 0.02;
  });
  must((await media.evaluate((m) => m.error)) === null, `${name}: no decoder complains`);
  await until(`${name} has a waveform`, () => admin.isVisible("#wave canvas"));
  await until("the waveform is drawn", () => admin.locator("#wave canvas").evaluate((c) => c.getContext("2d").getImageData(0, 0, c.width, c.height).data.some((v) => v > 0)));
  await admin.mouse.move(box.x + box.width * 0.3, box.y + 20);
  await look(admin, name);
  step(`${name} plays, seeks and looks right`);
}

const browser = await launch();
try {
  const admin = await open(browser);
  await signIn(admin);
  await watchTheCall(admin);
  const [host, guest] = await openRoom(browser, admin);
  await consent(host, guest);
  await admin.click('nav a[href="/"]');
  await record(host, guest);
  await until("room and call are live", async () => (await admin.locator(".live").count()) === 2);
  await look(admin, "console-live");
  writeFileSync(process.env.SEEN, ""); // the call may hang up now
  await stop(host, guest);
  const room = await ready("room");
  await admin.goto(`${SITE}/recordings/${room.id}`);
  await plays(admin, "recording-room", room, room.duration_ms >= 60_000); // on a slow machine the talk is longer than it is meant to be
  must((await admin.locator("#chapters button").count()) === 2, "the pause is a chapter");
  must((await admin.locator(".lane rect.masked").count()) >= 2, "the censored part is hatched in both lanes");
  await admin.mouse.move(0, 0);
  const scrub = await admin.locator("#scrub").boundingBox();
  await admin.mouse.move(scrub.x + scrub.width * 0.5, scrub.y + 20);
  await until("a thumbnail shows on hover", async () => (await admin.locator(".peek i").evaluate((i) => getComputedStyle(i).backgroundImage)) !== "none");
  const call = await ready("call");
  await plays(admin, "recording-call", call, true);
  await decline(browser, admin);
  const [again] = await links(admin, false);
  const third = await open(browser);
  await third.goto(again);
  await third.waitForSelector("#camera:not([hidden])");
  await comeIn(third);
  await third.click('[data-do="start"]');
  await until("a room without consent records at once", async () => (await word(third)) === "Recording");
  await admin.click('nav a[href="/"]');
  await admin.waitForSelector("tr[data-recording] img");
  await admin.waitForSelector(".live .state.recording");
  await new Promise((done) => setTimeout(done, 2000)); // so that the lane is more than a dot
  await look(admin, "console");
  await admin.selectOption('select[name="state"]', "failed");
  await admin.click(".filters button");
  await until("the filter is a chip in words", async () => (await admin.locator(".chip").count()) === 1);
  await until("an empty list says so", () => admin.isVisible(".empty"));
} finally {
  await browser.close();
}
