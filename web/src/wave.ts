// The waveform in two lanes: agent up, customer down. Peaks as the renderer writes them.

export interface Peaks {
  /** One a channel: pairs of least and greatest, each -1 to 1. */
  lanes: Float32Array[];
}

interface PeaksFile {
  channels: number;
  bits?: number;
  data: number[];
}

/** Reads `peaks.json` (the audiowaveform format): `min, max` a channel for each column. Unless `split`, all channels become one lane. */
export async function readPeaks(url: string, split: boolean): Promise<Peaks | undefined> {
  const answer = await fetch(url);
  if (!answer.ok) return undefined;
  const file = (await answer.json()) as PeaksFile;
  if (!Array.isArray(file.data) || file.data.length === 0) return undefined;
  const channels = Math.max(1, file.channels);
  const scale = 1 / 2 ** ((file.bits ?? 8) - 1);
  const columns = Math.floor(file.data.length / (2 * channels));
  const lanes = Array.from({ length: channels }, () => new Float32Array(columns * 2));
  for (let column = 0; column < columns; column++) {
    lanes.forEach((lane, channel) => {
      const at = (column * channels + channel) * 2;
      lane[column * 2] = (file.data[at] ?? 0) * scale;
      lane[column * 2 + 1] = (file.data[at + 1] ?? 0) * scale;
    });
  }
  if (split) return { lanes };
  const one = lanes[0] ?? new Float32Array();
  for (const lane of lanes.slice(1)) lane.forEach((v, at) => (one[at] = at % 2 === 0 ? Math.min(one[at] ?? 0, v) : Math.max(one[at] ?? 0, v)));
  return { lanes: [one] };
}

/** Draws at the canvas's own size. Quiet speech is lifted: the eye asks who spoke when, not how loud. */
export function drawWave(canvas: HTMLCanvasElement, peaks: Peaks): void {
  const style = getComputedStyle(canvas);
  const ratio = devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * ratio);
  const height = Math.round(canvas.clientHeight * ratio);
  const context = canvas.getContext("2d");
  if (!context || width === 0 || height === 0) return;
  canvas.width = width;
  canvas.height = height;
  const colours = ["--agent", "--customer"].map((name) => style.getPropertyValue(name));
  const lanes = peaks.lanes.slice(0, 2);
  const greatest = lanes.reduce((most, lane) => lane.reduce((m, v) => Math.max(m, Math.abs(v)), most), 0.02);
  const laneHeight = height / lanes.length;
  lanes.forEach((lane, index) => {
    const columns = lane.length / 2;
    const middle = laneHeight * (index + 0.5);
    context.fillStyle = lanes.length === 1 ? style.getPropertyValue("--line-strong") : (colours[index] ?? "gray");
    const bar = 2 * ratio;
    const gap = ratio;
    for (let x = 0; x < width; x += bar + gap) {
      const from = Math.floor((x / width) * columns);
      const to = Math.max(from + 1, Math.floor(((x + bar + gap) / width) * columns));
      let most = 0;
      for (let c = from; c < Math.min(to, columns); c++) most = Math.max(most, Math.abs(lane[c * 2] ?? 0), Math.abs(lane[c * 2 + 1] ?? 0));
      const tall = Math.max(ratio, (most / greatest) ** 0.7 * (laneHeight * 0.92));
      context.fillRect(x, middle - tall / 2, bar, tall);
    }
  });
}
