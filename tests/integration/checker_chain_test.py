#!/usr/bin/env python3
"""What an owner does for a slot on a development chain, by our own commands."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

ROOT = os.environ["KAISAR_SOURCE_DIR"]
BINARIES = os.environ["KAISAR_BINARY_DIR"]
sys.path.insert(0, os.path.join(ROOT, "tests/support"))

from chain_network import ChainNetwork  # pylint: disable=wrong-import-position
from http_get import get  # pylint: disable=wrong-import-position
from loopback_network import SHORT_POLICY, value  # pylint: disable=wrong-import-position



class CheckerChain(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="kaisar-checker-chain-")
        self.addCleanup(folder.cleanup)
        self.network = ChainNetwork(BINARIES, folder.name, ROOT)
        self.addCleanup(self.network.close)

    def configure(self, name, keys=".", tls=".", slot=""):
        """NAME/checker.yaml, with its signature store. Its keys are in the folder `keys` beside it,
        the TLS key in `tls`."""
        self.network.write("policy.yaml", SHORT_POLICY)
        self.network.write(f"{name}/checker.yaml", f"""\
registry: evm
{slot}
data_dir: data
policy: ../policy.yaml
keystore: {keys}/keystore.json
password: ../password
tls_key: {tls}/tls.pem
hash_chain: {keys}/hash_chain.json
monitor: {{listen: "127.0.0.1:0"}}
chain: {{deployment: ../deployment.json, rpc: ["{self.network.chain.url}"], confirmations: 0}}
""")
        self.network.call("checker/kaisar-checker", "init-signatures", "--config",
                          f"{name}/checker.yaml")

    def ask(self, *arguments):
        """Exit status, standard output and standard error of a command that may fail."""
        done = subprocess.run([self.network.binary("checker/kaisar-checker"), *arguments],
                              cwd=self.network.folder, capture_output=True, text=True, timeout=120,
                              check=False)
        return done.returncode, done.stdout, done.stderr

    def replace_keys(self, owner, license_id):
        """The TLS key by the hot key, then all others by the owner; the config of the new ones."""
        keys = self.network.checker_keys("new")
        self.configure("new-tls", "../checker-0", "../new", slot="slot: 0")
        self.configure("new", slot="slot: 0")

        def announce(name, *more):
            return self.ask("announce-keys", "--config", f"{name}/checker.yaml", *more)

        self.assertIn("nothing to do", announce("checker-0")[1])
        status, _, error = announce("new")
        self.assertEqual(status, 1)
        self.assertIn("the hot key is changed by its owner alone (--owner-keystore)", error)
        status, out, error = announce("new-tls")
        self.assertEqual(status, 0, out + error)
        self.assertNotIn("hash chain", out)
        old_key = self.network.view("Slots.slot", 0)["hotKey"]
        self.network.admin({"send": "KaiToken.transfer", "arguments": [old_key, str(2 * 10**17)]})
        status, out, error = announce("new", *owner)
        self.assertEqual(status, 0, out + error)
        self.assertIn(f"the old key {old_key.lower()} has 0.2 KAI", out)
        self.assertIn("the hash chain counts from epoch 0 on", out)
        self.assertIn(f"the hot key {value(keys, 'address')} counts from epoch 0 on", out)
        self.assertNotIn("TLS", out)
        self.assertIn("nothing to do", announce("new")[1])
        # What the old key has is told to it, and goes where its holder says.
        old = ["withdraw", "--config", "new-tls/checker.yaml"]
        self.assertIn("0.2 KAI, and is not the hot key of slot 0 any more", self.ask(*old)[1])
        status, _, error = self.ask(*old, "--to", "0x12")
        self.assertEqual((status, error),
                         (2, "kaisar-checker: --to: hex gives 1 bytes, expected 20\n"))
        status, out, error = self.ask(*old, "--to", self.network.account(2))
        self.assertEqual(status, 0, out + error)
        self.assertIn("send 0.2 KAI of the hot key to 0x", out)
        self.assertEqual(int(self.network.view("KaiToken.balanceOf", old_key)), 0)
        status, _, error = self.ask("stake", "--config", "checker-0/checker.yaml", *owner,
                                    "--license", license_id)
        self.assertEqual((status, error),
                         (1, f"kaisar-checker: licence {license_id} is staked in a slot already\n"))
        slot = self.network.view("Slots.slot", 0)
        self.assertEqual((slot["hotKey"].lower(), slot["tlsPin"], slot["anchor"]),
                         (value(keys, "address"), *("0x" + value(keys, name).removeprefix("0x") for name in ("tls_pin", "anchor"))))
        return ["--config", "new/checker.yaml"]

    def check_tries_epochs_again(self, config):
        """A checker whose epochs end with an error stays, for the chain, and says that it does not earn."""
        network = self.network
        data = os.open(network.path("checker-0", "data"), os.O_RDONLY)
        try:
            fcntl.flock(data, fcntl.LOCK_EX)
            checker = network.start("run", "checker/kaisar-checker", "run", *config)
            network.await_true("a warning", 20, lambda: "trying again in 10 s: data directory"
                               in network.read("run.err"), "run")
            status, _, problems = get(network.monitor_port("run"), "/readyz")
            self.assertEqual(status, 503)
            self.assertIn('"dispatch_failed"', problems)
            up = f'kaisar_checker_rpc_up{{endpoint="{network.chain.url}"}} 1\n'
            network.await_true("its endpoint asked", 10,
                               lambda: up in get(network.monitor_port("run"))[2], "run")
            self.assertIsNone(checker.poll())
            checker.send_signal(signal.SIGTERM)
            self.assertEqual(checker.wait(timeout=5), 1, network.read("run.err"))
        finally:
            os.close(data)

    def test_an_owner_stakes_asks_and_leaves(self):
        network = self.network
        network.deploy(epoch_seconds=20, genesis_in_s=3600, commit_seconds=5, reveal_seconds=5,
                       unbonding_seconds=6, dispute_seconds=5)
        owner = network.owner(2)
        minted = network.admin({"send": "CheckerLicense.mint", "arguments": [network.account(2)]})
        license_id = next(event["tokenId"] for event in minted[0]["events"]
                          if event["name"] == "Transfer")
        keys = network.checker_keys("checker-0")
        network.chain.set_coin(value(keys, "address"), 1)
        self.configure("checker-0")
        config = ["--config", "checker-0/checker.yaml"]

        status, _, error = self.ask("status", *config)
        self.assertEqual(status, 2)
        self.assertIn("kaisar-checker stake", error)
        status, _, error = self.ask("stake", *config, *owner, "--license", "99")
        self.assertEqual((status, error), (1, "kaisar-checker: there is no licence 99\n"))
        network.chain.run_in_real_time()
        staked = network.call("checker/kaisar-checker", "stake", *config, *owner, "--license",
                              license_id)
        self.assertIn("slot: 0", staked)
        status, _, error = self.ask("stake", *config, *owner, "--license", license_id)
        self.assertEqual(status, 1)
        self.assertIn("slot 0 has the hot key", error)

        status, out, error = self.ask("status", *config, "--json")
        self.assertEqual(status, 0, out + error)
        found = json.loads(out)
        self.assertEqual((found["slot"], found["active_from"], found["stake"]),
                         (0, 0, str(1000 * 10**18)))
        status, out, error = self.ask("doctor", *config, "--json")
        self.assertEqual(status, 1, out + error)  # one endpoint, and there is no epoch yet
        told = [(line["check"], line["level"], line["what"])
                for line in json.loads(out)["checks"]]
        self.assertIn(("keys", "ok", "those of slot 0"), told)
        self.assertIn(("roster", "warning", "the network's first epoch has not begun"), told)
        self.assertIn(("clock", "ok", "agrees with the chain's newest block"), told)
        self.check_tries_epochs_again(config)
        config = self.replace_keys(owner, license_id)
        self.assertIn("owed nothing", network.call("checker/kaisar-checker", "withdraw", *config))
        # What a hot key gets for marking others' offences.
        hot_key = network.view("Slots.slot", 0)["hotKey"]
        network.chain.set_coin(hot_key, 1)
        network.admin({"send": "KaiToken.transfer", "arguments": [hot_key, str(3 * 10**17)]})
        told = network.call("checker/kaisar-checker", "withdraw", *config)
        self.assertIn("send 0.3 KAI of the hot key", told)
        self.assertEqual(int(network.view("KaiToken.balanceOf", hot_key)), 0)

        self.assertIn("can be claimed", network.call("checker/kaisar-checker", "unstake", *config,
                                                     *owner))
        network.chain.wait_until(network.chain.time() + 8)
        claimed = network.call("checker/kaisar-checker", "unstake", *config, *owner)
        self.assertIn("are back at", claimed)
        self.assertEqual(network.view("CheckerLicense.ownerOf", license_id).lower(),
                         network.account(2).lower())


if __name__ == "__main__":
    unittest.main()
