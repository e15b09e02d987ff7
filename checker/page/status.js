// Shows what the checker says of itself, and asks again every few seconds. What it says becomes text
// and attributes, never markup.
"use strict";

// After an answer; it is looked at once a second whether the time has come, so every 3 s …
const SHOWN_MS = 2500;
const HIDDEN_MS = 30000;  // … and this while nobody sees the page
const FIRST_WAIT_MS = 1000;  // between two tries while nothing answers; each wait is twice the last …
const MOST_WAIT_MS = 30000;  // … up to this
const MOST_ANSWER_MS = 10000;  // an answer that takes longer is none

const $ = (id) => document.getElementById(id);
const view = {find: "", show: "all", from: 0};
const drawn = new Map();  // by part: the JSON that stands on the page

// Numbers and times.

const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");
/// KAI, or coins, of a decimal string of wei: rounded down to four digits.
function amountText(wei) {
  const units = BigInt(wei) / 10n ** 14n;
  const fraction = String(units % 10000n).padStart(4, "0").replace(/0+$/, "");
  return grouped(units / 10000n) + (fraction === "" ? "" : `.${fraction}`);
}
function durationText(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
}
const clockText = (ms) => new Date(ms).toLocaleTimeString("en-GB");
const dateText = (ms) => new Date(ms).toLocaleString("en-GB", {dateStyle: "medium", timeStyle: "medium"});
const phaseText = (phase) => phase.toLowerCase().replaceAll("_", " ");

// The parts of the page. Each is drawn anew only when what it shows has changed, so that what is
// selected or focused elsewhere stays so.

function draw(part, shown, render) {
  const json = JSON.stringify(shown);
  if (drawn.get(part) === json) return;
  drawn.set(part, json);
  render(shown);
}

const sectionOf = (id) => $(id).closest("section");

function factsOf(pairs) {
  return pairs.filter(([, what]) => what !== undefined && what !== null)
    .flatMap(([name, what]) => [element("dt", {}, name), element("dd", {}, ...[what].flat())]);
}

function drawEarning({earning, problems}) {
  $("earning").className = `verdict ${earning.state}`;
  if ($("answer").textContent !== earning.heading) $("answer").textContent = earning.heading;
  $("reason").textContent = earning.text;
  $("problems").replaceChildren(...problems.map((problem) => element("li", {},
    element("p", {class: "what"}, problem.what),
    element("p", {}, `What to do: ${problem.next}`),
    element("p", {class: problem.keeps_from_earning ? "keeps" : "note"},
      problem.keeps_from_earning ? "keeps from earning" : "does not keep from earning", " · ",
      element("code", {}, problem.code)))));
}

function bar(done, all) {
  const width = all === 0 ? 0 : 100 * done / all;
  return drawing("svg", {class: "bar", viewBox: "0 0 100 5", preserveAspectRatio: "none",
    "aria-hidden": true}, drawing("rect", {width: 100, height: 5}), drawing("rect", {width, height: 5}));
}

function drawPlan(epoch) {
  sectionOf("epoch").hidden = false;
  $("epoch").textContent = epoch === null ? "No epoch yet" : `Epoch ${epoch.epoch}`;
  if (epoch === null) return $("plan").replaceChildren();
  const rows = epoch.kinds.map((kind) => [kind.kind,
    element("span", {class: "share"}, bar(kind.closed, kind.planned),
      `${grouped(kind.closed)} of ${grouped(kind.planned)}`),
    grouped(kind.passed), grouped(kind.failed), grouped(kind.inconclusive)]);
  const number = (name) => ({name, kind: "number"});
  $("plan").replaceChildren(scrolling("Challenges of this epoch", tableOf(
    [{name: "Challenges"}, number("Done"), number("Passed"), number("Failed"), number("Inconclusive")],
    rows)), ...(epoch.resumed ? [element("p", {class: "note"},
    "This epoch began before the checker’s last start: verdicts are counted from there on.")] : []));
}

