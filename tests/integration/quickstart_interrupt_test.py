#!/usr/bin/env python3
"""Interrupts the quickstart in the middle of its epoch: no process may stay behind."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = os.environ["KAISAR_SOURCE_DIR"]


def processes_in(folder):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/cwd").startswith(folder):
                found.append(int(pid))
        except OSError:
            continue  # it ended meanwhile
    return found


class Quickstart(unittest.TestCase):
    def interrupt_with(self, sig, log, processes, *options):
        """Ends a quickstart once there is that log; so many processes run then."""
        folder = os.path.realpath(tempfile.mkdtemp(prefix="kaisar-quickstart-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        said = tempfile.TemporaryFile("w+")  # beside the folder, which the quickstart empties
        self.addCleanup(said.close)
        run = subprocess.Popen([os.path.join(ROOT, "deploy/quickstart"), "--no-build", "--dir", folder,
                                *options],
                               stdout=said, stderr=said, start_new_session=True)
        deadline = time.monotonic() + 120
        while not os.path.exists(os.path.join(folder, log)):
            if run.poll() is not None:
                said.seek(0)
                self.fail(f"the quickstart ended before its epoch began:\n{said.read()}")
            self.assertLess(time.monotonic(), deadline, "no epoch began within 120 s")
            time.sleep(0.1)
        self.assertGreaterEqual(len(processes_in(folder)), processes)
        if sig == signal.SIGINT:
            os.killpg(run.pid, sig)  # as a terminal does
        else:
            os.kill(run.pid, sig)
        run.wait(timeout=20)
        deadline = time.monotonic() + 10
        while processes_in(folder):
            self.assertLess(time.monotonic(), deadline, f"left behind: {processes_in(folder)}")
            time.sleep(0.1)

    def test_ctrl_c_leaves_no_process_behind(self):
        # A chain, five providers, three checkers.
        self.interrupt_with(signal.SIGINT, "checker-1/data/epoch-0.log", 8)

    def test_kill_leaves_no_process_behind(self):
        self.interrupt_with(signal.SIGKILL, "data/epoch-0.log", 6, "--no-chain")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
