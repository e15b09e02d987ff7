// The status page's devices. The table stays; its rows are drawn anew.
"use strict";

const view = {find: "", show: "all", from: 0};  // what is asked for

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
