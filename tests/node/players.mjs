// Chromium as a player: the node's page with its hls.js while a recording grows and when it is whole, and the MP4 as it is.
// What it shows and sounds is read from the picture (a frame's number) and the sound (a tone a second), never from what the player says of itself.
import { createInterface } from "node:readline";
import { SITE, KEY, api, launch, must, open, until } from "../console/browser.mjs";

const FPS = 30;
const FILM_S = 30;
const TONES_S = 80;
const step = (text) => console.log(`- ${text}`);

/** In the page: tools to look and listen with. */
function equip() {
  const media = document.querySelector("#media");
  const context = new AudioContext();
  const source = context.createMediaElementSource(media);
  const split = context.createChannelSplitter(2);
  source.connect(split);
  source.connect(context.destination);
  const ear = (channel, size) => {
    const analyser = context.createAnalyser();
    analyser.fftSize = size;
    analyser.smoothingTimeConstant = 0;
    split.connect(analyser, channel);
    return analyser;
  };
  const [left, right] = [ear(0, 1024), ear(1, 8192)];
  const loudest = (analyser) => {
    const bins = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(bins);
    let best = 0;
    bins.forEach((level, n) => level > bins[best] && (best = n));
    return bins[best] < -60 ? 0 : (best * context.sampleRate) / analyser.fftSize;
  };
  const paper = new OffscreenCanvas(320, 180).getContext("2d", { willReadFrequently: true });
  globalThis.tools = {
    number() {
      paper.drawImage(media, 0, 0, 320, 180);
      const row = (y) => paper.getImageData(0, y, 320, 1).data;
      const [upper, lower] = [row(16), row(48)];
      let number = 0;
      for (let bit = 0; bit < 10; bit++) {
        const at = (bit * 32 + 16) * 4;
        if (upper[at] > 128 === lower[at] > 128) return null;
        if (upper[at] > 128) number |= 1 << bit;
      }
      return number;
    },
    /** Plays for so long: what the ears hear at which moment. */
    async hear(ms) {
      const heard = [];
      await context.resume();
      await media.play();
      const end = performance.now() + ms;
      while (performance.now() < end && !media.ended) {
        heard.push([media.currentTime, loudest(left), loudest(right)]);
        await new Promise((done) => setTimeout(done, 4));
      }
      media.pause();
      return heard;
    },
  };
}

const look = (page) => page.evaluate(() => ({ time: document.querySelector("#media").currentTime, number: globalThis.tools.number() }));

async function seek(page, to) {
  await page.evaluate((t) => new Promise((done, fail) => {
    const media = document.querySelector("#media");
    media.pause();
    media.addEventListener("seeked", () => requestAnimationFrame(() => requestAnimationFrame(done)), { once: true });
    media.addEventListener("error", () => fail(new Error(`error ${media.error.code}`)), { once: true });
    media.currentTime = t;
  }), to);
}

/** Seconds that the film's own clock is behind the player's, within half a film. */
function behind({ time, number }) {
  const away = (((time - number / FPS) % FILM_S) + FILM_S) % FILM_S;
  return away > FILM_S / 2 ? away - FILM_S : away;
}

/** Which frame is shown at each place; answers how far the film is behind at the first. */
async function rightFrames(page, places, expected) {
  let first = expected;
  for (const place of places) {
    await seek(page, place);
    const seen = await until(`a frame of the film at ${place} s`, async () => {
      const now = await look(page);
      return now.number === null ? undefined : now;
    });
    const away = behind(seen);
    first ??= away;
    must(Math.abs(away - first) < 0.07, `at ${place} s frame ${seen.number} is shown, ${away.toFixed(3)} s behind; it was ${first.toFixed(3)}`);
  }
  return first;
}

/** The customer's tone tells the second. */
async function rightTones(page, places, length) {
  for (const place of places) {
    const second = Math.floor(place);
    await seek(page, second + 0.3);
    const heard = (await page.evaluate(() => globalThis.tools.hear(900))).filter(([t]) => t > second + 0.6 && t < second + 0.9);
    const tones = heard.map(([, , hz]) => hz).sort((a, b) => a - b);
    const expected = 2300 + 15 * (second % TONES_S);
    must(tones.length > 3 && Math.abs(tones[tones.length >> 1] - expected) < 8, `at ${second} s of ${length}: ${tones} Hz, not ${expected}`);
  }
}

/** When the agent's tone changes, less the whole second: the middle of what was heard over some seconds. */
async function changes(page, from) {
  await seek(page, from);
  const heard = await page.evaluate(() => globalThis.tools.hear(6500));
  const high = ([, hz]) => hz > 1200;
  const found = heard.filter((now, n) => n > 0 && heard[n - 1][1] > 0 && now[1] > 0 && high(now) !== high(heard[n - 1])).map(([t]) => t - Math.round(t));
  must(found.length >= 4, `too few changes of tone: ${found}`);
  return found.sort((a, b) => a - b)[found.length >> 1];
}

