// Sending a file in pieces, by the tus protocol: what broke off goes on where it was, also after the page was closed.
import { say } from "./words";

const PIECE = 8 * 1024 * 1024;
/** Waits between tries, milliseconds; the last one stays. */
const WAITS = [500, 1000, 3000, 8000];

function element<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`#${id} is not in the page`);
  return found as T;
}

const box = element("upload");
const at = box.dataset["at"] ?? "";
const invited = at === "/v1/invited-uploads";
const token = invited ? location.hash.slice(1) : "";
const form = element<HTMLFormElement>("upload-form");
const input = element<HTMLInputElement>("file");
const way = element("way");
const bar = element<HTMLProgressElement>("bar");
const standing = element("standing");
const trouble = element("trouble");
const stop = element<HTMLButtonElement>("stop");

interface Problem {
  detail?: string;
  reason?: string;
}

class Refused extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

function headers(more: Record<string, string> = {}): Record<string, string> {
  const own: Record<string, string> = invited ? { authorization: `Bearer ${token}` } : { "x-csrf-token": document.body.dataset["csrf"] ?? "" };
  return { "tus-resumable": "1.0.0", ...own, ...more };
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

async function refusal(answer: Response): Promise<Refused> {
  const problem = (await answer.json().catch(() => ({}))) as Problem;
  return new Refused(problem.detail ?? String(answer.status), answer.status);
}

function show(percent: number, text: string): void {
  way.hidden = false;
  bar.value = percent;
  standing.textContent = text;
}

function fail(text: string): void {
  trouble.textContent = text;
  trouble.hidden = false;
  way.hidden = true;
}

/** What is remembered of a file, so that choosing it again goes on with it. */
function key(file: File): string {
  return `ferric-upload ${at} ${file.name} ${file.size} ${file.lastModified}`;
}

async function offsetOf(url: string): Promise<number | undefined> {
  const answer = await fetch(url, { method: "HEAD", headers: headers() });
  if (answer.status === 404 || answer.status === 410) return undefined;
  if (!answer.ok) throw await refusal(answer);
  return Number(answer.headers.get("upload-offset"));
}

async function begin(file: File): Promise<{ url: string; recording: string }> {
  const fields = [...new FormData(form)].filter((f): f is [string, string] => typeof f[1] === "string" && f[1].trim() !== "");
  const said = [["filename", file.name] as [string, string], ...fields].map(([name, value]) => `${name} ${base64(value)}`);
  const answer = await fetch(at, { method: "POST", headers: headers({ "upload-length": String(file.size), "upload-metadata": said.join(",") }) });
  if (!answer.ok) throw await refusal(answer);
  const made = (await answer.json()) as { recording: string };
  const begun = { url: answer.headers.get("location") ?? "", recording: made.recording };
  localStorage.setItem(key(file), JSON.stringify(begun));
  return begun;
}

let stopped = false;

async function send(file: File): Promise<string | undefined> {
  const known = localStorage.getItem(key(file));
  let begun = known ? (JSON.parse(known) as { url: string; recording: string }) : undefined;
  // Where it cannot be said just now the first piece is refused, and it is asked again: a file that is here is not sent anew.
  let offset = begun ? await offsetOf(begun.url).catch(() => 0) : undefined;
  if (!begun || offset === undefined) {
    begun = await begin(file);
    offset = 0;
  }
  for (let tries = 0; offset < file.size; ) {
    if (stopped) return undefined;
    show((offset / file.size) * 100, say("upload-sending", { percent: Math.floor((offset / file.size) * 100) }));
    try {
      const piece = file.slice(offset, offset + PIECE);
      const answer = await fetch(begun.url, { method: "PATCH", headers: headers({ "upload-offset": String(offset), "content-type": "application/offset+octet-stream" }), body: piece });
      if (!answer.ok) throw await refusal(answer);
      offset = Number(answer.headers.get("upload-offset"));
      tries = 0;
    } catch (error) {
      if (error instanceof Refused && ![409, 423, 503, 502, 504].includes(error.status)) throw error;
      if (tries >= 20) throw error;
      show((offset / file.size) * 100, say("upload-again"));
      await new Promise((done) => setTimeout(done, WAITS[Math.min(tries++, WAITS.length - 1)]));
      const here = await offsetOf(begun.url).catch(() => offset);
      if (here === undefined) throw new Error(say("upload-gone"));
      offset = here;
    }
  }
  localStorage.removeItem(key(file));
  return begun.recording;
}

async function watch(recording: string): Promise<void> {
  for (;;) {
    const answer = await fetch(`/v1/recordings/${recording}`);
    if (answer.ok) {
      const row = (await answer.json()) as { state: string; progress: number; failure?: string };
      if (row.state === "ready") {
        show(100, "");
        const link = document.createElement("a");
        link.href = `/recordings/${recording}`;
        link.textContent = say("upload-open");
        standing.replaceChildren(say("upload-ready"), " ", link);
        return;
      }
      if (row.state === "failed") return fail(say("upload-failed", { why: row.failure ?? "?" }));
      show(row.progress, say("upload-rendering", { percent: row.progress }));
    }
    await new Promise((done) => setTimeout(done, 700));
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const file = input.files?.[0];
  if (!file) return;
  trouble.hidden = true;
  stopped = false;
  const most = Number(box.dataset["most"] ?? 0);
  if (most > 0 && file.size > most) return fail(say("upload-too-large"));
  const button = element<HTMLButtonElement>("send");
  button.disabled = true;
  stop.hidden = false;
  show(0, say("upload-sending", { percent: 0 }));
  send(file)
    .then(async (recording) => {
      stop.hidden = true;
      if (recording === undefined) return show(bar.value, say("upload-stopped"));
      if (!invited) return watch(recording);
      form.hidden = true;
      way.hidden = true;
      element("done").hidden = false;
    })
    .catch((error: unknown) => fail(say("upload-failed", { why: error instanceof Error ? error.message : String(error) })))
    .finally(() => {
      button.disabled = false;
      stop.hidden = true;
    });
});
stop.addEventListener("click", () => (stopped = true));

const drop = element("drop");
for (const name of ["dragover", "dragenter"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  if (event.dataTransfer && event.dataTransfer.files.length > 0) input.files = event.dataTransfer.files;
});

document.getElementById("invite-form")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  trouble.hidden = true;
  const field = (name: string): string | undefined => (form.elements.namedItem(name) as HTMLInputElement | null)?.value.trim() || undefined;
  const body = { project: field("project"), ticket: field("ticket"), customer_email: field("customer_email"), title: field("title") };
  const answer = await fetch("/v1/upload-invitations", { method: "POST", headers: headers({ "content-type": "application/json" }), body: JSON.stringify(body) });
  if (!answer.ok) return fail((await refusal(answer)).message);
  const made = (await answer.json()) as { page_url: string };
  const url = element<HTMLInputElement>("invite-url");
  url.value = made.page_url;
  element("invite-link").hidden = false;
  url.select();
});

if (invited) {
  void fetch(at, { headers: headers() }).then(async (answer) => {
    if (!answer.ok) return fail(say("send-over"));
    const how = (await answer.json()) as { sent: boolean; max_bytes: number };
    box.dataset["most"] = String(how.max_bytes);
    if (how.sent) element("done").hidden = false;
    else form.hidden = false;
  });
}
