#!/usr/bin/env python3
"""What a running checker serves of itself, and to whom. What its readers cannot do to it is in bad_days_test.py."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest

ROOT = os.environ["KAISAR_SOURCE_DIR"]
BINARIES = os.environ["KAISAR_BINARY_DIR"]
sys.path.insert(0, os.path.join(ROOT, "tests/support"))

from http_get import get  # pylint: disable=wrong-import-position
from loopback_network import LoopbackNetwork, SHORT_POLICY  # pylint: disable=wrong-import-position

EPOCH_SECONDS = 30
MOST_SERIES = 1500
TOKEN = "f00dfeed" * 4
PATHS = ("/", "/status.json", "/metrics", "/healthz", "/readyz")


def samples(text):
    """The value of each series."""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, number = line.rpartition(" ")
            found[name] = float(number)
    return found


def total(series, prefix):
    return sum(number for name, number in series.items() if name.startswith(prefix))


class MonitorTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="kaisar-monitor-")
        self.addCleanup(folder.cleanup)
        self.network = LoopbackNetwork(BINARIES, folder.name)
        self.addCleanup(self.network.close)
        self.network.add_provider(1)

    def stop(self, checker, seconds=20):
        checker.send_signal(signal.SIGTERM)
        self.assertEqual(checker.wait(timeout=seconds), 0, self.network.read("checker.err")[-2000:])

    def closed(self, port):
        """Challenges that have a verdict, by the metrics."""
        return total(samples(get(port)[2]), "kaisar_checker_challenges_closed_total")

    def check_metrics(self, port):
        status, headers, text = get(port)
        self.assertEqual(status, 200)
        self.assertTrue(headers["Content-Type"].startswith("text/plain; version=0.0.4"))
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
        series = samples(text)
        self.assertLessEqual(len(series), MOST_SERIES)
        self.assertEqual(series["kaisar_checker_epoch_devices"], 1)
        self.assertEqual(series['kaisar_checker_epoch_challenges{kind="latency"}'], 20)
        self.assertGreater(series["kaisar_checker_device_rtt_seconds_count"], 0)
        self.assertGreater(series["kaisar_checker_log_append_seconds_count"], 0)
        self.assertGreater(series["kaisar_checker_log_bytes"], 1000)
        self.assertGreater(series["kaisar_checker_filesystem_free_bytes"], 0)
        self.assertTrue(0 < series["kaisar_checker_epoch_left_seconds"] <= EPOCH_SECONDS)
        self.assertEqual(series["kaisar_checker_ready"], 1)
        done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                              capture_output=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def check_pages(self, port):
        for path, key in (("/healthz", "alive"), ("/readyz", "ready")):
            status, _, body = get(port, path)
            self.assertEqual((status, json.loads(body)), (200, {key: True, "problems": []}))
        self.assertIn("<title>Earning: ", get(port, "/")[2])
        self.assertEqual(json.loads(get(port, "/status.json?from=1")[2])["devices"]["from"], 1)
        self.assertEqual(get(port, "/status.json?show=nothing")[0], 400)
        self.assertEqual(get(port, "/metrics/")[0], 404)
        self.assertEqual(get(port, "/../metrics")[0], 200)  # which is /metrics
        self.assertEqual(get(port, method="POST")[0], 405)
        self.assertEqual(get(port, method="HEAD")[2], "")
        for path in PATHS:
            self.assertEqual(get(port, path, Host="evil.example")[0], 403)

    def test_an_epoch_can_be_watched(self):
        self.network.write_configs(SHORT_POLICY, EPOCH_SECONDS)
        checker = self.network.start_checker()
        port = self.network.monitor_port()
        self.network.await_true("a verdict", 20, lambda: self.closed(port) > 2)
        self.check_metrics(port)
        self.check_pages(port)
        self.stop(checker)

    def check_no_secrets(self, port):
        """Neither the token nor anything of 20 letters and digits in the key files."""
        files = ["password", "token", *(f"checker/{name}"
                                        for name in os.listdir(self.network.path("checker")))]
        text = "\n".join(self.network.read(name) for name in files)
        secrets = set(re.findall(r"[0-9A-Za-z+/]{20,}|correct horse", text))
        self.assertGreater(len(secrets), 8)
        for path in (*PATHS, "/status.json?find=a", "/status.json?show=b"):
            status, headers, body = get(port, path, Authorization=f"Bearer {TOKEN}")
            self.assertIn(status, (200, 400))
            told = body + str(headers)
            self.assertEqual([secret for secret in secrets if secret in told], [], path)

    def test_a_token_is_asked_for(self):
        self.network.write("token", TOKEN + "\n")
        self.network.write_configs(SHORT_POLICY, EPOCH_SECONDS, genesis_in_ms=60_000,
                                   more='monitor: {listen: "0.0.0.0:0", token: token}\n')
        checker = self.network.start_checker()
        found = self.network.await_true("a line with the address", 20, lambda: re.search(
            r"status page at http://0\.0\.0\.0:(\d+)/, metrics at", self.network.read("checker.err")))
        port = int(found.group(1))
        basic = base64.b64encode(f"any:{TOKEN}".encode()).decode()
        self.assertEqual(get(port, Authorization=f"Bearer {TOKEN}")[0], 200)
        self.assertEqual(get(port, Authorization=f"Basic {basic}")[0], 200)
        for headers in ({}, {"Authorization": f"Bearer {TOKEN[1:]}"}):
            for path in PATHS:
                status, answer, body = get(port, path, **headers)
                self.assertEqual(status, 401)
                self.assertIn("Basic", answer["WWW-Authenticate"])
                self.assertEqual(len(body.splitlines()), 1)
        self.check_no_secrets(port)
        done = subprocess.run(
            ["node", os.path.join(ROOT, "tests/interop/browse_status.mjs"),
             f"http://127.0.0.1:{port}/", self.network.folder, TOKEN], timeout=60,
            capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.stop(checker)

    def test_a_token_that_others_can_read_starts_nothing(self):
        self.network.write("token", TOKEN + "\n")
        os.chmod(self.network.path("token"), 0o644)
        self.network.write_configs(SHORT_POLICY, EPOCH_SECONDS, more="monitor: {token: token}\n")
        checker = self.network.start_checker()
        self.assertEqual(checker.wait(timeout=20), 2)
        self.assertIn("token", self.network.read("checker.err"))


if __name__ == "__main__":
    unittest.main()