/// What changes by itself from second to second.
function drawWindow() {
  const {epoch, slot} = state.status;
  if (epoch === null && slot === null) {
    $("window").replaceChildren(...factsOf([["Now", "waiting for an epoch to begin"]]));
    return;
  }
  const passed_s = sinceAnswer() / 1000;
  const left = epoch && (epoch.end_ms - state.status.now_ms) / 1000 - passed_s;
  const pairs = [];
  if (slot !== null) {
    pairs.push(["Window", `${slot.window}, ${durationText(slot.window_left_s -
      (state.status.chain_read_s ?? 0) - passed_s)} left`]);
    if (epoch?.epoch !== slot.epoch) pairs.push(["On the chain", `epoch ${slot.epoch}`]);
  }
  if (epoch !== null) {
    const done = epoch.kinds.reduce((sum, kind) => sum + kind.closed, 0);
    const planned = epoch.kinds.reduce((sum, kind) => sum + kind.planned, 0);
    const time = left > 0 ? `${durationText(left)} left, until ${clockText(epoch.end_ms)}`
      : `over since ${clockText(epoch.end_ms)}`;
    pairs.push(["Challenges", `${grouped(done)} of ${grouped(planned)} done`], ["Time", time]);
  }
  draw("window", pairs, () => $("window").replaceChildren(...factsOf(pairs)));
}

function drawMoney(slot) {
  sectionOf("money").hidden = slot === null;
  if (slot === null) return;
  const decisions = slot.agreed + slot.disagreed;
  const duty = slot.ejected ? "ejected" : slot.active ? `on duty since epoch ${slot.active_from}`
    : `not on duty; from epoch ${slot.active_from}`;
  $("amounts").replaceChildren(...factsOf([
    ["Duty", duty],
    ["Stake", `${amountText(slot.stake)} KAI`],
    ["Owed to the slot", `${amountText(slot.owed)} KAI${slot.owed === "0" ? "" : " (kaisar-checker withdraw)"}`],
    ["Earned by the owner’s devices", slot.earned === "0" ? null : `${amountText(slot.earned)} KAI`],
    ["Agreement", decisions === 0 ? "nothing settled yet"
      : `${grouped(slot.agreed)} of ${grouped(decisions)} scores (${shareText(1e6 * slot.agreed / decisions)})`],
    ["Missed in a row", String(slot.missed_in_a_row)],
    ["Hot key", [element("span", {class: "hash"}, slot.hot_key),
      `, ${amountText(slot.balance)} coins, for ${grouped(slot.epochs_left)} epochs at today’s fees`]],
  ]));
}

const hashCell = (hash) => (hash === null ? "–" : element("span", {title: hash}, hash));

function drawReports({reports, on_chain}) {
  sectionOf("reports").hidden = false;
  if (reports.length === 0) {
    return $("report-table").replaceChildren(element("p", {class: "note"},
      "None yet: a report is made when an epoch is over."));
  }
  const state = (report) => {
    if (report.accepted) return element("span", {class: "state good"}, `accepted (${report.state})`);
    return element("span", {class: report.lost ? "state bad" : "state"}, report.state);
  };
  const columns = [{name: "Epoch", kind: "number", of: (report) => String(report.epoch)}];
  if (on_chain) {
    columns.push({name: "State", of: state},
      {name: "Commit transaction", kind: "hash", of: (report) => hashCell(report.commit)},
      {name: "Reveal transaction", kind: "hash", of: (report) => hashCell(report.reveal)});
  } else {
    columns.push({name: "State", of: () => "on this machine’s disk"});
  }
  if (reports.some((report) => report.why)) columns.push({name: "Why", kind: "why", of: (report) => report.why});
  const rows = reports.map((report) => columns.map((column) => column.of(report)));
  $("report-table").replaceChildren(scrolling("The last reports", tableOf(columns, rows)),
    ...(on_chain ? [element("p", {class: "note"},
      "A report is accepted when the chain has it, and not before.")] : []));
}

// Devices. The table stays; its rows are drawn anew.

/// The newest values as a curve from 0, and the last one in words.
function sparkOf(values, text) {
  if (values.length === 0) return "–";
  const most = Math.max(...values, 1);
  const step = 96 / Math.max(values.length - 1, 1);
  const places = values.map((value, i) => `${(i * step).toFixed(1)},${(19 - 18 * value / most).toFixed(1)}`);
  if (values.length === 1) places.push(`96,${places[0].split(",")[1]}`);
  const label = `the last ${values.length}: from ${text(Math.min(...values))} to ${text(most)}`;
  return element("span", {title: label}, drawing("svg",
    {class: "spark", viewBox: "0 0 96 20", preserveAspectRatio: "none", role: "img", "aria-label": label},
    drawing("line", {class: "floor", x1: 0, x2: 96, y1: 19.5, y2: 19.5}),
    drawing("polyline", {points: places.join(" ")})), text(values.at(-1)));
}

