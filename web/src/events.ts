// The node's events: followed for as long as the page is open, taken up again where they broke off.
import { createParser } from "eventsource-parser";

export interface NodeEvent {
  seq: number;
  at: string;
  session?: string;
  event: string;
  data: Record<string, unknown>;
}

export interface Following {
  session?: string;
  token?: string;
  since?: number;
  onEvent: (event: NodeEvent) => void;
  /** Told when the stream breaks and when it is there again. */
  onLink?: (up: boolean) => void;
  signal: AbortSignal;
}

const SOONEST_MS = 500;
const LATEST_MS = 15_000;

/** Follows until the signal says stop, or until the node says that the caller may not. */
export async function follow(what: Following): Promise<void> {
  let last = what.since === undefined ? undefined : String(what.since);
  let wait = SOONEST_MS;
  const url = `/v1/events${what.session ? `?session=${encodeURIComponent(what.session)}` : ""}`;
  while (!what.signal.aborted) {
    try {
      const headers: Record<string, string> = { accept: "text/event-stream" };
      if (what.token) headers["authorization"] = `Bearer ${what.token}`;
      if (last !== undefined) headers["last-event-id"] = last;
      const answer = await fetch(url, { headers, signal: what.signal, cache: "no-store" });
      if (answer.status === 401 || answer.status === 403) return;
      if (!answer.ok || !answer.body) throw new Error(String(answer.status));
      what.onLink?.(true);
      wait = SOONEST_MS;
      const parser = createParser({
        onEvent: (message) => {
          if (message.id !== undefined) last = message.id;
          what.onEvent(JSON.parse(message.data) as NodeEvent);
        },
      });
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) parser.feed(part.value);
    } catch (error) {
      if (what.signal.aborted) return;
      console.warn("events:", error);
    }
    what.onLink?.(false);
    await new Promise((done) => setTimeout(done, wait));
    wait = Math.min(wait * 2, LATEST_MS);
  }
}
