#!/usr/bin/env node
// What has no command of ours on a development chain: minting licences, giving away KAI, admitting
// devices before genesis. Transactions are signed by anvil's well-known accounts.
//
//   node chain_admin.mjs --rpc URL --deployment FILE < actions.json
//
// Standard input is a JSON array of actions, done in order; standard output the array of their
// results. Transactions that follow one another are sent at once, each in its turn; a view waits
// for all before it.
//   {"send": "Slots.register", "arguments": […], "from": 3}   {"hash", "block", "gasUsed", "events"}
//   {"grant": "Devices.SETTLEMENT_ROLE", "to": "0x…"}         as a send
//   {"openEpoch": 4}                                          as a send; proves its first block
//   {"view": "Devices.count", "arguments": []}                what it returns; integers as strings
//   {"keystore": 3, "path": "owner.json", "password": "…"}    {"address"}; Web3 Secret Storage
// "from" and "keystore" are indices of accounts; "value" of a send is in wei.
import {readFileSync, writeFileSync} from "node:fs";
import {dirname, join} from "node:path";
import {fileURLToPath} from "node:url";
import {createRequire} from "node:module";

const contracts = join(dirname(fileURLToPath(import.meta.url)), "../../contracts");
const {ethers} = createRequire(join(contracts, "package.json"))("ethers");

const MNEMONIC = "test test test test test test test test test test test junk";
// Enough for every call but a deployment: an estimate would need the transactions before it mined.
const GAS_LIMIT = 1_000_000n;

function option(name) {
  const at = process.argv.indexOf(name);
  if (at < 0 || at + 1 >= process.argv.length) throw new Error(`${name} is missing`);
  return process.argv[at + 1];
}

function artifact(name) {
  return JSON.parse(readFileSync(join(contracts, `out/${name}.sol/${name}.json`), "utf8")).abi;
}

/** A result of ethers as JSON: integers as decimal strings, structs as objects. */
function plain(value) {
  if (typeof value === "bigint") return value.toString();
  if (!Array.isArray(value)) return value;
  if (value.length === 0) return [];
  let named;
  try {
    named = value.toObject();
  } catch {
    return Array.from(value, plain);  // has no names
  }
  return Object.fromEntries(Object.entries(named).map(([name, member]) => [name, plain(member)]));
}

class Admin {
  constructor(url, deployment) {
    this.provider = new ethers.JsonRpcProvider(url, deployment.chainId,
      {staticNetwork: true, pollingInterval: 100, cacheTimeout: -1});
    this.deployment = deployment;
    this.nonces = new Map();
    this.waiting = [];
  }

  contract(name) {
    return new ethers.Contract(this.deployment.contracts[name], artifact(name), this.provider);
  }

  wallet(index) {
    const path = `m/44'/60'/0'/0/${index}`;
    return ethers.HDNodeWallet.fromPhrase(MNEMONIC, undefined, path).connect(this.provider);
  }

  async send({send, arguments: args = [], from = 0, value = 0}) {
    const [name, call] = send.split(".");
    const contract = this.contract(name);
    const wallet = this.wallet(from);
    const nonce = this.nonces.get(from) ?? await wallet.getNonce("pending");
    this.nonces.set(from, nonce + 1);
    const populated = await contract[call].populateTransaction(...args);
    const response = await wallet.sendTransaction({...populated, value: BigInt(value), nonce,
      gasLimit: GAS_LIMIT});
    return {response, contract, send};
  }

  /** The RLP of a block's header, of the fields that the chain's blocks have. */
  async header(number) {
    const block = await this.provider.send("eth_getBlockByNumber",
      [ethers.toQuantity(number), false]);
    const fields = ["parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot",
      "receiptsRoot", "logsBloom", "difficulty", "number", "gasLimit", "gasUsed", "timestamp",
      "extraData", "mixHash", "nonce", "baseFeePerGas", "withdrawalsRoot", "blobGasUsed",
      "excessBlobGas", "parentBeaconBlockRoot", "requestsHash"];
    const numbers = new Set(["difficulty", "number", "gasLimit", "gasUsed", "timestamp",
      "baseFeePerGas", "blobGasUsed", "excessBlobGas"]);
    const values = fields.filter((name) => block[name] !== undefined && block[name] !== null)
      .map((name) => numbers.has(name) ? ethers.toBeArray(block[name]) : block[name]);
    const rlp = ethers.encodeRlp(values);
    if (ethers.keccak256(rlp) !== block.hash) throw new Error(`block ${number} hashes otherwise`);
    return rlp;
  }

