// The administrator's forms work by themselves; this saves presses.
import { localTimes } from "./times";

const main = document.querySelector("main");
if (main) localTimes(main);

/** Another kind of project has other settings: show them at once. */
for (const kind of document.querySelectorAll<HTMLInputElement>('#project input[name="kind"]')) {
  kind.addEventListener("change", () => document.querySelector<HTMLButtonElement>("#show-kind")?.click());
}

/** A story is told again whenever it changes; the address holds it, so that it can be sent to somebody. */
const story = document.querySelector<HTMLFormElement>("#story");
let asked = 0;

async function tell(form: HTMLFormElement): Promise<void> {
  const turn = ++asked;
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && value !== "") query.set(name, value);
  }
  if (!query.has("what0")) query.set("what0", "");
  const url = `${form.action}?${query}`;
  const answer = await fetch(url, { headers: { accept: "text/html" }, cache: "no-store" });
  if (!answer.ok || turn !== asked) return;
  const drawn = new DOMParser().parseFromString(await answer.text(), "text/html");
  const result = drawn.querySelector("#result");
  if (turn !== asked || !result) return;
  document.querySelector("#result")?.replaceChildren(...result.childNodes);
  history.replaceState(null, "", url);
}

story?.addEventListener("change", () => {
  for (const chip of document.querySelectorAll(".presets [aria-current]")) chip.removeAttribute("aria-current");
  void tell(story).catch((error: unknown) => console.warn(error));
});
