// The room: preview, consent, indicator, publishing, and the host's controls.
import { capture, type Choice, list, meter } from "./devices";
import { follow, type NodeEvent } from "./events";
import { growLanes } from "./lane";
import { isProblem, type Problem, sentence, type Session, SessionApi } from "./session";
import { Publication } from "./whip";
import { knows, say } from "./words";

function element<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`#${id} is not in the page`);
  return found as T;
}

const token = location.hash.slice(1);
const id = element("room").dataset["session"] ?? "";
const isHost = new URLSearchParams(location.search).get("as") === "host";
const api = new SessionApi(id, token);
const cameraChoice = element<HTMLSelectElement>("camera-choice");
const microphoneChoice = element<HTMLSelectElement>("microphone-choice");

let session: Session | undefined;
let stream = new MediaStream();
let own: Publication | undefined;
let screen: { publication: Publication; stream: MediaStream } | undefined;
let joined = false;
let over = false;
let pausedAt: Date | undefined;
let answered: "granted" | "declined" | "withdrawn" | undefined;
let asked = false;
let stopMeter = (): void => undefined;
const leaving = new AbortController();
const lanes = growLanes(element("lane"));

function trouble(text: string): void {
  element("trouble").textContent = text;
  element("trouble").hidden = text === "";
}

function refusal(problem: Problem): string {
  const known = `refused-${problem.reason}`;
  return knows(known) ? say(known) : say("refused-other", { why: problem.detail });
}

/** Why a host's control cannot be used now; empty where it can. */
function unavailable(act: string, state: string): string {
  if (over) return say("why-over");
  if (!joined) return say("why-not-in");
  if (state === "disabled") return say("why-disabled");
  const running = session?.outputs.some((o) => o.running && o.output.startsWith("main")) ?? false;
  const paused = running && (state === "paused" || pausedAt !== undefined);
  switch (act) {
    case "start":
      return running ? say("why-running") : "";
    case "stop":
      return running ? "" : say("why-not-running");
    case "pause":
      return !running ? say("why-not-running") : paused ? say("why-paused") : "";
    case "resume":
      return paused ? "" : say("why-not-paused");
    case "censor_on":
      return state === "censored" ? say("why-censored") : "";
    case "censor_off":
      return state === "censored" ? "" : say("why-not-censored");
    default:
      return "";
  }
}

function draw(): void {
  const state = over ? "over" : (session?.state ?? "idle");
  const indicator = element("indicator");
  indicator.hidden = false;
  indicator.dataset["state"] = state;
  element("indicator-word").className = `state ${over ? "stopped" : state}`;
  element("indicator-word").textContent = say(`state-${state}`);
  element("indicator-what").textContent = over ? say("room-over") : session ? sentence(session, pausedAt) : say("ind-idle");

  for (const button of document.querySelectorAll<HTMLButtonElement>("#host [data-do]")) {
    const act = button.dataset["do"] ?? "";
    const why = unavailable(act, state);
    button.setAttribute("aria-disabled", String(why !== ""));
    button.classList.toggle("primary", why === "" && act === "start");
    element(`why-${act}`).textContent = why;
  }

  const needed = session?.consent !== undefined && session.consent !== "not_required";
  element("consent").hidden = over || !joined || answered !== undefined || !(needed || asked);
  element("withdraw").hidden = over || !joined || answered === "declined" || answered === "withdrawn" || !(needed || asked) || answered === undefined;
  const said = element("consent-said");
  said.hidden = answered === undefined;
  if (answered) said.textContent = say(`consent-${answered}`);

  element("join").hidden = joined || over;
  for (const name of ["mute", "camera-off", "share", "leave"]) element(name).hidden = !joined || over;
  element("mute").hidden ||= stream.getAudioTracks().length === 0;
  element("camera-off").hidden ||= stream.getVideoTracks().length === 0;
  element("share").hidden ||= !("getDisplayMedia" in (navigator.mediaDevices ?? {}));
  element("devices").hidden = joined || over;
  element("who").hidden = !joined || over;
  element("host").hidden = !isHost;
}

