// Draws the devices' table, and one device with its plots, from the JSON in the page. What the JSON
// says becomes text and attributes, never markup.
"use strict";

const audit = JSON.parse(document.getElementById("audit").textContent);

const scoreText = (device) => (device.score === null ? "none" : String(device.score));

const long = audit.epoch_ms >= 3600e3;
/// Since the beacon: 1:02:03, or 2:03 in an epoch of less than an hour.
function timeText(ms) {
  const two = (number) => String(number).padStart(2, "0");
  const s = Math.round(ms / 1000);
  if (!long) return `${Math.floor(s / 60)}:${two(s % 60)}`;
  return `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

// The devices' table.

const phaseText = (phase) => phase.toLowerCase().replaceAll("_", " ");
const measured = (text) => (value) => (value > 0 ? text(value) : "–");
const COLUMNS = [
  {name: "Device", of: (device) => device.device, kind: "number"},
  {name: "Score", of: (device) => device.score, text: (_, device) => scoreText(device), kind: "number",
    bad: (device) => device.score === 0},
  {name: "Why", of: (device) => device.why, kind: "line"},
  {name: "Passed", of: (device) => device.passed, kind: "number"},
  {name: "Failed", of: (device) => device.failed, kind: "number", bad: (device) => device.failed > 0},
  {name: "Inconclusive", of: (device) => device.inconclusive, kind: "number"},
  {name: "Available", of: (device) => device.availability_ppm, text: shareText, kind: "number"},
  {name: "RTT", of: (device) => device.rtt_us, text: measured(rttText), kind: "number"},
  {name: "Rate", of: (device) => device.ops_per_second, text: measured(rateText), kind: "number",
    optional: true},
  {name: "Of claim", of: (device) => device.compute_ppm, text: measured(shareText), kind: "number",
    optional: true},
  {name: "Down", of: (device) => device.down_bits_per_second, text: measured(bitRateText),
    kind: "number", optional: true},
  {name: "Up", of: (device) => device.up_bits_per_second, text: measured(bitRateText),
    kind: "number", optional: true},
  {name: "Class", of: (device) => device.class},
  {name: "Phase", of: (device) => device.phase, text: phaseText},
].filter((column) => !column.optional || audit.devices.some((device) => column.of(device) > 0));

const OUTCOMES = {
  "all": () => true,
  "full score": (device) => device.score === 200,
  "below full": (device) => device.score !== null && device.score > 0 && device.score < 200,
  "score 0": (device) => device.score === 0,
  "left out": (device) => device.score === null,
  "any failure": (device) => device.failed > 0,
};

const view = {column: COLUMNS[0], descending: false, text: "", outcome: "all", shown: [], device: null};

function matches(device) {
  if (!OUTCOMES[view.outcome](device)) return false;
  const all = [device.device, device.class, device.phase, device.region, device.why, device.says,
    ...Object.keys(device.reasons)].join(" ").toLowerCase();
  return view.text.toLowerCase().split(/\s+/).every((word) => all.includes(word));
}

/// What is absent comes last in either order.
function compare(a, b) {
  const [left, right] = [view.column.of(a), view.column.of(b)];
  if (left === null || right === null) return (left === null) - (right === null);
  const order = typeof left === "string" ? left.localeCompare(right) : left - right;
  return (view.descending ? -order : order) || a.device - b.device;
}

function rowOf(device) {
  const cells = COLUMNS.map((column, i) => {
    const text = (column.text ?? String)(column.of(device), device);
    const kind = [column.kind, column.bad?.(device) && "bad", text === "–" && "absent"];
    const attributes = {class: kind.filter(Boolean).join(" ") || undefined,
      title: column.kind === "line" && text};
    if (i > 0) return element("td", attributes, text);
    return element("th", {...attributes, scope: "row"},
      button(text, () => choose(device.device), {"aria-label": `Device ${text}`}));
  });
  const row = element("tr", {"data-device": device.device}, ...cells);
  row.addEventListener("click", (event) => {
    // A text that is being selected is not a choice.
    if (event.target.closest("button") === null && getSelection().isCollapsed) choose(device.device);
  });
  return row;
}

function sortBy(column) {
  view.descending = view.column === column && !view.descending;
  view.column = column;
  showRows();
}

function showRows() {
  view.shown = audit.devices.filter(matches).sort(compare);
  document.querySelector("#table tbody").replaceChildren(...view.shown.map(rowOf));
  document.querySelector("#table output").textContent =
    `${view.shown.length} of ${audit.devices.length} devices`;
  document.querySelectorAll("#table thead th").forEach((head, i) => {
    if (COLUMNS[i] !== view.column) return head.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", view.descending ? "descending" : "ascending");
  });
  markChosen();
}

function makeTable() {
  const search = element("input", {type: "search", size: 18, autocomplete: "off"});
  search.addEventListener("input", () => { view.text = search.value.trim(); showRows(); });
  const outcome = element("select", {},
    ...Object.keys(OUTCOMES).map((name) => element("option", {}, name)));
  outcome.addEventListener("change", () => { view.outcome = outcome.value; showRows(); });
  const heads = COLUMNS.map((column) => element("th", {class: column.kind, scope: "col"},
    button(column.name, () => sortBy(column))));
  document.getElementById("table").append(
    element("div", {class: "controls"},
      element("label", {}, "Find", search), element("label", {}, "Show", outcome),
      element("output", {})),
    scrolling("All devices", element("table", {},
      element("thead", {}, element("tr", {}, ...heads)), element("tbody"))));
}

// One device. Its number is in the address, so that it can be linked to and gone back from.

const choose = (device) => { location.hash = `device-${device}`; };

function markChosen() {
  for (const row of document.querySelectorAll("#table tbody tr")) {
    const chosen = row.dataset.device === String(view.device?.device);
    if (chosen) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

function showDevice(device) {
  view.device = device;
  markChosen();
  const at = view.shown.indexOf(device);
  const step = (by, text) => button(text, () => choose(view.shown[at + by].device),
    {disabled: at < 0 || view.shown[at + by] === undefined});
  const section = document.getElementById("device");
  section.hidden = false;
  section.replaceChildren(
    element("div", {class: "device-head"},
      element("h2", {id: "device-name", tabindex: -1}, `Device ${device.device}`),
      step(-1, "Previous"), step(1, "Next")),
    element("p", {class: "note"},
      [device.class, phaseText(device.phase), device.region].filter(Boolean).join(" · ")),
    element("p", {class: "lead"}, device.sentence),
    element("h3", {}, "What the score is made of"), partsOf(device),
    element("h3", {}, "Over the epoch"), plotsOf(device),
    ...missedOf(device),
    element("h3", {}, "How surely it was checked"), element("p", {}, soundnessOf(device)),
    element("h3", {}, "What it says of itself"),
    element("p", {}, device.says || "(not asked)"),
    element("p", {class: "note"}, "Its own words, which nobody has checked and no score rests on."));
}

function shareBar(ppm) {
  return drawing("svg", {viewBox: "0 0 100 5", preserveAspectRatio: "none",
    "aria-hidden": true},
    drawing("rect", {width: 100, height: 5}), drawing("rect", {width: ppm / 1e4, height: 5}));
}

function partsOf(device) {
  const rows = device.parts.map(([name, formula, ppm]) =>
    [name, element("span", {class: "share"}, shareText(ppm), shareBar(ppm)), formula]);
  rows.push(["score", scoreText(device), device.formula]);
  return scrolling("What the score is made of", tableOf(
    [{name: "Share"}, {name: "Comes to", kind: "number"}, {name: "From", kind: "formula"}], rows));
}

function soundnessOf(device) {
  if (device.samples === 0) return "No proof of its work passed, so there is nothing that samples show.";
  const [one, five, ten] = device.unseen;
  return `${device.samples} samples of its proofs were checked. A device that left out 1, 5 or 10 % of ` +
    `the work would have passed them all with a probability of ${one}, ${five} or ${ten}.`;
}

function missedOf(device) {
  if (device.missed_count === 0) return [];
  const table = tableOf([{name: "Due", kind: "number"}, {name: "Kind"}, {name: "Verdict"},
    {name: "Reason"}, {name: "Record", kind: "number"}],
    device.missed.map(([ms, kind, failed, reason, record]) =>
      [timeText(ms), kind, failed ? "FAIL" : "INCONCLUSIVE", reason, String(record)]));
  const more = device.missed_count - device.missed.length;
  return [
    element("h3", {}, "Challenges that did not pass"), scrolling("Challenges that did not pass", table),
    element("p", {class: "note"}, element("code", {}, "kaisar-audit prove --record …"),
      " shows one of them to somebody who does not have the log."),
    ...(more > 0 ? [element("p", {class: "note"}, `… and ${more} more`)] : []),
  ];
}

function openFromAddress(event) {
  const asked = /^#device-(\d+)$/.exec(location.hash)?.[1];
  const found = audit.devices.find((device) => String(device.device) === asked);
  if (found === undefined) return false;
  showDevice(found);
  if (event !== undefined) {
    const name = document.getElementById("device-name");
    name.focus({preventScroll: true});
    name.scrollIntoView({block: "start"});
  }
  return true;
}

document.getElementById("without-script").remove();
if (audit.devices.length > 0) {
  makeTable();
  showRows();
  addEventListener("hashchange", openFromAddress);
  const worst = (a, b) => ((a.score ?? 200) <= (b.score ?? 200) ? a : b);
  if (!openFromAddress()) showDevice(audit.devices.reduce(worst));
}
