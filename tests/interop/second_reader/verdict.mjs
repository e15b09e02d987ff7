// docs/protocol.md, section 7.
import {REASON, VERDICT} from "./records.mjs";

export const pass = (measured) => ({verdict: VERDICT.PASS, reason: REASON.NONE, measured});
export const fail = (reason) => ({verdict: VERDICT.FAIL, reason: REASON[reason]});
export const inconclusive = (reason) =>
  ({verdict: VERDICT.INCONCLUSIVE, reason: REASON[reason]});
