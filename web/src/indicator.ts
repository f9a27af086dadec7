// <ferric-indicator session="…" token="…" lang="…">: the recording state of one session in anybody's page. One script, no dependency of the page's,
// nothing inline: the styles are a constructed sheet inside the shadow root, which a page's `style-src` does not concern.
import da from "../locales/indicator/da.ftl";
import de from "../locales/indicator/de.ftl";
import en from "../locales/indicator/en.ftl";
import es from "../locales/indicator/es.ftl";
import fi from "../locales/indicator/fi.ftl";
import fr from "../locales/indicator/fr.ftl";
import it from "../locales/indicator/it.ftl";
import nb from "../locales/indicator/nb.ftl";
import nl from "../locales/indicator/nl.ftl";
import sv from "../locales/indicator/sv.ftl";
import styles from "./style/indicator.embedded.css";
import { watch } from "./watch";

type Words = Map<string, string>;

function read(source: string): Words {
  return new Map([...source.matchAll(/^([a-z_]+) = (.+)$/gm)].map((m) => [m[1] ?? "", m[2] ?? ""]));
}

const LANGUAGES: Record<string, string> = { da, de, en, es, fi, fr, it, nb, nl, sv };
const SAME: Record<string, string> = { no: "nb", nn: "nb" };
const words = new Map<string, Words>();

/** The words of a language tag: by its first part, English where there is none. */
function wordsOf(tag: string): [string, Words] {
  const first = tag.toLowerCase().split("-")[0] ?? "";
  const name = LANGUAGES[SAME[first] ?? first] === undefined ? "en" : (SAME[first] ?? first);
  let found = words.get(name);
  if (!found) words.set(name, (found = read(LANGUAGES[name] ?? en)));
  return [name, found];
}

/** Where this script came from: the node, unless the element names another. */
const NODE = new URL(document.currentScript instanceof HTMLScriptElement && document.currentScript.src ? document.currentScript.src : location.href).origin;

interface Watched {
  id: string;
  live: boolean;
  state?: string;
  state_since?: string;
}

class FerricIndicator extends HTMLElement {
  static readonly observedAttributes = ["session", "token", "node", "lang"];
  private readonly word = document.createElement("span");
  private readonly box = document.createElement("span");
  private watching: AbortController | undefined;
  private starting = false;
  private now = "unknown";
  private since: string | undefined;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(styles);
    root.adoptedStyleSheets = [sheet];
    this.box.setAttribute("part", "indicator");
    this.box.setAttribute("role", "status");
    const dot = document.createElement("span");
    dot.className = "dot";
    dot.setAttribute("part", "dot");
    dot.setAttribute("aria-hidden", "true");
    this.word.setAttribute("part", "word");
    this.box.append(dot, this.word);
    root.append(this.box);
  }

  /** The state shown: one of the node's, `over`, or `unknown` while the node is not heard. */
  get state(): string {
    return this.now;
  }

  connectedCallback(): void {
    this.draw();
    this.begin();
  }

  disconnectedCallback(): void {
    this.watching?.abort();
    this.watching = undefined;
  }

  attributeChangedCallback(name: string): void {
    if (!this.isConnected) return;
    if (name === "lang") this.draw();
    else this.begin();
  }

  /** Begins to watch anew, once for all attributes that change together. */
  private begin(): void {
    if (this.starting) return;
    this.starting = true;
    queueMicrotask(() => {
      this.starting = false;
      this.watching?.abort();
      this.watching = undefined;
      const [session, token] = [this.getAttribute("session"), this.getAttribute("token")];
      if (!this.isConnected || !session || !token) return this.become("unknown");
      const own = (this.watching = new AbortController());
      const node = (this.getAttribute("node") ?? NODE).replace(/\/$/, "");
      void watch({
        url: `${node}/v1/sessions/${encodeURIComponent(session)}/watch`,
        token,
        signal: own.signal,
        onMessage: (_, data) => {
          const seen = data as Watched;
          this.become(seen.live ? (seen.state ?? "unknown") : "over", seen.state_since);
        },
        onLink: (up) => {
          if (!up) this.become("unknown");
        },
        // 409: the session is over. Anything else: the token is no good, so nothing is known.
        onRefused: (status) => this.become(status === 409 ? "over" : "unknown"),
      });
    });
  }

  private become(state: string, since?: string): void {
    const changed = state !== this.now;
    this.now = state;
    this.since = since;
    this.draw();
    if (changed) this.dispatchEvent(new CustomEvent("ferric-state", { bubbles: true, composed: true, detail: { session: this.getAttribute("session"), state, since } }));
  }

  private draw(): void {
    const tag = this.getAttribute("lang") || this.closest("[lang]")?.getAttribute("lang") || navigator.language;
    const [language, of] = wordsOf(tag);
    const word = of.get(this.now) ?? this.now;
    this.box.dataset["state"] = this.now;
    this.box.lang = language;
    this.box.title = this.since ? new Intl.DateTimeFormat(tag, { dateStyle: "medium", timeStyle: "medium" }).format(new Date(this.since)) : "";
    this.box.setAttribute("aria-label", of.get("label") ?? "");
    if (this.word.textContent !== word) this.word.textContent = word;
  }
}

if (!customElements.get("ferric-indicator")) customElements.define("ferric-indicator", FerricIndicator);
