// Cameras and microphones: choosing them, seeing and measuring them before anything is sent.

export interface Choice {
  camera: string | null;
  microphone: string | null;
}

/** What the browser gives for a choice; without pictures or sound where there is none. */
export async function capture(choice: Choice): Promise<MediaStream> {
  if (choice.camera === null && choice.microphone === null) return new MediaStream();
  return navigator.mediaDevices.getUserMedia({
    video: choice.camera === null ? false : { ...(choice.camera ? { deviceId: { exact: choice.camera } } : {}), width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } },
    audio: choice.microphone === null ? false : { ...(choice.microphone ? { deviceId: { exact: choice.microphone } } : {}), echoCancellation: true, noiseSuppression: true },
  });
}

/** Fills a select with the devices of a kind; the last entry is "none". */
export async function list(select: HTMLSelectElement, kind: MediaDeviceKind, none: string, current: string | undefined): Promise<void> {
  const devices = (await navigator.mediaDevices.enumerateDevices()).filter((d) => d.kind === kind);
  select.replaceChildren(...devices.map((d, n) => new Option(d.label || `${n + 1}`, d.deviceId)), new Option(none, "-"));
  select.value = current && devices.some((d) => d.deviceId === current) ? current : (devices[0]?.deviceId ?? "-");
}

/** Shows how loud a track is in an element, until it ends. */
export function meter(track: MediaStreamTrack | undefined, bar: HTMLElement): () => void {
  if (!track) {
    bar.style.width = "0";
    return () => undefined;
  }
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, s) => sum + s * s, 0) / samples.length;
    const decibels = 10 * Math.log10(power + 1e-9);
    bar.style.width = `${Math.min(100, Math.max(0, (decibels + 60) * 1.8)).toFixed(0)}%`;
  }, 80);
  return () => {
    clearInterval(timer);
    void context.close();
  };
}
