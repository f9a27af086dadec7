// A recording's page: the node's `<video controls>` becomes a player with a ruler of who was recorded when.
import Hls from "hls.js/light";
import { Thumbnails } from "./thumbnails";
import { length, localTimes } from "./times";
import { drawWave, readPeaks } from "./wave";
import { say } from "./words";

interface PlayerData {
  id: string;
  mp4: string;
  hls: string | null;
  peaks: string | null;
  thumbnails: string | null;
  split: boolean;
  growing: boolean;
  picture: boolean;
  duration_ms: number | null;
  fps: number;
}

function element<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`#${id} is not in the page`);
  return found as T;
}

const data = JSON.parse(element("player-data").textContent ?? "") as PlayerData;
const media = element<HTMLVideoElement>("media");
const player = element("player");
const scrub = element("scrub");
const head = scrub.querySelector<HTMLElement>(".head")!;
const peek = scrub.querySelector<HTMLElement>(".peek")!;
const play = element<HTMLButtonElement>("play");
const speed = element<HTMLSelectElement>("speed");

/** Seconds of the whole recording. */
function whole(): number {
  if (Number.isFinite(media.duration) && media.duration > 0) return media.duration;
  return (data.duration_ms ?? 0) / 1000;
}

function attach(): void {
  if (!data.hls) return;
  if (Hls.isSupported()) {
    const at = media.currentTime;
    const hls = new Hls({ enableWorker: false, startPosition: at });
    hls.on(Hls.Events.ERROR, (_, error) => {
      if (!error.fatal) return;
      hls.destroy();
      media.src = data.mp4;
    });
    media.removeAttribute("src");
    hls.loadSource(data.hls);
    hls.attachMedia(media);
    player.dataset["source"] = "hls.js";
  } else if (media.canPlayType("application/vnd.apple.mpegurl")) {
    media.src = data.hls;
    player.dataset["source"] = "hls";
  }
}

function seek(to: number): void {
  media.currentTime = Math.min(Math.max(0, to), Math.max(0, whole() - 0.001));
  show();
}

function show(): void {
  const share = whole() > 0 ? media.currentTime / whole() : 0;
  head.style.left = `${(share * 100).toFixed(3)}%`;
  element("now").textContent = length(media.currentTime * 1000);
  scrub.setAttribute("aria-valuenow", media.currentTime.toFixed(1));
  scrub.setAttribute("aria-valuetext", `${length(media.currentTime * 1000)} / ${length(whole() * 1000)}`);
}

function showLength(): void {
  const ms = Math.round(whole() * 1000);
  element("all").textContent = length(ms);
  element("axis-end").textContent = length(ms);
  scrub.setAttribute("aria-valuemax", whole().toFixed(1));
}

/** J and L: each press goes faster, in its direction; a browser cannot play backwards, so J jumps. */
function shuttle(direction: -1 | 1): void {
  if (direction < 0) seek(media.currentTime - 10);
  else if (media.paused) {
    setSpeed(1);
    void media.play();
  } else setSpeed(Math.min(media.playbackRate * 1.5, 4));
}

function setSpeed(rate: number): void {
  media.playbackRate = rate;
  const text = String(Number(rate.toFixed(2)));
  let option = [...speed.options].find((o) => o.value === text);
  if (!option) {
    option = new Option(text);
    speed.add(option);
  }
  speed.value = text;
}

function toggle(): void {
  if (media.paused) void media.play();
  else media.pause();
}

function step(frames: number): void {
  media.pause();
  seek(media.currentTime + frames / data.fps);
}

function keys(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const at = event.target as HTMLElement;
  if (at.matches("input, select, textarea") || (event.key === " " && at.matches("button, a"))) return;
  const act: Record<string, () => void> = {
    " ": toggle,
    k: () => media.pause(),
    j: () => shuttle(-1),
    l: () => shuttle(1),
    ArrowLeft: () => seek(media.currentTime - 5),
    ArrowRight: () => seek(media.currentTime + 5),
    ",": () => step(-1),
    ".": () => step(1),
    Home: () => seek(0),
    End: () => seek(whole()),
  };
  const run = act[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!run || ((event.key === "Home" || event.key === "End") && at !== scrub)) return;
  event.preventDefault();
  run();
}

