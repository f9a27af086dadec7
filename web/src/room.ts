// The room: preview, consent, indicator, publishing, and the host's controls. What is so comes pushed from the node, whole; nothing is guessed here.
import { ControlBar, controlKeys, keysAreOn, refusal } from "./controls";
import { capture, type Choice, list, meter } from "./devices";
import { growLanes } from "./lane";
import { requesterForm, type Wanted, wantedFor } from "./requester";
import { isProblem, sentence, type Session, SessionApi } from "./session";
import { watch } from "./watch";
import { Publication, Refused } from "./whip";
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
const prompt = element<HTMLDialogElement>("prompt");

/** What stays to be said when the room is over or left. */
const after = document.createElement("p");
after.id = "after";
after.hidden = true;
element("room").append(after);

let session: Session | undefined;
let stream = new MediaStream();
let own: Publication | undefined;
let screen: { publication: Publication; stream: MediaStream } | undefined;
let joined = false;
let over = false;
let left = false;
/** Whether the node is heard: without it nothing is claimed. */
let linked = false;
/** Whether this host is asked at the end whom the room was for. */
let requester: Wanted = { wanted: false };
let stopMeter = (): void => undefined;
const leaving = new AbortController();
const lanes = growLanes(element("lane"));
const bar = new ControlBar(element("bar"), ["main", "pause", "censor"], (act) => command(act), trouble);

function trouble(text: string): void {
  element("trouble").textContent = text;
  element("trouble").hidden = text === "";
}

/** Changes a text only where it differs: a live region speaks at every change. */
function write(id: string, text: string): void {
  if (element(id).textContent !== text) element(id).textContent = text;
}

function draw(): void {
  const state = over ? "over" : linked ? (session?.state ?? "idle") : "unknown";
  const indicator = element("indicator");
  indicator.hidden = false;
  indicator.dataset["state"] = state;
  element("indicator-word").className = `state ${over ? "stopped" : state}`;
  write("indicator-word", say(`state-${state}`));
  write("indicator-what", left ? say("room-left") : over ? say("room-over") : !linked ? say("ind-unknown") : session ? sentence(session) : say("ind-idle"));

  const controls = session?.you?.controls;
  const allowed = (act: string): boolean => !over && controls?.commands[act]?.allowed === true;
  const said = controls?.said ?? "nothing";
  const needed = session?.consent !== undefined && session.consent !== "not_required";
  const present = session?.participants.some((p) => p.id === session?.you?.id && p.present) ?? false;
  const asking = !over && needed && said === "nothing";
  element("consent").hidden = !asking;
  if (asking) asked();
  element("consent-running").hidden = !(session?.outputs.some((o) => o.running) ?? false);

  // What somebody has said can be looked at, and taken back, for as long as they are here.
  const mine = !over && session !== undefined && !asking && (said !== "nothing" || joined);
  element("mine").hidden = !mine;
  write("consent-said", mine ? say(said === "nothing" ? "consent-not-asked" : `consent-${said}`) : "");
  element("withdraw").hidden = !(present && allowed("consent_withdraw"));
  element("erase").hidden = !(present && said !== "declined" && allowed("consent_decline"));
  element("again").hidden = !(said === "withdrawn" && allowed("consent_grant"));

  element("join").hidden = joined || over;
  element("join").setAttribute("aria-disabled", String(asking));
  element("join-first").hidden = !asking || joined;
  for (const name of ["mute", "camera-off", "share", "leave"]) element(name).hidden = !joined || over;
  element("mute").hidden ||= stream.getAudioTracks().length === 0;
  element("camera-off").hidden ||= stream.getVideoTracks().length === 0;
  element("share").hidden ||= !("getDisplayMedia" in (navigator.mediaDevices ?? {}));
  element("end").hidden = !isHost || over;
  element("devices").hidden = joined || over;
  element("who").hidden = !joined || over;
  element("host").hidden = !isHost || over;
  if (session) bar.show(session);
  element("body").hidden = over;
  after.hidden = !over;
  if (over) after.textContent = [knows(`after-${said}`) ? say(`after-${said}`) : "", say("after-close")].join(" ").trim();

  const prompted = isHost && joined && allowed("prompt_accept");
  if (prompted && !prompt.open) prompt.showModal();
  if (!prompted && prompt.open) prompt.close();
}

