// The control bar: one place a control, whatever its state. What is possible, and why the rest is not, is the node's word; no rule is here.
import { isProblem, type Problem, type Session } from "./session";
import { knows, say } from "./words";

export interface Verdict {
  allowed: boolean;
  reason?: string;
}

export interface Controls {
  commands: Record<string, Verdict>;
  paused: boolean;
  customer_on: boolean;
  censored: boolean;
  receipt?: string;
  forced_by?: string;
  said: "nothing" | "granted" | "declined" | "withdrawn";
}

export type Answer = { state: string } | Problem | undefined;

interface Pair {
  name: string;
  key: string;
  /** Which of the two is offered. */
  act: (controls: Controls, session: Session) => string;
}

export const PAIRS: Pair[] = [
  { name: "main", key: "R", act: (_, session) => (session.outputs.some((o) => o.running && o.output.startsWith("main")) ? "stop" : "start") },
  { name: "pause", key: "P", act: (controls) => (controls.paused ? "resume" : "pause") },
  { name: "customer", key: "C", act: (controls) => (controls.customer_on ? "customer_off" : "customer_on") },
  { name: "censor", key: "X", act: (controls) => (controls.censored ? "censor_off" : "censor_on") },
  { name: "receipt", key: "V", act: (controls) => (controls.receipt === undefined ? "receipt_start" : "receipt_stop") },
];

/** A second press so soon after an answer is the tail of a double click: it must not undo what the first has done. */
const TAIL_MS = 400;

/** Why a control cannot be used now, in words. */
export function why(act: string, reason: string, session: Session): string {
  const controls = session.you?.controls;
  if (reason === "forced") return say(controls?.forced_by === "queue" ? "why-forced-queue" : "why-forced-agent");
  if (reason === "mode_forbids" && act.startsWith("customer_")) {
    const mode = `why-customer-${session.record_mode ?? ""}`;
    if (knows(mode)) return say(mode);
  }
  for (const name of [`why-${act}-${reason}`, `why-${reason}`, `refused-${reason}`]) if (knows(name)) return say(name);
  return say("refused-other", { why: reason });
}

/** What a refusal means, in words. */
export function refusal(problem: Problem): string {
  const known = `refused-${problem.reason}`;
  return knows(known) ? say(known) : say("refused-other", { why: problem.detail });
}

let counter = 0;

/** A bar of controls below an element. */
export class ControlBar {
  private readonly places = new Map<string, { button: HTMLButtonElement; label: HTMLElement; note: HTMLElement }>();
  private readonly order: HTMLInputElement | undefined;
  private session: Session | undefined;
  private pending = new Set<string>();
  private answeredAt = new Map<string, number>();
  private keys = true;

  constructor(
    private readonly into: HTMLElement,
    names: string[],
    private readonly send: (act: string, order?: string) => Promise<Answer>,
    private readonly onTrouble: (text: string) => void,
  ) {
    into.classList.add("control-bar");
    into.setAttribute("role", "group");
    into.setAttribute("aria-label", say("controls-label"));
    for (const pair of PAIRS.filter((p) => names.includes(p.name))) {
      const place = document.createElement("div");
      place.className = "control";
      place.dataset["pair"] = pair.name;
      const button = document.createElement("button");
      button.type = "button";
      const label = document.createElement("span");
      button.append(label);
      const note = document.createElement("small");
      note.id = `note-${++counter}`;
      button.setAttribute("aria-describedby", note.id);
      button.addEventListener("click", (event) => {
        if (event.detail < 2) void this.press(pair.name);
      });
      if (pair.name === "receipt") {
        const field = document.createElement("input");
        field.id = `order-${counter}`;
        field.maxLength = 128;
        field.autocomplete = "off";
        field.addEventListener("keydown", (event) => {
          if (event.key === "Enter" && button.dataset["do"] === "receipt_start") void this.press("receipt");
        });
        const row = document.createElement("div");
        row.className = "receipt-row";
        const name = document.createElement("label");
        name.htmlFor = field.id;
        name.textContent = say("controls-order");
        row.append(name, field, button);
        place.append(row, note);
        this.order = field;
      } else place.append(button, note);
      into.append(place);
      this.places.set(pair.name, { button, label, note });
    }
  }

  /** Whether shortcuts are in use, to be shown or not. */
  useKeys(keys: boolean): void {
    this.keys = keys;
    this.draw();
  }

  /** The order that a receipt is most likely for. */
  suggestOrder(order: string | undefined): void {
    if (this.order && !this.order.value && order && this.session?.you?.controls?.receipt === undefined) this.order.value = order;
  }

  show(session: Session): void {
    this.session = session;
    this.draw();
  }

