// Watching: the whole of what is so now, pushed whenever it changes. No link, no claim: a page that does not hear from the node says so.
import { createParser } from "eventsource-parser";

export interface Watching {
  url: string;
  token?: string;
  signal: AbortSignal;
  /** A message: its name and what it says. */
  onMessage: (name: string, data: unknown) => void;
  /** Told when nothing is known any more, and when it is again. */
  onLink: (up: boolean) => void;
  /** The caller may not watch (any more), or there is nothing to watch: HTTP status. Nothing follows. */
  onRefused: (status: number) => void;
}

/** The node sends a comment every 2 s: after three that did not come nothing is known. */
const SILENCE_MS = 6500;
const SOONEST_MS = 300;
const LATEST_MS = 4000;

async function read(what: Watching, last: { id: string | undefined }): Promise<number | undefined> {
  const hung = new AbortController();
  const stop = (): void => hung.abort();
  what.signal.addEventListener("abort", stop);
  let timer = setTimeout(stop, SILENCE_MS);
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(stop, SILENCE_MS);
  };
  try {
    const headers: Record<string, string> = { accept: "text/event-stream" };
    if (what.token) headers["authorization"] = `Bearer ${what.token}`;
    if (last.id !== undefined) headers["last-event-id"] = last.id;
    const answer = await fetch(what.url, { headers, signal: hung.signal, cache: "no-store" });
    if ([401, 403, 404, 409].includes(answer.status)) return answer.status;
    if (!answer.ok || !answer.body) throw new Error(String(answer.status));
    let ended: number | undefined;
    const parser = createParser({
      onEvent: (message) => {
        if (message.id !== undefined) last.id = message.id;
        if (message.event === "expired") ended = 401;
        else {
          if (message.event === "over") ended = 409;
          what.onLink(true);
          what.onMessage(message.event ?? "", JSON.parse(message.data));
        }
      },
    });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      heard();
      parser.feed(part.value);
      if (ended !== undefined) return ended;
    }
    return ended;
  } finally {
    clearTimeout(timer);
    what.signal.removeEventListener("abort", stop);
  }
}

/** Watches until the signal says stop or the node says no. After a break it comes again by itself. */
export async function watch(what: Watching): Promise<void> {
  let wait = SOONEST_MS;
  const last: { id: string | undefined } = { id: undefined };
  while (!what.signal.aborted) {
    const began = Date.now();
    try {
      const status = await read(what, last);
      if (what.signal.aborted) return;
      if (status !== undefined) return what.onRefused(status);
    } catch (error) {
      if (what.signal.aborted) return;
      console.warn("watching:", error);
    }
    what.onLink(false);
    if (Date.now() - began > LATEST_MS) wait = SOONEST_MS;
    await new Promise((done) => setTimeout(done, wait));
    wait = Math.min(wait * 2, LATEST_MS);
  }
}
