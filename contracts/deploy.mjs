#!/usr/bin/env node
// Deploys the network's contracts, wires their roles, reads everything back, and writes the
// deployment file.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Contract, ContractFactory, HDNodeWallet, JsonRpcProvider, Wallet, ZeroAddress,
         getAddress, getCreateAddress, id, isAddress, parseEther } from "ethers";

const DAY = 86400;
const WAIT_MS = 300_000; // for a transaction to get into a block
const HELP = `usage: deploy.mjs --rpc URL (--key-file FILE | --mnemonic-dev) --out FILE [options]

  --rpc URL                 JSON-RPC endpoint
  --key-file FILE           the deployer's private key, 64 hexadecimal digits
  --mnemonic-dev            the deployer is the first account of anvil
  --out FILE                the deployment file to write
  --genesis T               begin of epoch 0, Unix seconds; not before the chain's newest block
  --genesis-in S            the same, counted from that block (default: one epoch)
  --epoch-seconds N         (21600)
  --commit-seconds N        (a twelfth of the epoch)
  --reveal-seconds N        (a twelfth of the epoch)
  --settle-seconds N        (28 days)
  --dispute-seconds N       (7 days)
  --unbonding-seconds N     (14 days)
  --initial-supply KAI      minted to the treasury (100000000)
  --stake KAI               of a checker slot (10000)
  --bond-per-weight KAI     of a device, for each 10^9 claimed operations per second (0.001)
  --provider-percent N      of a device's share, for its owner (80)
  --band N                  how far from the median still agrees, of 200 (6)
  --treasury ADDRESS        receives the initial supply (the deployer)
  --guardian ADDRESS        may pause (the deployer)
  --proposer ADDRESS        may propose to the timelock (the guardian)
  --timelock-delay S        (2 days)
  --keep-admin              for development: the deployer stays admin, and may mint licences,
                            promote devices and tell which are in service
  --json                    print the deployment file instead of a summary
  --help`;

class UsageError extends Error {}

function fail(message) {
  throw new UsageError(message);
}

function wholeNumber(name, text, least, most) {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (!(value >= least && value <= most)) {
    fail(`--${name}: "${text}" is no whole number from ${least} to ${most}`);
  }
  return value;
}

function amountOfKai(name, text) {
  if (!/^\d{1,10}(\.\d{1,18})?$/.test(text)) fail(`--${name}: "${text}" is no amount of KAI`);
  return parseEther(text);
}

function address(name, text) {
  if (!isAddress(text)) fail(`--${name}: "${text}" is no address`);
  return getAddress(text);
}

function readOptions(argv) {
  const flag = { type: "boolean", default: false };
  const text = { type: "string" };
  const options = { "mnemonic-dev": flag, "keep-admin": flag, json: flag, help: flag };
  for (const [name] of HELP.matchAll(/^ {2}--[a-z-]+(?= [A-Z])/gm)) options[name.slice(4)] = text;
  try {
    return parseArgs({ args: argv, options }).values;
  } catch (error) {
    return fail(error.message);
  }
}

function readKey(options) {
  if (options["mnemonic-dev"] === (options["key-file"] !== undefined)) {
    fail("give either --key-file or --mnemonic-dev");
  }
  if (options["mnemonic-dev"]) {
    return HDNodeWallet.fromPhrase(`${"test ".repeat(11)}junk`).privateKey;
  }
  const key = readFileSync(options["key-file"], "utf8").trim().replace(/^0x/, "");
  if (!/^[0-9a-fA-F]{64}$/.test(key)) {
    fail(`--key-file: ${options["key-file"]} holds no 64 hexadecimal digits`);
  }
  return `0x${key}`;
}

/** The schedule that the options ask for; `now` is the timestamp of the chain's newest block. */
function readSchedule(options, now) {
  const seconds = (name, standard, least = 1) =>
    options[name] === undefined ? standard : wholeNumber(name, options[name], least, 2 ** 32 - 1);
  const epochSeconds = seconds("epoch-seconds", 21600, 12);
  if (options.genesis !== undefined && options["genesis-in"] !== undefined) {
    fail("give either --genesis or --genesis-in");
  }
  const genesis = options.genesis === undefined
    ? now + seconds("genesis-in", epochSeconds, 0)
    : wholeNumber("genesis", options.genesis, 1, 2 ** 40);
  if (genesis < now) fail(`--genesis: ${genesis} is before the chain's newest block at ${now}`);
  const schedule = {
    genesis, epochSeconds,
    commitSeconds: seconds("commit-seconds", Math.floor(epochSeconds / 12)),
    revealSeconds: seconds("reveal-seconds", Math.floor(epochSeconds / 12)),
    settleSeconds: seconds("settle-seconds", 28 * DAY),
    disputeSeconds: seconds("dispute-seconds", 7 * DAY),
    unbondingSeconds: seconds("unbonding-seconds", 14 * DAY),
  };
  const reports = schedule.commitSeconds + schedule.revealSeconds;
  if (reports > epochSeconds) {
    fail(`commit and reveal windows take ${reports} s, an epoch ${epochSeconds} s`);
  }
  if (reports >= schedule.settleSeconds) {
    fail(`--settle-seconds must be above ${reports}, the length of the reports' windows`);
  }
  return schedule;
}

