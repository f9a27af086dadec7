// The archive: found as one types, by filters in words; more of it without a jump; picked by mouse, shift and keys, forty at most; a look before one opens.
import { readFileSync } from "node:fs";
import { SITE, KEY, api, launch, look, must, open, signIn, until } from "./browser.mjs";

const step = (text) => console.log(`- ${text}`);
const { FILM, SOUND } = process.env;
const ROWS = 57;

const encode = (said) => Object.entries(said).map(([name, value]) => `${name} ${Buffer.from(value).toString("base64")}`).join(",");

async function send(file, said) {
  const bytes = readFileSync(file);
  const headers = { authorization: `Bearer ${KEY}`, "Tus-Resumable": "1.0.0" };
  const begun = await fetch(`${SITE}/v1/uploads`, { method: "POST", headers: { ...headers, "Upload-Length": String(bytes.length), "Upload-Metadata": encode(said) } });
  must(begun.status === 201, `upload: ${begun.status} ${await begun.clone().text()}`);
  const { recording } = await begun.json();
  const sent = await fetch(new URL(begun.headers.get("location"), SITE), { method: "PATCH", headers: { ...headers, "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0" }, body: bytes });
  must(sent.status === 204, `bytes: ${sent.status}`);
  return recording;
}

const titles = (page) => page.locator("table.archive .title").allTextContents();
const count = (page) => page.locator("table.archive tbody tr").count();
const picked = (page) => page.locator("#picked-count").textContent();
const box = (page, n) => page.locator("table.archive input[name=recording]").nth(n);

async function nothingYet(page) {
  await signIn(page, "/archive");
  await page.locator(".empty").waitFor();
  must((await page.locator(".empty").textContent()).includes("Send a file"), "an empty archive says how something comes");
  await look(page, "archive-empty");
  step("an empty archive says what would be here");
}

async function fill() {
  const agents = ["Paal Kongshaug", "Anna Lind", "Ola Normann"];
  const queues = ["Support", "Billing", "Deliveries"];
  const titled = ["Where the lamp is", "A refund that did not come", "The invoice of March", ""];
  for (let n = 0; n < ROWS - 1; n += 1) {
    await send(SOUND, { agent: agents[n % 3], queue: queues[n % 3], caller: `+4791799${300 + n}`, ticket: `T-${1000 + n}`, ...(titled[n % 4] ? { title: titled[n % 4] } : {}), ...(n % 2 ? { customer_email: `kari${n}@example.com` } : {}) });
  }
  const film = await send(FILM, { agent: "Paal Kongshaug", queue: "Support", caller: "+4722334455", customer_email: "kari@example.com", title: "How the lamp flickers, as the customer filmed it", restricted: "1" });
  await until("all are ready", async () => (await api("/v1/recordings?state=ready&limit=200")).items.length === ROWS, 240_000);
  await api(`/v1/recordings/${film}`, { method: "PATCH", headers: { "content-type": "application/json" }, body: JSON.stringify({ labels: ["lamp", "to be called back"] }) });
  return film;
}

async function typed(page) {
  await page.goto(`${SITE}/archive`);
  must((await count(page)) === 50, "a page has fifty");
  await look(page, "archive", { full: false });
  await page.locator("#q").pressSequentially("flick", { delay: 40 });
  await until("what is typed is found", async () => (await count(page)) === 1 && (await titles(page))[0].startsWith("How the lamp flickers"));
  await until("the address holds it", async () => new URL(page.url()).searchParams.get("q") === "flick");
  must((await page.locator(".chip").textContent()).includes("“flick”"), "a chip says it");
  await until("it is said aloud", async () => (await page.locator("#said").textContent()) === "1 recording found");
  await page.reload();
  must((await count(page)) === 1 && (await page.inputValue("#q")) === "flick", "the address is enough");
  await page.locator(".chip a").click();
  await until("taken away, all is there again", async () => (await count(page)) === 50 && (await page.inputValue("#q")) === "" && !page.url().includes("q="));
  await page.locator("#q").fill("917 99 30");
  await until("numbers with blanks", async () => (await count(page)) === 10);
  step("found as one types");
}

