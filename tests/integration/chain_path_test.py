#!/usr/bin/env python3
"""The whole path on a development chain: three checkers challenge, commit, reveal and settle for two
epochs. One of them is killed in every state of its epoch, the chain is reorganised under all of them,
and its endpoint hangs; no report and no stake may be lost."""

import json
import os
import re
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

EPOCHS = 2
EPOCH_SECONDS = 36
WINDOW_SECONDS = 12  # to commit, and as many to reveal
STAKE_KAI = 1000
WEIGHT = 1  # a claim of 10^9 operations per second, which any machine reaches
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
# The states of an epoch as the checker's event lines tell them, in order.
STATES = ["epoch_began", "committing", "committed", "revealing", "revealed", "settling"]


class ChainPath(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="kaisar-chain-path-")
        self.addCleanup(folder.cleanup)
        self.network = ChainNetwork(BINARIES, folder.name, ROOT)
        self.addCleanup(self.network.close)

    def start_network(self):
        """Three slots, two honest devices, one that skips a tenth of its products."""
        network = self.network
        network.deploy(epoch_seconds=EPOCH_SECONDS, genesis_in_s=25, stake=STAKE_KAI,
                       commit_seconds=WINDOW_SECONDS, reveal_seconds=WINDOW_SECONDS)
        network.add_slots(3)
        network.add_devices([WEIGHT] * 3)
        for device in (0, 1):
            network.write_provider_config(device)
            network.start_provider(device)
        network.start_scripted(2, "skip-products=10")
        for slot in range(3):
            network.write_checker_config(slot, POLICY)
        network.go()

    def in_state(self, slot, state, epoch):
        """Whether the checker has told that it is in a state of an epoch."""
        log = self.network.read(f"checker-{slot}.err")
        if state == "epoch_began":
            return re.search(rf"epoch_began epoch={epoch}\b", log) is not None
        return re.search(rf"chain epoch={epoch} stage={state}\b", log) is not None

    def audit(self, *arguments):
        done = subprocess.run([self.network.binary("audit/kaisar-audit"), *arguments],
                              capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, f"{arguments}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def wait_for(self, what, condition, seconds):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                logs = "".join(self.network.read(f"checker-{slot}.err")[-1500:] for slot in range(3))
                self.fail(f"{what} did not come about\n{logs}")
            time.sleep(0.05)

    def test_a_checker_killed_in_every_state_loses_no_report_and_no_stake(self):
        network = self.network
        self.start_network()
        checkers = {slot: network.start_chain_checker(slot, EPOCHS) for slot in range(3)}

        def kill_again():
            checkers[2].send_signal(signal.SIGKILL)
            checkers[2].wait()
            checkers[2] = network.start_chain_checker(2, EPOCHS)

        # Before anything: while it waits for genesis. Then in each state of epoch 0.
        kill_again()
        for state in STATES:
            self.wait_for(f"epoch 0 {state}", lambda s=state: self.in_state(2, s, 0),
                          2 * EPOCH_SECONDS + 60)
            self.assertIsNone(checkers[2].poll(), network.read("checker-2.err")[-2000:])
            kill_again()
            if state == "committed":  # the newest blocks, with commitments, are taken back
                network.chain.call("anvil_reorg", 2, [])
            if state == "revealing":
                network.chain.stop_answering()
                time.sleep(3)
                network.chain.answer_again()
        for slot, checker in checkers.items():
            try:
                status = checker.wait(timeout=EPOCHS * EPOCH_SECONDS + 120)
            except subprocess.TimeoutExpired:
                self.fail(f"checker {slot}:\n" + network.read(f"checker-{slot}.err")[-3000:])
            self.assertEqual(status, 0, network.read(f"checker-{slot}.err")[-3000:])
        self.check_outcome()

    def check_outcome(self):
        network = self.network
        for epoch in range(EPOCHS):
            reports = network.view("Reports.reportsOf", epoch, [0, 1, 2])
            for slot, stored in enumerate(reports):
                self.assertEqual(int(stored, 16) & 1, 1, f"slot {slot}, epoch {epoch}: {stored}")
            settled = json.loads(self.audit(
                "settle", "--rpc", network.chain.url, "--deployment",
                network.path("deployment.json"), "--epoch", str(epoch), "--json"))
            medians = {device["device"]: device["median"] for device in settled["devices"]}
            print(f"epoch {epoch}: medians {medians}", flush=True)
            for honest in (0, 1):
                self.assertGreaterEqual(medians[honest], 190, medians)
            self.assertEqual(medians[2], 0, medians)
        for slot in range(3):
            state = network.view("Slots.slot", slot)
            self.assertEqual(int(state["stake"]), STAKE_KAI * 10**18, state)
            self.assertEqual(int(state["streak"]), 0, state)
            for epoch in range(EPOCHS):
                log = network.path(f"checker-{slot}/data/epoch-{epoch}.log")
                self.audit("verify", "--log", log, "--report",
                           log.removesuffix(".log") + ".report.json")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
