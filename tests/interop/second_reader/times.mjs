// docs/log-format.md, "What kaisar-audit verify checks": times that contradict each other.
import {least, most} from "./bytes.mjs";
import {tryReadLine} from "./iperf_line.mjs";
import {DIRECTION, KIND, REASON, TRANSPORT} from "./records.mjs";

const NS_PER_MS = 1_000_000n;
const US_PER_MS = 1000n;
const MOST_WAITED_MS = 86_400_000n;

const sum = (numbers) => numbers.reduce((a, b) => a + b, 0n);
const largest = (numbers) => numbers.reduce(most, 0n);

/** What the tests of a bandwidth challenge took, with what the checker waited for its line. */
function testsUs(tests) {
  return sum(tests.map(({checker_result: line, direction, waited_ms: waited}) => {
    const waitedUs = (waited < MOST_WAITED_MS ? waited : MOST_WAITED_MS) * US_PER_MS;
    const counts = tryReadLine(line);
    if (counts === null) return waitedUs;
    const {us} = direction === DIRECTION.DOWN ? counts.sent : counts.received;
    return waitedUs + most(counts.link?.us ?? 0n, us);
  }));
}

/** The least time that a call lasts which ends because nothing came in time. */
function waited(epoch, planned, closed) {
  const part = (ms) => BigInt(ms) - BigInt(ms) / 10n;
  if (closed.kind === KIND.LATENCY) return part(epoch.policy.keys.latency.deadline_ms);
  const {commitment} = planned;
  const deadlines = epoch.policy.deviceClass(planned.device);
  if (!commitment) return 0n;
  if (commitment.elapsed_ns > BigInt(deadlines.commitment_deadline_ms) * NS_PER_MS) return 0n;
  return (sum(commitment.ping_rtt_ns) + commitment.elapsed_ns) / NS_PER_MS
    + part(deadlines.opening_deadline_ms);
}

/** What of a sent call cannot take longer than the call, in whole milliseconds. */
function parts(epoch, planned, closed) {
  const echoes = closed.latency?.echoes ?? [];
  const spacing = BigInt(epoch.policy.keys.latency.spacing_ms);
  const taken = {
    "latency.echoes.rtt_us": largest(echoes.map((echo) => BigInt(echo.rtt_us))) / US_PER_MS,
    "latency.echoes.ping": largest(echoes.map((echo) => BigInt(echo.ping))) * spacing / 2n,
    "bandwidth.tests": testsUs(closed.bandwidth?.tests ?? []) / US_PER_MS};
  if (planned.commitment) {
    const {ping_rtt_ns: pings, elapsed_ns: elapsed} = planned.commitment;
    taken["commitment.elapsed_ns"] =
      (sum(pings) + elapsed + (closed.matmul?.opening_elapsed_ns ?? 0n)) / NS_PER_MS;
  }
  return taken;
}

/** {field, found, expected} of each time of a closed challenge that cannot be. */
export function* wrongTimes(epoch, planned, closed) {
  const slack = BigInt(epoch.policy.keys.slack_ms);
  if (closed.sent_ms === 0n) return;
  const issuedMs = planned.issued?.issued_ms ?? 0n;
  if (epoch.opened.beacon_ms + closed.sent_ms + slack < issuedMs) {
    yield {field: "sent_ms", found: closed.sent_ms, expected: `after issued_ms ${issuedMs}`};
  }
  if (closed.transport === TRANSPORT.NOT_SENT) {
    if (closed.sent_ms <= closed.due_ms + slack) {
      yield {field: "sent_ms", found: closed.sent_ms,
        expected: `more than ${closed.due_ms + slack}, when it was given up`};
    }
    return;
  }
  if (closed.sent_ms + slack < closed.due_ms) {
    yield {field: "sent_ms", found: closed.sent_ms,
      expected: `at least ${closed.due_ms - slack}`};
  }
  const limit = closed.elapsed_ms + 1n;  // it is rounded down
  for (const [field, ms] of Object.entries(parts(epoch, planned, closed))) {
    if (ms > limit) yield {field, found: `${ms} ms`, expected: `at most ${limit} ms`};
  }
  const lasted = closed.transport === TRANSPORT.DEADLINE ? waited(epoch, planned, closed) : 0n;
  if (closed.elapsed_ms < lasted) {
    yield {field: "elapsed_ms", found: closed.elapsed_ms, expected: `at least ${lasted}`};
  }
}

/** The wall clock of the checker, which no later record may have been written before. */
export class WallClock {
  constructor(opened, slackMs) {
    Object.assign(this, {opened, slack: BigInt(slackMs), latest: 0n});
  }

  /** {field, found, expected} of a time of the next record that cannot be. */
  * add(body, record) {
    const {beacon_ms: beacon, epoch_end_ms: end} = this.opened;
    const field = {issued: "issued_ms", epoch_closed: "closed_ms"}[body];
    const from = body === "epoch_closed" ? most(this.latest, end) : this.latest;
    if (field !== undefined && record[field] + this.slack < from) {
      yield {field, found: record[field], expected: `at least ${from - this.slack}`};
    }
    if (body === "described" && record.asked_ms > end - beacon + this.slack) {
      yield {field: "asked_ms", found: record.asked_ms, expected: `within ${end - beacon}`};
    }
    const told = {issued: () => record.issued_ms, described: () => beacon + record.asked_ms,
      closed: () => (record.sent_ms === 0n ? 0n
        : beacon + record.sent_ms + record.elapsed_ms + record.clock_step_ms)}[body];
    const time = told?.() ?? 0n;
    const setBack = body === "closed" && record.reason === REASON.CLOCK_STEPPED
      && record.clock_step_ms < 0n && record.sent_ms > 0n;
    this.latest = setBack ? least(this.latest, time) : most(this.latest, time);
  }
}