function readParameters(options) {
  const parameters = {
    initialSupply: amountOfKai("initial-supply", options["initial-supply"] ?? "100000000"),
    stake: amountOfKai("stake", options.stake ?? "10000"),
    bondPerWeight: amountOfKai("bond-per-weight", options["bond-per-weight"] ?? "0.001"),
    providerPercent: wholeNumber("provider-percent", options["provider-percent"] ?? "80", 0, 100),
    band: wholeNumber("band", options.band ?? "6", 0, 199),
  };
  if (parameters.initialSupply > parseEther("1000000000")) {
    fail("--initial-supply: the cap is 1000000000");
  }
  return parameters;
}

function artifact(name) {
  const path = join(dirname(fileURLToPath(import.meta.url)), "out", `${name}.sol`, `${name}.json`);
  try {
    const { abi, bytecode } = JSON.parse(readFileSync(path, "utf8"));
    return { abi, bytecode: bytecode.object };
  } catch (error) {
    return fail(`${path}: ${error.code ?? error.message}; run "forge build" in contracts/ first`);
  }
}

/** Sends transactions one behind the other without waiting for blocks in between. */
class Sender {
  constructor(wallet, nonce) {
    this.wallet = wallet;
    this.nonce = nonce;
    this.sent = [];
  }

  async send(what, transaction) {
    const call = { from: this.wallet.address, ...transaction };
    let gas;
    try {
      // On top of what is not yet in a block; an endpoint that cannot do so is asked again after
      // the block.
      gas = await this.wallet.provider.send("eth_estimateGas", [call, "pending"]);
    } catch {
      await this.wait();
      gas = await this.wallet.provider.send("eth_estimateGas", [call]).catch((error) => {
        throw new Error(`${what}: ${error.info?.error?.message ?? error.message}`);
      });
    }
    const gasLimit = BigInt(gas) * 5n / 4n;
    const response =
      await this.wallet.sendTransaction({ ...transaction, nonce: this.nonce, gasLimit });
    this.nonce += 1;
    this.sent.push({ what, response });
  }

  async deploy(name, parameters) {
    const { abi, bytecode } = artifact(name);
    const { data } = await new ContractFactory(abi, bytecode).getDeployTransaction(...parameters);
    const at = getCreateAddress({ from: this.wallet.address, nonce: this.nonce });
    await this.send(`deploy ${name}`, { data });
    return new Contract(at, abi, this.wallet.provider);
  }

  async call(what, contract, method, ...parameters) {
    const { data } = await contract[method].populateTransaction(...parameters);
    await this.send(`${what}: ${method}`, { to: await contract.getAddress(), data });
  }

  /** Waits until all that was sent is in blocks; returns the first one's number. */
  async wait() {
    for (const one of this.sent) {
      const { hash } = one.response;
      one.receipt ??= await this.wallet.provider.waitForTransaction(hash, 1, WAIT_MS);
      if (one.receipt?.status !== 1) throw new Error(`${one.what}: transaction ${hash} failed`);
    }
    return this.sent[0].receipt.blockNumber;
  }
}

async function deployAll(sender, schedule, parameters, roles) {
  const admin = sender.wallet.address; // until the roles are handed over
  const { initialSupply, stake, bondPerWeight, providerPercent, band } = parameters;
  const c = {};
  const deploy = async (name, ...parts) => (c[name] = await sender.deploy(name, parts)).target;
  const token = await deploy("KaiToken", admin, roles.treasury, initialSupply);
  const license = await deploy("CheckerLicense", admin);
  const emission = await deploy("Emission", token, schedule, initialSupply);
  const beacon = await deploy("BlockHashBeacon", schedule);
  const devices = await deploy("Devices", token, schedule, bondPerWeight, admin);
  const slots = await deploy("Slots", token, license, schedule, stake, admin);
  const reports = await deploy("Reports", slots, beacon, schedule, admin);
  await deploy("Settlement", token, emission, beacon, devices, slots, reports, schedule,
               providerPercent, band, admin);
  await deploy("Timelock", roles.delay, [roles.proposer], [ZeroAddress]);
  return c;
}

const ADMIN_ROLE = `0x${"00".repeat(32)}`;
const PAUSABLE = ["Devices", "Slots", "Reports", "Settlement"];
const GOVERNED = ["KaiToken", "CheckerLicense", ...PAUSABLE];

/** [contract, role, holder] of everything that must be granted. */
function grants(c, roles, deployer) {
  const list = [
    ["KaiToken", "MINTER_ROLE", c.Settlement.target],
    ["CheckerLicense", "MINTER_ROLE", c.Timelock.target],
    ["Slots", "REPORTS_ROLE", c.Reports.target],
    ["Slots", "PARAMETER_ROLE", c.Timelock.target],
    ["Devices", "SETTLEMENT_ROLE", c.Settlement.target],
    ["Devices", "PARAMETER_ROLE", c.Timelock.target],
    ...PAUSABLE.map((name) => [name, "PAUSER_ROLE", roles.guardian]),
  ];
  if (roles.keepAdmin) {
    list.push(["CheckerLicense", "MINTER_ROLE", deployer],
              ["Devices", "SETTLEMENT_ROLE", deployer], ["Devices", "RENTAL_ROLE", deployer]);
  }
  return [...list.map(([name, role, holder]) => [name, id(role), holder]),
          ...GOVERNED.map((name) => [name, ADMIN_ROLE, c.Timelock.target])];
}