const rate = (value) => (value === null ? "–" : bitRateText(value));
const COLUMNS = [
  {name: "Device", of: (device) => [String(device.id), element("span", {class: "name"}, device.name)]},
  {name: "Score", kind: "number", bad: (device) => device.score === 0,
    of: (device) => (device.score === null ? "–" : String(device.score))},
  {name: "Passed", kind: "number", of: (device) => grouped(device.passed)},
  {name: "Failed", kind: "number", bad: (device) => device.failed > 0,
    of: (device) => grouped(device.failed)},
  {name: "Inconclusive", kind: "number", of: (device) => grouped(device.inconclusive)},
  {name: "Last not passed", of: (device) => device.last_reason ?? "–"},
  {name: "RTT", kind: "number", of: (device) => sparkOf(device.rtts_us, rttText)},
  {name: "Rate", kind: "number", of: (device) => sparkOf(device.rates, rateText)},
  {name: "Down", kind: "number", of: (device) => rate(device.down), key: "down"},
  {name: "Up", kind: "number", of: (device) => rate(device.up), key: "up"},
  {name: "Phase", of: (device) => phaseText(device.phase)},
  {name: "Endpoint", of: (device) => device.endpoint},
  {name: "Why this score", kind: "line", of: (device) => device.why, key: "why"},
];

function rowOf(device, columns) {
  return element("tr", {}, ...columns.map((column, i) => {
    const shown = [column.of(device)].flat();
    const kinds = [column.kind, column.bad?.(device) && "bad", shown[0] === "–" && "absent"];
    return element(i === 0 ? "th" : "td", {class: kinds.filter(Boolean).join(" ") || undefined,
      scope: i === 0 && "row", title: column.kind === "line" && shown[0]}, ...shown);
  }));
}

function drawDevices(devices) {
  sectionOf("devices").hidden = false;
  const columns = COLUMNS.filter(({key}) =>
    key === undefined || devices.rows.some((device) => (device[key] ?? "") !== ""));
  const table = $("device-table").querySelector("table");
  table.replaceChildren(
    element("thead", {}, element("tr", {}, ...columns.map((column) =>
      element("th", {scope: "col", class: column.kind}, column.name)))),
    element("tbody", {}, ...devices.rows.map((device) => rowOf(device, columns))));
  const scores = devices.reported_epoch === null ? "scores come with the first report"
    : `scores are those of epoch ${devices.reported_epoch}`;
  $("device-note").textContent = "Most failures first, then most inconclusive and lowest score. " +
    `Verdicts are this epoch’s; ${scores}; curves begin at 0 and show the last 32 figures.`;
  const last = devices.from + devices.rows.length;
  $("shown").textContent = devices.rows.length === 0 ? `none of ${grouped(devices.all)}`
    : `${grouped(devices.from + 1)} to ${grouped(last)} of ${grouped(devices.matching)}` +
      (devices.matching < devices.all ? `, of ${grouped(devices.all)} in all` : "");
  for (const id of ["previous", "next"]) $(id).hidden = devices.matching <= devices.most;
  // One that has the focus keeps it: it only says that it does nothing.
  $("previous").setAttribute("aria-disabled", devices.from === 0);
  $("next").setAttribute("aria-disabled", last >= devices.matching);
}

function askFor(change) {
  Object.assign(view, {from: 0}, change);
  ask();
}

function turn(by) {
  const {from, most, matching} = state.status.devices;
  const to = from + by * most;
  if (to > -most && to < matching) askFor({from: Math.max(0, to)});
}

function makeControls() {
  const search = element("input", {type: "search", size: 18, maxlength: 48, autocomplete: "off"});
  search.addEventListener("input", () => askFor({find: search.value}));
  const filters = {all: "all", failed: "with failures", inconclusive: "with inconclusive ones",
    below_full: "scored below full"};
  const show = element("select", {}, ...Object.entries(filters).map(([value, name]) =>
    element("option", {value}, name)));
  show.addEventListener("change", () => askFor({show: show.value}));
  $("device-table").append(
    element("div", {class: "controls"},
      element("label", {}, "Find", search), element("label", {}, "Show", show),
      element("output", {id: "shown"}),
      button("Previous", () => turn(-1), {id: "previous"}), button("Next", () => turn(1), {id: "next"})),
    scrolling("Table of the devices", element("table")));
}

