// The session as its participant sees it: one look, one command, and what the indicator says of it.
import type { Controls } from "./controls";
import { clock } from "./times";
import { say } from "./words";

export interface Party {
  id: string;
  role: string;
  name?: string;
  address?: string;
  present: boolean;
}

export interface Session {
  id: string;
  kind?: string;
  project?: string;
  started_at?: string;
  state?: string;
  state_since?: string;
  record_mode?: string;
  metadata?: Record<string, string>;
  live: boolean;
  consent?: string;
  participants: Party[];
  gates: { output: string; participant: string; gate: string }[];
  outputs: { output: string; recording: string; running: boolean }[];
  you?: { id: string; whip_url: string; controls?: Controls };
}

export interface Problem {
  status: number;
  reason: string;
  detail: string;
}

export class SessionApi {
  constructor(
    private readonly id: string,
    private readonly token: string,
  ) {}

  private headers(): Record<string, string> {
    return { authorization: `Bearer ${this.token}`, "content-type": "application/json" };
  }

  async look(): Promise<Session | Problem> {
    const answer = await fetch(`/v1/sessions/${this.id}`, { headers: this.headers(), cache: "no-store" });
    return (await answer.json()) as Session | Problem;
  }

  async command(verb: string, more: Record<string, unknown> = {}): Promise<{ state: string } | Problem> {
    const answer = await fetch(`/v1/sessions/${this.id}/commands`, { method: "POST", headers: this.headers(), body: JSON.stringify({ do: verb, ...more }) });
    return (await answer.json()) as { state: string } | Problem;
  }

  /** With which words people are asked here. */
  async wording(): Promise<{ text_version: string; language: string; text?: string } | undefined> {
    const answer = await fetch(`/v1/sessions/${this.id}/consent-text`, { headers: this.headers(), cache: "no-store" });
    return answer.ok ? ((await answer.json()) as { text_version: string; language: string; text?: string }) : undefined;
  }

  /** Tells the node something; it answers with nothing. */
  async tell(what: string, body: Record<string, unknown>): Promise<void> {
    await fetch(`/v1/sessions/${this.id}/${what}`, { method: "POST", headers: this.headers(), body: JSON.stringify(body) });
  }

  /** `arrive`, `leave` or `end`. A page that is being left cannot wait for the answer. */
  async post(what: string, leaving = false): Promise<Problem | undefined> {
    const answer = await fetch(`/v1/sessions/${this.id}/${what}`, { method: "POST", headers: this.headers(), body: what === "end" ? null : "{}", keepalive: leaving });
    return answer.ok ? undefined : ((await answer.json()) as Problem);
  }

  async lane(): Promise<string> {
    const answer = await fetch(`/parts/lane/${this.id}`, { headers: this.headers(), cache: "no-store" });
    return answer.ok ? answer.text() : "";
  }
}

export function isProblem(answer: object): answer is Problem {
  return "reason" in answer;
}

/** The sentence beside the state's word: who is being recorded, from where this person sits. */
export function sentence(session: Session): string {
  const you = session.you?.id ?? "";
  switch (session.state) {
    case "awaiting_consent":
      return say("ind-awaiting");
    case "paused":
      return say("ind-paused", { time: clock(session.state_since ? new Date(session.state_since) : new Date()) });
    case "censored":
      return say("ind-censored");
    case "stopped":
      return say("ind-stopped");
    case "disabled":
      return say("ind-disabled");
    case "recording":
    case "automatic_without_caller": {
      const present = session.participants.filter((p) => p.present);
      const open = new Set(session.gates.filter((g) => g.gate === "open").map((g) => g.participant));
      const others = present.filter((p) => p.id !== you && open.has(p.id));
      const names = others.map((p) => p.name ?? say(`the-${p.role}`)).join(", ");
      if (open.has(you)) {
        if (others.length === 0) return say("ind-you-only");
        return others.length === present.length - 1 && others.length > 1 ? say("ind-both") : say("ind-you-and", { who: names });
      }
      return others.length > 0 ? say("ind-others-only", { who: names, n: others.length }) : say("ind-nobody");
    }
    default:
      return say("ind-idle");
  }
}
