// The console: redraws what changed when the node says that something did.
import { follow } from "./events";
import { growLanes } from "./lane";
import { localTimes } from "./times";
import { watch } from "./watch";
import { say } from "./words";

/** Runs at most every `ms`, and once more after the last call. */
function atMostEvery(ms: number, work: () => Promise<void>): () => void {
  let running = false;
  let again = false;
  const run = async (): Promise<void> => {
    running = true;
    do {
      again = false;
      await work().catch((error: unknown) => console.warn(error));
      await new Promise((done) => setTimeout(done, ms));
    } while (again);
    running = false;
  };
  return () => {
    if (running) again = true;
    else void run();
  };
}

async function part(url: string): Promise<string | undefined> {
  const answer = await fetch(url, { headers: { accept: "text/html" }, cache: "no-store" });
  if (answer.status === 401) {
    location.reload();
    return undefined;
  }
  return answer.ok ? answer.text() : undefined;
}

/** Replaces the children by the new drawing; what has the focus keeps it. */
function redraw(element: HTMLElement, html: string): void {
  if (element.contains(document.activeElement) && document.activeElement instanceof HTMLButtonElement) {
    const session = document.activeElement.closest<HTMLElement>("[data-session]")?.dataset["session"];
    element.innerHTML = html;
    if (session) element.querySelector<HTMLButtonElement>(`[data-session="${CSS.escape(session)}"] button`)?.focus();
  } else {
    element.innerHTML = html;
  }
  localTimes(element);
}

const live = document.getElementById("live");
const recordings = document.getElementById("recordings");
localTimes(document);

if (live && recordings) {
  const lanes = growLanes(live);
  lanes.adopt();
  const redrawLive = atMostEvery(400, async () => {
    const html = await part("/parts/live");
    if (html !== undefined) {
      redraw(live, html);
      showStates();
      lanes.adopt();
    }
  });
  const redrawRecordings = atMostEvery(1000, async () => {
    const html = await part(`/parts/recordings${location.search}`);
    if (html !== undefined && !recordings.contains(document.activeElement)) redraw(recordings, html);
  });
  const leaving = new AbortController();
  // The states come pushed, whole and at once; the drawing of the lanes follows.
  const word = (article: HTMLElement, state: string): void => {
    const shown = article.querySelector<HTMLElement>(".live-head .state");
    if (!shown || shown.classList.contains(state)) return;
    shown.className = `state ${state}`;
    shown.textContent = say(`state-${state}`);
  };
  let states = new Map<string, string>();
  let known: boolean | undefined;
  const showStates = (): void => {
    if (known === undefined) return;
    for (const article of live.querySelectorAll<HTMLElement>("article[data-session]")) {
      const state = states.get(article.dataset["session"] ?? "");
      if (!known) word(article, "unknown");
      else if (state) word(article, state);
    }
  };
  void watch({
    url: "/v1/states",
    signal: leaving.signal,
    onMessage: (_, data) => {
      states = new Map((data as { id: string; state: string }[]).map((s) => [s.id, s.state]));
      showStates();
      redrawLive();
    },
    onLink: (up) => {
      known = up;
      showStates();
    },
    onRefused: (status) => {
      if (status === 401) location.reload();
    },
  });
  addEventListener("pagehide", () => leaving.abort());
  void follow({
    signal: leaving.signal,
    onEvent: ({ event }) => {
      if (event.startsWith("recording.")) redrawRecordings();
      if (!event.startsWith("recording.p") && event !== "recording.ready") redrawLive();
    },
    onLink: (up) => {
      if (up) {
        redrawLive();
        redrawRecordings();
      }
    },
  });
}

for (const button of document.querySelectorAll<HTMLButtonElement>("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", () => {
    const field = document.getElementById(button.dataset["copy"] ?? "");
    if (!(field instanceof HTMLInputElement)) return;
    const before = button.textContent;
    void navigator.clipboard.writeText(field.value).then(() => {
      button.textContent = button.dataset["done"] ?? before;
      setTimeout(() => (button.textContent = before), 1500);
    });
  });
}
