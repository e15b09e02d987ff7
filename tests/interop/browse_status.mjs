// Watches the status page of a running checker in Chromium as its operator does.
// usage: browse_status.mjs URL FOLDER-FOR-SCREENSHOTS [TOKEN]
// Prints "stop" when the checker is to be ended, and "start" when it is to be there again, at the same
// address. With a token it only sees that the page works with it. The checker has no chain, at least three devices, and one of
// them is named <script>…; what a chain adds is put into its answers here.
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {createRequire} from "node:module";
import {connect} from "node:net";
import {join} from "node:path";

const require = createRequire(new URL("../../contracts/package.json", import.meta.url));
const {chromium} = require("playwright-core");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [url, screenshots, token] = process.argv.slice(2);
const MOST_PAGE_BYTES = 200_000;

/** A page; whatever it complains of, or asks of anybody else, goes into `complaints`. */
async function make(browser, options = {}) {
  const context = await browser.newContext({viewport: {width: 1280, height: 900}, ...options});
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("dialog", (dialog) => complaints.push(dialog.message()));
  page.on("request", (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith("data:")) {
      complaints.push(request.url());
    }
  });
  return {page, complaints, close: () => context.close()};
}

const heading = (page) => page.locator("#answer").textContent();
const rows = (page) => page.locator("#device-table tbody tr");
const overflow = (page) => page.evaluate(() =>
  document.documentElement.scrollWidth - document.documentElement.clientWidth);
const doneCount = async (page) =>
  Number((await page.locator("#window").textContent()).match(/([\d,]+) of [\d,]+ done/)[1].replace(",", ""));
const untilRows = (page, count) => page.waitForFunction((wanted) =>
  document.querySelectorAll("#device-table tbody tr").length === wanted, count);

const statusOf = (page) =>
  page.evaluate(() => fetch("/status.json").then((answer) => answer.json()));

async function untilDone(page, more) {
  await page.waitForFunction((least) => Number(document.getElementById("window").textContent
    .match(/([\d,]+) of [\d,]+ done/)?.[1].replace(",", "")) >= least, more);
}

async function checkAccessible(page, what) {
  const {violations} = await page.evaluate(`${AXE}; axe.run({resultTypes: ["violations"]})`);
  assert.deepEqual(violations.map((one) => [one.id, one.nodes[0].html, one.nodes[0].failureSummary]), [],
    what);
}

/** Connections that ask nothing, never end their question, or never read the answer. */
function halfOpen() {
  const {hostname, port} = new URL(url);
  const questions = ["", "GET /status.json HTTP/1.1\r\nX: ", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"];
  return Array.from({length: 12}, (_, i) => {
    const socket = connect(Number(port), hostname);
    socket.on("error", () => {});
    socket.pause();
    socket.write(questions[i % 3]);
    return socket;
  });
}

/** By keyboard alone: to the search, a filter and back. */
async function checkControls(page) {
  const all = await rows(page).count();
  for (let i = 0; i < 12; ++i) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement.type === "search")) break;
  }
  await page.keyboard.type("1");
  await untilRows(page, 1);
  assert.match(await rows(page).first().locator("th").textContent(), /^1/);
  assert.equal(await page.locator("#shown").textContent(), `1 to 1 of 1, of ${all} in all`);
  await page.keyboard.press("Backspace");
  await untilRows(page, all);
  assert.equal(await page.evaluate(() => document.activeElement.type), "search");
  await page.getByLabel("Show").selectOption("inconclusive");
  await page.getByLabel("Find").fill("no such device");
  await untilRows(page, 0);
  await page.getByLabel("Show").selectOption("all");
  await page.getByLabel("Find").fill("");
  await untilRows(page, all);
}

