// Who controls a recording, and who is told of it: an agent at their desk, a host and guests in a room, strangers, and an indicator in somebody else's page.
import { createServer } from "node:http";
import { writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { SITE, api, launch, look, must, open, until } from "./browser.mjs";

const step = (text) => console.log(`- ${text}`);
const figures = {};
const figure = (name, ms) => (figures[name] ??= []).push(ms);
/** Tells the test around this one to do something. */
const signal = (name) => writeFileSync(join(process.env.SIGNALS, name), "");
const post = (path, body) => api(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

/** What an indicator showed, and when, by the clock that every page of this machine shares. */
const follow = (page, selector) =>
  page.evaluate((what) => {
    const node = document.querySelector(what);
    globalThis.shown = [[node.dataset.state, Date.now()]];
    new MutationObserver(() => {
      if (globalThis.shown.at(-1)[0] !== node.dataset.state) globalThis.shown.push([node.dataset.state, Date.now()]);
    }).observe(node, { attributes: true, attributeFilter: ["data-state"] });
  }, selector);
const shownAt = (page, state, after) =>
  until(`${state} is shown`, () => page.evaluate(([s, t]) => globalThis.shown.find(([shown, at]) => shown === s && at >= t)?.[1], [state, after]));

const card = (desk, name) => desk.locator(".call", { has: desk.locator(".call-name", { hasText: name }) });
const control = (where, pair) => where.locator(`.control[data-pair="${pair}"] button`);
const note = (where, pair) => where.locator(`.control[data-pair="${pair}"] small`);

/** What a control offers comes pushed, after the answer. */
const offered = (button, act) =>
  until(`${act} is offered`, async () => (await button.getAttribute("data-do")) === act && (await button.getAttribute("aria-disabled")) === "false");

/** Clicks a control and waits for its answer; answers how long that took, from the click. */
async function press(where, pair, act, how = (button) => button.click()) {
  const button = control(where, pair);
  await offered(button, act);
  await new Promise((done) => setTimeout(done, 450)); // nobody's finger is quicker on purpose; see TAIL_MS
  await how(button);
  await until(`${act} is answered`, async () => (await button.getAttribute("data-answered")) === act);
  const ms = Number(await button.getAttribute("data-answered-ms"));
  figure("click to answer, gates moved", ms);
  return ms;
}

async function agentsDesk(browser) {
  const desk = await open(browser);
  const { page_url, token } = await post("/v1/agents/paal/desk", {});
  await desk.goto(page_url);
  await desk.waitForSelector("#empty:not([hidden])");
  must(!desk.url().includes(token), "the token is not in the address bar");
  must((await desk.textContent("#desk-name")) === "Calls of paal", "the desk says whose it is");
  await look(desk, "desk-empty");
  await desk.reload();
  await desk.waitForSelector("#empty:not([hidden])");
  step("an empty desk says what will come");

  signal("first-call");
  const call = card(desk, "Kari Nordmann");
  await call.waitFor();
  await until("the call is recorded", async () => (await call.locator(".indicator .state").textContent()) === "Recording");
  must((await call.locator(".indicator .what").textContent()) === "Only you are being recorded.", "it says who is recorded");
  const session = await call.getAttribute("data-session");
  const gates = async () => Object.fromEntries((await api(`/v1/sessions/${session}`)).gates.map((g) => [g.participant, g.gate]));
  const parties = (await api(`/v1/sessions/${session}`)).participants;
  const [agent, customer] = ["agent", "customer"].map((role) => parties.find((p) => p.role === role).id);
  must((await gates())[agent] === "open" && (await gates())[customer] === "closed", "the agent alone is recorded");

  await press(call, "customer", "customer_on");
  must((await gates())[customer] === "open", "the customer is recorded when the click is answered");
  await until("the words follow", async () => (await call.locator(".indicator .what").textContent()) === "You and Kari Nordmann are being recorded.");
  await press(call, "pause", "pause");
  must(Object.values(await gates()).every((g) => g === "closed"), "nobody is recorded when the pause is answered");
  must((await call.locator(".indicator .state").textContent()) === "Recording paused", "the pause is shown with its answer");
  await press(call, "pause", "resume");
  // A double click is one click: its tail must not lift the pause.
  await offered(control(call, "pause"), "pause");
  await new Promise((done) => setTimeout(done, 450));
  await control(call, "pause").dblclick();
  await until("paused", async () => (await call.locator(".indicator .state").textContent()) === "Recording paused");
  await new Promise((done) => setTimeout(done, 450));
  await offered(control(call, "pause"), "resume");
  must((await call.locator(".indicator .state").textContent()) === "Recording paused", "a double click has paused, and paused it stays");
  await press(call, "pause", "resume");
  await press(call, "censor", "censor_on");
  must(Object.values(await gates()).every((g) => g === "masked"), "everybody is masked when censoring is answered");
  await press(call, "censor", "censor_off");
  await press(call, "customer", "customer_off");

  const order = call.locator(".receipt-row input");
  must((await order.inputValue()) === "O-77", "the order that the platform told is filled in");
  await order.fill("");
  await control(call, "receipt").click();
  await until("an order is asked for", () => call.locator(".call-trouble").isVisible());
  await order.fill("O-78");
  await press(call, "receipt", "receipt_start", () => order.press("Enter"));
  await until("the receipt's order stands there", async () => (await order.inputValue()) === "O-78" && (await order.getAttribute("readonly")) !== null);
  must((await api(`/v1/sessions/${session}`)).outputs.some((o) => o.output === "receipt:O-78:1" && o.running), "the receipt runs");
  await look(desk, "desk-receipt");
  await press(call, "receipt", "receipt_stop");
  step("every control of the desk does what it says, and is answered when the gates have moved");
  return { desk, call, session };
}

async function twoCalls(desk, call) {
  signal("second-call");
  const forced = card(desk, "Ola Hansen");
  await forced.waitFor();
  await until("both reasons are the policy's", async () => (await note(forced, "pause").textContent()) === "Recording is forced by the queue.");
  must((await note(forced, "main").textContent()) === "Recording is forced by the queue.", "why it cannot be stopped");
  must((await note(forced, "customer").textContent()) === "The project forbids recording the customer.", "why the customer cannot be switched on");
  must((await control(forced, "customer").getAttribute("aria-disabled")) === "true" && (await control(forced, "customer").isVisible()), "what is not possible stays in its place");
  await control(forced, "pause").click({ force: true });
  await until("a click on it says why", async () => (await forced.locator(".call-trouble").textContent()) === "Recording is forced by the queue.");
  await look(desk, "desk-two-calls");

  // By keys alone.
  await desk.evaluate(() => document.activeElement?.blur());
  await desk.keyboard.press("Alt+Shift+P");
  await until("with two calls the keys ask which", async () => (await desk.textContent("#trouble")).startsWith("Which call?"));
  const paused = async () => (await call.locator(".indicator .state").textContent()) === "Recording paused";
  await desk.locator("#keys").focus();
  for (let n = 0; n < 12 && !(await call.evaluate((c) => c.contains(document.activeElement))); n++) await desk.keyboard.press("Tab");
  await desk.keyboard.press("Alt+Shift+P");
  await until("the call with the focus is paused", paused);
  await offered(control(call, "pause"), "resume");
  await new Promise((done) => setTimeout(done, 450));
  for (let n = 0; n < 12 && (await desk.evaluate(() => document.activeElement?.dataset.do)) !== "resume"; n++) await desk.keyboard.press("Tab");
  await desk.keyboard.press("Enter");
  await until("it records on", async () => !(await paused()));
  await desk.locator("#keys").focus();
  await desk.keyboard.press("Space");
  must((await desk.locator(".control kbd").count()) === 0, "keys that are off are not shown");
  await control(call, "pause").focus();
  await desk.keyboard.press("Alt+Shift+P");
  await new Promise((done) => setTimeout(done, 600));
  must(!(await paused()), "keys that are off do nothing");
  await desk.check("#keys");
  step("two calls, by keyboard alone");

  signal("second-ends");
  await forced.waitFor({ state: "detached" });
  await press(call, "main", "stop");
  await until("it has stopped", async () => (await call.locator(".indicator .state").textContent()) === "Recording stopped");
  await until("why it cannot be started", async () => (await note(call, "main").textContent()) === "You may not start recordings by hand.");
  step("a call that is over leaves the desk");
}

async function strangers(browser, desk) {
  const page = await open(browser);
  const closed = async (what) => {
    await until(what, async () => (await page.textContent("#trouble")).startsWith("This desk is closed"));
    must((await page.locator(".call").count()) === 0, "a stranger sees no call");
  };
  await page.goto(`${SITE}/desk#${"0".repeat(64)}`);
  await closed("a token of nobody's");
  await look(page, "desk-closed");
  const short = await post("/v1/agents/paal/desk", { expires_in_s: 1 });
  await page.goto("about:blank");
  await page.goto(short.page_url);
  await closed("a desk ends with its token");
  await page.goto("about:blank");
  await page.goto(short.page_url);
  await closed("an expired token again");
  const taken = await post("/v1/agents/paal/desk", {});
  await page.goto("about:blank");
  await page.goto(taken.page_url);
  await page.waitForSelector(".call");
  await api("/v1/agents/paal/desk", { method: "DELETE" });
  await closed("a desk that is taken back closes while it is open");
  await until("so does every desk of the agent", async () => (await desk.textContent("#trouble")).startsWith("This desk is closed"));
  await page.goto("about:blank");
  await page.goto(taken.page_url);
  await closed("a token that was taken back, used again");
  await page.context().close();
  step("wrong, expired, and taken-back tokens open nothing");
}

async function room(settings) {
  const slug = `room-${Math.random().toString(36).slice(2, 8)}`;
  await post("/v1/projects", { slug, kind: "room", settings });
  const { id } = await post("/v1/sessions", { project: slug });
  const invite = async (role, name) => ({ ...(await post(`/v1/sessions/${id}/participants`, { role, name })), name });
  return { id, slug, invite };
}

async function visit(browser, invitation) {
  const page = await open(browser);
  await page.goto(invitation.page_url);
  await page.waitForSelector("#camera:not([hidden])");
  return page;
}

async function comeIn(page) {
  await page.click("#join");
  await page.waitForSelector("#leave:not([hidden])");
}

/** A wire to the node that can fall silent, or be cut. */
async function wire() {
  const port = Number(new URL(SITE).port);
  let ends = [];
  let mode = "whole";
  const server = net.createServer((near) => {
    if (mode === "cut") return near.destroy();
    const far = net.connect(port, "127.0.0.1");
    for (const end of [near, far]) end.on("error", () => undefined);
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
    ends.push(near, far);
    if (mode === "silent") return;
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const drop = () => {
    for (const end of ends) end.destroy();
    ends = [];
  };
  return {
    site: `http://127.0.0.1:${server.address().port}`,
    hold: () => {
      mode = "silent";
      for (const end of ends) end.unpipe();
    },
    cut: () => {
      mode = "cut";
      drop();
    },
    mend: () => {
      mode = "whole";
      drop();
    },
    close: () => server.close(),
  };
}

const word = (page) => page.textContent("#indicator-word");
const present = async (id, who) => (await api(`/v1/sessions/${id}`)).participants.find((p) => p.id === who.id).present;

async function roomWithConsent(browser) {
  const { id, invite } = await room({ consent: "all_party", trigger: "prompt" });
  const [host, guest] = [await invite("agent", "Paal"), await invite("customer", "Kari")];
  const hostPage = await visit(browser, host);
  const guestPage = await visit(browser, guest);
  must(await guestPage.isVisible("#consent"), "the question comes before joining");
  must((await guestPage.getAttribute("#join", "aria-disabled")) === "true", "joining waits for an answer");
  must(!(await present(id, guest)), "nothing of the guest has gone anywhere");
  const boxes = await Promise.all(["consent_decline", "consent_grant"].map((a) => guestPage.locator(`#consent [data-do="${a}"]`).boundingBox()));
  must(boxes[0].width === boxes[1].width && boxes[0].height === boxes[1].height, "yes and no are of one size");
  must(await guestPage.isHidden("#host"), "a guest has no host's controls");
  await look(guestPage, "guest-asked");
  await until("who was asked, with which words, is kept", async () => {
    const asked = (await api(`/v1/sessions/${id}`)).participants.find((p) => p.id === guest.id).consents?.asked ?? [];
    return asked.some((a) => a.text_version === "ferric-1" && a.language === "en");
  });

  // The host answers and comes in by keyboard alone.
  await hostPage.locator('#consent [data-do="consent_decline"]').focus();
  await hostPage.keyboard.press("Tab");
  await hostPage.keyboard.press("Enter");
  await hostPage.waitForSelector("#consent", { state: "hidden" });
  await until("the focus goes on to Join", () => hostPage.evaluate(() => document.activeElement?.id === "join"));
  await hostPage.keyboard.press("Enter");
  await hostPage.waitForSelector("#prompt[open]");
  await look(hostPage, "host-prompt", { full: false });
  await hostPage.click('#prompt [data-do="prompt_accept"]');
  await hostPage.waitForSelector("#prompt", { state: "hidden" });
  await until("the host alone is recorded", async () => (await word(hostPage)) === "Recording");
  step("the first host is prompted");

  // A late joiner: the recording waits for the answer.
  await until("a guest who comes late is told that a recording runs", () => guestPage.isVisible("#consent-running"));
  await hostPage.evaluate(() => addEventListener("click", () => (globalThis.clicked = Date.now()), true));
  await follow(hostPage, "#indicator");
  await follow(guestPage, "#indicator");
  await guestPage.click('#consent [data-do="consent_grant"]');
  await guestPage.waitForSelector("#consent", { state: "hidden" });
  await comeIn(guestPage);
  for (const page of [hostPage, guestPage]) await until("everybody is told that it records", async () => (await word(page)) === "Recording");
  must((await guestPage.textContent("#consent-said")).startsWith("You agreed to be recorded."), "the guest reads what yes means");
  const answers = (await api(`/v1/sessions/${id}`)).participants.find((p) => p.id === guest.id).consents.answers;
  must(answers[0].answer === "granted" && JSON.stringify(answers[0]).includes('"ferric-1"'), `the answer is kept with its words: ${JSON.stringify(answers)}`);
  await look(guestPage, "guest-recorded");
  await look(hostPage, "host-recording");

  for (const [pair, act, state] of [["pause", "pause", "paused"], ["pause", "resume", "recording"], ["censor", "censor_on", "censored"], ["censor", "censor_off", "recording"]]) {
    const before = Date.now();
    await press(hostPage.locator("#bar"), pair, act);
    const clicked = await hostPage.evaluate(() => globalThis.clicked);
    for (const page of [hostPage, guestPage]) figure("click to the other's indicator", (await shownAt(page, state, before)) - clicked);
  }

  // Lost: an old state is not shown as if it held.
  const line = await wire();
  const far = await open(browser);
  await far.goto(guest.page_url.replace(SITE, line.site));
  await until("seen from far away", async () => (await word(far)) === "Recording");
  for (const [lose, name] of [[line.hold, "silent"], [line.cut, "cut"]]) {
    lose();
    await until(`a page says so when its line is ${name}`, async () => (await word(far)) === "Connection lost");
    must((await far.textContent("#indicator-what")) === "The recording state is unknown.", "in words");
    if (name === "silent") await look(far, "guest-lost");
    line.mend();
    await until("and knows again", async () => (await word(far)) === "Recording");
  }
  // Not by its page being closed: that would be the guest leaving.
  await far.evaluate(() => addEventListener("pagehide", (event) => event.stopImmediatePropagation(), true));
  line.cut();
  await far.context().close();
  line.close();
  step("the indicator is pushed, and honest without a link");

  await guestPage.click("#withdraw");
  await until("the guest reads what that means", async () => (await guestPage.textContent("#consent-said")).startsWith("You withdrew."));
  await until("nobody is recorded against a withdrawal", async () => (await word(hostPage)) !== "Recording");
  await guestPage.click("#again");
  await until("a yes after that counts", async () => (await word(hostPage)) === "Recording");
  await until("the focus goes back to the answer", () => guestPage.evaluate(() => document.activeElement?.id === "mine-title"));
  await guestPage.click("#erase");
  must((await guestPage.textContent("#erase")) === "Erase it for good?", "what cannot be undone is asked twice");
  await guestPage.click("#erase");
  await until("the guest reads what no means", async () => (await guestPage.textContent("#consent-said")) === "You declined. Nothing you said is kept.");
  must((await guestPage.isVisible("#leave")) && (await word(guestPage)) !== "Ended", "the conversation goes on");
  await look(guestPage, "guest-declined");
  await hostPage.click("#end");
  await hostPage.click("#end");
  for (const page of [hostPage, guestPage]) await until("the host has ended it for everybody", async () => (await word(page)) === "Ended");
  must((await guestPage.textContent("#after")) === "You declined. Nothing you said is kept. You can close this page.", "what stays to be said");
  await look(guestPage, "guest-over");
  for (const page of [hostPage, guestPage]) {
    must(page.troubles.length === 0, page.troubles.join("\n"));
    await page.context().close();
  }
  const replayed = await open(browser);
  await replayed.goto(guest.page_url);
  await until("a token of a session that is over opens nothing", async () => (await replayed.textContent("#trouble")).startsWith("This link does not open a room."));
  await look(replayed, "guest-bad-link");
  await replayed.context().close();
  step("consent is asked first, taken back, and a no erases");
}

/** The agent is recorded on; a guest who said no before joining is in the room and in no recording. */
async function roomWithDecline(browser) {
  const { id, slug, invite } = await room({ consent: "per_party", trigger: "manual" });
  const text = "Vi tar opp samtalen for opplæring.\n\nOpptaket slettes etter 30 dager.";
  const kept = await api(`/v1/projects/${slug}/consent-text`, { method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify({ language: "nb", text }) });
  const [host, guest] = [await invite("agent", "Paal"), await invite("customer", "Kari")];
  const [hostPage, guestPage] = [await visit(browser, host), await visit(browser, guest)];
  await hostPage.click('#consent [data-do="consent_grant"]');
  await hostPage.waitForSelector("#consent", { state: "hidden" });
  await comeIn(hostPage);
  must((await guestPage.locator("#consent-text [lang=nb] p").allTextContents()).join("\n\n") === text, "the project's own words are asked");
  await look(guestPage, "guest-asked-in-the-projects-words");
  await guestPage.click('#consent [data-do="consent_decline"]');
  await guestPage.waitForSelector("#consent", { state: "hidden" });
  const answers = (await api(`/v1/sessions/${id}`)).participants.find((p) => p.id === guest.id).consents.answers;
  must(JSON.stringify(answers).includes(`"text_version":"${kept.version}"`) && JSON.stringify(answers).includes('"language":"nb"'), `the answer names them: ${JSON.stringify(answers)}`);
  must((await guestPage.textContent("#consent-said")) === "You declined. Nothing you said is kept.", "no works as well as yes");
  await comeIn(guestPage);
  await press(hostPage.locator("#bar"), "main", "start");
  await until("the guest is told who is recorded", async () => (await guestPage.textContent("#indicator-what")) === "You are not being recorded; Paal is.");
  const gates = (await api(`/v1/sessions/${id}`)).gates;
  must(gates.every((g) => (g.participant === guest.id) === (g.gate === "closed")), `the guest's gate is closed: ${JSON.stringify(gates)}`);
  must(await guestPage.isHidden("#again"), "a no is final");
  await guestPage.click("#leave");
  await until("who leaves is out", async () => !(await present(id, guest)));
  // Whoever only answered and closed the page is not in, either.
  const third = await invite("customer", "Per");
  const thirdPage = await visit(browser, third);
  await thirdPage.click('#consent [data-do="consent_grant"]');
  await until("an answer is a first contact", () => present(id, third));
  // A browser that is killed tells nothing more; one that goes on to another page, or closes it, does.
  await thirdPage.goto("about:blank");
  await until("a page that is gone has left", async () => !(await present(id, third)));
  await thirdPage.context().close();
  await Promise.all([hostPage.context().close(), guestPage.context().close()]);
  step("a no before joining is kept, and the room goes on");
}

/** Somebody else's page, on another origin, with a policy of its own that knows nothing of ours but its address. */
async function embedded(browser) {
  const { id, invite } = await room({});
  const host = await invite("agent", "Paal");
  const { token, script_url } = await post(`/v1/sessions/${id}/watch`, {});
  const page = await open(browser);
  const html = `<!doctype html><html lang="de-AT"><head><meta charset="utf-8"><title>Ours</title><script src="${script_url}"></script></head>
<body><main><h1>Ours</h1><p><ferric-indicator id="one" session="${id}" token="${token}"></ferric-indicator> <ferric-indicator id="two" lang="en" session="${id}" token="${token}"></ferric-indicator>
<ferric-indicator id="wrong" lang="en" session="${id}" token="nobody"></ferric-indicator></p></main></body></html>`;
  const server = createServer((_, answer) => {
    answer.setHeader("content-type", "text/html; charset=utf-8");
    answer.setHeader("content-security-policy", `default-src 'none'; script-src ${SITE}; connect-src ${SITE}`);
    answer.end(html);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  try {
    await page.addInitScript(() => addEventListener("ferric-state", (event) => (globalThis.heard ??= []).push([event.target.id, event.detail.state, Date.now()])));
    await page.goto(`http://localhost:${server.address().port}/`);
    const says = (which) => page.locator(`#${which} [part="word"]`).textContent();
    await until("the indicator is there before anything is recorded", async () => (await says("two")) === "Not recording");
    await until("in the page's language", async () => (await says("one")) === "Keine Aufnahme");
    for (const [act, german, english] of [["start", "Aufnahme läuft", "Recording"], ["pause", "Aufnahme angehalten", "Recording paused"], ["resume", "Aufnahme läuft", "Recording"]]) {
      const before = Date.now();
      const { state } = await post(`/v1/sessions/${id}/commands`, { do: act, by: host.id });
      const at = await until(`${act} is heard`, () => page.evaluate(([s, t]) => (globalThis.heard ?? []).find(([who, shown, when]) => who === "two" && shown === s && when >= t)?.[2], [state, before]));
      figure("command to the indicator in another's page", at - before);
      await until(`${act} in words`, async () => (await says("one")) === german && (await says("two")) === english);
      if (act !== "pause") await look(page, `embed-${act}`, { full: false });
    }
    must((await says("wrong")) === "Connection lost: recording state unknown", "a wrong token knows nothing");
    must((await page.locator('#two [role="status"]').count()) === 1, "it is a status");
    await api(`/v1/sessions/${id}/end`, { method: "POST" });
    await until("the end is told", async () => (await says("two")) === "Ended");
    must(page.troubles.length === 0, page.troubles.join("\n"));
  } finally {
    server.close();
    await page.context().close();
  }
  step("the indicator works in a page of another origin under its own strict policy");
}

const browser = await launch();
try {
  await embedded(browser);
  const { desk, call } = await agentsDesk(browser);
  await twoCalls(desk, call);
  await strangers(browser, desk);
  signal("first-ends");
  must(desk.troubles.length === 0, desk.troubles.join("\n"));
  await roomWithConsent(browser);
  await roomWithDecline(browser);
  for (const [name, all] of Object.entries(figures)) {
    const sorted = [...all].sort((a, b) => a - b);
    step(`${name}: median ${Math.round(sorted[sorted.length >> 1])} ms, most ${Math.round(sorted.at(-1))} ms of ${sorted.length}`);
    // The figure is 200 ms; a machine on which the whole suite runs at once may be slower, but never by waiting for something.
    must(sorted[sorted.length >> 1] < 1000, `${name}: ${sorted.map(Math.round)}`);
  }
} finally {
  await browser.close();
}