async function look(): Promise<void> {
  const answer = await api.look();
  if (isProblem(answer)) {
    if (joined || answer.status === 401 || answer.status === 404) ended();
    return;
  }
  session = answer;
  if (session.state !== "paused" && session.state !== "censored") pausedAt = undefined;
  if (session.state === "paused") pausedAt ??= new Date();
  draw();
  if (joined) {
    element("lane").innerHTML = await api.lane();
    lanes.adopt();
  }
}

function ended(): void {
  if (over) return;
  over = true;
  leaving.abort();
  stopMeter();
  for (const track of [...stream.getTracks(), ...(screen?.stream.getTracks() ?? [])]) track.stop();
  void own?.close();
  void screen?.publication.close();
  draw();
}

let looking = false;
let lookAgain = false;
function lookSoon(): void {
  if (looking) {
    lookAgain = true;
    return;
  }
  looking = true;
  void (async () => {
    do {
      lookAgain = false;
      await look().catch((error: unknown) => console.warn(error));
    } while (lookAgain && !over);
    looking = false;
  })();
}

function onEvent(event: NodeEvent): void {
  const mine = event.data["participant"] === session?.you?.id;
  if (event.event === "session.ended") return ended();
  if (event.event === "prompt.asked" && mine) element("prompt").hidden = false;
  if (event.event === "consent.asked" && mine) asked = true;
  if (event.event === "recording.paused") pausedAt = new Date(event.at);
  if (event.event === "recording.resumed") pausedAt = undefined;
  if (event.event === "state" && session && typeof event.data["state"] === "string") {
    // The indicator moves at once; the rest follows by looking.
    session.state = event.data["state"];
    draw();
  }
  lookSoon();
}

async function command(verb: string): Promise<void> {
  const answer = await api.command(verb).catch(() => undefined);
  if (!answer) return trouble(say("room-lost"));
  if (isProblem(answer)) {
    trouble(answer.reason === "already" ? "" : refusal(answer));
  } else {
    trouble("");
    if (session) session.state = answer.state;
  }
  if (verb.startsWith("prompt_")) element("prompt").hidden = true;
  if (!isProblem(answer) || answer.reason === "already") {
    if (verb === "consent_grant") answered = "granted";
    if (verb === "consent_decline") answered = "declined";
    if (verb === "consent_withdraw") answered = "withdrawn";
  }
  if (verb === "pause" && !isProblem(answer)) pausedAt = new Date();
  draw();
  lookSoon();
}

function choice(): Choice {
  const of = (select: HTMLSelectElement): string | null => (select.value === "-" ? null : select.value);
  return { camera: of(cameraChoice), microphone: of(microphoneChoice) };
}

function preview(): void {
  const camera = element<HTMLVideoElement>("camera");
  const pictures = stream.getVideoTracks();
  camera.srcObject = pictures.length > 0 ? new MediaStream(pictures) : null;
  camera.hidden = pictures.length === 0;
  element("camera-none").hidden = pictures.length > 0;
  stopMeter();
  stopMeter = meter(stream.getAudioTracks()[0], element("meter").querySelector("i")!);
}

async function open(wanted: Choice): Promise<void> {
  for (const track of stream.getTracks()) track.stop();
  stream = await capture(wanted);
  const current = (kind: "audio" | "video"): string | undefined => stream.getTracks().find((t) => t.kind === kind)?.getSettings().deviceId;
  const [camera, microphone] = [wanted.camera, wanted.microphone];
  await list(cameraChoice, "videoinput", say("room-no-camera"), current("video"));
  await list(microphoneChoice, "audioinput", say("room-no-microphone"), current("audio"));
  if (camera === null) cameraChoice.value = "-";
  if (microphone === null) microphoneChoice.value = "-";
  preview();
}

async function devices(): Promise<void> {
  try {
    await open({ camera: "", microphone: "" });
  } catch {
    try {
      await open({ camera: null, microphone: "" });
    } catch (error) {
      trouble(say("room-no-devices", { why: error instanceof Error ? error.message : String(error) }));
      stream = new MediaStream();
      cameraChoice.replaceChildren(new Option(say("room-no-camera"), "-"));
      microphoneChoice.replaceChildren(new Option(say("room-no-microphone"), "-"));
    }
  }
}

