// Makes encoding.json: RLP, signed transactions and block headers, by ethers.
//
// Without arguments it prints the file; with a path it compares and exits 1 when that file differs.
import { ethers, finish } from "./ethers.mjs";

// Strings (hex) and lists of them, as the yellow paper's appendix B has them and around its limits.
const rlp = ["0x", "0x00", "0x7f", "0x80", "0x0400", "0x" + "61".repeat(55), "0x" + "61".repeat(56),
  "0x" + "61".repeat(255), "0x" + "61".repeat(256), [], ["0x"],
  ["0x646f67", "0x636174"], Array(55).fill("0x01"), Array(56).fill("0x01"),
  Array(20).fill("0x" + "62".repeat(20))].map((item) => ({ item, encoded: ethers.encodeRlp(item) }));

const integers = [0n, 1n, 127n, 128n, 255n, 256n, 1n << 64n, (1n << 256n) - 1n].map((value) => (
  { value: value.toString(), encoded: ethers.encodeRlp(ethers.toBeArray(value)) }));

const key = ethers.id("a key of the vectors");
const transactions = [
  { nonce: 0, maxPriorityFeePerGas: 0n, maxFeePerGas: 0n, gasLimit: 0n, value: 0n, data: "0x" },
  { nonce: 1, maxPriorityFeePerGas: 1n, maxFeePerGas: 7n, gasLimit: 21000n, value: 1n, data: "0x00" },
  { nonce: 127, maxPriorityFeePerGas: 10n ** 9n, maxFeePerGas: 30n * 10n ** 9n, gasLimit: 60000n,
    value: 0n, data: "0x" + "ab".repeat(68) },
  { nonce: 128, maxPriorityFeePerGas: 10n ** 9n, maxFeePerGas: 1n << 70n, gasLimit: 30000000n,
    value: 10n ** 27n, data: "0x" + "00".repeat(300) },
  { nonce: 70000, maxPriorityFeePerGas: 3n, maxFeePerGas: 300n, gasLimit: (1n << 63n) - 1n,
    value: (1n << 256n) - 1n, data: "0x" + "ff".repeat(300) },
].concat(Array.from({ length: 20 }, (_, i) => ( // signatures with short r, s and both parities
  { nonce: i, maxPriorityFeePerGas: 1n, maxFeePerGas: 2n, gasLimit: 3n, value: 4n, data: "0x05" })));

const signed = [];
for (const [i, fields] of transactions.entries()) {
  const to = ethers.dataSlice(ethers.id(`account ${i}`), 12);
  const chainId = [1, 31337, 4294967296][i % 3];
  const raw = await new ethers.Wallet(key).signTransaction({ type: 2, chainId, to, ...fields });
  signed.push({
    chain_id: chainId, nonce: fields.nonce, priority_fee: fields.maxPriorityFeePerGas.toString(),
    max_fee: fields.maxFeePerGas.toString(), gas_limit: fields.gasLimit.toString(),
    to, value: fields.value.toString(),
    input: fields.data, raw, hash: ethers.keccak256(raw),
  });
}

// As eth_getBlockByNumber gives them; the fields of later forks are appended in this order.
const hash = (name) => ethers.id(name);
const number = (value) => ethers.toQuantity(value);
const basic = {
  parentHash: hash("parent"), sha3Uncles: hash("uncles"), miner: ethers.dataSlice(hash("miner"), 12),
  stateRoot: hash("state"), transactionsRoot: hash("transactions"), receiptsRoot: hash("receipts"),
  logsBloom: "0x" + "5a".repeat(256), difficulty: number(0), number: number(22431084),
  gasLimit: number(36000000), gasUsed: number(12345678), timestamp: number(1746612311),
  extraData: "0x6265617665726275696c642e6f7267", mixHash: hash("randao"), nonce: "0x0000000000000000",
};
const later = [
  { baseFeePerGas: number(10n ** 9n) },
  { withdrawalsRoot: hash("withdrawals") },
  { blobGasUsed: number(0), excessBlobGas: number(131072), parentBeaconBlockRoot: hash("beacon") },
  { requestsHash: hash("requests") },
];
const QUANTITIES = ["difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas",
  "blobGasUsed", "excessBlobGas"];
const headers = ["Paris", "London", "Shanghai", "Cancun", "Prague"].map((fork, forks) => {
  const fields = Object.assign({}, basic, ...later.slice(0, forks));
  const encoded = ethers.encodeRlp(Object.entries(fields).map(([name, value]) => (
    QUANTITIES.includes(name) ? ethers.toBeArray(value) : value)));
  return { fork, block: { ...fields, hash: ethers.keccak256(encoded), size: "0x1", uncles: [] },
    encoded };
});

const lines = (values) => "[\n" + values.map((value) => JSON.stringify(value)).join(",\n") + "\n]";
finish(`{"rlp": ${lines(rlp)},\n"integers": ${lines(integers)},\n"key": "${key}",\n`
  + `"transactions": ${lines(signed)},\n"headers": ${lines(headers)}}\n`);