  /** The first block at or after a time. */
  async firstBlock(time) {
    let [before, from] = [0, await this.provider.getBlockNumber()];
    while (from - before > 1) {
      const middle = before + Math.floor((from - before) / 2);
      if ((await this.provider.getBlock(middle)).timestamp >= time) from = middle;
      else before = middle;
    }
    return from;
  }

  async openEpoch({openEpoch, from = 0}) {
    const {genesis, epochSeconds} = this.deployment.schedule;
    const first = await this.firstBlock(genesis + openEpoch * epochSeconds);
    return this.send({send: "BlockHashBeacon.openEpoch", from,
      arguments: [openEpoch, await this.header(first), await this.header(first - 1)]});
  }

  async outcome({response, contract, send}) {
    let receipt;
    try {
      receipt = await response.wait();
    } catch (error) {
      throw new Error(`${send}: ${await this.reason(response, contract) ?? error.message}`);
    }
    const events = [];
    for (const log of receipt.logs) {
      const parsed = log.address === contract.target ? contract.interface.parseLog(log) : null;
      if (parsed !== null) events.push({name: parsed.name, ...plain(parsed.args)});
    }
    return {hash: receipt.hash, block: receipt.blockNumber, gasUsed: receipt.gasUsed.toString(),
      events};
  }

  /** Why a transaction reverted: asked again of the block before it. */
  async reason({from, to, data, value}, contract) {
    try {
      await this.provider.call({from, to, data, value});
      return null;
    } catch (error) {
      const parsed = error.data ? contract.interface.parseError(error.data) : null;
      return parsed === null ? error.shortMessage : `${parsed.name}(${parsed.args.join(", ")})`;
    }
  }

  async settleSends(results) {
    for (const {index, sent} of this.waiting.splice(0)) results[index] = await this.outcome(sent);
  }

  async keystore({keystore, path, password}) {
    const wallet = this.wallet(keystore);
    const json = await ethers.encryptKeystoreJson({address: wallet.address,
      privateKey: wallet.privateKey}, password, {scrypt: {N: 4096, r: 8, p: 1}});
    writeFileSync(path, json, {mode: 0o600});
    return {address: wallet.address};
  }

  async run(actions) {
    const results = [];
    for (const [index, action] of actions.entries()) {
      if (action.send !== undefined) {
        this.waiting.push({index, sent: await this.send(action)});
      } else if (action.grant !== undefined) {
        const [contract, role] = action.grant.split(".");
        const send = {send: `${contract}.grantRole`, arguments: [ethers.id(role), action.to]};
        this.waiting.push({index, sent: await this.send(send)});
      } else if (action.openEpoch !== undefined) {
        this.waiting.push({index, sent: await this.openEpoch(action)});
      } else if (action.view !== undefined) {
        await this.settleSends(results);
        const [name, call] = action.view.split(".");
        results[index] = plain(await this.contract(name)[call](...action.arguments ?? []));
      } else {
        results[index] = await this.keystore(action);
      }
    }
    await this.settleSends(results);
    return results;
  }
}

const deployment = JSON.parse(readFileSync(option("--deployment"), "utf8"));
const admin = new Admin(option("--rpc"), deployment);
const actions = JSON.parse(readFileSync(0, "utf8"));
try {
  process.stdout.write(JSON.stringify(await admin.run(actions)) + "\n");
} catch (error) {
  console.error(`chain_admin: ${error.message}`);
  process.exitCode = 1;
}
admin.provider.destroy();
