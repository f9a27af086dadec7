// People sign in through a real OpenID Connect provider in headless Chromium, and come back by every way that must not let them in.
import { SITE, launch, look, must, open, until } from "../console/browser.mjs";

const { ISSUER, CONTROL } = process.env;
const step = (text) => console.log(`- ${text}`);

async function told(what, body = {}) {
  const answer = await fetch(`${CONTROL}${what}`, { method: "POST", body: JSON.stringify(body) });
  must(answer.ok, `${what}: ${answer.status}`);
}
const asked = async () => (await fetch(CONTROL)).json();

/** The provider would know its people again, and not ask. */
const forgotten = (page) => page.context().clearCookies({ domain: "localhost" });

/** To the provider's page, by the button of the sign-in form. */
async function toProvider(page, path = "/archive") {
  await forgotten(page);
  await page.goto(`${SITE}${path}`);
  await page.click('a[href^="/sign-in/oidc?"]');
  await page.waitForSelector("#who");
  must(page.url().startsWith(ISSUER), `at ${page.url()}`);
}

async function signInAs(page, who, path) {
  await toProvider(page, path);
  await page.fill("#who", who);
  await page.click("#in");
}

async function signsIn(page, who, name) {
  await signInAs(page, who);
  await page.waitForSelector("#search");
  must(page.url() === `${SITE}/archive`, `arrived at ${page.url()}`);
  must((await page.textContent(".bar .me")) === name, `the bar names ${await page.textContent(".bar .me")}`);
}

async function signOut(page) {
  await page.click('form[action="/sign-out"] button');
  await page.waitForSelector("#name");
}

/** The page says this, and nobody is signed in. */
async function refused(page, says) {
  const why = await page.locator("#wrong").textContent({ timeout: 20_000 });
  must(why.includes(says), `it says: ${why}`);
  await nobody(page);
}

async function nobody(page) {
  const status = await page.evaluate(async () => (await fetch("/v1/me")).status);
  must(status === 401, `/v1/me answers ${status}`);
}

/** Runs a sign-in up to the address that the provider sends the browser back to, and does not follow it. */
async function backOf(page, who, change = (url) => url) {
  await forgotten(page);
  const { request } = page.context();
  let at = new URL(`${SITE}/sign-in/oidc?next=%2Farchive`);
  for (let hops = 0; hops < 9; hops += 1) {
    const options = { maxRedirects: 0 };
    const answer = at.pathname.startsWith("/interaction/") ? await request.post(String(at), { ...options, form: { who } }) : await request.get(String(at), options);
    must(answer.status() === 303, `${at}: ${answer.status()} ${await answer.text()}`);
    at = new URL(answer.headers()["location"], at);
    if (at.pathname === "/sign-in/oidc/back") return at;
    if (at.pathname === "/auth") at = change(at);
  }
  throw new Error(`it goes on and on: ${at}`);
}

async function askedFor(page) {
  const begun = await page.context().request.get(`${SITE}/sign-in/oidc?next=%2Farchive`, { maxRedirects: 0 });
  const there = new URL(begun.headers()["location"]).searchParams;
  for (const name of ["state", "nonce", "code_challenge"]) must(there.get(name).length >= 43, `${name} is ${there.get(name)}`);
  must(there.get("code_challenge_method") === "S256" && there.get("response_type") === "code", String(there));
  const again = await page.context().request.get(`${SITE}/sign-in/oidc`, { maxRedirects: 0 });
  const other = new URL(again.headers()["location"]).searchParams;
  for (const name of ["state", "nonce", "code_challenge"]) must(there.get(name) !== other.get(name), `${name} is the same twice`);
  step("each sign-in has a state, a nonce and a challenge of its own");
}

async function wholeWay(page) {
  await page.goto(`${SITE}/archive`);
  await look(page, "sign-in-elsewhere");
  await signsIn(page, "p-anna", "anna");
  const me = await page.evaluate(async () => (await fetch("/v1/me")).json());
  must(me.role === "agent" && me.email === "Anna@example.com", JSON.stringify(me));
  for (const part of ["/.well-known/openid-configuration", "/auth", "/token", "/jwks", "/me"])
    must((await asked()).some((line) => line.endsWith(` ${part}`)), `${part} was not asked: ${await asked()}`);
  // Whoever has no password here is not asked for one.
  await page.click(".bar .me");
  await page.waitForSelector("#g-password");
  must((await page.locator("#current").count()) === 0, "there is no password to change");
  await look(page, "me-by-identity");
  await signOut(page);
  step("there and back: discovery, code, keys, userinfo; signed in where she wanted to go");
}

async function roles(page) {
  await signsIn(page, "p-boss", "boss");
  must((await page.locator('nav a[href="/settings"]').count()) === 1, "the group makes an administrator");
  await signOut(page);
  await told("/person", { sub: "p-boss", preferred_username: "boss", groups: ["staff"] });
  await signInAs(page, "p-boss");
  await refused(page, "nothing there lets you in here any more");
  await told("/person", { sub: "p-boss", preferred_username: "boss", groups: ["rec-listeners"] });
  await signsIn(page, "p-boss", "boss");
  must((await page.locator('nav a[href="/settings"]').count()) === 0, "the group is gone, and so is the role");
  await signOut(page);
  step("groups of the provider make roles, and take them away");
}