async function signedIn(browser) {
  const admin = await open(browser);
  await admin.goto(`${SITE}/`);
  await admin.fill("#key", KEY);
  await admin.press("#key", "Enter");
  await admin.waitForSelector("#recordings");
  return admin;
}

const source = (p) => p.locator("#player").getAttribute("data-source");
const media = (p, what) => p.locator("#media").evaluate((m, w) => (w === "end" ? (m.buffered.length ? m.buffered.end(m.buffered.length - 1) : 0) : w === "seekable" ? (m.seekable.length ? m.seekable.end(m.seekable.length - 1) : 0) : m[w]), what);

/** A recording that still grows. */
async function grows(admin, name, recording) {
  await until(`${name} has a first segment`, async () => {
    await admin.goto(`${SITE}/recordings/${recording}`);
    return (await admin.locator("#player").count()) && (await source(admin)) === "hls.js";
  }, 40_000);
  await until(`${name} is buffered`, async () => (await media(admin, "end")) > 5);
  await admin.evaluate(equip);
  const before = await media(admin, "seekable");
  const heard = await admin.evaluate(() => globalThis.tools.hear(3000));
  must(heard.at(-1)[0] > 1.5, `${name} plays: ${heard.at(-1)[0]} s in three`);
  // The room beeps a tenth of the time.
  must(heard.filter(([, left]) => left > 0).length > heard.length / (name === "room" ? 50 : 2), `${name} sounds`);
  if (name === "room") await rightFrames(admin, [2.5, 7.5]);
  await until(`${name} grows under the player's eyes`, async () => (await media(admin, "seekable")) > before + 5, 60_000);
  must((await media(admin, "error")) === null, `${name}: no decoder complains`);
  step(`the growing ${name} plays from its EVENT playlist and grew from ${before.toFixed(1)} s to ${(await media(admin, "seekable")).toFixed(1)} s`);
}

async function asMp4(admin) {
  await admin.evaluate(() => {
    const old = document.querySelector("#media");
    // A new element: nothing of hls.js, nothing of the page's.
    const media = document.createElement("video");
    media.id = "media";
    media.src = JSON.parse(document.querySelector("#player-data").textContent).mp4;
    old.replaceWith(media);
  });
  await until("the MP4 has its length", async () => (await media(admin, "readyState")) >= 2);
  await admin.evaluate(equip);
}

async function whole(admin, name, { id, duration_ms }) {
  await admin.goto(`${SITE}/recordings/${id}`);
  await until(`${name} is buffered`, async () => (await source(admin)) === "hls.js" && (await media(admin, "end")) > 5);
  await admin.evaluate(equip);
  const places = [10.5, 55.2, 31.7, 3.1, duration_ms / 1000 - 1.6];
  const found = {};
  for (const kind of ["HLS", "MP4"]) {
    if (kind === "MP4") await asMp4(admin);
    const told = (await media(admin, "duration")) * 1000;
    must(Math.abs(told - duration_ms) < 100, `${name} as ${kind}: ${told} ms, not ${duration_ms}`);
    found[kind] = name === "room" ? await rightFrames(admin, places, found.HLS) : (await rightTones(admin, places, told), await changes(admin, 20.4));
    await seek(admin, duration_ms / 1000 - 0.8);
    await admin.evaluate(() => globalThis.tools.hear(4000));
    must(await media(admin, "ended"), `${name} as ${kind} plays to its end`);
    const end = await media(admin, "currentTime");
    must(Math.abs(end * 1000 - duration_ms) < 100, `${name} as ${kind} ends at ${end} s, not ${duration_ms} ms`);
    must((await media(admin, "error")) === null, `${name} as ${kind}: no decoder complains`);
    step(`the ${name} as ${kind}: ${told.toFixed(0)} of ${duration_ms} ms, ends at ${end.toFixed(3)} s, ${(found[kind] * 1000).toFixed(0)} ms`);
  }
  // The same procedure for both: what it cannot tell apart cancels out.
  must(Math.abs(found.HLS - found.MP4) < 0.045, `${name}: HLS and MP4 are ${((found.HLS - found.MP4) * 1000).toFixed(0)} ms apart`);
}

const browser = await launch();
try {
  const admin = await signedIn(browser);
  console.log("ready");
  // Orders come as lines: `grows NAME ID`, `whole NAME ID`.
  for await (const line of createInterface({ input: process.stdin })) {
    const [what, name, id] = line.trim().split(" ");
    if (what === "grows") await grows(admin, name, id);
    if (what === "whole") await whole(admin, name, await api(`/v1/recordings/${id}`));
    must(admin.troubles.length === 0, admin.troubles.join("\n"));
    console.log("done");
  }
} finally {
  await browser.close();
}
