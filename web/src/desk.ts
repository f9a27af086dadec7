// An agent's desk: the agent's live calls as they come, who is being recorded in each, and what may be done about it.
import { ControlBar, controlKeys, keysAreOn } from "./controls";
import { growLanes } from "./lane";
import { requesterForm, type Wanted, wantedFor } from "./requester";
import { sentence, type Session, SessionApi } from "./session";
import { length } from "./times";
import { watch } from "./watch";
import { say } from "./words";

function element<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`#${id} is not in the page`);
  return found as T;
}

/** The token leaves the address bar for this tab's own storage: it is on no screen, in no history and no copied link. */
function takeToken(): string {
  const given = location.hash.slice(1);
  try {
    if (given) sessionStorage.setItem("desk", given);
    const kept = sessionStorage.getItem("desk") ?? "";
    history.replaceState(null, "", location.pathname);
    return kept;
  } catch {
    return given;
  }
}

const token = takeToken();
const calls = element("calls");
const leaving = new AbortController();
const cards = new Map<string, Card>();
let known = false;

function trouble(text: string): void {
  element("trouble").textContent = text;
  element("trouble").hidden = text === "";
}

function make<K extends keyof HTMLElementTagNameMap>(tag: K, className: string, text = ""): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function nameOf(party: Session["participants"][number]): string {
  return party.name ?? party.address?.replace(/^sips?:/, "").replace(/@.*$/, "") ?? say(`role-${party.role}`);
}

/** A card a call; it stays where it is while the call lasts, so that nothing moves under a hand. */
class Card {
  readonly article = make("article", "call");
  readonly bar: ControlBar;
  private readonly indicator = make("div", "indicator");
  private readonly word = make("span", "state");
  private readonly what = make("span", "what");
  private readonly name = make("h2", "call-name");
  private readonly facts = make("p", "quiet call-facts");
  private readonly prompt = make("section", "consent prompt");
  private readonly said = make("p", "call-trouble");
  private readonly lane = make("div", "call-lane");
  private readonly lanes = growLanes(this.lane);
  private readonly api: SessionApi;
  private session: Session;
  private drawing: ReturnType<typeof setTimeout>[] = [];
  private requester: Wanted | undefined;

  constructor(session: Session) {
    this.session = session;
    void wantedFor(session.id, token).then((wanted) => (this.requester = wanted));
    this.api = new SessionApi(session.id, token);
    this.article.dataset["session"] = session.id;
    this.name.id = `call-${session.id}`;
    this.article.setAttribute("aria-labelledby", this.name.id);
    this.indicator.setAttribute("role", "status");
    this.indicator.append(this.word, this.what);
    this.said.setAttribute("role", "alert");
    this.said.hidden = true;
    const title = make("h3", "", say("host-prompt"));
    const both = make("div", "equal");
    for (const act of ["prompt_decline", "prompt_accept"]) {
      const button = make("button", "", say(`host-${act}`));
      button.type = "button";
      button.dataset["do"] = act;
      button.addEventListener("click", () => void this.command(act));
      both.append(button);
    }
    this.prompt.append(title, make("p", "", say("host-prompt-how")), both);
    this.prompt.hidden = true;
    const controls = make("div", "");
    this.bar = new ControlBar(controls, ["main", "pause", "customer", "censor", "receipt"], (act, order) => this.command(act, order), (text) => this.tell(text));
    this.bar.useKeys(keysAreOn());
    const head = make("div", "call-head");
    head.append(this.name, this.facts);
    this.article.append(head, this.indicator, this.prompt, controls, this.said, this.lane);
    this.show(session);
    this.bar.suggestOrder(session.metadata?.["order"] ?? session.metadata?.["ticket"]);
  }

  private tell(text: string): void {
    this.said.textContent = text;
    this.said.hidden = text === "";
  }

  private async command(act: string, order?: string): Promise<{ state: string } | undefined | Awaited<ReturnType<SessionApi["command"]>>> {
    const answer = await this.api.command(act, order === undefined ? {} : { order });
    if ("state" in answer) {
      // The node has answered: the gates have moved. The rest of the picture comes pushed.
      this.session = { ...this.session, state: answer.state };
      this.draw();
    }
    return answer;
  }

