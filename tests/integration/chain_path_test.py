#!/usr/bin/env python3
"""The whole path on a development chain: three checkers challenge, commit, reveal and settle for two
epochs. One of them is killed in every state of its epoch, one lies about a device, the chain is
reorganised under all of them, and its endpoint hangs; no report and no stake may be lost. Then our
auditor and ethers read what is on the chain."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

ROOT = os.environ["KAISAR_SOURCE_DIR"]
BINARIES = os.environ["KAISAR_BINARY_DIR"]
sys.path.insert(0, os.path.join(ROOT, "tests/support"))

from chain_network import ChainNetwork  # pylint: disable=wrong-import-position
from loopback_network import SHORT_POLICY  # pylint: disable=wrong-import-position

EPOCHS = 2
EPOCH_SECONDS = 36
WINDOW_SECONDS = 12  # to commit, and as many to reveal
STAKE_KAI = 1000
# As deep as the checkers wait: a deeper one may change the beacon of an epoch that they have begun,
# which is told and not repaired.
REORG_BLOCKS = 2
SLOTS, KILLED, LIAR = 3, 0, 2
DEVICES, LIED_ABOUT, SKIPPER, LIE = (0, 1, 2), 1, 2, 20
WEIGHT = 1  # a claim of 10^9 operations per second, which any machine reaches
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
        network.deploy(epoch_seconds=EPOCH_SECONDS, genesis_in_s=40, stake=STAKE_KAI,
                       commit_seconds=WINDOW_SECONDS, reveal_seconds=WINDOW_SECONDS)
        network.add_slots(SLOTS)
        network.add_devices([WEIGHT] * len(DEVICES))
        for device in DEVICES:
            if device == SKIPPER:
                network.start_scripted(device, "skip-products=10")
            else:
                network.write_provider_config(device)
                network.start_provider(device)
        for slot in range(SLOTS):
            network.write_checker_config(slot, SHORT_POLICY, confirmations=REORG_BLOCKS)
        network.go()

    def in_state(self, slot, state, epoch):
        """Whether the checker has told that it is in a state of an epoch."""
        log = self.network.read(f"checker-{slot}.err")
        if state == "epoch_began":
            return re.search(rf"epoch_began epoch={epoch}\b", log) is not None
        return re.search(rf"chain epoch={epoch} stage={state}\b", log) is not None

    def audit(self, *arguments):
        """Exit status and standard output of kaisar-audit."""
        done = subprocess.run([self.network.binary("audit/kaisar-audit"), *arguments],
                              capture_output=True, text=True, timeout=120, check=False)
        return done.returncode, done.stdout

    def wait_for(self, what, condition, seconds):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                logs = "".join(self.network.read(f"checker-{slot}.err")[-1500:] for slot in range(SLOTS))
                self.fail(f"{what} did not come about\n{logs}")
            time.sleep(0.05)

    def start_checker(self, slot):
        if slot != LIAR:  # after a kill, for the epochs that it has not reported
            reported = os.path.exists(self.network.path(f"checker-{slot}/data/epoch-0.report.json"))
            return self.network.start_chain_checker(slot, EPOCHS - int(reported))
        return self.network.start(f"checker-{slot}", "tests/support/lying-checker", "--config",
                                  f"checker-{slot}/checker.yaml", "--epochs", str(EPOCHS), "--lie",
                                  f"{LIED_ABOUT}={LIE}")

    def test_a_checker_killed_in_every_state_loses_no_report_and_no_stake(self):
        network = self.network
        self.start_network()
        checkers = [self.start_checker(slot) for slot in range(SLOTS)]

        def kill_and_start_again():
            checkers[KILLED].send_signal(signal.SIGKILL)
            checkers[KILLED].wait()
            checkers[KILLED] = self.start_checker(KILLED)

        kill_and_start_again()  # while it waits for genesis
        for state in STATES:
            self.wait_for(f"epoch 0 {state}", lambda s=state: self.in_state(KILLED, s, 0),
                          2 * EPOCH_SECONDS + 60)
            self.assertIsNone(checkers[KILLED].poll(), network.read("checker-0.err")[-2000:])
            kill_and_start_again()
            if state == "committed":  # the newest blocks, with commitments, are taken back
                network.chain.call("anvil_reorg", REORG_BLOCKS, [])
            if state == "revealing":
                network.chain.stop_answering()
                time.sleep(3)
                network.chain.answer_again()
        for slot in (KILLED, LIAR):
            self.check_status_page(slot)
        for slot, checker in enumerate(checkers):
            try:
                status = checker.wait(timeout=EPOCHS * EPOCH_SECONDS + 120)
            except subprocess.TimeoutExpired:
                self.fail(f"checker {slot}:\n" + network.read(f"checker-{slot}.err")[-3000:])
            self.assertEqual(status, 0, network.read(f"checker-{slot}.err")[-3000:])
        for epoch in range(EPOCHS):
            self.check_reports(epoch)
            self.check_settlement(epoch)
        self.check_slots()
        self.check_with_ethers()
        self.check_provider()

    def check_status_page(self, slot):
        """It calls the report of epoch 0 accepted, by a transaction whose receipt says so."""
        def line():
            served = re.findall(r"status page at (http://[\d.:]+)/",
                                self.network.read(f"checker-{slot}.err"))
            try:
                with urllib.request.urlopen(f"{served[-1]}/status.json", timeout=10) as answer:
                    reports = json.load(answer)["reports"]
            except (OSError, IndexError):
                return None  # it has just started
            return next((report for report in reports
                         if report["epoch"] == 0 and report["accepted"]), None)
        self.wait_for(f"an accepted report on the page of slot {slot}", line, EPOCH_SECONDS)
        receipt = self.network.chain.call("eth_getTransactionReceipt", line()["reveal"])
        self.assertEqual((receipt["status"], receipt["to"].lower()),
                         ("0x1", self.network.address("Reports").lower()))

    def check_reports(self, epoch):
        """All are revealed. Those of honest checkers follow from their logs, the liar's does not."""
        stored = self.network.view("Reports.reportsOf", epoch, list(range(SLOTS)))
        for slot, report in enumerate(stored):
            self.assertEqual(int(report, 16) & 1, 1, f"slot {slot}, epoch {epoch}: {report}")
            log = self.network.path(f"checker-{slot}/data/epoch-{epoch}.log")
            status, out = self.audit("verify", "--log", log, "--report",
                                     log.removesuffix(".log") + ".report.json",
                                     "--rpc", self.network.chain.url, "--deployment",
                                     self.network.path("deployment.json"))
            self.assertEqual(status, 1 if slot == LIAR else 0, out)
            self.assertNotIn("chain:", out)  # nobody lied about what the chain has

    def check_settlement(self, epoch):
        status, out = self.audit("settle", "--rpc", self.network.chain.url, "--deployment",
                                 self.network.path("deployment.json"), "--epoch", str(epoch),
                                 "--json")
        self.assertEqual(status, 0, out)
        medians = {device["device"]: device["median"] for device in json.loads(out)["devices"]}
        for honest in (0, LIED_ABOUT):  # a busy machine may cost a ping here or there
            self.assertGreaterEqual(medians[honest], 150, medians)
        self.assertEqual(medians[SKIPPER], 0, medians)

    def check_slots(self):
        """No stake is lost, every device was settled, and the liar lost its share of one an epoch."""
        owed = []
        for slot in range(SLOTS):
            state = self.network.view("Slots.slot", slot)
            self.assertEqual(int(state["stake"]), STAKE_KAI * 10**18, state)
            self.assertEqual(int(state["streak"]), 0, state)
            account = self.network.view("Settlement.account", slot)
            self.assertEqual(int(account["agreed"]) + int(account["disagreed"]),
                             EPOCHS * len(DEVICES), account)
            if slot == LIAR:
                self.assertGreaterEqual(int(account["disagreed"]), EPOCHS, account)
            owed.append(int(account["owed"]))
        self.assertEqual(min(owed), owed[LIAR], owed)

    def check_with_ethers(self):
        network = self.network
        reports = [network.path(f"checker-{slot}/data/epoch-{epoch}.report.json")
                   for slot in range(SLOTS) for epoch in range(EPOCHS)]
        read = json.loads(network.node("tests/interop/read_epoch.mjs", "--rpc", network.chain.url,
                                       "--deployment", network.path("deployment.json"), *reports))
        print(f"transactions: {read['calls']}", flush=True)
        # Whatever was sent anew after the reorganisation: each counts once on the chain.
        for call in ("Reports.commit", "Reports.reveal"):
            self.assertEqual(read["calls"][call], SLOTS * EPOCHS, read)
        for event in ("BlockHashBeacon.EpochOpened", "Reports.Committed", "Reports.Revealed",
                      "Settlement.Settled"):
            self.assertIn(event, read["events"])

    def check_provider(self):
        """What a provider sees of it by our own command."""
        status = json.loads(self.network.call(
            "provider/kaisar-provider", "status", "--json", "--config", "device-0/provider.yaml",
            "--device", f"0,{LIED_ABOUT}"))
        for device in status["devices"]:
            newest = device["epochs"][0]
            self.assertEqual((newest["epoch"], newest["settled"]), (EPOCHS - 1, True), device)
            self.assertGreaterEqual(newest["median"], 150, device)
            self.assertGreater(int(newest["paid_wei"]), 0, device)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