/** A page that is open while the epoch runs and the checker is away for a while; what it was answered. */
async function checkLive(browser) {
  const {page, complaints, close} = await make(browser);
  const response = await page.goto(url);
  const recorded = {body: await response.text(), headers: response.headers()};
  assert.ok(recorded.body.length <= MOST_PAGE_BYTES, `${recorded.body.length} bytes`);
  assert.equal(await heading(page), "Earning: no, there is no chain");
  await page.evaluate(() => { window.sameDocument = true; });
  await untilDone(page, await doneCount(page) + 1);
  await page.locator(".spark polyline").first().waitFor({state: "attached"});
  assert.ok((await page.locator("#device-table").textContent()).includes("<script>"));
  assert.equal(await page.locator("#device-table script").count(), 0);
  recorded.status = await statusOf(page);
  await page.screenshot({path: join(screenshots, "epoch-runs.png"), fullPage: true});
  assert.deepEqual(complaints, []);

  console.log("stop");
  await page.getByText(/^Connection lost since/).waitFor();
  assert.equal(await heading(page), "Earning: not known");
  await checkAccessible(page, "connection lost");
  await page.screenshot({path: join(screenshots, "connection-lost.png"), fullPage: true});
  console.log("start");
  await page.locator("#lost").waitFor({state: "hidden"});
  assert.equal(await heading(page), "Earning: no, there is no chain");
  assert.ok((await statusOf(page)).started_ms > recorded.status.started_ms);
  await page.getByText("began before the checker’s last start").waitFor();
  assert.ok(await page.evaluate(() => window.sameDocument));

  await checkControls(page);
  const sockets = halfOpen();
  for (let i = 0; i < 2; ++i) {
    const answer = await page.waitForResponse((one) => one.url().includes("/status.json"));
    assert.equal(answer.status(), 200);
  }
  assert.ok(await page.locator("#lost").isHidden());
  sockets.forEach((socket) => socket.destroy());
  assert.deepEqual(complaints.filter((text) => !text.includes("ERR_CONNECTION")), []);
  await close();
  return recorded;
}

/** The same document, with answers that `answer` makes; null: there is none. */
async function replay(browser, recorded, answer, options = {}) {
  const made = await make(browser, options);
  const {page} = made;
  made.asked = 0;
  await page.route(url, (route) => route.fulfill({body: recorded.body, headers: recorded.headers}));
  await page.route("**/status.json*", (route) => {
    const status = answer(++made.asked, structuredClone(recorded.status));
    return status === null ? route.abort() : route.fulfill({json: status});
  });
  await page.clock.install();
  await page.goto(url);
  await page.clock.runFor(4000);
  return made;
}

const PROBLEMS = [
  {code: "disk_full", what: "the log of epoch 13 takes up to 2.1 GB, and 812 MB are free", next: "make " +
    "room on the data directory's file system: logs of epochs that are settled may be moved elsewhere",
    keeps_from_earning: true},
  {code: "low_coin", what: "the hot key has 0.0021 coins", next: "send it some: it pays for commits",
    keeps_from_earning: false}];
const hash = (digits) => `0x${digits.repeat(64 / digits.length)}`;

/** What a checker on a chain says. */
function onChain(status, state, text, problems) {
  return {...status, on_chain: true, chain_read_s: 12, problems,
    earning: {state, heading: `Earning: ${state}`, text},
    reports: [
      {epoch: 12, state: "revealing", accepted: false, lost: false, why: "", commit: hash("c0"), reveal: hash("7e")},
      {epoch: 11, state: "done", accepted: true, lost: false, why: "", commit: hash("1b"), reveal: hash("2a")},
      {epoch: 10, state: "missed", accepted: false, lost: true, commit: null, reveal: null,
        why: "the commit window ended at 2026-11-23 12:11:10 UTC without a commitment of this slot <b>"}],
    slot: {slot: 3, owner: hash("0f").slice(0, 42), active: true, active_from: 2, active_until: 4294967295,
      claimable_at: 0, ejected: false, stake: "1000000000000000000000", epoch: 13, opened: true,
      window: "reveal of epoch 12", window_left_s: 1234, agreed: 1180, disagreed: 20,
      owed: "12345678900000000000", earned: "0", hot_key: hash("0a").slice(0, 42),
      balance: "9876543210000000000", epochs_left: 412, missed_in_a_row: 0, process: "process 1"}};
}

async function checkLooks(browser, recorded) {
  const well = (_, status) => onChain(status, "yes", "The chain accepted the report of epoch 11.", []);
  const ill = (_, status) => onChain(status, "no", "This keeps the slot from earning:", PROBLEMS);
  const looks = [["light", well, {colorScheme: "light"}], ["dark", ill, {colorScheme: "dark"}],
    ["narrow", ill, {viewport: {width: 400, height: 800}}]];
  for (const [name, answer, options] of looks) {
    const {page, complaints, close} = await replay(browser, recorded, answer, options);
    await page.getByText("Stake and pay").waitFor();
    assert.equal(await overflow(page), 0, name);
    await checkAccessible(page, name);
    assert.equal(await page.getByText(/^accepted/).count(), 1);
    assert.ok(await page.getByRole("row", {name: /^12 revealing/}).isVisible());
    assert.ok(await page.getByText("12.3456 KAI").isVisible());
    assert.equal(await page.locator("#problems li").count(), answer === ill ? PROBLEMS.length : 0);
    await page.screenshot({path: join(screenshots, `status-${name}.png`), fullPage: true});
    assert.deepEqual(complaints, []);
    await close();
  }
}