  show(session: Session): void {
    this.session = session;
    this.bar.show(session);
    const others = session.participants.filter((p) => p.id !== session.you?.id && p.present);
    const names = others.map(nameOf).join(", ");
    const heading = names || say("desk-nobody");
    if (this.name.textContent !== heading) this.name.textContent = heading;
    const facts = [session.project ?? "", session.metadata?.["queue"] ?? ""].filter((f) => f !== "").join(" · ");
    if (this.facts.dataset["facts"] !== facts) {
      this.facts.dataset["facts"] = facts;
      const elapsed = make("span", "num", length(Date.now() - new Date(session.started_at ?? "").getTime()));
      elapsed.dataset["since"] = session.started_at ?? "";
      this.facts.replaceChildren(elapsed, ` · ${facts}`);
    }
    this.prompt.hidden = session.you?.controls?.commands["prompt_accept"]?.allowed !== true;
    this.draw();
    // The lane is drawn from the event log, which is a little behind.
    for (const timer of this.drawing) clearTimeout(timer);
    this.drawing = [150, 1200].map((ms) => setTimeout(() => void this.drawLane(), ms));
  }

  draw(): void {
    const state = known ? (this.session.state ?? "idle") : "unknown";
    this.indicator.dataset["state"] = state;
    this.word.className = `state ${state}`;
    const word = say(`state-${state}`);
    if (this.word.textContent !== word) this.word.textContent = word;
    const what = known ? sentence(this.session) : say("ind-unknown");
    if (this.what.textContent !== what) this.what.textContent = what;
  }

  private async drawLane(): Promise<void> {
    const html = await this.api.lane().catch(() => "");
    if (html && this.article.isConnected) {
      this.lane.innerHTML = html;
      this.lanes.adopt();
    }
  }

  /** At the end of a call that was recorded: whom it was for, where nobody said. */
  ask(): void {
    if (!this.requester?.wanted || !this.requester.token || this.session.outputs.length === 0) return;
    calls.append(requesterForm(this.session.id, this.requester.token));
  }

  stop(): void {
    for (const timer of this.drawing) clearTimeout(timer);
    this.lanes.stop();
    this.article.remove();
  }
}

function title(): void {
  const states = [...cards.values()].map((card) => card.article.querySelector(".state")?.textContent ?? "");
  document.title = [states[0] ?? say("desk-title"), say("app")].join(" · ");
}

function show(desk: { agent: string; sessions: Session[] }): void {
  element("desk-name").textContent = say("desk-of", { agent: desk.agent });
  element("keys-choice").hidden = false;
  const live = new Set(desk.sessions.map((s) => s.id));
  for (const [id, card] of cards) {
    if (live.has(id)) continue;
    card.stop();
    cards.delete(id);
    card.ask();
  }
  for (const session of desk.sessions) {
    const card = cards.get(session.id);
    if (card) card.show(session);
    else {
      const made = new Card(session);
      cards.set(session.id, made);
      calls.append(made.article);
    }
  }
  element("empty").hidden = cards.size > 0;
  title();
}

function over(status: number): void {
  for (const card of cards.values()) card.stop();
  cards.clear();
  element("empty").hidden = true;
  element("keys-choice").hidden = true;
  if (status === 401) {
    try {
      sessionStorage.removeItem("desk");
    } catch {
      // Nothing is kept then.
    }
  }
  trouble(say("desk-closed"));
  title();
}

controlKeys(element<HTMLInputElement>("keys"), () => [...cards.values()].map((card) => card.bar), () => trouble(say("desk-which")));
addEventListener("pagehide", () => leaving.abort());
addEventListener("focusin", () => trouble(known ? "" : element("trouble").textContent ?? ""));

if (!token) over(401);
else {
  void watch({
    url: "/v1/desk",
    token,
    signal: leaving.signal,
    onMessage: (_, data) => show(data as { agent: string; sessions: Session[] }),
    onLink: (up) => {
      if (known === up) return;
      known = up;
      for (const card of cards.values()) card.draw();
      trouble(up ? "" : say("link-lost"));
      title();
    },
    onRefused: over,
  });
}
