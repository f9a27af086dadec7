// Publishing by WHIP (RFC 9725): one POST with all candidates in the offer, one DELETE at the end.

export class Refused extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

/** ICE gathering that takes longer goes without the rest: the node is reachable by its own candidates. */
const GATHERING_MS = 2000;

async function gathered(peer: RTCPeerConnection): Promise<void> {
  if (peer.iceGatheringState === "complete") return;
  await new Promise<void>((done) => {
    const timer = setTimeout(done, GATHERING_MS);
    peer.addEventListener("icegatheringstatechange", () => {
      if (peer.iceGatheringState !== "complete") return;
      clearTimeout(timer);
      done();
    });
  });
}

/** The offer as it is sent: a shared screen says that it is one (RFC 4796). */
function offer(peer: RTCPeerConnection, what: "camera" | "screen"): string {
  const sdp = peer.localDescription?.sdp ?? "";
  return what === "screen" ? sdp.replace(/^(a=mid:[^\r\n]*\r\n)/m, "$1a=content:slides\r\n") : sdp;
}

/** One peer connection to the recorder. */
export class Publication {
  private constructor(
    private readonly peer: RTCPeerConnection,
    private readonly resource: string,
    private readonly token: string,
  ) {}

  static async open(url: string, token: string, tracks: MediaStreamTrack[], what: "camera" | "screen", onLost: () => void): Promise<Publication> {
    const peer = new RTCPeerConnection();
    const stream = new MediaStream(tracks);
    for (const track of tracks) peer.addTransceiver(track, { direction: "sendonly", streams: [stream] });
    try {
      await peer.setLocalDescription(await peer.createOffer());
      await gathered(peer);
      const answer = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/sdp", authorization: `Bearer ${token}` },
        body: offer(peer, what),
      });
      if (answer.status !== 201) {
        const problem = (await answer.json().catch(() => ({}))) as { detail?: string };
        throw new Refused(answer.status, problem.detail ?? `HTTP ${answer.status}`);
      }
      const resource = new URL(answer.headers.get("location") ?? "", url).href;
      await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
      peer.addEventListener("connectionstatechange", () => {
        if (peer.connectionState === "failed") onLost();
      });
      return new Publication(peer, resource, token);
    } catch (error) {
      peer.close();
      throw error;
    }
  }

  /** Puts another track in the place of one: another camera, or none. */
  async replace(kind: "audio" | "video", track: MediaStreamTrack | null): Promise<void> {
    await this.peer.getSenders().find((s) => s.track?.kind === kind)?.replaceTrack(track);
  }

  /** Ends it here; the recorder is not told. */
  hangUp(): void {
    this.peer.close();
  }

  /** Ends it. `leaving` pages cannot wait for the answer. */
  async close(leaving = false): Promise<void> {
    this.peer.close();
    await fetch(this.resource, { method: "DELETE", headers: { authorization: `Bearer ${this.token}` }, keepalive: leaving }).catch(() => undefined);
  }
}
