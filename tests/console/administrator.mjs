// What an administrator does: makes a project, is told what cannot be, changes it, looks at what would be recorded, reads who changed what.
import { SITE, KEY, api, launch, look, must, open, signIn, until } from "./browser.mjs";

const step = (text) => console.log(`- ${text}`);
const text = (page, selector) => page.locator(selector).first().textContent();

async function arrive(page) {
  await signIn(page, "/settings");
  await page.waitForSelector(".tabs");
  step("signed in, straight to the page that was asked for");
}

async function workspace(page) {
  await page.check('[name="record_mode"][value="agent_only_allow"]');
  await page.fill("#f-retention_months", "6");
  await page.click(".save .primary");
  await page.waitForSelector(".note[role=status]");
  must((await text(page, ".note[role=status]")).includes("new sessions"), "it says for whom it holds");
  must(await page.isChecked('[name="record_mode"][value="agent_only_allow"]'), "what was chosen is chosen");
  await look(page, "settings-workspace", true);
  step("the workspace is changed");
}

async function agentsAndQueues(page) {
  await page.click('.tabs a[href="/settings/agents"]');
  await look(page, "settings-agents-empty");
  await page.click('a[href="/settings/new-agent"]');
  await page.fill("#f-name", "anna");
  await page.fill("#f-addresses", "sip:anna@pbx.example\n10*@pbx.example\n*");
  await page.check('[name="properties"][value="forced"]');
  await page.click(".save .primary");
  must((await text(page, "#e-addresses")).includes("3: would match everybody"), "the line that cannot be is named");
  await look(page, "settings-agent-wrong", true);
  await page.fill("#f-addresses", "sip:anna@pbx.example\n10*@pbx.example");
  await page.click(".save .primary");
  await page.waitForSelector('th a[href="/settings/agents/anna"]');
  await look(page, "settings-agents");
  await page.click('.tabs a[href="/settings/queues"]');
  await page.click('a[href="/settings/new-queue"]');
  await page.fill("#f-name", "sales / north");
  await page.check('[name="properties"][value="forced"]');
  await page.click(".save .primary");
  await page.click('th a:has-text("sales / north")');
  must(await page.isChecked('[name="properties"][value="forced"]'), "the queue is as it was made");
  await look(page, "settings-queue", true);
  step("an agent and a queue are made");
}

async function project(page) {
  await page.click('.tabs a[href="/settings/projects"]');
  await page.click('a[href="/settings/new-project"]');
  await page.waitForLoadState(); // a choice is heard by the page's script
  await page.fill("#f-slug", "help desk");
  await page.check('[name="kind"][value="customer_service"]');
  await page.waitForSelector('[name="record_mode"][value="receipts_allow"]:disabled');
  must(await page.isDisabled('[name="record_mode"][value="receipts_allow"]'), "what the kind does not have stays in its place");
  must(!(await page.isDisabled('[name="record_mode"][value="none"]')), "what it has can be chosen");
  must((await text(page, '[aria-labelledby="l-record_mode"]')).includes("As the workspace: Record agent only and allow"), "what is inherited is shown as such");
  await page.fill("#f-min_duration_s", "soon");
  await page.click(".save .primary");
  await page.waitForSelector(".note[role=alert]");
  must((await page.inputValue("#f-slug")) === "help desk", "nothing that was typed is lost");
  must(await page.isVisible("#e-slug"), "the name is refused beside its field");
  await look(page, "settings-project-wrong", true);
  await page.fill("#f-slug", "helpdesk");
  await page.click(".save .primary");
  must((await text(page, "#e-min_duration_s")).includes("whole number"), "then the length is");
  await page.fill("#f-min_duration_s", "5");
  await page.fill("#f-text", "May we record this call?\nYou can say no.");
  await page.click(".save .primary");
  await page.waitForURL(/\/settings\/projects\/helpdesk\?saved=1/);
  await look(page, "settings-project", true);
  must((await api("/v1/projects/helpdesk")).settings.min_duration_s === 5, "it is kept");
  must((await api("/v1/projects/helpdesk/consent-text")).version === 1, "the question is kept");
  step("a project is made, after two refusals beside their fields");
}

