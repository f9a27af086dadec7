// Forms that send links work by themselves; this opens them over the page that they come from, and fills in what follows from a choice.
import { localTimes } from "./times";
import { say } from "./words";

const main = document.querySelector("main");
if (main) localTimes(main);

type Texts = Record<string, { subject: string; body: string }>;

/** Another language has other words, as long as nobody wrote any. */
function followLanguage(form: HTMLFormElement): void {
  const language = form.querySelector<HTMLSelectElement>("#language");
  const subject = form.querySelector<HTMLInputElement>("#subject");
  const body = form.querySelector<HTMLTextAreaElement>("#body");
  const kept = form.querySelector(".letter-texts")?.textContent;
  if (!language || !subject || !body || !kept) return;
  const texts = JSON.parse(kept) as Texts;
  const own = (of: "subject" | "body", value: string): boolean => Object.values(texts).some((text) => text[of] === value);
  language.addEventListener("change", () => {
    const text = texts[language.value];
    if (!text) return;
    if (own("subject", subject.value)) subject.value = text.subject;
    if (own("body", body.value)) body.value = text.body;
  });
}

/** The address that a user is known by, as long as nobody wrote another. */
function followUser(form: HTMLFormElement): void {
  const to = form.querySelector<HTMLSelectElement>("#to");
  const email = form.querySelector<HTMLInputElement>("#email");
  if (!to || !email) return;
  let filled = email.value;
  const fill = (): void => {
    if (email.value !== filled) return;
    filled = to.selectedOptions[0]?.dataset["email"] ?? "";
    email.value = filled;
  };
  to.addEventListener("change", fill);
  if (email.value === "") fill();
}

function wire(root: ParentNode): void {
  for (const form of root.querySelectorAll<HTMLFormElement>(".letter-form")) {
    followLanguage(form);
    followUser(form);
  }
}

/** The form over the page: what the node answers takes its place, whether it is a fault at a field or that the letter is on its way. */
class LetterDialog {
  private readonly dialog = document.createElement("dialog");

  constructor(private readonly cameFrom: HTMLElement) {
    this.dialog.className = "letter-dialog";
    document.body.append(this.dialog);
    this.dialog.addEventListener("close", () => {
      this.dialog.remove();
      this.cameFrom.focus();
    });
    this.dialog.addEventListener("click", (event) => {
      const close = event.target instanceof Element ? event.target.closest("[data-close]") : null;
      if (!close) return;
      event.preventDefault();
      this.dialog.close();
    });
    this.dialog.addEventListener("submit", (event) => {
      const form = event.target as HTMLFormElement;
      event.preventDefault();
      const button = form.querySelector<HTMLButtonElement>("button.primary");
      if (button) button.disabled = true;
      const sent = new URLSearchParams([...new FormData(form)].map(([name, value]): [string, string] => [name, String(value)]));
      void this.show(fetch(form.action, { method: "POST", body: sent, headers: { accept: "text/html" } })).then((shown) => {
        if (!shown && button) button.disabled = false;
      });
    });
  }

  /** Shows the form or the note of an answer; whether it had one. */
  async show(asked: Promise<Response>): Promise<boolean> {
    const answer = await asked.catch(() => undefined);
    const text = (await answer?.text().catch(() => "")) ?? "";
    const found = new DOMParser().parseFromString(text, "text/html").querySelector(".letter");
    if (!found) return this.trouble();
    this.dialog.replaceChildren(document.adoptNode(found));
    const title = this.dialog.querySelector("h1");
    this.dialog.setAttribute("aria-labelledby", title?.id ?? "");
    if (!this.dialog.open) this.dialog.showModal();
    localTimes(this.dialog);
    wire(this.dialog);
    const wrong = this.dialog.querySelector<HTMLElement>("[aria-invalid]");
    const first = this.dialog.querySelector<HTMLElement>("input:not([type=hidden]):not([type=checkbox]):not([readonly]), select");
    (wrong ?? first ?? this.dialog.querySelector<HTMLElement>("[data-close]"))?.focus();
    return true;
  }

  private trouble(): boolean {
    const note = document.createElement("p");
    note.className = "note warn";
    note.setAttribute("role", "alert");
    note.textContent = say("send-trouble");
    if (this.dialog.open) {
      this.dialog.querySelector(".letter-form")?.prepend(note);
      return false;
    }
    const close = document.createElement("button");
    close.type = "button";
    close.dataset["close"] = "";
    close.textContent = say("send-close");
    this.dialog.replaceChildren(note, close);
    this.dialog.setAttribute("aria-label", say("send-trouble"));
    this.dialog.showModal();
    return false;
  }
}

/** Where a button or a link with `data-letter` leads, with what is chosen in its form. */
function target(from: HTMLElement): string | undefined {
  if (from instanceof HTMLAnchorElement) return from.href;
  if (!(from instanceof HTMLButtonElement) || !from.form) return undefined;
  const url = new URL(from.dataset["letter"] || from.formAction, location.href);
  const chosen = new FormData(from.form);
  for (const [field, name] of [["recording", "r"], ["chat", "s"]] as const) {
    for (const id of new Set(chosen.getAll(field))) if (typeof id === "string") url.searchParams.append(name, id);
  }
  return url.href;
}

document.addEventListener("click", (event) => {
  const from = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-letter]") : null;
  const url = from ? target(from) : undefined;
  if (!from || !url || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  void new LetterDialog(from).show(fetch(url, { headers: { accept: "text/html" }, cache: "no-store" }));
});

wire(document);
