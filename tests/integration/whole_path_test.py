#!/usr/bin/env python3
"""The whole path with real processes: honest providers, scripted ones, a checker that is killed in the
middle of the epoch and started again, and the verification of what it leaves behind."""

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

from loopback_network import LoopbackNetwork, SHORT_POLICY  # pylint: disable=wrong-import-position

EPOCH_SECONDS = 24


class WholePath(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="kaisar-whole-path-")
        self.addCleanup(folder.cleanup)
        self.network = LoopbackNetwork(BINARIES, folder.name)
        self.addCleanup(self.network.close)

    def finish(self, checker, deadline_s):
        """Waits for the end of a checker and expects success."""
        try:
            status = checker.wait(timeout=deadline_s)
        except subprocess.TimeoutExpired:
            self.fail("the checker does not end:\n" + self.network.read("checker.err")[-2000:])
        self.assertEqual(status, 0, self.network.read("checker.err")[-2000:])

    def verify(self):
        """What kaisar-audit says of the only epoch."""
        files = os.listdir(self.network.path("data"))
        log = [f for f in files if f.endswith(".log")]
        report = [f for f in files if f.endswith(".report.json")]
        self.assertEqual((len(log), len(report)), (1, 1), files)
        done = subprocess.run(
            [self.network.binary("audit/kaisar-audit"), "verify", "--log",
             self.network.path("data", log[0]), "--report", self.network.path("data", report[0]),
             "--json"], capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return json.loads(done.stdout), json.loads(self.network.read(f"data/{report[0]}"))

    def scores(self, verified):
        """Score by device; None where there was too little evidence."""
        return {entry["device"]: entry for entry in verified["devices"]}

    def check_descriptions(self, described):
        """What the log keeps of each device's own words, whatever they are."""
        for honest in (1, 2):
            self.assertEqual(described[honest]["transport"], "COMPLETED", described[honest])
            self.assertTrue(described[honest]["software"].startswith("kaisar-provider"))
            self.assertEqual(described[honest]["says"]["id"], honest)
            self.assertTrue(described[honest]["says"]["backend"].startswith("cpu"))
        # Device 4 answers nothing, so that its last challenge may take until the end of the epoch.
        for nothing in (3, 5):
            self.assertNotEqual(described[nothing]["transport"], "COMPLETED", described[nothing])
            self.assertEqual((described[nothing]["received_bytes"], described[nothing]["says"]),
                             (0, None))
        self.assertEqual(described[6]["says"]["backend"], "?[2J?<img src=x onerror=alert(1)>")

    def test_a_checker_killed_twice_still_reports_what_an_auditor_accepts(self):
        network = self.network
        network.add_provider(1)
        network.add_provider(2)
        network.add_scripted(3, 3, "skip-products=10", "describes-never")
        network.add_scripted(4, 4, "silent")
        network.add_scripted(5, 5, "zeros@matmul", "describes-huge=5000000")
        # Its commitments name challenges that nobody asked: its own fault, not the log's.
        network.add_scripted(6, 6, "other-device-answer@matmul", "describes-others")
        network.write_configs(SHORT_POLICY, EPOCH_SECONDS)
        checker = network.start_checker()
        for seconds in (7, 4):
            time.sleep(seconds)
            self.assertIsNone(checker.poll(), network.read("checker.err")[-2000:])
            checker.send_signal(signal.SIGKILL)
            checker.wait()
            time.sleep(1)
            checker = network.start_checker()
        self.finish(checker, EPOCH_SECONDS + 20)

        verified, _ = self.verify()
        scores = self.scores(verified)
        for honest in (1, 2):
            self.assertGreaterEqual(scores[honest]["score"], 190, scores[honest])
        for dishonest in (3, 4, 5):
            self.assertEqual(scores[dishonest]["score"], 0, scores[dishonest])
        self.assertGreater(scores[6]["reasons"].get("MALFORMED", 0), 0, scores[6])
        self.assertEqual(scores[6]["compute_ppm"], 0, scores[6])
        for entry in scores.values():
            self.assertEqual(entry["passed"] + entry["failed"] + entry["inconclusive"], 30, entry)
        self.check_descriptions({entry["device"]: entry for entry in verified["descriptions"]})
        stopped = sum(entry["reasons"].get("STOPPED", 0) for entry in scores.values())
        self.assertGreater(stopped, 0, "two kills and nothing was STOPPED")


if __name__ == "__main__":
    unittest.main()
