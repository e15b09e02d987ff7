// The parts of the status page but the devices. What the checker says becomes text and attributes, never
// markup.
"use strict";

const $ = (id) => document.getElementById(id);
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
