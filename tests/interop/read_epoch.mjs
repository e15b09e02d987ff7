// Reads what an epoch of the network left on the chain and on the disk, by ethers alone:
//   node read_epoch.mjs --rpc URL --deployment FILE REPORT…
// Every event of the contracts decodes; each report's commitment and signature are what its fields
// say, what was committed and what was revealed; each transaction of ours decodes to the fields
// that the chain has, and encodes to the same bytes.
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {parseArgs} from "node:util";
import {ethers} from "./ethers.mjs";
import {INTERFACES, REPORT_TYPES} from "./contract_interface.mjs";

const {values: options, positionals: reports} = parseArgs({allowPositionals: true,
  options: {rpc: {type: "string"}, deployment: {type: "string"}}});
const deployment = JSON.parse(readFileSync(options.deployment, "utf8"));
const provider = new ethers.JsonRpcProvider(options.rpc, deployment.chainId,
  {staticNetwork: true});
const names = new Map(Object.entries(deployment.contracts)
  .filter(([name]) => name !== "Timelock").map(([name, address]) => [address, name]));

/** All events of the contracts, decoded; none is left over. */
async function readEvents() {
  const events = [];
  const logs = await provider.getLogs({fromBlock: deployment.block, toBlock: "latest"});
  for (const log of logs) {
    const contract = names.get(log.address);
    if (contract === undefined) continue;  // the timelock is OpenZeppelin's
    const event = INTERFACES[contract].parseLog(log);
    assert.notEqual(event, null, `${contract}: unknown event ${log.topics[0]}`);
    // The fields encode to the very log again.
    const encoded = INTERFACES[contract].encodeEventLog(event.fragment, event.args);
    assert.equal(encoded.data, log.data, `${contract}.${event.name}`);
    assert.deepEqual(encoded.topics, Array.from(log.topics), `${contract}.${event.name}`);
    events.push({contract, name: event.name, args: event.args, hash: log.transactionHash});
  }
  return events;
}

/** docs/protocol.md, Report. */
function checkReport(path, events) {
  const report = JSON.parse(readFileSync(path, "utf8"));
  const commitment = ethers.keccak256(ethers.concat([
    ethers.keccak256(ethers.concat(report.words)),
    ethers.keccak256(ethers.concat([report.transcript_root, report.policy_hash, report.secret]))]));
  assert.equal(report.commitment, commitment);
  const domain = {name: "Kaisar Checker", version: "1", chainId: report.chain_id,
    verifyingContract: report.contract};
  assert.equal(report.contract, deployment.contracts.Reports.toLowerCase());
  const message = {epoch: report.epoch, slot: report.slot, specVersion: report.spec_version,
    commitment};
  const signer = ethers.verifyTypedData(domain, REPORT_TYPES, message, report.signature);
  assert.equal(signer.toLowerCase(), report.signer);
  const find = (name) => events.find((event) => event.name === name
    && Number(event.args.epoch) === report.epoch && Number(event.args.slot) === report.slot);
  const registered = events.find((event) => event.name === "SlotRegistered"
    && Number(event.args.slot) === report.slot);
  assert.equal(registered.args.hotKey, signer);
  assert.equal(find("Committed").args.commitment, commitment);
  const revealed = find("Revealed").args;
  assert.equal(revealed.secret, report.secret);
  assert.equal(revealed.transcriptRoot, report.transcript_root);
  assert.equal(revealed.policyHash, report.policy_hash);
  assert.deepEqual(Array.from(revealed.words), report.words);
  return signer;
}

/** A transaction's bytes, taken apart and put together again by ethers. */
async function checkTransaction(hash, senders) {
  const raw = await provider.send("eth_getRawTransactionByHash", [hash]);
  const parsed = ethers.Transaction.from(raw);
  const onChain = await provider.getTransaction(hash);
  assert.equal(parsed.hash, hash);
  assert.equal(parsed.serialized, raw);
  assert.equal(parsed.type, 2);
  for (const field of ["from", "to", "nonce", "data", "value", "chainId", "gasLimit",
    "maxFeePerGas", "maxPriorityFeePerGas"]) {
    assert.equal(parsed[field], onChain[field], field);
  }
  assert.ok(senders.has(parsed.from));
  const contract = names.get(parsed.to);
  const call = INTERFACES[contract].parseTransaction(parsed);
  assert.notEqual(call, null, `${contract}: unknown call ${parsed.data.slice(0, 10)}`);
  assert.equal(INTERFACES[contract].encodeFunctionData(call.fragment, call.args), parsed.data);
  return `${contract}.${call.name}`;
}

const events = await readEvents();
const senders = new Set(reports.map((path) => checkReport(path, events)));
const calls = new Map();
for (const hash of new Set(events.map((event) => event.hash))) {
  const {from} = await provider.getTransaction(hash);
  if (!senders.has(from)) continue;
  const call = await checkTransaction(hash, senders);
  calls.set(call, (calls.get(call) ?? 0) + 1);
}
process.stdout.write(JSON.stringify({calls: Object.fromEntries(calls),
  events: [...new Set(events.map((event) => `${event.contract}.${event.name}`))].sort()}) + "\n");
provider.destroy();
