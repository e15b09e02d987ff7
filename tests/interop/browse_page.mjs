// Opens a page of `kaisar-audit html` in Chromium as its reader does.
// usage: browse_page.mjs PAGE PAGE-THAT-DOES-NOT-HOLD FOLDER-FOR-SCREENSHOTS
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {createRequire} from "node:module";
import {join} from "node:path";
import {pathToFileURL} from "node:url";

const require = createRequire(new URL("../../contracts/package.json", import.meta.url));
const {chromium} = require("playwright-core");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [good, bad, screenshots] = process.argv.slice(2);

/** Opens a file; whatever the page complains of, or asks of anybody else, goes into `complaints`. */
async function open(browser, file, options = {}) {
  const context = await browser.newContext({viewport: {width: 1280, height: 900}, ...options});
  const page = await context.newPage();
  const url = pathToFileURL(file).href;
  const complaints = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("dialog", (dialog) => complaints.push(dialog.message()));
  page.on("request", (request) => {
    if (request.url().split("#")[0] !== url && !request.url().startsWith("data:")) {
      complaints.push(request.url());
    }
  });
  await page.goto(url);
  return {page, complaints, close: () => context.close()};
}

const rows = (page) => page.locator("#table tbody tr");
const firstCells = async (page) => (await rows(page).locator("th").allTextContents()).map(Number);
const json = (page) => page.evaluate(() => JSON.parse(document.getElementById("audit").textContent));
const overflow = (page) => page.evaluate(() =>
  document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** Waits until a device is shown with its plots, which are drawn when their size is known. */
const untilShown = (page, device) => page.waitForFunction((name) =>
  document.getElementById("device-name")?.textContent === name &&
  [...document.querySelectorAll(".plot")].every((plot) => plot.childElementCount > 0),
  `Device ${device}`);

async function checkAccessible(page, what) {
  const {violations} = await page.evaluate(`${AXE}; axe.run({resultTypes: ["violations"]})`);
  assert.deepEqual(violations.map((one) => [one.id, one.nodes[0].html, one.nodes[0].failureSummary]), [],
    what);
}

async function checkTable(page, devices) {
  assert.deepEqual(await firstCells(page), devices.map((device) => device.device));
  const score = page.getByRole("button", {name: "Score", exact: true});
  const order = (a, b) => (a.score ?? Infinity) - (b.score ?? Infinity) || a.device - b.device;
  await score.click();
  assert.deepEqual(await firstCells(page), [...devices].sort(order).map((device) => device.device));
  assert.equal(await page.locator("#table th[aria-sort]").getAttribute("aria-sort"), "ascending");
  await score.press("Enter");
  assert.equal(await page.locator("#table th[aria-sort]").getAttribute("aria-sort"), "descending");
  const best = Math.max(...devices.map((device) => device.score ?? 0));
  assert.equal(await rows(page).first().locator("td").first().textContent(), String(best));
  const caught = devices.filter((device) => "PROOF_INVALID" in device.reasons);
  assert.ok(caught.length > 0 && caught.length < devices.length);
  await page.getByLabel("Find").fill("proof_invalid");
  assert.equal(await rows(page).count(), caught.length);
  assert.match(await page.locator("#table output").textContent(), new RegExp(`^${caught.length} of`));
  await page.getByLabel("Find").fill("");
  await page.getByLabel("Show").selectOption("score 0");
  assert.equal(await rows(page).count(), devices.filter((device) => device.score === 0).length);
  await page.getByLabel("Show").selectOption("all");
  await page.getByRole("button", {name: "Device", exact: true}).click();
}

/** Chooses each device by keyboard alone; its plots have every point and every miss. */
async function checkDevices(page, devices) {
  for (const device of devices) {
    await page.getByRole("button", {name: `Device ${device.device}`, exact: true}).press("Enter");
    await untilShown(page, device.device);
    assert.equal(await page.evaluate(() => document.activeElement.id), "device-name");
    const section = page.locator("#device");
    assert.ok((await section.textContent()).includes(device.sentence));
    assert.ok((await section.textContent()).includes(device.says));
    for (const [name, formula] of device.parts) {
      assert.ok((await section.getByRole("row", {name}).first().textContent()).includes(formula));
    }
    const points = [device.rtt, device.rate, device.down, device.up]
      .reduce((sum, curve) => sum + (curve?.v.length ?? 0), 0);
    const drawn = await section.locator("polyline").evaluateAll((curves) =>
      curves.reduce((sum, curve) => sum + curve.points.numberOfItems, 0));
    assert.equal(drawn, points);
    const missed = await section.locator("svg .fail, svg .inconclusive").count();
    assert.equal(missed, device.missed.length);
  }
  await page.goBack();
  await untilShown(page, devices.at(-2).device);
}

async function checkPlot(page, device) {
  await page.goto(`${page.url().split("#")[0]}#device-${device.device}`);
  await untilShown(page, device.device);
  const plot = page.getByRole("img", {name: /^RTT over the epoch/});
  await plot.hover();
  await plot.locator(".reading", {hasText: /^\d+:\d\d · \d.* [µm]?s$/}).waitFor({state: "attached"});
  const figure = page.locator("figure").first();
  await figure.getByText("Values").click();
  await figure.locator("tbody tr").first().waitFor();
  assert.equal(await figure.locator("tbody tr").count(), device.rtt.v.length);
}

async function checkGood(browser) {
  const {page, complaints, close} = await open(browser, good);
  const {devices} = await json(page);
  await checkTable(page, devices);
  await checkDevices(page, devices);
  await checkPlot(page, devices.find((device) => device.rtt !== undefined));
  assert.deepEqual(complaints, []);
  await close();
}

/** Nothing is wider than the window, and axe has nothing to say, whichever device is shown. */
async function checkLooks(browser, name, options) {
  const {page, complaints, close} = await open(browser, good, options);
  for (const {device} of (await json(page)).devices) {
    await page.getByRole("button", {name: `Device ${device}`, exact: true}).click();
    await untilShown(page, device);
    assert.equal(await overflow(page), 0, `device ${device}`);
  }
  await checkAccessible(page, name);
  await page.screenshot({path: join(screenshots, `${name}.png`), fullPage: true});
  assert.deepEqual(complaints, []);
  await close();
}

async function checkWithoutScript(browser) {
  const {page, complaints, close} = await open(browser, good, {javaScriptEnabled: false});
  assert.ok(await page.getByText("Holds: log and report are what they must be").isVisible());
  assert.ok(await page.getByText("Log root").isVisible());
  assert.ok(await page.getByText("need JavaScript").isVisible());
  assert.ok(await page.getByRole("row", {name: /^One proof/}).isVisible());
  assert.ok(await page.getByText("kaisar-audit verify --log").isVisible());
  assert.deepEqual(complaints, []);
  await close();
}

async function checkBad(browser) {
  const {page, complaints, close} = await open(browser, bad);
  const verdict = page.getByRole("heading", {name: /^Does not hold: \d+ difference/});
  const box = await verdict.boundingBox();
  assert.ok(box.y < 300, `at ${box.y}`);
  const [red, green, blue] = (await verdict.evaluate((node) => getComputedStyle(node).color))
    .match(/\d+/g).map(Number);
  assert.ok(red > 150 && green < 80 && blue < 80, `${red} ${green} ${blue}`);
  await checkAccessible(page, "does not hold");
  await page.screenshot({path: join(screenshots, "does-not-hold.png"), fullPage: true});
  assert.deepEqual(complaints, []);
  await close();
}

// The pages are our own, and Chromium has no sandbox for root.
const browser = await chromium.launch({
  executablePath: process.env.KAISAR_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"]});
try {
  await checkGood(browser);
  await checkLooks(browser, "light", {colorScheme: "light"});
  await checkLooks(browser, "dark", {colorScheme: "dark"});
  await checkLooks(browser, "narrow", {viewport: {width: 400, height: 800}});
  await checkWithoutScript(browser);
  await checkBad(browser);
} finally {
  await browser.close();
}
