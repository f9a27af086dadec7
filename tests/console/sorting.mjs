// An administrator makes folders, labels and triage rules, orders and tries them; somebody sorts recordings in the archive and on their page.
import { SITE, KEY, api, launch, look, must, open, until } from "./browser.mjs";

const step = (text) => console.log(`- ${text}`);
const text = (page, selector) => page.locator(selector).first().textContent();
const post = (path, body) => api(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

async function settings(page, id) {
  await page.goto(`${SITE}/settings/folders`);
  await page.fill("#key", KEY);
  await page.click("button.primary");
  await page.goto(`${SITE}/settings/folders`);
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

const browser = await launch();
try {
  await post("/v1/agents", { name: "Paal" });
  const { items } = await api("/v1/recordings?state=ready");
  const page = await open(browser);
  await settings(page, items[0].id);
  must(page.troubles.length === 0, page.troubles.join("\n"));
} finally {
  await browser.close();
}
