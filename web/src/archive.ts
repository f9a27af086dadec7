// The archive: the list as one types, more of it without a jump, recordings picked by mouse and keys, a look before one opens.
import { localTimes } from "./times";
import { Thumbnails } from "./thumbnails";
import { say } from "./words";

const search = document.getElementById("search") as HTMLFormElement;
const found = document.getElementById("found") as HTMLElement;
const said = document.getElementById("said") as HTMLElement;
const bar = document.getElementById("picked-bar") as HTMLElement;
const MOST = Number(bar.dataset["most"]);
/** Between the last key and the question. */
const PAUSE_MS = 180;

/* Search. The address holds what is asked for; an answer that comes late is not shown. */

function asked(): URLSearchParams {
  const all = new URLSearchParams();
  for (const [name, value] of new FormData(search)) if (typeof value === "string" && value.trim()) all.set(name, value.trim());
  return all;
}

let running: AbortController | undefined;

async function fetchPart(query: string): Promise<string | undefined> {
  running?.abort();
  const mine = (running = new AbortController());
  try {
    const answer = await fetch(`/parts/archive${query}`, { headers: { accept: "text/html" }, cache: "no-store", signal: mine.signal });
    if (answer.status === 401) location.reload();
    if (answer.ok) return await answer.text();
  } catch (error) {
    if (mine.signal.aborted) return undefined;
    console.warn(error);
  }
  said.textContent = say("archive-search-failed");
  return undefined;
}

function tell(): void {
  const n = found.querySelectorAll("tbody tr").length;
  const all = found.querySelector("table.chats") ? "archive-found-chats" : "archive-found";
  said.textContent = say(document.getElementById("next-page") ? "archive-found-more" : all, { n });
}

async function show(query: string): Promise<void> {
  const html = await fetchPart(query);
  if (html === undefined) return;
  history.replaceState(null, "", `/archive${query}`);
  found.innerHTML = html;
  adopt();
  tell();
}

let pause: number | undefined;

function soon(after: number): void {
  clearTimeout(pause);
  pause = window.setTimeout(() => {
    const query = asked().toString();
    void show(query ? `?${query}` : "");
  }, after);
}

search.addEventListener("input", (event) => soon(event.target instanceof HTMLSelectElement ? 0 : PAUSE_MS));
search.addEventListener("submit", (event) => {
  event.preventDefault();
  soon(0);
});

/** Fields say what the address says: a chip was taken away, or somebody went back. */
function fill(query: URLSearchParams): void {
  for (const field of search.querySelectorAll<HTMLInputElement | HTMLSelectElement>("input, select")) field.value = query.get(field.name) ?? "";
}

found.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>(".chips a, .empty a[href^='/archive'], #first-page, #next-page") : null;
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const query = new URL(link.href).search;
  if (link.id === "next-page") {
    void more(query);
    return;
  }
  fill(new URLSearchParams(query));
  void show(query).then(() => (document.getElementById("q") ?? search.querySelector<HTMLElement>("input:not([type=hidden])"))?.focus());
});

/** The next page stands below the one that is there; nothing moves. */
async function more(query: string): Promise<void> {
  const html = await fetchPart(query);
  if (html === undefined) return;
  const next = document.createElement("template");
  next.innerHTML = html;
  const rows = [...next.content.querySelectorAll<HTMLElement>("tbody tr")];
  found.querySelector("tbody")?.append(...rows);
  const pages = next.content.querySelector(".pages");
  next.content.querySelector("#first-page")?.remove();
  if (pages) found.querySelector(".pages")?.replaceWith(pages);
  else document.getElementById("next-page")?.remove();
  adopt();
  tell();
  rows[0]?.querySelector<HTMLInputElement>(PICKED)?.focus({ preventScroll: true });
}

/* Picking, of recordings and of chat logs: what is picked stays picked while the list below changes. */

const PICKED = "input[name=recording], input[name=chat]";

/** What is picked, as its field's name and value. */
const picked = new Set<string>();
let anchor: string | undefined;

const boxes = (): HTMLInputElement[] => [...found.querySelectorAll<HTMLInputElement>(PICKED)];
const keyOf = (box: HTMLInputElement): string => `${box.name}:${box.value}`;

/** Picks what there is room for, from the first on. */
function pick(keys: string[], on: boolean): void {
  for (const key of keys) {
    if (!on) picked.delete(key);
    else if (picked.size < MOST) picked.add(key);
  }
  redraw();
}

function inWords(recordings: number, chats: number): string {
  if (chats === 0) return say("archive-picked", { n: recordings });
  return recordings === 0 ? say("archive-picked-chats", { n: chats }) : say("archive-picked-both", { recordings, chats });
}