async function filtered(page) {
  await page.goto(`${SITE}/archive`);
  await page.locator(".archive-filters summary").click();
  await page.fill("#f-queue", "Billing");
  await until("filtered as one types", async () => (await count(page)) === 19);
  await page.fill("#f-agent", "Anna Lind");
  await page.selectOption("#f-source", "upload");
  await until("three chips", async () => (await page.locator(".chip").count()) === 3);
  must((await page.locator(".chips").textContent()).includes("agent is Anna Lind"), "in words");
  await look(page, "archive-filtered");
  await page.fill("#f-queue", "Nobody's");
  await until("nothing", async () => (await page.locator(".empty").count()) === 1);
  await look(page, "archive-none");
  await page.locator(".empty a").click();
  await until("show everything", async () => (await count(page)) === 50 && page.url() === `${SITE}/archive`);
  await page.fill("#f-number", "paal");
  await until("what is wrong is named", async () => (await page.locator("#wrong").count()) === 1 && (await page.locator("#wrong").textContent()).includes("is no telephone number"));
  step("filters alone, together, empty and wrong");
}

async function paged(page) {
  await page.goto(`${SITE}/archive`);
  await page.locator("#next-page").scrollIntoViewIfNeeded();
  const before = await page.evaluate(() => [scrollY, document.querySelector("table.archive tbody tr:nth-child(50)").getBoundingClientRect().top]);
  await page.locator("#next-page").click();
  await until("more below", async () => (await count(page)) === ROWS);
  const after = await page.evaluate(() => [scrollY, document.querySelector("table.archive tbody tr:nth-child(50)").getBoundingClientRect().top]);
  must(Math.abs(before[1] - after[1]) < 2 && Math.abs(before[0] - after[0]) < 2, `nothing moved: ${before} ${after}`);
  must((await page.locator("#next-page").count()) === 0, "nothing follows");
  must(await page.evaluate(() => document.activeElement?.matches("tbody tr:nth-child(51) input")), "the first new one has the focus");
  step("the next page without a jump");
}

async function picking(page) {
  await page.goto(`${SITE}/archive`);
  await box(page, 0).click();
  await box(page, 4).click({ modifiers: ["Shift"] });
  must((await picked(page)) === "5 recordings picked", `shift: ${await picked(page)}`);
  await page.keyboard.press("Shift+ArrowDown");
  must((await picked(page)) === "6 recordings picked", `keys: ${await picked(page)}`);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press(" ");
  must((await picked(page)) === "7 recordings picked", `space: ${await picked(page)}`);
  await page.locator("#q").fill("flick");
  await until("found", async () => (await count(page)) === 1);
  must((await picked(page)) === "7 recordings picked", "what is picked stays picked");
  must((await page.evaluate(() => new FormData(document.getElementById("picked")).getAll("recording").length)) === 7, "and is sent, each once");
  await page.locator("#q").fill("");
  await until("all again", async () => (await count(page)) === 50);
  must((await page.locator("tr.is-picked").count()) === 7, "and is shown");
  await look(page, "archive-picked", { full: false });
  await box(page, 6).focus();
  await page.keyboard.press("Control+a");
  must((await picked(page)).startsWith("40 recordings picked, the most"), await picked(page));
  must((await page.locator("table.archive input[name=recording]:disabled").count()) === 10, "no more can be picked");
  await page.keyboard.press("Escape");
  must((await picked(page)).startsWith("Pick up to 40"), "none");
  step("picked by mouse, shift and keys");
}

async function preview(page) {
  await page.goto(`${SITE}/archive?q=flick`);
  const thumb = await page.locator(".thumb a").first().boundingBox();
  await page.mouse.move(thumb.x + 4, thumb.y + 20);
  await page.locator("#preview").waitFor();
  await page.mouse.move(thumb.x + 60, thumb.y + 20);
  await until("pictures along the recording", async () => {
    await page.mouse.move(thumb.x + 50 + Math.random() * 20, thumb.y + 20);
    return page.evaluate(() => document.querySelector("#preview i").style.backgroundImage.includes("thumbnails"));
  });
  await look(page, "archive-preview", { full: false });
  step("a look before one opens");
}

async function plain(browser) {
  const page = await open(browser, { javaScriptEnabled: false });
  await signIn(page, "/archive");
  await page.fill("#q", "flick");
  await page.click(".archive-line button");
  await page.waitForURL(/q=flick/);
  must((await count(page)) === 1 && page.url().includes("q=flick"), "the form alone finds");
  await page.goto(`${SITE}/archive`);
  await page.click("#next-page");
  await page.waitForURL(/after=/);
  must((await count(page)) === ROWS - 50, "the link alone leads on");
  await page.context().close();
  step("without scripts");
}

const browser = await launch();
try {
  const page = await open(browser);
  await nothingYet(page);
  await fill();
  await typed(page);
  await filtered(page);
  await paged(page);
  await picking(page);
  await preview(page);
  await plain(browser);
} finally {
  await browser.close();
}
