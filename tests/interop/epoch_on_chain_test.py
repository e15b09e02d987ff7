#!/usr/bin/env python3
"""An epoch of the whole network on a development chain (three checkers, two providers, all of them
real processes), read by ethers alone: reports, events, transactions."""

import json
import os
import sys
import tempfile
import unittest

ROOT = os.environ["KAISAR_SOURCE_DIR"]
BINARIES = os.environ["KAISAR_BINARY_DIR"]
sys.path.insert(0, os.path.join(ROOT, "tests/support"))

from chain_network import ChainNetwork  # pylint: disable=wrong-import-position

SLOTS = 3
POLICY = """\
version: 1
samples: 64
slack_ms: 2000
guard_ms: 4000
registration_window_ms: 8000
clock_step_ms: 1000
latency: {pings: 8, spacing_ms: 5, deadline_ms: 1500, target_us: 50000, limit_us: 500000}
phases:
  registering:
    latency: {count: 6, weight: 1, least_evidence: 1}
    matmul: {count: 3, weight: 3, least_evidence: 1}
  standby:
    latency: {count: 6, weight: 1, least_evidence: 1}
    matmul: {count: 3, weight: 3, least_evidence: 1}
  in_service:
    latency: {count: 6, weight: 1, least_evidence: 1}
classes:
  cpu: {n: 512, rounds: 2, commitment_deadline_ms: 3000, opening_deadline_ms: 1500}
"""


class EpochOnChain(unittest.TestCase):
    def test_ethers_reads_reports_events_and_transactions_of_an_epoch(self):
        folder = tempfile.TemporaryDirectory(prefix="kaisar-epoch-on-chain-")
        self.addCleanup(folder.cleanup)
        network = ChainNetwork(BINARIES, folder.name, ROOT)
        self.addCleanup(network.close)
        network.deploy(epoch_seconds=24, genesis_in_s=25, commit_seconds=8, reveal_seconds=8)
        network.add_slots(SLOTS)
        for device in network.add_devices([1, 2]):
            network.write_provider_config(device)
            network.start_provider(device)
        for slot in range(SLOTS):
            network.write_checker_config(slot, POLICY)
        network.go()
        checkers = [network.start_chain_checker(slot) for slot in range(SLOTS)]
        for slot, checker in enumerate(checkers):
            self.assertEqual(checker.wait(timeout=150), 0,
                             network.read(f"checker-{slot}.err")[-3000:])

        reports = [network.path(f"checker-{slot}/data/epoch-0.report.json")
                   for slot in range(SLOTS)]
        read = json.loads(network.node("tests/interop/read_epoch.mjs", "--rpc", network.chain.url,
                                       "--deployment", network.path("deployment.json"), *reports))
        self.assertEqual(read["calls"]["Reports.commit"], SLOTS, read)
        self.assertEqual(read["calls"]["Reports.reveal"], SLOTS, read)
        self.assertGreaterEqual(read["calls"]["BlockHashBeacon.openEpoch"], 1, read)
        self.assertGreaterEqual(read["calls"]["Settlement.settleBatch"], 1, read)
        for event in ("BlockHashBeacon.EpochOpened", "Reports.Committed", "Reports.Revealed",
                      "Settlement.Settled"):
            self.assertIn(event, read["events"])

        # What the chain says of it by our own command.
        status = json.loads(network.call("provider/kaisar-provider", "status", "--json", "--config",
                                         "device-0/provider.yaml", "--device", "0,1"))
        for device in status["devices"]:
            newest = device["epochs"][-1]
            self.assertEqual((newest["epoch"], newest["settled"]), (0, True), device)
            self.assertGreater(newest["median"], 150, device)
            self.assertGreater(int(newest["paid_wei"]), 0, device)


if __name__ == "__main__":
    unittest.main()