async function strangers(page) {
  await signInAs(page, "p-stranger");
  await refused(page, "this node does not");
  await look(page, "sign-in-unknown");
  // An address that the provider does not vouch for is nobody's.
  await signInAs(page, "p-liar");
  await refused(page, "this node does not");
  await signInAs(page, "p-disabled");
  await refused(page, "this node does not");
  await toProvider(page);
  await page.click("#cancel");
  await refused(page, "left without it");
  step("unknown people, unproven addresses, disabled users and who went away are refused");
}

async function forged(browser, page) {
  const other = await open(browser);
  // Another browser's sign-in.
  const theirs = await backOf(page, "p-anna");
  await other.goto(String(theirs));
  await refused(other, "begun elsewhere");
  await page.goto(String(theirs));
  await refused(page, "begun elsewhere"); // it was tried once, and is over
  // A state that nobody has, and none.
  const back = await backOf(page, "p-anna");
  const used = new URL(back);
  used.searchParams.set("state", "0".repeat(64));
  await page.goto(String(used));
  await refused(page, "begun elsewhere");
  used.searchParams.delete("state");
  await page.goto(String(used));
  await refused(page, "begun elsewhere");
  // The right one still works, once.
  await page.goto(String(back));
  await page.waitForSelector("#search");
  await signOut(page);
  await page.goto(String(back));
  await refused(page, "begun elsewhere");
  step("a state is one browser's, and good once");

  // The code that was used, in a sign-in of its own.
  const next = await backOf(page, "p-anna");
  next.searchParams.set("code", back.searchParams.get("code"));
  await page.goto(String(next));
  await refused(page, "did not work");
  // Somebody else's code, unused, in a sign-in of one's own: the verifier is not the one that it was given for.
  const stolen = (await backOf(other, "p-boss")).searchParams.get("code");
  const own = await backOf(page, "p-anna");
  own.searchParams.set("code", stolen);
  await page.goto(String(own));
  await refused(page, "did not work");
  step("a code is good once, and for its own sign-in");

  // A token of another sign-in: everything fits but the nonce.
  const nonce = await backOf(page, "p-anna", (url) => (url.searchParams.set("nonce", "of another sign-in"), url));
  await page.goto(String(nonce));
  await refused(page, "did not work");
  const without = await backOf(page, "p-anna", (url) => (url.searchParams.delete("nonce"), url));
  await page.goto(String(without));
  await refused(page, "did not work");
  const issuer = await backOf(page, "p-anna");
  must(issuer.searchParams.get("iss") === ISSUER, "the provider says who it is");
  issuer.searchParams.set("iss", "https://evil.example");
  await page.goto(String(issuer));
  await refused(page, "did not work");
  // Where to afterwards stays on this node.
  const away = await page.context().request.get(`${SITE}/sign-in/oidc?next=https%3A%2F%2Fevil.example`, { maxRedirects: 0 });
  must(away.status() === 303, `${away.status()}`);
  step("another nonce, none, and another issuer are not believed");
}

async function keys(page) {
  const before = (await asked()).filter((line) => line.endsWith(" /jwks")).length;
  await signsIn(page, "p-anna", "anna");
  await signOut(page);
  must((await asked()).filter((line) => line.endsWith(" /jwks")).length === before, "known keys are not asked for again");
  for (const alg of ["RS256", "ES256"]) {
    await told("/keys", { alg });
    await signsIn(page, "p-anna", "anna");
    await signOut(page);
  }
  await told("/tokens", { thin: false });
  const toldBefore = (await asked()).filter((line) => line.endsWith(" /me")).length;
  await signsIn(page, "p-anna", "anna");
  await signOut(page);
  must((await asked()).filter((line) => line.endsWith(" /me")).length === toldBefore, "what the token says is not asked for again");
  step("keys that change meanwhile are looked up; RS256 and ES256");
}

async function away(page) {
  await toProvider(page);
  await told("/stop");
  const there = `${SITE}/sign-in/oidc?next=%2Farchive`;
  await until("the node finds out that the provider is away", async () => (await page.context().request.get(there, { maxRedirects: 0 })).status() === 503);
  await page.goto(there);
  await refused(page, "does not answer");
  must((await page.inputValue('form[action="/sign-in"] [name=next]')) === "/archive", "where she wanted to go is kept");
  await look(page, "sign-in-away");
  await told("/start");
  await signsIn(page, "p-anna", "anna");
  step("a provider that is away is said so, and is there again when it is");
}

const browser = await launch();
try {
  const page = await open(browser);
  await askedFor(page);
  await wholeWay(page);
  await roles(page);
  await strangers(page);
  await forged(browser, page);
  await keys(page);
  await away(page);
} finally {
  await browser.close();
}