/** A chapter for each pause that was cut out: the marks are in the lane already. */
function chapters(): void {
  const box = element("chapters");
  const marks = new Map<number, string>();
  for (const line of document.querySelectorAll<SVGLineElement>("#ruler line.cut[data-at]")) {
    const title = line.parentElement?.querySelector("title")?.textContent ?? "";
    marks.set(Number(line.dataset["at"]), title);
  }
  if (marks.size === 0) return;
  const add = (ms: number, text: string): void => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "small";
    button.textContent = `${length(ms)} ${text}`;
    button.addEventListener("click", () => seek(ms / 1000));
    box.append(button);
  };
  add(0, say("chapter-start"));
  for (const [ms, text] of [...marks].sort((a, b) => a[0] - b[0])) add(ms, text);
  box.hidden = false;
}

function hovering(): void {
  const thumbnails = data.thumbnails && data.picture ? new Thumbnails(data.thumbnails) : undefined;
  const picture = peek.querySelector("i")!;
  const text = peek.querySelector("span")!;
  const timeAt = (x: number): number => {
    const box = scrub.getBoundingClientRect();
    return Math.min(1, Math.max(0, (x - box.left) / box.width)) * whole();
  };
  const showPeek = (event: PointerEvent): void => {
    const at = timeAt(event.clientX);
    peek.style.left = `${((at / Math.max(whole(), 0.001)) * 100).toFixed(2)}%`;
    text.textContent = length(at * 1000);
    thumbnails?.show(picture, at);
    peek.hidden = false;
  };
  scrub.addEventListener("pointermove", (event) => {
    showPeek(event);
    if (event.buttons & 1) seek(timeAt(event.clientX));
  });
  scrub.addEventListener("pointerdown", (event) => {
    scrub.setPointerCapture(event.pointerId);
    seek(timeAt(event.clientX));
  });
  scrub.addEventListener("pointerleave", () => (peek.hidden = true));
}

async function wave(): Promise<void> {
  if (!data.peaks) return;
  const peaks = await readPeaks(data.peaks, data.split);
  if (!peaks) return;
  const box = element("wave");
  box.hidden = false;
  player.classList.remove("bare");
  const canvas = box.querySelector("canvas")!;
  const draw = (): void => drawWave(canvas, peaks);
  new ResizeObserver(draw).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}

/** The chat log goes along: the line that was written last is marked, and each leads to its moment. */
function chatting(): void {
  const box = document.getElementById("chat");
  if (!box) return;
  const lines = [...box.querySelectorAll<HTMLElement>("li[data-at]")];
  for (const line of lines) {
    const button = line.querySelector("button");
    if (!button) continue;
    button.hidden = false;
    button.addEventListener("click", () => seek(Number(line.dataset["at"]) / 1000));
  }
  let marked: HTMLElement | undefined;
  const follow = (): void => {
    const now = media.currentTime * 1000 + 50;
    const next = lines.filter((line) => Number(line.dataset["at"]) <= now).pop();
    if (next === marked) return;
    marked?.classList.remove("now");
    marked?.removeAttribute("aria-current");
    next?.classList.add("now");
    next?.setAttribute("aria-current", "true");
    marked = next;
    if (next && !box.matches(":hover, :focus-within")) box.scrollTop = next.offsetTop - box.clientHeight / 2;
  };
  for (const event of ["timeupdate", "seeked"]) media.addEventListener(event, follow);
}

localTimes(document);
attach();
media.controls = false;
if (!data.picture) player.classList.remove("bare");
element("controls").hidden = false;
scrub.hidden = false;
for (const event of ["timeupdate", "seeking", "seeked"]) media.addEventListener(event, show);
for (const event of ["loadedmetadata", "durationchange"]) media.addEventListener(event, showLength);
for (const event of ["play", "pause", "ended"]) media.addEventListener(event, () => (play.textContent = media.paused ? say("play") : say("pause")));
play.addEventListener("click", toggle);
media.addEventListener("click", toggle);
speed.addEventListener("change", () => (media.playbackRate = Number(speed.value)));
addEventListener("keydown", keys);
showLength();
show();
chapters();
hovering();
chatting();
void wave();
// A link or a search may point at a time: `#t=12.5` or `?t=12.5`.
const wanted = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash)?.[1] ?? /^\d+(?:\.\d+)?$/.exec(new URLSearchParams(location.search).get("t") ?? "")?.[0];
if (wanted && media.readyState > 0) seek(Number(wanted));
else if (wanted) media.addEventListener("loadedmetadata", () => seek(Number(wanted)), { once: true });
