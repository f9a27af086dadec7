// What stands beside a recording, also where nothing plays: its labels, and what a link on the page points at.
import { localTimes } from "./times";

/** Known labels beside the field: each press puts one on or takes it off. */
function labelling(): void {
  const field = document.querySelector<HTMLInputElement>("#s-labels");
  const offered = document.getElementById("offered");
  if (!field || !offered) return;
  offered.hidden = false;
  const buttons = [...offered.querySelectorAll<HTMLButtonElement>("button[data-label]")];
  const typed = (): string[] => field.value.split(",").map((one) => one.trim()).filter((one) => one !== "");
  const press = (): void => {
    const now = typed();
    for (const button of buttons) button.setAttribute("aria-pressed", String(now.includes(button.dataset["label"] ?? "")));
  };
  for (const button of buttons) {
    button.addEventListener("click", () => {
      const label = button.dataset["label"] ?? "";
      const now = typed();
      field.value = (now.includes(label) ? now.filter((one) => one !== label) : [...now, label]).join(", ");
      press();
    });
  }
  field.addEventListener("input", press);
  press();
}

/** What a link on the page points at is shown, also where it stands folded. */
function unfolding(): void {
  const open = (): void => {
    const wanted = location.hash === "#delete-it" ? document.getElementById("delete-it") : null;
    if (!(wanted instanceof HTMLDetailsElement)) return;
    wanted.open = true;
    wanted.scrollIntoView();
    wanted.querySelector("button")?.focus();
  };
  addEventListener("hashchange", open);
  open();
}

/** The folders beside the archive: counted once the page stands, and marked as the list below changes. */
function folders(): void {
  if (!document.getElementById("folders-side")) return;
  const looked = (): string => new URLSearchParams(location.search).get("folder") ?? "";
  const mark = (): void => {
    for (const link of document.querySelectorAll<HTMLAnchorElement>("#folders-side a")) {
      const own = new URL(link.href).searchParams.get("folder") ?? "";
      if (own === looked()) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  };
  document.addEventListener("archive:picked", mark);
  const count = async (): Promise<void> => {
    const answer = await fetch(`/parts/archive-folders?${new URLSearchParams({ folder: looked() })}`, { cache: "no-store" });
    if (!answer.ok) return;
    const drawn = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("folders-side");
    const side = document.getElementById("folders-side");
    if (!drawn || !side) return;
    // Only the numbers are new: whoever has the focus on a folder keeps it.
    const fresh = [...drawn.querySelectorAll("a")];
    for (const [n, link] of [...side.querySelectorAll("a")].entries()) {
      const number = fresh[n]?.querySelector(".num");
      if (number) link.append(number);
    }
  };
  void count().catch((error: unknown) => console.warn(error));
}

localTimes(document);
folders();
labelling();
unfolding();
