// An administrator has a platform told what happens: makes a webhook, keeps its secret, tries it out, sends again, switches it off and on, deletes it.
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { api, launch, look, must, open, signIn, until } from "./browser.mjs";

const step = (text) => console.log(`- ${text}`);
const text = (page, selector) => page.locator(selector).first().textContent();

/** The platform's end: refuses what it is told to refuse. */
const got = [];
let refuse = 0;
const platform = createServer((request, response) => {
  let body = "";
  request.on("data", (part) => (body += part));
  request.on("end", () => {
    response.statusCode = refuse > 0 ? (refuse--, 503) : 204;
    got.push({ body, headers: request.headers, answered: response.statusCode });
    response.end();
  });
});
await new Promise((done) => platform.listen(0, "127.0.0.1", done));
const address = `http://127.0.0.1:${platform.address().port}/ferric`;

const signed = ({ body, headers }, secret) => {
  const should = createHmac("sha256", secret).update(`${headers["ferric-webhook-timestamp"]}.${body}`).digest("hex");
  return headers["ferric-webhook-signature"].split(",").includes(`v1=${should}`);
};
const press = (page, act) => page.click(`button[name=act][value=${act}]`);
const status = (page) => text(page, ".note[role=status]");

/** Makes a session, so that there is something to tell. */
async function session() {
  const post = (path, body) => api(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const made = await post("/v1/sessions", { project: "default", kind: "room" });
  await post(`/v1/sessions/${made.id}/end`, {});
  return made.id;
}

async function make(page) {
  await signIn(page, "/settings");
  await page.click('.tabs a[href="/settings/webhooks"]');
  await look(page, "webhooks-empty");
  await page.click('a[href="/settings/new-webhook"]');
  await page.fill("#url", "ftp://example.com/");
  await page.check('[name=kinds][value="session.opened"]');
  await page.click(".hook-form .primary");
  must((await text(page, "[role=alert]")).includes("url"), "what cannot be is named");
  must(await page.isChecked('[name=kinds][value="session.opened"]'), "nothing that was chosen is lost");
  await look(page, "webhooks-wrong");
  await page.fill("#url", address);
  await page.click(".hook-form .primary");
  const secret = await text(page, ".hook-secret code");
  must(secret.startsWith("whsec_"), "the secret is shown");
  await look(page, "webhooks-made");
  await page.click(".hook-crumb a");
  await page.click(".hook-table th a");
  must((await page.locator(".hook-secret").count()) === 0, "once");
  must(!(await page.content()).includes(secret), "and nowhere else");
  step("made; the secret was shown once");
  return secret;
}

async function deliver(page, secret) {
  await press(page, "test");
  must((await status(page)).includes("on its way"), "it says what to expect");
  await until("the trial arrives", () => got.some((g) => JSON.parse(g.body).event === "webhook.test" && signed(g, secret)));
  refuse = 1;
  await session();
  await until("an event that was refused waits", () => got.some((g) => g.answered === 503));
  await until("its next try is shown", async () => {
    await page.reload();
    return (await page.locator('.hook-table tr:has(th:has-text("session.opened")) td:nth-child(5) time').count()) > 0 || got.some((g) => JSON.parse(g.body).event === "session.opened" && g.answered === 204);
  });
  await look(page, "webhooks-deliveries");
  await until("it is taken then", async () => {
    await page.reload();
    return (await text(page, '.hook-table tr:has(th:has-text("session.opened")) .state')) === "Taken";
  });
  must((await text(page, '.hook-table tr:has(th:has-text("session.opened"))')).includes("tried 2 times"), "after two tries");
  step("tried out; what was refused came again");

  const before = got.length;
  await page.click('.hook-table tr:has(th:has-text("session.opened")) button');
  must((await status(page)).includes("same id"), "it says so");
  await until("it comes again", () => got.length > before);
  const ids = got.filter((g) => JSON.parse(g.body).event === "session.opened").map((g) => g.headers["ferric-webhook-id"]);
  must(new Set(ids).size === 1, "with the same id");
  await page.selectOption(".filters select[name=state]", "dead");
  await page.click('.filters:has(select) button');
  must((await page.locator(".hook-table").count()) === 0, "none was given up");

  await page.fill("[name=since]", "2026-01-02T12:00");
  await page.fill("[name=until]", "2026-01-01T12:00");
  await press(page, "period");
  must((await text(page, "[role=alert]")).includes("until"), "a period has a beginning before its end");
  must((await page.inputValue("[name=since]")) === "2026-01-02T12:00", "what was typed stays");
  await page.fill("[name=until]", "");
  await page.fill("[name=since]", "2020-01-01T00:00");
  await press(page, "period");
  must((await status(page)).includes("1 event is sent again"), `it says how many: ${await status(page)}`);
  step("one delivery and a period are sent again");
}

async function change(page, secret) {
  await press(page, "rotate");
  const second = await text(page, ".hook-secret code");
  must(second.startsWith("whsec_") && second !== secret, "another secret");
  const before = got.length;
  await press(page, "test");
  await until("both sign", () => got.slice(before).some((g) => JSON.parse(g.body).event === "webhook.test" && signed(g, secret) && signed(g, second)));
  await page.click('a[href$="/change"]');
  must((await page.inputValue("#url")) === address, "it is filled in");
  await page.check('[name=kinds][value="session.ended"]');
  await look(page, "webhooks-change");
  await page.click(".hook-form .primary");
  await page.waitForURL(/done=save/);
  must((await page.locator(".hook-facts .hook-kind").allTextContents()).join() === "session.opened,session.ended", "it is changed");
  await press(page, "off");
  must((await page.locator("button[value=test]").count()) === 0, "what is off is not tried out");
  await look(page, "webhooks-off");
  await press(page, "on");
  must((await text(page, ".state")) === "Switched on", "and on again");
  await page.click(".hook-crumb a");
  await look(page, "webhooks-list");
  await page.click(".hook-table th a");
  step("changed, rotated, off and on");
}

async function forged(page) {
  const url = page.url();
  const sent = await page.evaluate(async (to) => (await fetch(to, { method: "POST", body: new URLSearchParams({ act: "delete", csrf: "guess" }) })).status, url);
  must(sent === 403, `a form of somebody else is refused: ${sent}`);
  await page.click(".hook-delete summary");
  await press(page, "delete");
  must((await status(page)).includes("deleted"), "it is gone");
  must((await page.goto(url)).status() === 404, "for good");
  step("deleted, by its own form alone");
}

const browser = await launch();
try {
  // The second round has no scripts of the page's: forms are enough. axe itself needs them, so the first is looked at.
  const page = await open(browser);
  const secret = await make(page);
  await deliver(page, secret);
  await change(page, secret);
  await forged(page);
  must(page.troubles.length === 0, page.troubles.join("\n"));

  const plain = await open(browser, { javaScriptEnabled: false });
  await signIn(plain, "/settings/new-webhook");
  await plain.fill("#url", address);
  await plain.click(".hook-form .primary");
  must((await text(plain, ".hook-secret code")).startsWith("whsec_"), "made without script");
  const before = got.length;
  await press(plain, "test");
  await until("tried out without script", () => got.length > before);
  await press(plain, "off");
  must((await text(plain, ".state")) === "Switched off", "switched off without script");
  step("all of it works without script");
} finally {
  await browser.close();
  platform.closeAllConnections();
  platform.close();
}