function ended(): void {
  if (over) return;
  over = true;
  leaving.abort();
  stopMeter();
  for (const track of [...stream.getTracks(), ...(screen?.stream.getTracks() ?? [])]) track.stop();
  if (requester.wanted && requester.token && session?.outputs.length) after.after(requesterForm(id, requester.token));
  void own?.close();
  void screen?.publication.close();
  draw();
}

let drawing: ReturnType<typeof setTimeout>[] = [];
/** The lane is drawn from the event log, which is a little behind. */
function laneSoon(): void {
  for (const timer of drawing) clearTimeout(timer);
  drawing = [150, 1200].map((ms) =>
    setTimeout(() => {
      if (joined && !over) void api.lane().then((html) => {
        element("lane").innerHTML = html;
        lanes.adopt();
      }, () => undefined);
    }, ms),
  );
}

function see(name: string, data: unknown): void {
  if (name !== "session") return;
  session = data as Session;
  draw();
  laneSoon();
}

/** The question's own words in this page, where the project has none: their version changes with them. */
const BUILT_IN = { text_version: "ferric-1", language: "en" };
let wording: { text_version: string; language: string } = BUILT_IN;
let told = false;

/** The project's own words take the place of the built-in ones. */
async function read(): Promise<void> {
  const found = await api.wording().catch(() => undefined);
  if (!found) return;
  wording = { text_version: found.text_version, language: found.language };
  if (!found.text) return;
  const paragraphs = found.text.split(/\n\s*\n/).map((text) => {
    const paragraph = document.createElement("p");
    paragraph.textContent = text.trim();
    return paragraph;
  });
  const either = document.createElement("p");
  either.textContent = say("consent-either");
  const own = document.createElement("div");
  own.lang = found.language;
  own.append(...paragraphs);
  element("consent-text").replaceChildren(own, either);
}

/** That the question is on the screen goes into the record of consents, once. */
function asked(): void {
  if (told) return;
  told = true;
  void api.tell("asked", { what: "consent", ...wording }).catch(() => (told = false));
}

/** An answer says which words were read, and in which language. */
function words(verb: string): Record<string, unknown> {
  return verb.startsWith("consent_") ? { consent: wording } : {};
}

async function command(verb: string): Promise<Awaited<ReturnType<SessionApi["command"]>> | undefined> {
  const answer = await api.command(verb, words(verb)).catch(() => undefined);
  if (answer && !isProblem(answer) && session) {
    session = { ...session, state: answer.state };
    draw();
  }
  return answer;
}

/** A command outside the bar: what is refused is said in the page. */
async function ask(verb: string): Promise<void> {
  const answer = await command(verb);
  if (!answer) return trouble(say("controls-unanswered"));
  trouble(isProblem(answer) && answer.reason !== "already" ? refusal(answer) : "");
  if (verb.startsWith("consent_")) element(joined ? "mine-title" : "join").focus();
}

