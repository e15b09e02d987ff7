#!/usr/bin/env node
// Plays epoch 0 of a network on a development chain, reports and settling included, by jumps in time:
// every case that an auditor must tell apart, with scores that a script has made up. Epoch 1 is opened
// late. The contracts must be deployed, with genesis yet to come.
//
//   node scripted_epoch.mjs --rpc URL --deployment FILE
import {readFileSync} from "node:fs";
import {dirname, join} from "node:path";
import {fileURLToPath} from "node:url";
import {createRequire} from "node:module";
import {ReportTree, commitmentOf, makeWord} from "../../contracts/reference/report_tree.mjs";

const contracts = join(dirname(fileURLToPath(import.meta.url)), "../../contracts");
const {ethers} = createRequire(join(contracts, "package.json"))("ethers");

const MNEMONIC = "test test test test test test test test test test test junk";
const KAI = 10n ** 18n;
const SLOT_OWNER = 1, FIRST_PROVIDER = 2, FIRST_HOT_KEY = 5; // accounts; the deployer is 0
const UNUSED = 255; // no score in the report
// What each slot reports of devices 0 … 7, or does instead.
const SLOTS = [
  {scores: [200, 190, 120, 150, 0, 100, 0, 77, 0]},
  {scores: [200, 190, 126, 150, 0, 106, 3, 77, 0]},
  {scores: [199, UNUSED, 20, 150, 0, 107, 0, 77, 0]}, // lies about device 2
  {scores: [200, UNUSED, 119, 150, 1, 93, 0, 77, 0], hidden: true}, // commits and shows nothing
  null, // commits to nothing
];
const DEVICES = [
  {weight: 100}, {weight: 200}, {weight: 4_294_967_295}, {weight: 50, registering: true}, {weight: 7},
  {weight: 1000}, {weight: 333, rented: true}, {weight: 5, unsettled: true},
  {weight: 9, claimedFirst: 1_000_000}, // its bond stays that of the first claim
];
const HEADER = ["parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot",
  "logsBloom", "difficulty", "number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash",
  "nonce", "baseFeePerGas", "withdrawalsRoot"];
const INTEGERS = new Set(["difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas"]);

function option(name) {
  const at = process.argv.indexOf(name);
  if (at < 0 || at + 1 >= process.argv.length) throw new Error(`${name} is missing`);
  return process.argv[at + 1];
}

const deployment = JSON.parse(readFileSync(option("--deployment"), "utf8"));
const {schedule, parameters} = deployment;
const provider = new ethers.JsonRpcProvider(option("--rpc"), deployment.chainId,
  {staticNetwork: true, pollingInterval: 20, cacheTimeout: -1});

function contract(name, from = 0) {
  const path = join(contracts, `out/${name}.sol/${name}.json`);
  const wallet = ethers.HDNodeWallet.fromPhrase(MNEMONIC, undefined, `m/44'/60'/0'/0/${from}`);
  return new ethers.Contract(deployment.contracts[name], JSON.parse(readFileSync(path, "utf8")).abi,
    wallet.connect(provider));
}

async function send(name, from, call, ...args) {
  const response = await contract(name, from)[call](...args);
  return await response.wait();
}

const account = async (index) => (await provider.send("eth_accounts", []))[index];
const begin = (epoch) => schedule.genesis + epoch * schedule.epochSeconds;
const secretOf = (slot) => ethers.id(`secret of slot ${slot}`);

async function mineAt(timestamp) {
  await provider.send("evm_setNextBlockTimestamp", [timestamp]);
  await provider.send("evm_mine", []);
}

async function headerOf(number) {
  const block = await provider.send("eth_getBlockByNumber", [ethers.toQuantity(number), false]);
  return ethers.encodeRlp(HEADER.map((field) => INTEGERS.has(field)
    ? ethers.stripZerosLeft(ethers.zeroPadValue(ethers.toBeHex(block[field]), 32)) : block[field]));
}

async function registerSlots() {
  const owner = await account(SLOT_OWNER), slots = deployment.contracts.Slots;
  const stakes = BigInt(parameters.stake) * BigInt(SLOTS.length);
  await send("KaiToken", 0, "transfer", owner, stakes);
  await send("KaiToken", SLOT_OWNER, "approve", slots, stakes);
  await send("CheckerLicense", SLOT_OWNER, "setApprovalForAll", slots, true);
  for (const slot of SLOTS.keys()) {
    await send("CheckerLicense", 0, "mint", owner);
    await send("Slots", SLOT_OWNER, "register", slot + 1, await account(FIRST_HOT_KEY + slot),
      ethers.id(`pin ${slot}`), ethers.keccak256(secretOf(slot)), 0);
  }
}

