// Thumbnails on hover: a WebVTT index of parts of sheets (`sheet.jpg#xywh=x,y,w,h`).

interface Cue {
  from: number;
  to: number;
  sheet: string;
  x: number;
  y: number;
  w: number;
  h: number;
}

function seconds(text: string): number {
  return text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

export function parse(text: string, base: string): Cue[] {
  const cues: Cue[] = [];
  for (const block of text.split(/\r?\n\r?\n/)) {
    const times = /([\d:.]+)\s+-->\s+([\d:.]+)[^\n]*\n(.+)/.exec(block);
    const place = times?.[3] && /^(.*)#xywh=(\d+),(\d+),(\d+),(\d+)/.exec(times[3].trim());
    if (!times || !place) continue;
    const [x, y, w, h] = place.slice(2).map(Number) as [number, number, number, number];
    cues.push({ from: seconds(times[1]!), to: seconds(times[2]!), sheet: new URL(place[1]!, new URL(base, location.href)).href, x, y, w, h });
  }
  return cues;
}

export class Thumbnails {
  private cues: Cue[] = [];

  constructor(url: string) {
    void fetch(url)
      .then((answer) => (answer.ok ? answer.text() : ""))
      .then((text) => (this.cues = parse(text, url)));
  }

  /** Shows the picture of a time in an element. */
  show(element: HTMLElement, at: number): void {
    const cue = this.cues.find((c) => at >= c.from && at < c.to) ?? this.cues[this.cues.length - 1];
    if (!cue) return;
    element.style.width = `${cue.w}px`;
    element.style.height = `${cue.h}px`;
    element.style.backgroundImage = `url("${cue.sheet}")`;
    element.style.backgroundPosition = `-${cue.x}px -${cue.y}px`;
  }
}