/** A button that has to be pressed twice, because what it does cannot be undone. */
function twice(id: string, act: () => void): void {
  const button = element(id);
  const first = button.textContent ?? "";
  let armed: ReturnType<typeof setTimeout> | undefined;
  const calm = (): void => {
    clearTimeout(armed);
    armed = undefined;
    button.textContent = first;
  };
  button.addEventListener("click", () => {
    if (armed !== undefined) {
      calm();
      act();
      return;
    }
    button.textContent = button.dataset["sure"] ?? first;
    armed = setTimeout(calm, 6000);
  });
  button.addEventListener("blur", calm);
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

/** Between two tries to publish what was lost. */
const LONGEST_WAIT_MS = 8000;
/** Answers that no further try would change. */
const GONE = [401, 403, 404, 409, 410];

async function publish(): Promise<void> {
  const url = session?.you?.whip_url;
  if (!url || stream.getTracks().length === 0) return;
  const publication = await Publication.open(url, token, stream.getTracks(), "camera", () => void publishAgain(publication));
  own = publication;
  if (over) void publication.close();
}

/**
 * What was lost is published anew until it succeeds, and only then is the old resource given up: whoever gives up their last one has left, and with the host
 * the recording would end.
 */
async function publishAgain(lost: Publication): Promise<void> {
  lost.hangUp();
  trouble(say("room-lost"));
  for (let wait = 1000; !over; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
    try {
      await publish();
      trouble("");
      return void lost.close();
    } catch (error) {
      if (error instanceof Refused && GONE.includes(error.status)) {
        trouble(say("room-join-failed", { why: error.message }));
        return;
      }
    }
    await new Promise((done) => setTimeout(done, wait));
  }
}

async function join(): Promise<void> {
  const button = element<HTMLButtonElement>("join");
  if (button.getAttribute("aria-disabled") === "true") {
    element("consent-title").focus();
    return;
  }
  button.disabled = true;
  button.textContent = say("room-joining");
  try {
    if (stream.getTracks().length > 0) await publish();
    else {
      const no = await api.post("arrive");
      if (no) throw new Error(refusal(no));
    }
    joined = true;
    trouble("");
    laneSoon();
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
    const publication = await Publication.open(url, token, shared.getVideoTracks(), "screen", () => screen && void share());
    screen = { publication, stream: shared };
    shared.getVideoTracks()[0]?.addEventListener("ended", () => screen && void share());
    show(shared);
  } catch {
    trouble(say("room-share-refused"));
  }
}

function wire(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("#consent [data-do], #prompt [data-do]")) {
    button.addEventListener("click", () => void ask(button.dataset["do"] ?? ""));
  }
  // Escape is an answer as good as any: not now. A start by hand stays possible.
  prompt.addEventListener("cancel", () => void ask("prompt_decline"));
  element("join").addEventListener("click", () => void join());
  element("share").addEventListener("click", () => void share());
  element("withdraw").addEventListener("click", () => void ask("consent_withdraw"));
  element("again").addEventListener("click", () => void ask("consent_grant"));
  twice("erase", () => void ask("consent_decline"));
  twice("end", () => void api.post("end").then((no) => no && trouble(refusal(no)), () => trouble(say("controls-unanswered"))));
  bar.useKeys(keysAreOn());
  controlKeys(element<HTMLInputElement>("keys"), () => (isHost && !over ? [bar] : []), () => undefined);
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
    left = true;
    ended();
    void api.post("leave", true).catch(() => undefined);
  });
  for (const select of [cameraChoice, microphoneChoice]) {
    select.addEventListener("change", () => void open(choice()).catch((error: unknown) => trouble(say("room-no-devices", { why: String(error) }))));
  }
  addEventListener("pagehide", () => {
    leaving.abort();
    if (over) return;
    void own?.close(true);
    void screen?.publication.close(true);
    // Whoever has only answered is in, too; who is gone must not keep the others waiting.
    void api.post("leave", true).catch(() => undefined);
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
  await read();
  if (isHost) requester = await wantedFor(id, token);
  session = first;
  over = !first.live;
  linked = true;
  element("body").hidden = false;
  draw();
  void watch({
    url: `/v1/sessions/${id}/watch`,
    token,
    signal: leaving.signal,
    onMessage: see,
    onLink: (up) => {
      if (linked === up) return;
      linked = up;
      trouble(up || over ? "" : say("link-lost"));
      draw();
    },
    onRefused: ended,
  });
  await devices();
  draw();
}

void begin();