  private draw(): void {
    const session = this.session;
    const controls = session?.you?.controls;
    if (!session || !controls) return;
    for (const pair of PAIRS) {
      const place = this.places.get(pair.name);
      if (!place) continue;
      const act = pair.act(controls, session);
      const verdict = controls.commands[act] ?? { allowed: false, reason: "not_permitted" };
      const waits = this.pending.has(pair.name);
      const { button, label, note } = place;
      button.dataset["do"] = act;
      if (label.textContent !== say(`do-${act}`)) label.textContent = say(`do-${act}`);
      button.setAttribute("aria-disabled", String(!verdict.allowed || waits));
      button.setAttribute("aria-busy", String(waits));
      button.classList.toggle("primary", verdict.allowed && act === "start");
      button.classList.toggle("on", ["resume", "customer_off", "censor_off", "receipt_stop"].includes(act) && verdict.allowed);
      const shortcut = `Alt+Shift+${pair.key}`;
      if (this.keys) button.setAttribute("aria-keyshortcuts", shortcut);
      else button.removeAttribute("aria-keyshortcuts");
      const reason = verdict.allowed ? "" : why(act, verdict.reason ?? "", session);
      const shown = reason || (this.keys ? shortcut : "");
      if (note.textContent !== shown) {
        note.textContent = "";
        if (reason) note.textContent = reason;
        else if (shown) {
          const kbd = document.createElement("kbd");
          kbd.textContent = shortcut;
          note.append(kbd);
        }
      }
      if (pair.name === "receipt" && this.order) {
        const running = controls.receipt !== undefined;
        if (running) this.order.value = controls.receipt ?? "";
        else if (this.order.readOnly) this.order.value = "";
        this.order.readOnly = running;
        this.order.disabled = !running && !verdict.allowed;
      }
    }
  }

  /** Presses a control: by its button or by its key. Answered when the gates have moved. */
  async press(name: string): Promise<void> {
    const place = this.places.get(name);
    if (!place || this.pending.has(name)) return;
    const { button, note } = place;
    if (button.getAttribute("aria-disabled") === "true") {
      this.onTrouble(note.textContent ?? "");
      return;
    }
    const pressed = performance.now();
    if (pressed - (this.answeredAt.get(name) ?? -TAIL_MS) < TAIL_MS) return;
    const act = button.dataset["do"] ?? "";
    let order: string | undefined;
    if (act === "receipt_start") {
      order = this.order?.value.trim();
      if (!order) {
        this.onTrouble(say("controls-order-missing"));
        this.order?.focus();
        return;
      }
    }
    this.pending.add(name);
    this.draw();
    const answer = await this.send(act, order).catch(() => undefined);
    this.pending.delete(name);
    this.answeredAt.set(name, performance.now());
    button.dataset["answered"] = act;
    button.dataset["answeredMs"] = (performance.now() - pressed).toFixed(1);
    if (!answer) this.onTrouble(say("controls-unanswered"));
    else if (isProblem(answer)) this.onTrouble(refusal(answer));
    else this.onTrouble("");
    this.draw();
  }

  /** Whether the focus is in this bar or in what surrounds it. */
  hasFocus(): boolean {
    return (this.into.closest("[data-session]") ?? this.into).contains(document.activeElement);
  }
}

const KEPT = "control-keys";

export function keysAreOn(): boolean {
  try {
    return localStorage.getItem(KEPT) !== "off";
  } catch {
    return true;
  }
}

/** Alt+Shift and a letter: no screen reader's, no browser's, and nothing that is typed by accident (WCAG 2.1.4). A checkbox turns it off. */
export function controlKeys(box: HTMLInputElement, bars: () => ControlBar[], onNone: () => void): void {
  box.checked = keysAreOn();
  box.addEventListener("change", () => {
    try {
      localStorage.setItem(KEPT, box.checked ? "on" : "off");
    } catch {
      // Without storage the choice holds for this page.
    }
    for (const bar of bars()) bar.useKeys(box.checked);
  });
  addEventListener("keydown", (event) => {
    if (!box.checked || !event.altKey || !event.shiftKey || event.ctrlKey || event.metaKey || event.repeat) return;
    const pair = PAIRS.find((p) => event.code === `Key${p.key}`);
    if (!pair || (event.target instanceof HTMLElement && event.target.matches("input:not([type=checkbox]), textarea, select"))) return;
    event.preventDefault();
    const all = bars();
    // With several calls the one that has the focus is meant; to guess could record the wrong one.
    const meant = all.length === 1 ? all[0] : all.find((bar) => bar.hasFocus());
    if (meant) void meant.press(pair.name);
    else if (all.length > 0) onNone();
  });
}
