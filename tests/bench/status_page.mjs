// How long the status page of a running checker takes, and what it costs.
// usage: tests/bench/status_page.mjs URL [PID-OF-THE-CHECKER], say of one that tests/bench/swarm.py runs
// Prints a table. Figures with their date and machine are in docs/measurements.md.
import {readdirSync, readFileSync} from "node:fs";
import {createRequire} from "node:module";

const require = createRequire(new URL("../../contracts/package.json", import.meta.url));
const {chromium} = require("playwright-core");
const [url, pid] = process.argv.slice(2);
const LOADS = 15;
const WATCHED_MS = 30_000;

/** CPU of the checker's threads that only answer requests, and of all of it, in ms. */
function cpuMs() {
  const of = (task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]) / 1e6;
  const tasks = readdirSync(`/proc/${pid}/task`);
  const serving = tasks.filter((task) =>
    /^(http|civetweb)/.test(readFileSync(`/proc/${pid}/task/${task}/comm`, "utf8")));
  const sum = (some) => some.reduce((total, task) => total + of(task), 0);
  return {serving: sum(serving), all: sum(tasks)};
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Opens an address in a tab that is there; its first paint, and when its bytes were there, in ms. */
async function load(page, address) {
  const response = await page.goto(address);
  await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0);
  const [paint, arrived] = await page.evaluate(() => [
    performance.getEntriesByName("first-contentful-paint")[0].startTime,
    performance.getEntriesByType("navigation")[0].responseEnd]);
  return {paint, arrived, bytes: (await response.body()).length};
}

async function loads(page, address) {
  const all = [];
  for (let i = 0; i < LOADS; ++i) all.push(await load(page, address));
  const of = (name) => `${median(all.map((one) => one[name])).toFixed(0)}, ` +
    `${Math.max(...all.map((one) => one[name])).toFixed(0)} ms`;
  return {paint: of("paint"), arrived: of("arrived"), bytes: all.at(-1).bytes};
}

const browser = await chromium.launch({
  executablePath: process.env.KAISAR_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"]});
const page = await (await browser.newContext({viewport: {width: 1280, height: 900}})).newPage();
const line = await loads(page, new URL("/healthz", url).href);
const whole = await loads(page, url);
const rows = [
  ["first contentful paint, median and most", whole.paint],
  ["the same of /healthz, three lines of text", line.paint],
  ["until the page's last byte is there", whole.arrived],
  ["bytes of the page", String(whole.bytes)]];
const answers = [];
page.on("response", async (response) => answers.push((await response.body()).length));
const before = pid && cpuMs();
await page.waitForTimeout(WATCHED_MS);
rows.push([`bytes of an answer to it, of ${answers.length} in ${WATCHED_MS / 1000} s`, String(median(answers))]);
if (pid) {
  const after = cpuMs();
  const serving = after.serving - before.serving;
  rows.push(["CPU of an answer", `${(serving / answers.length).toFixed(2)} ms`],
    ["CPU of one open page, of a core", `${(100 * serving / WATCHED_MS).toFixed(3)} %`],
    ["the same, of all the checker's CPU", `${(100 * serving / (after.all - before.all)).toFixed(2)} %`]);
}
await browser.close();
console.log("| what | measured |\n|---|---|");
for (const row of rows) console.log(`| ${row.join(" | ")} |`);
