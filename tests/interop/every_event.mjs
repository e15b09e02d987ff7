// Makes a freshly deployed network emit every event that its contracts have, by ethers, and decodes
// them by signatures written by hand:
//   node every_event.mjs --rpc URL --deployment FILE
// The chain must mine a block for each transaction, and its time must be before genesis.
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {parseArgs} from "node:util";
import {ethers} from "./ethers.mjs";
import {INTERFACES, REPORT_TYPES} from "./contract_interface.mjs";

const {values: options} = parseArgs({options: {rpc: {type: "string"},
  deployment: {type: "string"}}});
const deployment = JSON.parse(readFileSync(options.deployment, "utf8"));
const {schedule} = deployment;
const provider = new ethers.JsonRpcProvider(options.rpc, deployment.chainId,
  {staticNetwork: true, cacheTimeout: -1, pollingInterval: 50});
const MNEMONIC = "test test test test test test test test test test test junk";
const DAY = 86400;
const KAI = 10n ** 18n;
const account = (index) => ethers.HDNodeWallet.fromPhrase(MNEMONIC, undefined,
  `m/44'/60'/0'/0/${index}`).connect(provider);
const [admin, owner, other] = [0, 1, 2].map(account);
const hotKeys = [10, 11, 12, 13].map(account);
const secrets = ["a", "b", "c", "d"].map(ethers.id);
const NO_BYTES = ethers.ZeroHash;

function contract(name) {
  const artifact = new URL(`../../contracts/out/${name}.sol/${name}.json`, import.meta.url);
  return new ethers.Contract(deployment.contracts[name],
    JSON.parse(readFileSync(artifact, "utf8")).abi);
}
const [token, license, emission, beacon, devices, slots, reports, settlement] = ["KaiToken",
  "CheckerLicense", "Emission", "BlockHashBeacon", "Devices", "Slots", "Reports", "Settlement"]
  .map(contract);

async function send(from, to, call, ...args) {
  await (await to.connect(from)[call](...args)).wait();
}
const goTo = (time) => provider.send("evm_setNextBlockTimestamp", [time]);

const ROLES = [[devices, ["PARAMETER_ROLE", "RENTAL_ROLE", "SETTLEMENT_ROLE", "PAUSER_ROLE"]],
  [slots, ["PARAMETER_ROLE", "PAUSER_ROLE"]], [reports, ["PAUSER_ROLE"]],
  [settlement, ["PAUSER_ROLE"]], [token, ["MINTER_ROLE"]], [license, ["MINTER_ROLE"]]];

/** Gives the deployer all roles, or takes them. */
async function changeRoles(call) {
  for (const [target, roles] of ROLES) {
    for (const role of roles) await send(admin, target, call, ethers.id(role), admin.address);
  }
}

async function register() {
  await changeRoles("grantRole");
  await send(admin, token, "transfer", owner.address, 10n ** 6n * KAI);
  for (const target of [devices, slots]) {
    await send(owner, token, "approve", target.target, ethers.MaxUint256);
  }
  await send(owner, license, "setApprovalForAll", slots.target, true);
  const registration = {key: other.address, tlsPin: ethers.id("pin"), endpoint: "host:1",
    deviceClass: ethers.encodeBytes32String("cpu"), region: NO_BYTES, weight: 5,
    downBitsPerSecond: 1, upBitsPerSecond: 1};
  for (let id = 0; id < 3; ++id) {
    await send(admin, license, "mint", owner.address);
    await send(owner, slots, "register", id + 1, hotKeys[id].address, ethers.id("pin"),
      ethers.keccak256(secrets[id]), 0);
  }
  await send(owner, devices, "register", registration);
}

async function change() {
  await send(admin, devices, "promote", 0);
  await send(admin, devices, "setInService", 0, true);
  await send(admin, devices, "setInService", 0, false);
  await send(admin, devices, "setBondPerWeight", KAI);
  await send(owner, devices, "setEndpoint", 0, "other:2", ethers.id("other pin"));
  await send(owner, devices, "setWeight", 0, 7);
  await send(admin, devices, "burnBond", 0, 1);
  await send(admin, slots, "setStake", 2n * KAI);
  await send(owner, slots, "setHotKey", 2, hotKeys[3].address);
  await send(owner, slots, "setTlsPin", 2, ethers.id("other pin"));
  await send(owner, slots, "setAnchor", 2, ethers.keccak256(secrets[3]), 0);
  await send(admin, token, "approve", emission.target, KAI);
  await send(admin, emission, "fund", 0, KAI);
  await send(admin, license, "mint", admin.address);
  await send(admin, license, "approve", other.address, 4);
  for (const target of [devices, slots, reports, settlement]) {
    await send(admin, target, "pause", 0);
    await send(admin, target, "unpause", 0);
  }
  await changeRoles("revokeRole");
}

