// docs/protocol.md, section 10, and docs/log-format.md, "The report file".
import {hex, keccak256} from "./bytes.mjs";
import {scanJson} from "./json_scanner.mjs";

const LANES = 8;
const MOST_LEVELS = 8;  // a report has three
const KEYS = ["spec_version", "chain_id", "contract", "epoch", "slot", "words", "transcript_root",
  "policy_hash", "secret", "commitment", "scores", "signer", "signature"];

/** The words of scores in ascending order of device. */
export function pack(scores) {
  const words = [];
  for (let at = 0; at < scores.length; at += LANES) {
    const word = Buffer.from("ffffff00".repeat(LANES), "hex");
    scores.slice(at, at + LANES).forEach(({device, score}, lane) => {
      word.writeUIntBE(device, 4 * lane, 3);
      word.writeUInt8(score, 4 * lane + 3);
    });
    words.push(hex(word));
  }
  return words;
}

export function commitmentOf(words, root, policyHash, secret) {
  const bytes = (text) => Buffer.from(text.slice(2), "hex");
  return hex(keccak256(keccak256(...words.map(bytes)), keccak256(root, policyHash, secret)));
}

/** A report as it is written: {report, chainId (JSON.parse rounds it), repeated keys}. */
export function readReport(text) {
  const keys = new Set();
  const repeated = [];
  let chainId = "";
  scanJson(text, MOST_LEVELS,
    (path, value) => {
      if (path.length === 1 && path[0] === "chain_id") chainId = value;
    },
    (path) => {
      if (path.length !== 1) return;
      if (keys.has(path[0])) repeated.push(path[0]);
      keys.add(path[0]);
    });
  return {report: JSON.parse(text), chainId, repeated};
}

function expectedFields(log, words, commitment) {
  const {opened} = log;
  return {spec_version: opened.version, contract: hex(opened.roster.contract),
    epoch: opened.epoch, slot: opened.slot, words, transcript_root: hex(log.root),
    policy_hash: hex(log.policyHash), secret: hex(log.secret), commitment, scores: log.scores,
    signer: hex(log.signer)};
}

/**
 * Each field of a report that is not what the log gives: {record (null), field, found, expected}.
 * `log` is {opened, domain, root, policyHash, secret, signer (the slot's key), scores}.
 */
export function checkReport({report, chainId, repeated}, log) {
  const words = pack(log.scores);
  const commitment = commitmentOf(words, log.root, log.policyHash, log.secret);
  const text = (value) => JSON.stringify(value)?.toLowerCase() ?? "missing";
  const wrong = [];
  const differ = (field, found, expected) =>
    wrong.push({record: null, field: `report.${field}`, found, expected});
  for (const [field, value] of Object.entries(expectedFields(log, words, commitment))) {
    if (text(report[field]) !== text(value)) differ(field, text(report[field]), text(value));
  }
  const expectedChainId = String(log.opened.roster.chain_id);
  if (chainId !== expectedChainId) differ("chain_id", chainId, expectedChainId);
  for (const field of Object.keys(report).filter((key) => !KEYS.includes(key))) {
    differ(field, text(report[field]), "no such key");
  }
  for (const field of repeated) differ(field, "there again", "once");
  const digest = log.domain.digest("Report", {epoch: log.opened.epoch, slot: log.opened.slot,
    specVersion: log.opened.version, commitment});
  const signature = /^0x[0-9a-f]{130}$/i.test(report.signature)
    ? Buffer.from(report.signature.slice(2), "hex") : Buffer.alloc(0);
  if (!log.domain.isSigned(digest, signature, log.signer)) {
    differ("signature", report.signature, `one of ${hex(log.signer)} over ${commitment}`);
  }
  return wrong;
}