async function registerDevices() {
  const devices = deployment.contracts.Devices, deployer = await account(0);
  await send("Devices", 0, "grantRole", ethers.id("SETTLEMENT_ROLE"), deployer);
  await send("Devices", 0, "grantRole", ethers.id("RENTAL_ROLE"), deployer);
  for (const [id, {weight, claimedFirst, registering}] of DEVICES.entries()) {
    const from = FIRST_PROVIDER + id % 3;
    const bond = BigInt(parameters.bondPerWeight) * BigInt(claimedFirst ?? weight);
    await send("KaiToken", 0, "transfer", await account(from), bond);
    await send("KaiToken", from, "approve", devices, bond);
    await send("Devices", from, "register", {
      key: ethers.getAddress(ethers.dataSlice(ethers.id(`device ${id}`), 12)),
      tlsPin: ethers.id(`device pin ${id}`), endpoint: `127.0.0.1:${1000 + id}`,
      deviceClass: ethers.encodeBytes32String("cpu"), region: ethers.ZeroHash,
      weight: claimedFirst ?? weight, downBitsPerSecond: 1, upBitsPerSecond: 1});
    if (claimedFirst) await send("Devices", from, "setWeight", id, weight);
    if (!registering) await send("Devices", 0, "promote", id);
  }
}

async function open() {
  await mineAt(begin(0) + 1);
  const number = await provider.getBlockNumber();
  await send("BlockHashBeacon", 0, "openEpoch", 0, await headerOf(number), await headerOf(number - 1));
  await send("KaiToken", 0, "approve", deployment.contracts.Emission, 3n * KAI);
  await send("Emission", 0, "fund", 0, KAI + 7n);
  await send("Emission", 0, "fund", 0, KAI / 3n);
  for (const [id, {rented}] of DEVICES.entries()) {
    if (rented) await send("Devices", 0, "setInService", id, true);
  }
}

function reportOf({scores}, slot) {
  const lanes = scores.map((score, id) => ({id, score})).filter(({score}) => score !== UNUSED);
  // Three lanes a word, so that there are several leaves.
  const words = [];
  for (let i = 0; i < lanes.length; i += 3) words.push(makeWord(lanes.slice(i, i + 3)));
  return {words, transcriptRoot: ethers.id(`log ${slot}`), policyHash: ethers.id("policy"),
    secret: secretOf(slot)};
}

async function report() {
  const reports = SLOTS.map((slot, id) => slot === null ? null : reportOf(slot, id));
  await mineAt(begin(1));
  for (const [slot, shown] of reports.entries()) {
    if (shown === null) continue;
    await send("Reports", FIRST_HOT_KEY + slot, "commit", 0, slot, commitmentOf(shown));
  }
  await mineAt(begin(1) + schedule.commitSeconds);
  for (const [slot, shown] of reports.entries()) {
    if (shown === null || SLOTS[slot].hidden) continue;
    await send("Reports", 0, "reveal", 0, slot, shown.secret, shown.transcriptRoot,
      shown.policyHash, shown.words);
  }
  return reports.map((shown, slot) =>
    shown === null || SLOTS[slot].hidden ? null : new ReportTree(shown.words));
}

async function settle(trees) {
  const nothing = {word: ethers.ZeroHash, index: 0, next: 0, path: []};
  await mineAt(begin(1) + schedule.commitSeconds + schedule.revealSeconds);
  const items = [];
  for (const [device, {unsettled}] of DEVICES.entries()) {
    if (unsettled) continue;
    const members = await contract("Settlement").committee(0, device);
    items.push({device,
      proofs: members.map((slot) => trees[Number(slot)]?.prove(device) ?? nothing)});
  }
  await send("Settlement", 0, "settle", 0, items[0].device, items[0].proofs);
  await send("Settlement", 0, "settleBatch", 0, items);
}

/** In epoch 1 nobody calls openEpoch; nobody reports either. */
async function openLate() {
  if (await provider.getBlock("latest").then((block) => block.timestamp) <
      begin(1) + schedule.epochSeconds / 2) await mineAt(begin(1) + schedule.epochSeconds / 2);
  await send("BlockHashBeacon", 0, "requestLate", 1);
  await provider.send("evm_mine", []);
  await send("BlockHashBeacon", 0, "openLate", 1);
  await mineAt(begin(2) + schedule.commitSeconds + schedule.revealSeconds);
}

try {
  await registerSlots();
  await registerDevices();
  await open();
  await settle(await report());
  await openLate();
} catch (error) {
  console.error(`scripted_epoch: ${error.message}`);
  process.exitCode = 1;
}
provider.destroy();