function commitmentOf(words, secret) {
  return ethers.keccak256(ethers.concat([ethers.keccak256(ethers.concat(words)),
    ethers.keccak256(ethers.concat([ethers.id("log"), ethers.id("policy"), secret]))]));
}

/** Slot 0 reports; slot 1 commits without revealing, and signs two reports; slot 2 is silent. */
async function report() {
  const end = schedule.genesis + schedule.epochSeconds;
  await goTo(schedule.genesis + schedule.epochSeconds / 2);
  await send(other, beacon, "requestLate", 0);
  await provider.send("evm_mine", []);
  await send(other, beacon, "openLate", 0);
  const word = "0x000000c8" + "ffffff00".repeat(7);  // device 0: 200 of 200
  const commitment = commitmentOf([word], secrets[0]);
  await goTo(end);
  await send(hotKeys[0], reports, "commit", 0, 0, commitment);
  await send(hotKeys[1], reports, "commit", 0, 1, ethers.id("never revealed"));
  await goTo(end + schedule.commitSeconds);
  await send(other, reports, "reveal", 0, 0, secrets[0], ethers.id("log"), ethers.id("policy"),
    [word]);
  await send(other, reports, "markMissed", 0, 2);
  await goTo(end + schedule.commitSeconds + schedule.revealSeconds);
  await send(other, reports, "markUnrevealed", 0, 1);
  const domain = {name: "Kaisar Checker", version: "1", chainId: deployment.chainId,
    verifyingContract: reports.target};
  const signed = [];
  for (const text of ["one", "another"]) {
    const message = {epoch: 0, slot: 1, specVersion: 1, commitment: ethers.id(text)};
    signed.push(ethers.id(text), await hotKeys[1].signTypedData(domain, REPORT_TYPES, message));
  }
  await send(other, reports, "proveEquivocation", 0, 1, ...signed);
  const committee = await settlement.connect(provider).committee(0, 0);
  const nothing = {word: NO_BYTES, index: 0, next: 0, path: []};
  const proof = {word, index: 0, next: 0xffffff, path: []};
  await send(other, settlement, "settle", 0, 0,
    Array.from(committee, (slot) => slot === 0n ? proof : nothing));
  await send(other, settlement, "withdrawSlots", [0]);
}

async function leave() {
  await send(owner, devices, "exit", 0);
  await send(owner, slots, "requestExit", 0);
  const {timestamp} = await provider.getBlock("latest");
  await goTo(timestamp + schedule.unbondingSeconds + DAY);
  await send(owner, devices, "claimBond", 0);
  await send(owner, slots, "claim", 0);
}

/** How often each event came; every log decodes and encodes to itself. */
async function count() {
  const counts = new Map();
  const logs = await provider.getLogs({fromBlock: deployment.block, toBlock: "latest"});
  for (const [name, contractInterface] of Object.entries(INTERFACES)) {
    contractInterface.forEachEvent((event) => counts.set(`${name}.${event.name}`, 0));
    for (const log of logs.filter(({address}) => address === deployment.contracts[name])) {
      const event = contractInterface.parseLog(log);
      assert.notEqual(event, null, `${name}: unknown event ${log.topics[0]}`);
      const encoded = contractInterface.encodeEventLog(event.fragment, event.args);
      assert.equal(encoded.data, log.data, `${name}.${event.name}`);
      assert.deepEqual(encoded.topics, Array.from(log.topics), `${name}.${event.name}`);
      const key = `${name}.${event.name}`;
      counts.set(key, counts.get(key) + 1);
    }
  }
  return counts;
}

for (const step of [register, change, report, leave]) await step();
const counts = await count();
for (const [event, times] of counts) console.log(`${String(times).padStart(3)} ${event}`);
const missing = [...counts].filter(([, times]) => times === 0).map(([event]) => event);
assert.deepEqual(missing, [], "events that never came");
provider.destroy();
