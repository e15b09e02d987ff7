// docs/judging.md: the rules in their order; the first that applies decides.
import {formOf} from "./challenge_form.mjs";
import {judgeBandwidth} from "./judge_bandwidth.mjs";
import {judgeLatency} from "./judge_latency.mjs";
import {judgeMatmul} from "./judge_matmul.mjs";
import {KIND, TRANSPORT} from "./records.mjs";
import {inconclusive} from "./verdict.mjs";

/** Rules 1 to 3, and of rule 4 that a call was never issued. */
function checkersFault(epoch, closed, issued) {
  const {slack_ms: slack, clock_step_ms: step} = epoch.policy.keys;
  if (closed.transport === TRANSPORT.NOT_SENT) {
    return inconclusive(closed.sent_ms === 0n ? "STOPPED" : "CHECKER_OVERLOADED");
  }
  if (!issued?.challenge) return inconclusive("STOPPED");
  if (closed.sent_ms > closed.due_ms + BigInt(slack)
      || closed.transport === TRANSPORT.ABANDONED) return inconclusive("CHECKER_OVERLOADED");
  const drift = closed.clock_step_ms < 0n ? -closed.clock_step_ms : closed.clock_step_ms;
  return drift > BigInt(step) ? inconclusive("CLOCK_STEPPED") : null;
}

/** The context of rules 5 to 26; null when the issued one is not that of the record (rule 4). */
function soundCase(epoch, closed, issued, commitment) {
  const params = formOf(issued?.challenge);
  const challenge = issued?.challenge?.challenge;
  const device = epoch.devices.get(closed.device);
  if (params === null || !challenge.challenge_id.equals(closed.challenge_id)
      || challenge.device !== closed.device || challenge.kind !== closed.kind
      || challenge.slot !== epoch.opened.slot || device === undefined) return null;
  const deviceClass = epoch.policy.deviceClass(device);
  if (deviceClass === undefined) return null;
  return {epoch, closed, challenge, params, device, deviceClass, commitment,
    digest: epoch.domain.challengeDigest(challenge)};
}

/**
 * {verdict, reason, measured} of one closed challenge, from the records before it (null where there
 * is none). `epoch` is {opened, policy, key, domain, devices, slots}.
 */
export function judge(epoch, closed, issued, commitment) {
  const fault = checkersFault(epoch, closed, issued);
  if (fault !== null) return fault;
  const judged = soundCase(epoch, closed, issued, commitment);
  if (judged === null) return inconclusive("STOPPED");
  const byKind = {[KIND.LATENCY]: judgeLatency, [KIND.BANDWIDTH]: judgeBandwidth,
    [KIND.MATMUL]: judgeMatmul};
  return byKind[closed.kind](judged);
}
