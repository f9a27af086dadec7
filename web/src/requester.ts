// Whom a call or a room was for: asked at its end, where only selected people may see the recording and nobody said their address before.
import { say } from "./words";

/** What the node answered for a session: whether to ask, and with what the answer goes. */
export interface Wanted {
  wanted: boolean;
  token?: string;
}

/** Asks the node, while the session lasts, whether its agent is to be asked. */
export async function wantedFor(session: string, token: string): Promise<Wanted> {
  const answer = await fetch(`/v1/sessions/${session}/requester`, { headers: { authorization: `Bearer ${token}` }, cache: "no-store" }).catch(() => undefined);
  return answer?.ok ? ((await answer.json()) as Wanted) : { wanted: false };
}

/** The question, as a form; it says by itself what became of the answer. */
export function requesterForm(session: string, token: string): HTMLElement {
  const section = document.createElement("section");
  section.className = "requester note";
  const title = document.createElement("h2");
  title.textContent = say("requester-title");
  title.id = `requester-${session}`;
  section.setAttribute("aria-labelledby", title.id);
  const how = document.createElement("p");
  how.textContent = say("requester-how");
  const form = document.createElement("form");
  form.noValidate = true;
  const label = document.createElement("label");
  label.textContent = say("requester-address");
  const input = document.createElement("input");
  input.type = "email";
  input.autocomplete = "off";
  input.spellcheck = false;
  input.id = `requester-address-${session}`;
  label.htmlFor = input.id;
  const wrong = document.createElement("p");
  wrong.className = "says-wrong";
  wrong.id = `requester-wrong-${session}`;
  wrong.hidden = true;
  const both = document.createElement("div");
  both.className = "acts";
  const save = document.createElement("button");
  save.className = "primary";
  save.textContent = say("requester-act");
  const later = document.createElement("button");
  later.type = "button";
  later.textContent = say("requester-later");
  both.append(save, later);
  form.append(label, input, wrong, both);
  section.append(title, how, form);

  const done = (text: string): void => {
    const said = document.createElement("p");
    said.setAttribute("role", "status");
    said.textContent = text;
    section.replaceChildren(said);
  };
  const refuse = (text: string): void => {
    wrong.textContent = text;
    wrong.hidden = false;
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", wrong.id);
    save.disabled = false;
    input.focus();
  };
  later.addEventListener("click", () => done(say("requester-postponed")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save.disabled = true;
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    void fetch("/v1/requester", { method: "PUT", headers, body: JSON.stringify({ email: input.value }) }).then(
      (answer) => {
        if (answer.status === 204) done(say("requester-named"));
        else if (answer.status === 409) done(say("requester-already"));
        else refuse(answer.status === 422 ? say("asked-wrong") : say("requester-over"));
      },
      () => refuse(say("controls-unanswered")),
    );
  });
  return section;
}
