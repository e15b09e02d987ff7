// Keystores of ethers open in kaisar-checker, and ours in ethers.
import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {ethers} from "./ethers.mjs";

const CHECKER = join(process.env.KAISAR_BINARY_DIR, "checker/kaisar-checker");
const PROVIDER = join(process.env.KAISAR_BINARY_DIR, "provider/kaisar-provider");
const PASSWORD = "correct horse battery staple \u00fc";

const folder = mkdtempSync(join(tmpdir(), "kaisar-keystores-"));
const path = (name) => join(folder, name);

/** The address that a `keys` command prints. */
function addressOf(output) {
  return ethers.getAddress(/address: "?(0x[0-9a-f]{40})/i.exec(output)[1]);
}

/** Our program opens a keystore of ethers; its address and secret are the wallet's. */
function importIntoChecker(name, json, wallet) {
  writeFileSync(path(`${name}.json`), json, {mode: 0o600});
  const printed = execFileSync(CHECKER, ["keys", "import", "--out", path(name), "--keystore",
    path(`${name}.json`), "--keystore-password-file", path("password"), "--password-file",
    path("password"), "--light", "--chain-length", "16"], {encoding: "utf8"});
  assert.equal(addressOf(printed), wallet.address, name);
}

async function openInEthers(program, ...options) {
  const name = `made-by-${program.split("/").pop()}`;
  const printed = execFileSync(program, ["keys", "new", "--out", path(name), "--password-file",
    path("password"), "--light", ...options], {encoding: "utf8"});
  const json = readFileSync(join(path(name), "keystore.json"), "utf8");
  assert.equal(JSON.parse(json).version, 3);
  const wallet = await ethers.Wallet.fromEncryptedJson(json, PASSWORD);
  assert.equal(wallet.address, addressOf(printed), name);
  await assert.rejects(ethers.Wallet.fromEncryptedJson(json, "wrong"), /incorrect password/);
  return json;
}

try {
  writeFileSync(path("password"), PASSWORD + "\n", {mode: 0o600});
  const wallet = ethers.Wallet.createRandom();
  importIntoChecker("default-strength", await wallet.encrypt(PASSWORD), wallet);
  const account = {address: wallet.address, privateKey: wallet.privateKey};
  importIntoChecker("light", await ethers.encryptKeystoreJson(account, PASSWORD,
    {scrypt: {N: 4096, r: 8, p: 1}}), wallet);
  // What our import wrote opens in ethers again, with the same key.
  const again = await ethers.Wallet.fromEncryptedJson(
    readFileSync(join(path("light"), "keystore.json"), "utf8"), PASSWORD);
  assert.equal(again.privateKey, wallet.privateKey);
  await openInEthers(CHECKER, "--chain-length", "16");
  await openInEthers(PROVIDER);
  console.log("keystores of ethers open in kaisar-checker, and ours in ethers");
} finally {
  rmSync(folder, {recursive: true});
}