function redraw(): void {
  const full = picked.size >= MOST;
  const here = new Set<string>();
  for (const box of boxes()) {
    const key = keyOf(box);
    here.add(key);
    box.checked = picked.has(key);
    if (box.closest(".pick")) box.closest("tr")?.classList.toggle("is-picked", box.checked);
    box.disabled = full && !box.checked;
  }
  // What is picked and not on the list any more is sent all the same.
  for (const old of document.querySelectorAll("#picked > .kept")) old.remove();
  for (const key of picked) {
    if (here.has(key)) continue;
    const hidden = document.createElement("input");
    const at = key.indexOf(":");
    Object.assign(hidden, { type: "hidden", className: "kept", name: key.slice(0, at), value: key.slice(at + 1) });
    bar.before(hidden);
  }
  const count = document.getElementById("picked-count") as HTMLElement;
  const n = picked.size;
  const recordings = [...picked].filter((key) => key.startsWith("recording:")).length;
  const words = inWords(recordings, n - recordings);
  count.textContent = n === 0 ? (count.dataset["none"] ?? "") : full ? say("archive-picked-most", { picked: words }) : words;
  bar.classList.toggle("has-picked", n > 0);
  (document.getElementById("picked-clear") as HTMLElement).hidden = n === 0;
  // Chat logs are sent; only recordings are sorted and deleted.
  for (const button of document.querySelectorAll<HTMLButtonElement>("#picked-actions button")) {
    button.disabled = (button.dataset["letter"] ? n : recordings) === 0;
  }
  document.dispatchEvent(new CustomEvent("archive:picked"));
}

function between(from: string, to: string): string[] {
  const keys = boxes().map(keyOf);
  const [a, b] = [keys.indexOf(from), keys.indexOf(to)];
  if (a < 0 || b < 0) return [to];
  const range = keys.slice(Math.min(a, b), Math.max(a, b) + 1);
  // From a recording to another one, recordings alone; chat logs stand between them.
  const name = from.slice(0, from.indexOf(":") + 1);
  const alike = to.startsWith(name) ? range.filter((key) => key.startsWith(name)) : range;
  return a > b ? alike.reverse() : alike;
}

found.addEventListener("click", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || !box.matches(PICKED)) return;
  const key = keyOf(box);
  const keys = event.shiftKey && anchor ? between(anchor, key) : [key];
  anchor = key;
  pick(keys, box.checked);
});

/** What a row is picked by. */
const ofRows = (): HTMLInputElement[] => boxes().filter((box) => box.closest(".pick"));

found.addEventListener("keydown", (event) => {
  const row = event.target instanceof Element ? event.target.closest("tr[data-recording], tr[data-chat]") : null;
  const all = ofRows();
  const at = all.findIndex((box) => box.closest("tr") === row);
  if (at < 0) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    const next = all[at + step];
    const here = all[at];
    event.preventDefault();
    if (!next || !here) return;
    if (event.shiftKey) {
      anchor ??= keyOf(here);
      pick([keyOf(here), keyOf(next)], true);
    }
    next.disabled ? next.closest("tr")?.querySelector<HTMLElement>(".when a")?.focus() : next.focus();
  } else if (event.key === "a" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    pick(all.map(keyOf), true);
  } else if (event.key === "Escape") {
    pick([...picked], false);
  } else if (event.key === "Enter" && event.target instanceof HTMLInputElement) {
    event.preventDefault();
    location.assign(`/${event.target.name === "chat" ? "chats" : "recordings"}/${event.target.value}`);
  }
});

/** What is picked goes along to the other list, and nowhere else. */
const CARRIED = "archive-picked";

found.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest(".archive-kinds a") : null;
  if (link && picked.size > 0) sessionStorage.setItem(CARRIED, JSON.stringify([...picked]));
});

function carried(): string[] {
  const kept = sessionStorage.getItem(CARRIED);
  sessionStorage.removeItem(CARRIED);
  const read: unknown = kept ? JSON.parse(kept) : [];
  return Array.isArray(read) ? read.filter((key): key is string => typeof key === "string") : [];
}

document.getElementById("picked-clear")?.addEventListener("click", () => {
  pick([...picked], false);
  ofRows()[0]?.focus();
});

/* A look before one opens: the poster, or the pictures along the recording as the pointer moves. */

const preview = document.getElementById("preview") as HTMLElement;
const still = preview.querySelector("img") as HTMLImageElement;
const frame = preview.querySelector("i") as HTMLElement;
const known = new Map<string, Thumbnails>();

function place(link: HTMLElement): void {
  const box = link.getBoundingClientRect();
  preview.style.left = `${box.right + 12}px`;
  preview.style.top = `${Math.max(8, Math.min(box.top - 40, innerHeight - 200))}px`;
}

found.addEventListener("pointermove", (event) => {
  const link = event.target instanceof Element ? event.target.closest<HTMLElement>(".thumb a[data-picture]") : null;
  if (!link || event.pointerType === "touch" || link.querySelector(".wave")) {
    preview.hidden = true;
    return;
  }
  const url = link.dataset["thumbnails"];
  const box = link.getBoundingClientRect();
  const along = (event.clientX - box.left) / box.width;
  if (url && along > 0.15) {
    const thumbnails = known.get(url) ?? new Thumbnails(url);
    known.set(url, thumbnails);
    thumbnails.show(frame, (along * Number(link.dataset["ms"])) / 1000);
  }
  const frames = Boolean(frame.style.backgroundImage) && Boolean(url) && along > 0.15;
  still.hidden = frames;
  frame.hidden = !frames;
  if (still.getAttribute("src") !== link.dataset["picture"]) {
    still.src = link.dataset["picture"] ?? "";
    frame.style.backgroundImage = "";
  }
  place(link);
  preview.hidden = false;
});
found.addEventListener("pointerleave", () => (preview.hidden = true));

function adopt(): void {
  localTimes(found);
  preview.hidden = true;
  redraw();
}

for (const key of carried()) picked.add(key);
for (const box of boxes()) if (box.checked) picked.add(keyOf(box));
adopt();
