// Times in the viewer's zone, with the zone on hover; lengths as the node writes them.

const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const datetime = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

/** Puts local times into `<time datetime data-show>` below an element. */
export function localTimes(below: ParentNode): void {
  for (const element of below.querySelectorAll<HTMLTimeElement>("time[data-show]")) {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const show = { time, datetime, full }[element.dataset["show"] ?? ""] ?? datetime;
    element.textContent = show.format(at);
    element.title = exact.format(at);
  }
}

/** `12:04`, for a sentence. */
export function clock(at: Date): string {
  return time.format(at);
}

/** `0:07`, `12:04`, `1:02:03`. */
export function length(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, "0");
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}
