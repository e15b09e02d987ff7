// Shows what the checker says of itself, and asks again every few seconds.
"use strict";

// After an answer; it is looked at once a second whether the time has come, so every 3 s …
const SHOWN_MS = 2500;
const HIDDEN_MS = 30000;  // … and this while nobody sees the page
const FIRST_WAIT_MS = 1000;  // between two tries while nothing answers; each wait is twice the last …
const MOST_WAIT_MS = 30000;  // … up to this
const MOST_ANSWER_MS = 10000;  // an answer that takes longer is none

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
