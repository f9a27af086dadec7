// Members pick in the archive: one sorts many recordings at once and may not delete them, another gets nowhere with what is none of theirs; recordings and
// chat logs are picked together by mouse, by keys and without scripts, and sent.
import { SITE, api, launch, look, must, open, signIn, until } from "./browser.mjs";
import { letter, linkIn } from "./letters.mjs";

const step = (text) => console.log(`- ${text}`);
const PASSWORD = "a lamp that flickers";
const post = (path, body, method = "POST") => api(path, { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
const picked = (page) => page.locator("#picked-count").textContent();
const boxes = (page, name) => page.locator(`#found input[name=${name}]`);

async function member(browser, name, options = {}) {
  const page = await open(browser, options);
  await page.goto(`${SITE}/archive`);
  await page.fill("#name", name);
  await page.fill("#password", PASSWORD);
  await page.press("#password", "Enter");
  await page.locator("#search").waitFor();
  await page.waitForLoadState();
  return page;
}

async function prepare() {
  for (const name of ["Complaints", "Praise"]) await post("/v1/folders", { name });
  for (const [name, color] of [["urgent", "red"], ["checked", "green"]]) await post("/v1/labels", { name, color });
  await post("/v1/users", { name: "anna", role: "reviewer", password: PASSWORD, filter: { queues: ["sales"] }, properties: { external_links: true } });
  await post("/v1/users", { name: "ola", role: "reviewer", password: PASSWORD, filter: { queues: ["support"] } });
  const { items } = await api("/v1/recordings");
  const title = (n) => items.find((row) => row.title === `Note ${n}`);
  const lines = [
    { at: "2026-01-01T12:00:05Z", from: "Kari", role: "customer", text: "Where is my lamp?" },
    { at: "2026-01-01T12:01:09Z", from: "Paal", role: "agent", text: "On its way, and it will be with you tomorrow before noon." },
  ];
  await post(`/v1/sessions/${title(2).session}/chat`, lines, "PUT");
  await post(`/v1/sessions/${title(5).session}/chat`, lines, "PUT");
  const alone = await post("/v1/sessions", { project: "default", kind: "room" });
  // What no recording holds goes when its time is over: this one is young.
  const young = lines.map((line) => ({ ...line, at: new Date().toISOString() }));
  await post(`/v1/sessions/${alone.id}/chat`, young, "PUT");
  return { title, alone: alone.id };
}

async function sorting(page, { title }) {
  must((await boxes(page, "recording").count()) === 4, "what she sees");
  await boxes(page, "recording").nth(0).click();
  await boxes(page, "recording").nth(2).click({ modifiers: ["Shift"] });
  must((await picked(page)) === "3 recordings picked", await picked(page));
  await look(page, "picked-bar", { full: false });
  await page.click("#picked-actions button[formaction='/archive/sort']");
  await page.locator(".sort-form").waitFor();
  await page.click(".sort-form button.primary");
  await page.locator(".note.warn").waitFor();
  must((await page.locator(".note.warn").textContent()).includes("Nothing was chosen"), "nothing to do is said");
  await page.selectOption("#s-folder", "complaints");
  await page.click("#offered [data-label=urgent]");
  await page.fill("#s-labels", "urgent, lamp");
  await page.selectOption("#s-assign", "anna");
  await look(page, "picked-sort");
  await page.click(".sort-form button.primary");
  await page.waitForURL(`${SITE}/archive`);
  for (const n of [4, 3, 2]) {
    const row = await api(`/v1/recordings/${title(n).id}`);
    must(row.folder === "complaints" && row.labels.join() === "urgent,lamp" && row.assignees.join() === "anna", JSON.stringify(row));
  }
  const left = await api(`/v1/recordings/${title(1).id}`);
  must(!left.folder && left.labels.length === 0 && left.assignees.length === 0, JSON.stringify(left));
  step("sorted: folder, labels, assignee, of what was picked and nothing else");

  await boxes(page, "recording").nth(0).click();
  await boxes(page, "recording").nth(1).click();
  await page.click("#picked-actions button[formaction='/archive/sort']");
  await page.selectOption("#s-folder", "");
  await page.check("[name=unlabel][value=lamp]");
  await page.check("[name=unassign][value=anna]");
  await look(page, "picked-sort-away");
  await page.click(".sort-form button.primary");
  await page.waitForURL(`${SITE}/archive`);
  const row = await api(`/v1/recordings/${title(4).id}`);
  must(!row.folder && row.labels.join() === "urgent" && row.assignees.length === 0, JSON.stringify(row));
  step("and taken away again");

  await boxes(page, "recording").nth(0).click();
  await boxes(page, "recording").nth(3).click();
  await page.click("#picked-actions button[formaction='/archive/sort#delete-it']");
  await page.locator("#delete-it form button").waitFor();
  await look(page, "picked-delete");
  await page.click("#delete-it form button");
  await page.locator("h1", { hasText: "Not everything" }).waitFor();
  await page.waitForLoadState();
  must((await page.locator("tbody tr").count()) === 2 && (await page.locator("tbody").textContent()).includes("not among your rights") && (await page.locator("tbody th a").first().textContent()).includes("Note 4"), "each says why not, by its name");
  await look(page, "picked-refused");
  must((await api("/v1/recordings")).items.length === 6, "nothing is deleted");
  step("who may not delete is told so, of each");
}

async function notTheirs(page, { title }) {
  must((await boxes(page, "recording").count()) === 2, "what he sees");
  await boxes(page, "recording").nth(0).click();
  await page.click("#picked-actions button[formaction='/archive/sort']");
  await page.locator(".sort-form").waitFor();
  // Somebody writes another's recording into the form.
  await page.evaluate((id) => {
    const field = document.querySelector(".sort-form input[name=recording]").cloneNode();
    field.value = id;
    document.querySelector(".sort-form").append(field);
  }, title(1).id);
  await page.fill("#s-labels", "checked");
  await page.click(".sort-form button.primary");
  await page.locator("h1", { hasText: "Not everything" }).waitFor();
  await page.waitForLoadState();
  must((await page.locator("tbody tr").count()) === 1, "one was refused");
  must((await api(`/v1/recordings/${title(6).id}`)).labels.join() === "checked", "his own is labelled");
  must((await api(`/v1/recordings/${title(1).id}`)).labels.length === 0, "hers is not");
  step("what is none of theirs is left alone");
}

async function chats(page, { title, alone }) {
  await page.goto(`${SITE}/archive`);
  must((await boxes(page, "chat").count()) === 1, "the log of what she sees, and no other");
  await boxes(page, "chat").first().click();
  must((await picked(page)) === "1 chat log picked", await picked(page));
  must(await page.locator("#picked-actions button[formaction='/archive/sort']").isDisabled(), "logs are not sorted");
  await boxes(page, "recording").nth(0).focus();
  await page.keyboard.press(" ");
  await page.keyboard.press("Shift+ArrowDown");
  must((await picked(page)) === "2 recordings and 1 chat log picked", await picked(page));
  await look(page, "picked-chat", { full: false });
  await page.click(".archive-kinds a:last-child");
  await page.locator("table.chats").waitFor();
  await until("what is picked comes along", async () => (await picked(page)) === "2 recordings and 1 chat log picked");
  await look(page, "archive-chats");
  must((await boxes(page, "chat").count()) === 1 && (await boxes(page, "chat").first().isChecked()), "and is shown");
  await page.fill("#f-from", "2026-02-01");
  await until("narrowed as one types", async () => (await page.locator(".empty").count()) === 1);
  await look(page, "archive-chats-none");
  await page.locator(".empty a").click();
  await until("all again", async () => (await boxes(page, "chat").count()) === 1);
  await page.click("#picked-actions button[data-letter='/archive/send']");
  const dialog = page.locator("dialog.letter-dialog");
  await dialog.locator("#name").waitFor();
  must((await dialog.locator(".chosen li").count()) === 3, "all three are in the letter");
  await look(page, "picked-send", { full: false });
  await page.fill("#name", "Kari Nordmann");
  await page.fill("#email", "kari@example.com");
  await page.fill("#reason", "She asked for it");
  await dialog.locator("button.primary").click();
  await dialog.locator("[role=status]").waitFor();
  const sent = await letter(1);
  must(sent.to === "kari@example.com" && linkIn(sent).includes("/e/"), JSON.stringify(sent));
  const [share] = (await api("/v1/shares")).items;
  must(share.kind === "both" && share.items.filter((item) => item.kind === "chat").map((item) => item.session).join() === title(2).session, JSON.stringify(share));
  await page.keyboard.press("Escape");
  await page.goto(`${SITE}/archive`);
  must((await picked(page)).startsWith("Pick up to"), "a new page begins with nothing picked");

  await boxes(page, "recording").nth(2).focus();
  const atLog = () => page.evaluate(() => document.activeElement?.getAttribute("name") === "chat");
  for (let n = 0; n < 4 && !(await atLog()); n += 1) await page.keyboard.press("Tab");
  must(await atLog(), "its log is reached by keys");
  await page.keyboard.press(" ");
  must((await picked(page)) === "1 chat log picked", await picked(page));
  await page.keyboard.press("Escape");
  await page.locator(".beside-chat a").click();
  await page.locator(".chat.whole li").first().waitFor();
  await look(page, "chat");
  must((await page.goto(`${SITE}/chats/${alone}`)).status() === 404, "none of hers");
  step("chat logs are picked by mouse and keys, in both lists, sent and read");
}

async function plain(browser, { alone }) {
  const page = await open(browser, { javaScriptEnabled: false });
  await signIn(page, "/archive");
  await page.locator("#found input[name=recording]").first().check();
  await page.locator("#found input[name=chat]").first().check();
  await page.click("button[formaction='/archive/send-internal/picked']");
  await until("both go on", async () => (await page.locator(".chosen li").count()) === 2);
  await page.goto(`${SITE}/archive?show=chats`);
  must((await boxes(page, "chat").count()) === 3, "all logs");
  await page.locator(`#found input[value="${alone}"]`).check();
  await page.click("button[formaction='/archive/send-internal/picked']");
  await page.selectOption("#to", "anna");
  await page.fill("#email", "anna@example.com");
  await page.click(".letter-form button.primary");
  await page.locator("[role=status]").waitFor();
  step("without scripts too");
  return linkIn(await letter(2));
}

async function colleague(page, link, ownLink) {
  await page.goto(ownLink);
  await page.locator("table.chats").waitFor();
  await look(page, "archive-selection");
  await page.goto(link);
  await page.locator(".empty").waitFor();
  must((await boxes(page, "chat").count()) === 0, "what she may not see is not there");
  step("a colleague finds the logs that were sent, and only what is theirs");
}

const browser = await launch();
try {
  const there = await prepare();
  const anna = await member(browser, "anna");
  await sorting(anna, there);
  await notTheirs(await member(browser, "ola"), there);
  await chats(anna, there);
  const link = await plain(browser, there);
  const own = await post("/v1/internal-links", { recordings: [there.title(3).id, there.title(6).id], sessions: [there.title(2).session, there.title(5).session], to: "anna", email: "anna@example.com" });
  await colleague(anna, link, own.url);
  must(anna.troubles.length === 0, anna.troubles.join("\n"));
} finally {
  await browser.close();
}
