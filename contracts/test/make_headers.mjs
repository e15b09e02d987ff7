#!/usr/bin/env node
// Prints the RLP headers of Beacon.t.sol: two blocks of an anvil around 1,700,000,000, checked
// against the hashes that anvil gives. Start it with --hardfork shanghai --timestamp 1699999000
// --no-mining.
// usage: make_headers.mjs RPC
import { JsonRpcProvider, encodeRlp, keccak256 } from "ethers";

const provider = new JsonRpcProvider(process.argv[2]);

function integer(quantity) {
  const digits = quantity.replace(/^0x0*/, "");
  return `0x${digits.length % 2 ? "0" : ""}${digits}`;
}

async function header(number) {
  const b = await provider.send("eth_getBlockByNumber", [number, false]);
  const encoded = encodeRlp([
    b.parentHash, b.sha3Uncles, b.miner, b.stateRoot, b.transactionsRoot, b.receiptsRoot,
    b.logsBloom, integer(b.difficulty), integer(b.number), integer(b.gasLimit), integer(b.gasUsed),
    integer(b.timestamp), b.extraData, b.mixHash, b.nonce, integer(b.baseFeePerGas),
    b.withdrawalsRoot]);
  if (keccak256(encoded) !== b.hash) throw new Error(`block ${number} has the hash ${b.hash}`);
  return encoded;
}

for (const timestamp of [1_699_999_995, 1_700_000_003]) {
  await provider.send("evm_setNextBlockTimestamp", [timestamp]);
  await provider.send("evm_mine", []);
}
console.log(await header("0x1"));
console.log(await header("0x2"));
provider.destroy();
