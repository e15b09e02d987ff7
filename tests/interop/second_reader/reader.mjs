// A log and its report, read as a whole.
import {readFileSync} from "node:fs";
import {hex} from "./bytes.mjs";
import {Epoch, Unreadable} from "./epoch.mjs";
import {DamagedLog, Log} from "./log.mjs";
import {checkReport, pack, readReport} from "./report.mjs";
import {scoreOf} from "./score.mjs";

function secretOf(report) {
  if (!/^0x[0-9a-f]{64}$/i.test(report.secret)) {
    throw new Unreadable(null, "report.secret", report.secret, "32 bytes");
  }
  return Buffer.from(report.secret.slice(2), "hex");
}

/** The summary of an epoch whose records could all be read. */
function summarize(epoch, log, written) {
  const devices = [...epoch.evidence.values()].map((one) => scoreOf(epoch.policy, one));
  const scores = devices.filter(({score}) => score !== null)
    .map(({device, score}) => ({device, score}));
  const differences = [...epoch.differences, ...checkReport(written,
    {opened: epoch.opened, domain: epoch.domain, root: log.root, policyHash: epoch.policyHash,
      secret: epoch.secret, signer: epoch.slot.key, scores})];
  return {holds: differences.length === 0, differences, records: epoch.records,
    challenges: epoch.plan.length, signatures_checked: epoch.signatures,
    samples_checked: epoch.samples, root: hex(log.root), words: pack(scores), devices};
}

/** The summary; without figures when the log is too damaged to have any. */
export async function readEpoch(logPath, reportPath) {
  try {
    const written = readReport(readFileSync(reportPath, "utf8"));
    const epoch = new Epoch(secretOf(written.report));
    const log = await Log.open(logPath);
    for (const record of log.records()) epoch.read(record);
    epoch.finish();
    return summarize(epoch, log, written);
  } catch (error) {
    if (!(error instanceof DamagedLog || error instanceof Unreadable)) throw error;
    const {record, field, found, expected} = error;
    return {holds: false, differences: [{record, field, found, expected}]};
  }
}