async function wire(sender, c, roles) {
  for (const [name, role, holder] of grants(c, roles, sender.wallet.address)) {
    await sender.call(name, c[name], "grantRole", role, holder);
  }
  await sender.call("Slots", c.Slots, "setSettlement", c.Settlement.target);
  if (roles.keepAdmin) return;
  for (const name of GOVERNED) {
    await sender.call(name, c[name], "renounceRole", ADMIN_ROLE, sender.wallet.address);
  }
}

/** Reads back what was deployed; throws with the first thing that is not as it was asked for. */
async function verify(c, schedule, parameters, roles, deployer) {
  const expect = (what, found, wanted) => {
    if (String(found) !== String(wanted)) {
      throw new Error(`${what} is ${found}, expected ${wanted}`);
    }
  };
  for (const name of ["Emission", "BlockHashBeacon", ...PAUSABLE]) {
    const found = (await c[name].schedule()).toObject();
    for (const [key, value] of Object.entries(schedule)) {
      expect(`${name}: ${key}`, found[key], value);
    }
  }
  expect("KaiToken: supply", await c.KaiToken.totalSupply(), parameters.initialSupply);
  expect("KaiToken: balance of the treasury", await c.KaiToken.balanceOf(roles.treasury),
         parameters.initialSupply);
  expect("Slots: stake", await c.Slots.stakeRequired(), parameters.stake);
  expect("Devices: bond per weight", await c.Devices.bondPerWeight(), parameters.bondPerWeight);
  expect("Timelock: delay", await c.Timelock.getMinDelay(), roles.delay);
  for (const [name, role, holder] of grants(c, roles, deployer)) {
    expect(`${name}: role ${role} of ${holder}`, await c[name].hasRole(role, holder), true);
  }
  for (const name of GOVERNED) {
    expect(`${name}: the deployer's admin role`, await c[name].hasRole(ADMIN_ROLE, deployer),
           roles.keepAdmin);
  }
}

function deploymentFile(c, chainId, block, schedule, parameters) {
  const map = (object, change) =>
    Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
  return {
    version: 1, chainId, block, contracts: map(c, (contract) => contract.target), schedule,
    parameters: map(parameters, (value) => (typeof value === "bigint" ? `${value}` : value)),
  };
}

function writeAtomically(path, content) {
  const next = `${path}.${process.pid}.new`;
  writeFileSync(next, content);
  renameSync(next, path);
}

async function main(argv) {
  const options = readOptions(argv);
  if (options.help) {
    console.log(HELP);
    return;
  }
  for (const name of ["rpc", "out"]) {
    if (options[name] === undefined) fail(`--${name} is missing (see --help)`);
  }
  const provider =
    new JsonRpcProvider(options.rpc, undefined, { polling: true, staticNetwork: true });
  provider.pollingInterval = 250;
  const wallet = new Wallet(readKey(options), provider);
  const parameters = readParameters(options);
  const guardian = address("guardian", options.guardian ?? wallet.address);
  const roles = {
    guardian, keepAdmin: options["keep-admin"],
    treasury: address("treasury", options.treasury ?? wallet.address),
    proposer: address("proposer", options.proposer ?? guardian),
    delay: wholeNumber("timelock-delay", options["timelock-delay"] ?? String(2 * DAY), 0, 2 ** 32),
  };
  const head = await provider.send("eth_getBlockByNumber", ["latest", false]).catch((error) => {
    throw new Error(`${options.rpc}: ${error.shortMessage ?? error.message}`);
  });
  const schedule = readSchedule(options, Number(head.timestamp));
  const nonce = Number(await provider.send("eth_getTransactionCount", [wallet.address, "pending"]));
  const sender = new Sender(wallet, nonce);
  const contracts = await deployAll(sender, schedule, parameters, roles);
  await wire(sender, contracts, roles);
  const block = await sender.wait();
  await verify(contracts, schedule, parameters, roles, wallet.address);
  const chainId = Number(await provider.send("eth_chainId", []));
  const content = deploymentFile(contracts, chainId, block, schedule, parameters);
  const json = `${JSON.stringify(content, null, 2)}\n`;
  writeAtomically(options.out, json);
  if (options.json) {
    process.stdout.write(json);
  } else {
    for (const [name, at] of Object.entries(content.contracts)) {
      console.log(`${name.padEnd(16)} ${at}`);
    }
    console.log(`chain ${chainId}, block ${block}, genesis ${schedule.genesis}: ${options.out}`);
  }
  provider.destroy();
}

main(process.argv.slice(2)).catch((error) => {
  console.error(`deploy: ${error.shortMessage ?? error.message}`);
  process.exit(error instanceof UsageError ? 2 : 1);
});
