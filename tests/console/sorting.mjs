// An administrator makes folders, labels and triage rules, orders and tries them; somebody sorts recordings in the archive and on their page.
import { SITE, KEY, api, launch, look, must, open, signIn, until } from "./browser.mjs";

const step = (text) => console.log(`- ${text}`);
const text = (page, selector) => page.locator(selector).first().textContent();
const post = (path, body) => api(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

async function settings(page, id) {
  await signIn(page, "/settings/folders");
  await look(page, "folders-empty");
  for (const name of ["Sales calls", "Support, sent in"]) {
    await page.goto(`${SITE}/settings/new-folder`);
    await page.fill("[name=name]", name);
    await page.click(".settings button.primary");
  }
  await page.goto(`${SITE}/settings/new-folder`);
  await page.fill("[name=name]", "sales CALLS");
  await page.click(".settings button.primary");
  must((await text(page, ".says-wrong")).includes("Sales calls"), "the field says why");
  must((await page.inputValue("[name=name]")) === "sales CALLS", "what was typed is kept");
  await look(page, "folder-wrong");
  for (const [name, color] of [["urgent", "red"], ["complaint", "amber"], ["praise", "green"]]) {
    await page.goto(`${SITE}/settings/new-label`);
    await page.fill("[name=name]", name);
    await page.check(`[name=color][value=${color}]`);
    await page.click(".settings button.primary");
  }
  await look(page, "folders");
  step("folders and labels are made");

  await page.goto(`${SITE}/settings/triage`);
  await look(page, "triage-empty");
  await page.goto(`${SITE}/settings/new-triage-rule`);
  await look(page, "triage-new");
  await page.fill("[name=name]", "Sent in");
  await page.check("[name=source][value=upload]");
  await page.check("[name=triggers][value=manual]");
  await page.fill("[name=metadata]", "ticket contains T-\ncustomer_email");
  await page.selectOption("[name=folder]", "support-sent-in");
  await page.fill("[name=labels]", "complaint, new");
  await page.check("[name=assignees][value=Paal]");
  await page.click(".settings button.primary");
  must((await text(page, ".set.wrong .label")).includes("Started"), "the field is marked");
  must((await page.inputValue("[name=metadata]")).includes("contains T-"), "what was typed is kept");
  await look(page, "triage-wrong");
  await page.uncheck("[name=triggers][value=manual]");
  await page.click(".settings button.primary");
  await page.goto(`${SITE}/settings/new-triage-rule`);
  await page.fill("[name=name]", "Sales by hand");
  await page.check("[name=source][value=live]");
  await page.check("[name=triggers][value=manual]");
  await page.check("[name=triggers][value=prompt]");
  await page.fill("[name=min_duration_ms]", "0:30");
  await page.selectOption("[name=folder]", "sales-calls");
  await page.click(".settings button.primary");
  must(
    (await text(page, ".rules li .says p")) ===
      "Files that were sent in whose ticket contains “T-” that have a customer's e-mail go to Support, sent in, get the labels complaint and new and are assigned to Paal.",
    await text(page, ".rules li .says p"),
  );
  await page.click(".rules li:nth-child(2) button[value=up]");
  must((await text(page, ".rules li h2 a")) === "Sales by hand", "it moved up");
  await page.selectOption("#try", id);
  await page.click(".trial button");
  must((await text(page, ".outcome")).includes("Support, sent in"), "the trial says where it would go");
  must((await page.locator(".rules li .met").count()) === 1, "one rule is met");
  await look(page, "triage");
  step("rules are made, ordered and tried");
}

async function recording(page, id) {
  await page.goto(`${SITE}/recordings/${id}`);
  must((await text(page, ".facts")).includes("kari@example.com"), "the customer's address");
  must((await text(page, ".happened")).includes("Everything was stored"), "what happened");
  must((await page.inputValue("#s-title")) === "Where the lamp is", "the title that it came with");
  await page.click("#offered [data-label=urgent]");
  must((await page.inputValue("#s-labels")) === "urgent", "a known label is put on by a press");
  await page.fill("#s-labels", "urgent, lamp , urgent");
  await page.selectOption("#s-folder", "sales-calls");
  await page.selectOption("[name=assign]", "Paal");
  await page.fill("#s-title", "x".repeat(300));
  await page.click(".labels > button");
  must((await text(page, "#e-title")).includes("256"), "the field says why");
  must((await page.inputValue("#s-labels")) === "urgent, lamp , urgent", "what was typed is kept");
  await look(page, "recording-sorting-wrong");
  await page.fill("#s-title", "Where Kari's lamp is");
  await page.click(".labels > button");
  must((await text(page, "h1")) === "Where Kari's lamp is", "its title stands over it");
  must((await page.inputValue("#s-labels")) === "urgent, lamp", "labels, each once");
  must((await page.locator(".sorting .sort-label.red").count()) >= 1, "a known label has its colour");
  const row = await api(`/v1/recordings/${id}`);
  must(row.folder === "sales-calls" && row.assignees.join() === "Paal", JSON.stringify(row));
  await page.uncheck("[name=assignee]");
  await page.check("[name=restricted]");
  await page.click(".labels > button");
  const after = await api(`/v1/recordings/${id}`);
  must(after.assignees.length === 0 && after.restricted, JSON.stringify(after));
  await page.fill("#s-labels", "urgent, lamp, late");
  await page.click(".labels > button");
  await page.locator("#scrub").focus();
  const now = () => page.evaluate(() => document.getElementById("media").currentTime);
  await until("a recording of over a minute plays by HLS", async () => (await page.getAttribute("#player", "data-source")) === "hls.js");
  await until("it can be sought", () => page.evaluate(() => document.getElementById("media").readyState >= 1));
  await page.keyboard.press("ArrowRight");
  await until("five seconds on", async () => Math.abs((await now()) - 5) < 0.3);
  await page.keyboard.press(".");
  await until("a frame on", async () => Math.abs((await now()) - 5.04) < 0.05);
  await page.keyboard.press("l");
  await until("it plays", async () => (await now()) > 5.4);
  await page.keyboard.press("l");
  must((await page.evaluate(() => document.getElementById("media").playbackRate)) > 1, "and faster");
  await page.keyboard.press("k");
  await page.evaluate(() => (document.activeElement instanceof HTMLElement ? document.activeElement.blur() : undefined));
  await look(page, "recording");
  step("a recording's page says what is kept and sorts it");
}

async function deleting(page, id) {
  await page.goto(`${SITE}/recordings/${id}`);
  await page.click(".title-row a[href='#delete-it']");
  await page.locator("#delete-it form button").waitFor();
  await look(page, "recording-delete");
  await page.click("#delete-it form button");
  const gone = await fetch(`${SITE}/v1/recordings/${id}`, { headers: { authorization: `Bearer ${KEY}` } });
  must(gone.status === 404, "it is deleted");
  step("a recording is deleted by whoever may");
}

const browser = await launch();
try {
  await post("/v1/agents", { name: "Paal" });
  const { items } = await api("/v1/recordings?state=ready");
  const page = await open(browser);
  await settings(page, items[0].id);
  await recording(page, items[0].id);
  await deleting(page, items[items.length - 1].id);
  must(page.troubles.length === 0, page.troubles.join("\n"));
} finally {
  await browser.close();
}