async function changeAgainstAnother(browser, page) {
  const before = await api("/v1/projects/helpdesk");
  const answer = await fetch(`${SITE}/v1/projects/helpdesk`, {
    method: "PUT",
    headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" },
    body: JSON.stringify({ kind: before.kind, settings: { ...before.settings, conference_mode: "stop_on_third_party" } }),
  });
  must(answer.ok, "somebody else changes it");
  await page.check('[name="record_mode"][value="both"]');
  await page.click(".save .primary");
  must((await text(page, ".note[role=alert]")).includes("meanwhile"), "who saves over it is told");
  must((await api("/v1/projects/helpdesk")).settings.conference_mode === "stop_on_third_party", "and nothing is lost");
  // Forms work before scripts do.
  const plain = await open(browser, { javaScriptEnabled: false, storageState: await page.context().storageState() });
  await plain.goto(`${SITE}/settings/projects/helpdesk`);
  await plain.check('[name="record_mode"][value="both"]');
  await plain.click(".save .primary");
  await plain.locator(".note[role=status]").waitFor();
  must((await api("/v1/projects/helpdesk")).settings.record_mode === "both", "it is");
  await plain.goto(`${SITE}/settings/projects/helpdesk/would-record?story=third`);
  must((await plain.locator("#result .lane rect.open").count()) >= 2, "the lane is drawn without scripts");
  await plain.fill('[name="at2"]', "0:10");
  await plain.click("#story .primary");
  must((await plain.inputValue('[name="at2"]')) === "0:10", "the story is told again without scripts");
  await plain.context().close();
  step("two who change at once do not lose each other's change; forms work without scripts");
}

async function wouldRecord(page) {
  await page.goto(`${SITE}/settings/projects/helpdesk`);
  await page.click('a[href="/settings/projects/helpdesk/would-record"]');
  await page.waitForSelector("#result .lane");
  await look(page, "would-pause", true);
  must((await page.locator("#result .lane line.cut").count()) >= 1, "the pause is a cut");
  must((await page.locator("#result .lane rect.masked").count()) >= 2, "the censoring is hatched");
  await page.click('.presets a[href^="?story=third"]');
  await page.waitForSelector("#result .lane");
  const before = await page.locator("#result").textContent();
  must(before.includes("third party joined"), "it ends when a third party joins");
  await look(page, "would-third", true);
  await page.selectOption('[name="agent"]', "anna");
  await page.fill('[name="at2"]', "0:40");
  await page.fill('[name="at5"]', "0:20");
  await page.selectOption('[name="who5"]', "agent");
  await page.selectOption('[name="what5"]', "pause");
  await until("the story is told again", async () => (await page.locator(".refusals li").count()) === 1);
  must((await text(page, ".refusals li")).includes("forced"), "what is refused says why");
  must(page.url().includes("what5=pause"), "the address holds the story");
  await look(page, "would-refused", true);
  await page.fill('[name="at2"]', "later");
  await page.click("#story .primary");
  await page.waitForSelector(".steps li.wrong");
  await look(page, "would-unclear", true);
  step("what would be recorded is drawn, refused steps say why");
}

async function auditAndDelete(page) {
  await page.goto(`${SITE}/settings/projects`);
  await look(page, "settings-projects");
  await page.goto(`${SITE}/settings/projects/default`);
  await page.click(".delete summary");
  await page.click(".delete button");
  must((await text(page, ".note[role=alert]")).includes("cannot be deleted"), "what is needed stays");
  await page.goto(`${SITE}/settings/projects/helpdesk`);
  await page.click(".delete summary");
  await page.click(".delete button");
  await page.waitForURL(/\/settings\/projects\?saved=1/);
  await page.click('.tabs a[href="/settings/audit"]');
  await look(page, "settings-audit", true);
  await page.selectOption('[name="action"]', "setting_change");
  await page.fill('[name="subject"]', "project:*");
  await page.click(".filters button");
  await page.waitForURL(/action=setting_change/);
  const subjects = await page.locator("td.subject").allTextContents();
  must(subjects.length >= 4 && subjects.every((s) => s === "project:helpdesk"), `who changed what is found: ${subjects}`);
  must((await page.locator(".audit ins").allTextContents()).includes("both"), "before and after are told");
  step("the log tells who changed what, before and after");
}

async function nothingKept(page) {
  const asked = JSON.stringify({ kind: "customer_service", settings: { consent: "per_party" } });
  await api("/v1/projects/asked", { method: "PUT", headers: { "content-type": "application/json" }, body: asked });
  await page.goto(`${SITE}/settings/projects/asked/would-record`);
  await page.waitForSelector("#result .output.lost");
  must((await text(page, "#result .output.lost")).includes("nobody in it could be recorded"), "it says why");
  await look(page, "would-not-be-kept", true);
  step("what would not be kept is drawn too");
}

const browser = await launch();
try {
  const page = await open(browser);
  await arrive(page);
  await workspace(page);
  await agentsAndQueues(page);
  await project(page);
  await changeAgainstAnother(browser, page);
  await wouldRecord(page);
  await auditAndDelete(page);
  await nothingKept(page);
  must(page.troubles.length === 0, page.troubles.join("\n"));
} finally {
  await browser.close();
}
