#!/usr/bin/env python3
"""Checkers on a development chain: the owner's commands, an epoch with a liar among three, a checker
that is killed in the middle, and how soon one stops."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = os.environ["KAISAR_SOURCE_DIR"]
BINARIES = os.environ["KAISAR_BINARY_DIR"]
sys.path.insert(0, os.path.join(ROOT, "tests/support"))

from chain_network import ChainNetwork  # pylint: disable=wrong-import-position
from loopback_network import value  # pylint: disable=wrong-import-position

POLICY = """\
version: 1
samples: 64
slack_ms: 2000
guard_ms: 5000
registration_window_ms: 10000
clock_step_ms: 1000
latency: {pings: 8, spacing_ms: 5, deadline_ms: 1500, target_us: 50000, limit_us: 500000}
phases:
  registering:
    latency: {count: 20, weight: 1, least_evidence: 2}
    matmul: {count: 10, weight: 3, least_evidence: 1}
  standby:
    latency: {count: 20, weight: 1, least_evidence: 2}
    matmul: {count: 10, weight: 3, least_evidence: 1}
  in_service:
    latency: {count: 20, weight: 1, least_evidence: 2}
classes:
  cpu: {n: 512, rounds: 2, commitment_deadline_ms: 3000, opening_deadline_ms: 1500}
"""


class CheckerChain(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="kaisar-checker-chain-")
        self.addCleanup(folder.cleanup)
        self.network = ChainNetwork(BINARIES, folder.name, ROOT)
        self.addCleanup(self.network.close)

    def configure(self, name):
        """NAME/checker.yaml, with its signature store."""
        self.network.write("policy.yaml", POLICY)
        self.network.write(f"{name}/checker.yaml", f"""\
registry: evm
data_dir: data
policy: ../policy.yaml
keystore: keystore.json
password: ../password
tls_key: tls.pem
hash_chain: hash_chain.json
chain: {{deployment: ../deployment.json, rpc: ["{self.network.chain.url}"], confirmations: 1}}
""")
        self.network.call("checker/kaisar-checker", "init-signatures", "--config",
                          f"{name}/checker.yaml")

    def ask(self, *arguments):
        """Exit status, standard output and standard error of a command that may fail."""
        done = subprocess.run([self.network.binary("checker/kaisar-checker"), *arguments],
                              cwd=self.network.folder, capture_output=True, text=True, timeout=120,
                              check=False)
        return done.returncode, done.stdout, done.stderr

    def run_checker(self, slot, *more, program="checker/kaisar-checker"):
        verb = [] if program.endswith("lying-checker") else ["run"]
        return self.network.start(f"run-{slot}", program, *verb, "--config",
                                  f"checker-{slot}/checker.yaml", "--epochs", "1", *more)

    def expect_end(self, process, log, deadline_s):
        try:
            status = process.wait(timeout=deadline_s)
        except subprocess.TimeoutExpired:
            self.fail(f"{log} does not end:\n" + self.network.read(log + ".err")[-3000:])
        self.assertEqual(status, 0, self.network.read(log + ".err")[-3000:])

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
        self.assertIn("owed nothing", network.call("checker/kaisar-checker", "withdraw", *config))

        self.assertIn("can be claimed", network.call("checker/kaisar-checker", "unstake", *config,
                                                     *owner))
        network.chain.wait_until(network.chain.time() + 8)
        claimed = network.call("checker/kaisar-checker", "unstake", *config, *owner)
        self.assertIn("are back at", claimed)
        self.assertEqual(network.view("CheckerLicense.ownerOf", license_id).lower(),
                         network.account(2).lower())

    def test_a_liar_loses_its_commission_and_a_killed_checker_nothing(self):
        network = self.network
        network.deploy(epoch_seconds=40, genesis_in_s=50, commit_seconds=12, reveal_seconds=12)
        slots = network.add_slots(3)
        devices = network.add_devices([1, 1])
        for slot in slots:
            self.configure(f"checker-{slot}")
        for device in devices:
            network.write_provider_config(device)
            network.start_provider(device)
        network.go()
        checkers = [self.run_checker(slot) for slot in slots[:2]]
        liar = self.run_checker(slots[2], "--lie", f"{devices[1]}=20",
                                program="tests/support/lying-checker")

        # In the epoch, in the commit window and in the reveal window.
        end = network.begin(1)
        for moment in (network.genesis + 15, end + 3, end + 14):
            network.chain.wait_until(moment)
            self.assertIsNone(checkers[0].poll(), network.read("run-0.err")[-3000:])
            checkers[0].send_signal(signal.SIGKILL)
            checkers[0].wait()
            checkers[0] = self.network.start("run-0", "checker/kaisar-checker", "run", "--config",
                                             "checker-0/checker.yaml")
        self.expect_end(checkers[1], "run-1", 120)
        self.expect_end(liar, "run-2", 60)

        accounts = [network.view("Settlement.account", slot) for slot in slots]
        figures = [(int(a["agreed"]), int(a["disagreed"])) for a in accounts]
        self.assertEqual(figures, [(2, 0), (2, 0), (1, 1)])
        self.assertEqual(int(accounts[2]["owed"]) * 2, int(accounts[1]["owed"]))
        for slot in slots:
            self.assertEqual(int(network.view("Slots.slot", slot)["stake"]), 1000 * 10**18)

        began = time.monotonic()
        checkers[0].send_signal(signal.SIGTERM)
        self.expect_end(checkers[0], "run-0", 10)
        self.assertLess(time.monotonic() - began, 4)
        status, out, _ = self.ask("status", "--config", "checker-0/checker.yaml", "--json")
        self.assertEqual(status, 1)
        self.assertEqual(json.loads(out)["accepted"]["epoch"], 0)


if __name__ == "__main__":
    unittest.main()
