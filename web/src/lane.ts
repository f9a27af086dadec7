// Live lanes grow: the node draws them, this moves their right edge until the next drawing.
import { length } from "./times";

interface Growing {
  lane: HTMLElement;
  total: number;
  drawn: number;
}

/** Keeps every live lane below an element growing. Call `adopt` after each drawing. */
export function growLanes(below: HTMLElement): { adopt: () => void; stop: () => void } {
  let lanes: Growing[] = [];
  const step = (): void => {
    const outer = below.closest<HTMLElement>("[data-session]") ?? below;
    const now = performance.now();
    for (const { lane, total, drawn } of lanes) {
      const end = total + now - drawn;
      const share = (ms: number): string => `${((ms * 100) / end).toFixed(3)}%`;
      for (const rect of lane.querySelectorAll<SVGRectElement>("rect[data-from]")) {
        const from = Number(rect.dataset["from"]);
        const to = "running" in rect.dataset ? end : Number(rect.dataset["to"]);
        rect.setAttribute("x", share(from));
        rect.setAttribute("width", share(to - from));
      }
      for (const line of lane.querySelectorAll<SVGLineElement>("line[data-at]")) {
        line.setAttribute("x1", share(Number(line.dataset["at"])));
        line.setAttribute("x2", share(Number(line.dataset["at"])));
      }
    }
    for (const elapsed of outer.querySelectorAll<HTMLElement>("[data-since]")) {
      elapsed.textContent = length(Date.now() - new Date(elapsed.dataset["since"] ?? "").getTime());
    }
  };
  const clock = setInterval(step, 1000);
  return {
    stop: () => clearInterval(clock),
    adopt: () => {
      const drawn = performance.now();
      lanes = [...below.querySelectorAll<HTMLElement>("[data-live-ms]")].map((lane) => ({ lane, total: Number(lane.dataset["liveMs"]), drawn }));
    },
  };
}