async function publish(): Promise<void> {
  const url = session?.you?.whip_url;
  if (!url || stream.getTracks().length === 0) return;
  own = await Publication.open(url, token, stream.getTracks(), "camera", () => {
    if (over) return;
    trouble(say("room-lost"));
    void own?.close().then(publish).then(() => trouble(""), () => setTimeout(() => void publish().catch(() => undefined), 2000));
  });
}

async function join(): Promise<void> {
  const button = element<HTMLButtonElement>("join");
  button.disabled = true;
  button.textContent = say("room-joining");
  try {
    await publish();
    joined = true;
    trouble("");
    await look();
  } catch (error) {
    trouble(say("room-join-failed", { why: error instanceof Error ? error.message : String(error) }));
  } finally {
    button.disabled = false;
    button.textContent = say("room-join");
    draw();
  }
}

async function share(): Promise<void> {
  const show = (shared: MediaStream | undefined): void => {
    const video = element<HTMLVideoElement>("screen");
    video.srcObject = shared ?? null;
    video.hidden = !shared;
    element("screen-none").hidden = shared !== undefined;
    element("share").textContent = shared ? say("room-unshare") : say("room-share");
  };
  if (screen) {
    const { publication, stream: shared } = screen;
    screen = undefined;
    for (const track of shared.getTracks()) track.stop();
    show(undefined);
    await publication.close();
    return;
  }
  const url = session?.you?.whip_url;
  if (!url) return;
  try {
    const shared = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 15 } }, audio: false });
    for (const track of shared.getVideoTracks()) track.contentHint = "detail";
    const publication = await Publication.open(url, token, shared.getVideoTracks(), "screen", () => undefined);
    screen = { publication, stream: shared };
    shared.getVideoTracks()[0]?.addEventListener("ended", () => screen && void share());
    show(shared);
  } catch {
    trouble(say("room-share-refused"));
  }
}

function wire(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-do]")) {
    button.addEventListener("click", () => {
      if (button.getAttribute("aria-disabled") !== "true") void command(button.dataset["do"] ?? "");
    });
  }
  element("join").addEventListener("click", () => void join());
  element("share").addEventListener("click", () => void share());
  element("withdraw").addEventListener("click", () => void command("consent_withdraw"));
  element("mute").addEventListener("click", () => {
    const tracks = stream.getAudioTracks();
    for (const track of tracks) track.enabled = !track.enabled;
    element("mute").textContent = tracks[0]?.enabled ? say("room-mute") : say("room-unmute");
  });
  element("camera-off").addEventListener("click", () => {
    const tracks = stream.getVideoTracks();
    for (const track of tracks) track.enabled = !track.enabled;
    element("camera-off").textContent = tracks[0]?.enabled ? say("room-camera-off") : say("room-camera-on");
  });
  element("leave").addEventListener("click", () => {
    ended();
    element("indicator-what").textContent = say("room-left");
  });
  for (const select of [cameraChoice, microphoneChoice]) {
    select.addEventListener("change", () => void open(choice()).catch((error: unknown) => trouble(say("room-no-devices", { why: String(error) }))));
  }
  addEventListener("pagehide", () => {
    leaving.abort();
    void own?.close(true);
    void screen?.publication.close(true);
  });
}

async function begin(): Promise<void> {
  wire();
  element("room-name").textContent = say(isHost ? "room-host" : "room-guest");
  const first = id && token ? await api.look().catch(() => undefined) : undefined;
  if (!first || isProblem(first) || !first.you) {
    trouble(say("room-bad-link"));
    return;
  }
  session = first;
  over = !first.live;
  element("body").hidden = false;
  draw();
  void follow({ session: id, token, since: 0, signal: leaving.signal, onEvent, onLink: (up) => trouble(up || over ? "" : say("room-lost")) });
  await devices();
  draw();
}

void begin();
