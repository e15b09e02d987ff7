#!/usr/bin/env python3
"""`verify` of a log that is larger than the memory it may take, with many threads and with one."""

import os
import subprocess
import tempfile
import unittest

BINARIES = os.environ["KAISAR_BINARY_DIR"]

MOST_BYTES = 200_000_000  # of memory, as verify's --help promises
LEAST_LOG_BYTES = 300_000_000
DEVICES, LATENCY, MATMUL = 8, 100, 50  # challenges of each; a proof takes 0.8 MB


class AuditMemory(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="kaisar-audit-memory-")
        cls.addClassCleanup(folder.cleanup)
        cls.log = os.path.join(folder.name, "epoch.log")
        cls.report = os.path.join(folder.name, "epoch.report.json")
        subprocess.run([os.path.join(BINARIES, "tests/bench/make-large-log"), "--log", cls.log,
                        "--report", cls.report, "--devices", str(DEVICES), "--latency", str(LATENCY),
                        "--matmul", str(MATMUL)], check=True, timeout=120)

    def peak_bytes(self, threads):
        """The most memory that verifying the log had resident."""
        command = [os.path.join(BINARIES, "audit/kaisar-audit"), "verify", "--quiet", "--threads",
                   str(threads), "--log", self.log, "--report", self.report]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            said = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0, said)
        self.assertIn(f" {DEVICES * (LATENCY + MATMUL)} challenges", said)
        return usage.ru_maxrss * 1024

    def test_memory_stays_below_its_limit_whatever_the_log_takes(self):
        self.assertGreater(os.path.getsize(self.log), LEAST_LOG_BYTES)
        for threads in (1, 8):
            peak = self.peak_bytes(threads)
            print(f"{threads} threads: {peak / 1e6:.0f} MB at most")
            self.assertLess(peak, MOST_BYTES, f"{threads} threads")


if __name__ == "__main__":
    unittest.main(verbosity=2)