// What the page knows, and when it knew it. Times in ms of a clock that nobody sets.

const state = {status: null, answered: 0, due: 0, wait: SHOWN_MS, asked: null, lost: null, why: ""};
const now = () => performance.now();
const sinceAnswer = () => now() - state.answered;

function drawAll() {
  const {status} = state;
  const slot = status.slot?.slot ?? status.epoch?.slot;
  const title = slot === undefined ? "Status" : `Slot ${slot}`;
  const earning = state.lost === null ? status.earning : {state: "unknown", heading: "Earning: not known",
    text: `At ${clockText(state.lost)}, when the checker last answered, this stood here: ${status.earning.heading}`};
  draw("title", [title, earning.heading], () => {
    $("slot").textContent = title;
    document.title = `${earning.heading} – ${title}`;
  });
  draw("earning", {earning, problems: status.problems}, drawEarning);
  draw("plan", status.epoch, drawPlan);
  draw("money", status.slot, drawMoney);
  draw("reports", {reports: status.reports, on_chain: status.on_chain}, drawReports);
  draw("devices", status.devices, drawDevices);
}

/// Once a second: what time alone changes.
function drawTime() {
  drawWindow();
  const chain = state.status.chain_read_s === null ? "" :
    `; chain read ${durationText(state.status.chain_read_s + sinceAnswer() / 1000)} ago`;
  const live = `Live, running since ${dateText(state.status.started_ms)}${chain}`;
  draw("live", state.lost === null ? live : "Not live", (text) => { $("live").textContent = text; });
  const lost = state.lost !== null;
  $("lost").hidden = !lost;
  document.body.classList.toggle("old", lost);
  draw("since", lost && clockText(state.lost), (since) => {
    $("since").textContent = since ? `Connection lost since ${since}.` : "";
  });
  if (lost) {
    $("age").textContent = `What stands here is ${durationText(sinceAnswer() / 1000)} old. ${state.why} ` +
      (state.asked !== null ? "Trying again now …"
        : `Trying again in ${durationText((state.due - now()) / 1000 + 1)} …`);
  }
}

function take(status) {
  Object.assign(state, {status, answered: now(), wait: SHOWN_MS, lost: null});
  drawAll();
}

function lose(error) {
  state.wait = state.lost === null ? FIRST_WAIT_MS : Math.min(2 * state.wait, MOST_WAIT_MS);
  state.lost ??= Date.now() - sinceAnswer();
  state.why = error.answered ? `${error.message}.` : "The checker does not answer.";
  drawAll();
}

async function answerTo(signal) {
  const response = await fetch(`/status.json?${new URLSearchParams(view)}`, {signal, cache: "no-store"});
  if (!response.ok) {
    const error = new Error(`The checker answers with ${response.status} ${response.statusText}`);
    throw Object.assign(error, {answered: true});
  }
  return response.json();
}

/// Asks now; a question that is still open is given up.
async function ask() {
  state.asked?.abort.abort();
  const asked = {abort: new AbortController(), at: now()};
  state.asked = asked;
  try {
    const status = await answerTo(asked.abort.signal);
    if (state.asked !== asked) return;
    if (status.page !== state.status.page) return location.reload();  // another checker than ours
    take(status);
  } catch (error) {
    if (state.asked !== asked) return;
    lose(error);
  }
  state.asked = null;
  state.due = now() + (document.hidden ? Math.max(HIDDEN_MS, state.wait) : state.wait);
  drawTime();
}

/// The page's only timer.
function tick() {
  if (state.asked !== null && now() - state.asked.at > MOST_ANSWER_MS) state.asked.abort.abort();
  if (state.asked === null && now() >= state.due) ask();
  if (!document.hidden) drawTime();
}

function askIfSeen() {
  if (!document.hidden) ask();
}

makeControls();
take(JSON.parse($("status").textContent));
$("status").remove();
state.due = now() + SHOWN_MS;
drawTime();
setInterval(tick, 1000);
document.addEventListener("visibilitychange", askIfSeen);
addEventListener("online", askIfSeen);