/** What Chromium holds for a page once the garbage is gone, which it is not at once: the least of a few looks. */
async function heldBy(session) {
  const least = {nodes: Infinity, listeners: Infinity, heap: Infinity};
  for (let look = 0; look < 4; ++look) {
    await session.send("HeapProfiler.collectGarbage");
    const {metrics} = await session.send("Performance.getMetrics");
    const of = (name) => metrics.find((metric) => metric.name === name).value;
    least.nodes = Math.min(least.nodes, of("Nodes"));
    least.listeners = Math.min(least.listeners, of("JSEventListeners"));
    least.heap = Math.min(least.heap, of("JSHeapUsedSize"));
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
  return least;
}

/** Days of answers that all differ leave nothing behind; nobody looking, it asks less; nobody there, too. */
async function checkLong(browser, recorded) {
  let gone = false;
  const made = await replay(browser, recorded, (count, status) => {
    if (gone) return null;
    const {devices} = status;
    devices.all = devices.matching = 10_000;
    devices.rows = Array.from({length: devices.most}, (_, i) => ({...devices.rows[0], id: count * 100 + i,
      rtts_us: Array.from({length: 32}, (_, at) => 200 + (count * 7 + at) % 90)}));
    return onChain({...status, now_ms: status.now_ms + count * 3000}, "yes", `Answer ${count}.`, []);
  });
  const {page, close} = made;
  const poll = async (times) => {
    for (const end = made.asked + times; made.asked < end;) await page.clock.runFor(1000);
  };
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  await poll(10);
  const before = await heldBy(session);
  await poll(60);
  const after = await heldBy(session);
  // The rows of one answer may still be held; those of 60 would be 60 times as many.
  assert.ok(after.nodes <= 2 * before.nodes + 200, `${before.nodes} nodes, then ${after.nodes}`);
  assert.ok(after.listeners <= before.listeners + 5, `${before.listeners} listeners, then ${after.listeners}`);
  assert.ok(after.heap <= before.heap * 1.2 + 1e6, `${before.heap} bytes, then ${after.heap}`);

  const askedIn = async (seconds) => {
    const asked = made.asked;
    for (let i = 0; i < seconds; ++i) await page.clock.runFor(1000);
    return made.asked - asked;
  };
  const shown = await askedIn(30);
  assert.ok(shown >= 5 && shown <= 12, `${shown} questions in half a minute`);
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", {configurable: true, get: () => true});
    document.dispatchEvent(new Event("visibilitychange"));
  });
  const hidden = await askedIn(65);
  assert.ok(hidden <= 3, `${hidden} questions in a minute that nobody sees`);
  await page.evaluate(() => {
    delete document.hidden;
    document.dispatchEvent(new Event("visibilitychange"));
  });
  gone = true;
  const tries = await askedIn(120);
  assert.ok(tries >= 3 && tries <= 9, `${tries} tries in two minutes`);
  assert.match(await page.locator("#lost").textContent(),
    /^Connection lost since [\d:]+\. What stands here is [12] min/);
  gone = false;
  for (let i = 0; i < 100 && await page.locator("#lost").isVisible(); ++i) await askedIn(1);
  assert.ok(await page.locator("#lost").isHidden());
  await close();
}

async function checkToken(browser) {
  const {page, complaints, close} = await make(browser,
    {httpCredentials: {username: "operator", password: token}});
  await page.goto(url);
  const asked = await page.waitForResponse((response) => response.url().includes("/status.json"));
  assert.equal(asked.status(), 200);
  assert.match(await heading(page), /^Earning: /);
  assert.ok(!(await page.content()).includes(token));
  assert.deepEqual(complaints, []);
  await close();
}

// The page is our own, and Chromium has no sandbox for root.
const browser = await chromium.launch({
  executablePath: process.env.KAISAR_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"]});
try {
  if (token !== undefined) {
    await checkToken(browser);
  } else {
    const recorded = await checkLive(browser);
    await Promise.all([checkLooks(browser, recorded), checkLong(browser, recorded)]);
  }
} finally {
  await browser.close();
}
