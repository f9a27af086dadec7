// The page of somebody outside: players, and the question, again and again, whether what stands here may still be played.
import { length } from "./times";
import { drawWave, readPeaks } from "./wave";

/** How often is asked while something plays, and while nothing does. */
const ASK_PLAYING_MS = 1500;
const ASK_MS = 4000;

interface Standing {
  session_over: boolean;
  valid: string[];
  over: Record<string, string>;
}

// The language is taken as soon as it is chosen; without scripts a button takes it.
const languages = document.getElementById("languages");
if (languages instanceof HTMLFormElement) {
  languages.querySelector("button")!.hidden = true;
  languages.querySelector("select")!.addEventListener("change", () => languages.submit());
}
for (const form of document.querySelectorAll("form[method=post]")) {
  // A second press of an impatient finger is no second request.
  form.addEventListener("submit", (event) => {
    if ((form as HTMLFormElement).dataset["sent"]) event.preventDefault();
    (form as HTMLFormElement).dataset["sent"] = "1";
  });
}
addEventListener("pageshow", () => document.querySelectorAll<HTMLFormElement>("form[data-sent]").forEach((form) => delete form.dataset["sent"]));

// Times in the reader's language and zone.
const datetime = new Intl.DateTimeFormat(document.documentElement.lang, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
for (const time of document.querySelectorAll<HTMLTimeElement>("summary time")) {
  const at = new Date(time.dateTime);
  if (!Number.isNaN(at.getTime())) time.textContent = datetime.format(at);
}

const shared = document.getElementById("shared");
if (shared) begin(shared);

function begin(shared: HTMLElement): void {
  const path = shared.dataset["path"] ?? "";
  const words = (id: string): string => shared.dataset[id.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())] ?? "";
  shared.addEventListener("contextmenu", (event) => event.preventDefault());
  for (const box of shared.querySelectorAll<HTMLElement>(".listen")) listen(box, path, words);
  for (const details of shared.querySelectorAll<HTMLDetailsElement>("details")) {
    // What is folded away is not heard any more.
    details.addEventListener("toggle", () => {
      if (!details.open) details.querySelector<HTMLMediaElement>("video, audio")?.pause();
    });
  }
  void ask();

  async function ask(): Promise<void> {
    try {
      const answer = await fetch(`${path}/standing`, { cache: "no-store" });
      if (answer.ok) hold((await answer.json()) as Standing);
    } catch {
      // The node is away for a moment: no piece comes then either.
    }
    const playing = [...shared.querySelectorAll<HTMLMediaElement>("video, audio")].some((media) => !media.paused);
    if (shared.querySelector("[data-item]")) setTimeout(() => void ask(), playing ? ASK_PLAYING_MS : ASK_MS);
  }

  function hold(standing: Standing): void {
    if (standing.session_over) {
      const why = words("session-over");
      for (const item of shared.querySelectorAll<HTMLElement>("[data-item]")) end(item, why);
      return;
    }
    for (const item of shared.querySelectorAll<HTMLElement>("[data-item]")) {
      const id = item.dataset["item"] ?? "";
      if (!standing.valid.includes(id)) end(item, words(standing.over[id] ?? "over-gone"));
    }
  }

  function end(item: HTMLElement, why: string): void {
    for (const media of item.querySelectorAll<HTMLMediaElement>("video, audio")) {
      media.pause();
      media.removeAttribute("src");
      media.load();
    }
    const note = document.createElement("div");
    note.className = "note warn is-over";
    note.setAttribute("role", "status");
    const title = document.createElement("strong");
    title.textContent = words("over-title");
    const text = document.createElement("p");
    text.textContent = why;
    note.append(title, text);
    item.replaceWith(note);
  }
}

function listen(box: HTMLElement, path: string, words: (id: string) => string): void {
  const media = box.querySelector<HTMLMediaElement>("video, audio")!;
  const row = box.querySelector<HTMLElement>(".keys-row")!;
  const button = row.querySelector<HTMLButtonElement>("button.play")!;
  const range = row.querySelector<HTMLInputElement>("input")!;
  const canvas = row.querySelector("canvas")!;
  const trouble = box.querySelector<HTMLElement>(".trouble")!;
  const known = Number(box.dataset["ms"] ?? "0") / 1000;
  const whole = (): number => (Number.isFinite(media.duration) && media.duration > 0 ? media.duration : known);
  media.controls = false;
  row.hidden = false;
  let dragging = false;
  let over = false;

  const show = (): void => {
    const at = dragging ? (Number(range.value) / 1000) * whole() : media.currentTime;
    const share = whole() > 0 ? at / whole() : 0;
    if (!dragging) range.value = String(Math.round(share * 1000));
    range.setAttribute("aria-valuetext", `${length(at * 1000)} / ${length(whole() * 1000)}`);
    range.style.setProperty("--at", `${(share * 100).toFixed(2)}%`);
    row.querySelector(".now")!.textContent = length(at * 1000);
    row.querySelector(".all")!.textContent = length(whole() * 1000);
  };
  const state = (): void => {
    button.setAttribute("aria-label", media.paused ? words("play") : words("pause"));
    row.classList.toggle("playing", !media.paused);
  };
  const toggle = (): void => {
    trouble.hidden = true;
    if (!media.paused) return media.pause();
    for (const other of document.querySelectorAll<HTMLMediaElement>("video, audio")) if (other !== media) other.pause();
    if (over) void again();
    media.play().catch(() => undefined);
  };
  /** What was played to its end has all its pieces: the node is told that it plays once more. */
  const again = async (): Promise<void> => {
    over = false;
    const item = box.closest<HTMLElement>("[data-item]")?.dataset["item"] ?? "";
    const view = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    await fetch(`${path}/played/${item}/${view}`, { method: "POST" }).catch(() => undefined);
  };
  button.addEventListener("click", toggle);
  if (media instanceof HTMLVideoElement) media.addEventListener("click", toggle);
  for (const event of ["timeupdate", "seeked", "loadedmetadata", "durationchange"]) media.addEventListener(event, show);
  for (const event of ["play", "pause", "ended"]) media.addEventListener(event, state);
  media.addEventListener("ended", () => (over = true));
  media.addEventListener("error", () => {
    if (!media.getAttribute("src")) return;
    trouble.textContent = words("trouble");
    trouble.hidden = false;
  });
  range.addEventListener("input", () => {
    dragging = true;
    show();
  });
  range.addEventListener("change", () => {
    dragging = false;
    media.currentTime = (Number(range.value) / 1000) * whole();
    show();
  });
  show();
  const peaks = box.dataset["peaks"];
  if (peaks) {
    void readPeaks(peaks, box.dataset["split"] !== undefined).then((read) => {
      if (!read) return;
      canvas.hidden = false;
      const draw = (): void => drawWave(canvas, read);
      new ResizeObserver(draw).observe(canvas);
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    }, () => undefined);
  }
}
