// docs/log-format.md, "Absences": excuses of a checker that the rest of its log disproves.
import {most} from "./bytes.mjs";
import {KIND, REASON, TRANSPORT, VERDICT} from "./records.mjs";

const OFFLINE_MARGIN_MS = 1000n;
const STEPPED_MARGIN_MS = 1000n;
const STOPPED_MARGIN_MS = 10_000n;
const MS_PER_SECOND = 1000n;

export class Presence {
  constructor(beaconMs, slackMs) {
    Object.assign(this, {beaconMs, slackMs: BigInt(slackMs), calls: [], offline: [],
      stepped: [], stopped: []});
  }

  /** `judgement` is what the rules say, whatever the record does. */
  add(record, planned, closed, judgement) {
    if (closed.transport !== TRANSPORT.NOT_SENT) {
      const call = {record, planned, from: closed.sent_ms,
        until: closed.sent_ms + closed.elapsed_ms,
        answered: planned.kind !== KIND.MATMUL && judgement.verdict === VERDICT.PASS};
      this.calls.push(call);
      call.steady = judgement.reason !== REASON.CLOCK_STEPPED;
      if (!call.steady) this.stepped.push(call);
      if (judgement.reason === REASON.CHECKER_OFFLINE) this.offline.push(call);
    } else if (closed.sent_ms === 0n) {
      const expires = planned.issued?.challenge?.challenge?.expires_at_ms ?? 0n;
      this.stopped.push({record, planned, from: closed.due_ms,
        until: most(closed.due_ms + this.slackMs, expires - this.beaconMs)});
    }
  }

  disprovesOffline(claim) {
    return this.calls.some((call) => call.answered && call.planned.device !== claim.planned.device
      && call.from >= claim.from + OFFLINE_MARGIN_MS
      && call.until + OFFLINE_MARGIN_MS <= claim.until);
  }

  /** A step that a call did not see which was open from long before until long after. */
  disprovesStepped(claim) {
    return this.calls.some((call) => call.steady
      && (call.from / MS_PER_SECOND + 1n) < claim.from / MS_PER_SECOND
      && call.until >= claim.until + STEPPED_MARGIN_MS);
  }

  /** Calls that overlap or touch, joined: the times that the checker ran without a break. */
  stretches() {
    const joined = [];
    for (const {from, until} of this.calls.sort((a, b) => Number(a.from - b.from))) {
      const last = joined.at(-1);
      if (last !== undefined && from <= last.until) last.until = most(last.until, until);
      else joined.push({from, until});
    }
    return joined;
  }

  /** {record, planned, found} of each excuse that does not hold. */
  contradictions() {
    const stretches = this.stretches();
    const ran = ({from, until}) => {
      const before = stretches.filter((stretch) => stretch.from <= from).at(-1);
      return before !== undefined && before.until >= until + STOPPED_MARGIN_MS;
    };
    return [
      ...this.offline.filter((claim) => this.disprovesOffline(claim))
        .map((claim) => ({...claim, found: "CHECKER_OFFLINE"})),
      ...this.stepped.filter((claim) => this.disprovesStepped(claim))
        .map((claim) => ({...claim, found: "CLOCK_STEPPED"})),
      ...this.stopped.filter(ran).map((claim) => ({...claim, found: "STOPPED"}))];
  }
}
