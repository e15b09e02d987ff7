#!/usr/bin/env python3
"""`kaisar-checker probe bandwidth` with real processes: what it prints and how it ends, and the stock
iperf3 tool at a provider's opened test, with and without the credentials."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = os.environ["KAISAR_SOURCE_DIR"]
BINARIES = os.environ["KAISAR_BINARY_DIR"]
sys.path.insert(0, os.path.join(ROOT, "tests/support"))

from chain_network import ChainNetwork  # pylint: disable=wrong-import-position
from loopback_network import LoopbackNetwork, SHORT_POLICY  # pylint: disable=wrong-import-position

IPERF = os.path.join(BINARIES, "challenges/kaisar-iperf")
# Apart from where the system takes ports of its own.
BANDWIDTH = f"bandwidth: {{ports: 17500-17515, iperf: {IPERF}}}\n"


class Probe(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="kaisar-probe-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.network = LoopbackNetwork(BINARIES, folder.name)
        cls.addClassCleanup(cls.network.close)
        cls.network.add_provider(1, more=BANDWIDTH)
        cls.network.add_provider(2)
        cls.network.add_scripted(3, 6, "reports-tenfold:3", "silent@bandwidth:4", "reset:5",
                                 "wrong-transcript:6")
        for device in cls.network.devices:
            device["down_bits_per_second"] = device["up_bits_per_second"] = 50_000_000
        cls.network.write_configs(SHORT_POLICY, 3600, more=f"iperf: {IPERF}\n")

    def start(self, *arguments):
        # Where temporary files go, so that the tests see what is left.
        scratch = self.network.path("scratch")
        os.makedirs(scratch, exist_ok=True)
        return subprocess.Popen(
            [self.network.binary("checker/kaisar-checker"), "probe", "bandwidth", *arguments],
            cwd=self.network.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "TMPDIR": scratch})

    def probe(self, status, *arguments):
        """Runs it to its end; what it printed on standard output and standard error."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, status, out + err)
        return out, err

    def test_both_ends_agree_on_what_went_over_the_line(self):
        out, err = self.probe(0, "--device", "1", "--seconds", "1", "--json")
        told = json.loads(out)
        self.assertEqual((told["verdict"], told["transport"]), ("PASS", "COMPLETED"))
        self.assertEqual([test["direction"] for test in told["tests"]], ["down", "up"])
        down, up = told["tests"]
        # The ends leave out the first second each by its own clock.
        self.assertAlmostEqual(down["checker"]["sent_bytes"] / down["device"]["received_bytes"], 1,
                               delta=0.25)
        self.assertAlmostEqual(up["checker"]["received_bytes"] / up["device"]["sent_bytes"], 1,
                               delta=0.25)
        self.assertTrue(up["checker"]["counts"] and not up["device"]["counts"])
        for test in told["tests"]:
            self.assertEqual(test["claimed_bits_per_second"], 50_000_000)
            self.assertGreater(test["counted_bits_per_second"], 0)
            self.assertGreater(test["interface"]["out_bytes"], 0)
        self.assertRegex(err, r"asking device 1 at \S+\n.*down: the device listens on 127\.0\.0\.1")
        # Nothing is logged, and the next report is not signed.
        self.assertEqual(os.listdir(self.network.path("data")), ["signatures.db"])

    def test_the_table_says_which_count_counts(self):
        out, _ = self.probe(0, "--device", "3", "--seconds", "1")
        self.assertRegex(out, r"down +checker +sent +\d+ +\d+\.\d{3} +\d+ +counts\n")
        self.assertRegex(out, r"down +device +received +\d+ +\d+\.\d{3} +\d+\n")
        self.assertRegex(out, r"up +50000000|up +\d+ +50000000 ")
        self.assertRegex(out, r"\nPASS\n$")

    def test_it_ends_as_the_verdict_says(self):
        out, _ = self.probe(1, "--device", "2", "--seconds", "1")
        self.assertRegex(out, r"\nFAIL REFUSED: \S+")  # a provider that takes no tests, in its words
        out, _ = self.probe(1, "--device", "5", "--seconds", "1")
        self.assertRegex(out, r"\nFAIL UNREACHABLE: \S+")
        out, _ = self.probe(1, "--device", "6", "--seconds", "1", "--json")
        self.assertEqual(json.loads(out)["reason"], "SIGNATURE_INVALID")

    def test_an_unknown_device_names_those_that_there_are(self):
        out, err = self.probe(2, "--device", "9")
        self.assertEqual(out, "")
        self.assertIn("--device: is 9, expected one of roster.yaml: 1, 2, 3, 4, 5, 6", err)

    def test_a_stop_leaves_nothing_behind(self):
        process = self.start("--device", "4")
        line = process.stderr.readline()
        self.assertIn("asking device 4", line)
        process.terminate()
        out, err = process.communicate(timeout=20)
        self.assertEqual((process.returncode, out), (2, ""), err)
        self.assertIn("stopped", err)

    def iperf3(self, told, *arguments, password=None):
        environment = dict(os.environ)
        environment.pop("IPERF3_PASSWORD", None)
        if password is not None:
            environment["IPERF3_PASSWORD"] = password
        return subprocess.run(["iperf3", "-c", told["host"], "-p", str(told["port"]), "-t", "1",
                               *arguments], env=environment, capture_output=True, text=True,
                              timeout=30, check=False)

    def test_the_stock_tool_needs_the_credentials(self):
        process = self.start("--device", "1", "--seconds", "1", "--iperf3", "--json")
        self.addCleanup(process.kill)
        for direction in ("down", "up"):
            told = json.loads(process.stdout.readline())
            self.assertEqual(told["direction"], direction)
            credentials = ["--username", told["username"], "--rsa-public-key-path",
                           told["rsa_public_key_path"]]
            self.assertTrue(re.match(r"^[0-9a-f]{64}$", told["username"]))
            for refused in (self.iperf3(told),
                            self.iperf3(told, *credentials, password="0" * 64)):
                self.assertNotEqual(refused.returncode, 0, refused.stdout)
                self.assertIn("authorization failed", refused.stdout + refused.stderr)
            accepted = subprocess.run(told["command"], shell=True, capture_output=True, text=True,
                                      timeout=30, check=False)
            self.assertEqual(accepted.returncode, 0, accepted.stdout + accepted.stderr)
            self.assertIn("iperf Done.", accepted.stdout)
        out, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0, err)
        counted = json.loads(out)
        self.assertNotIn("verdict", counted)
        self.assertGreater(counted["tests"][0]["device"]["received_bytes"], 0)
        self.assertGreater(counted["tests"][1]["device"]["sent_bytes"], 0)
        self.assertEqual(os.listdir(self.network.path("scratch")), [])


class ProbeOnChain(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="kaisar-probe-chain-")
        self.addCleanup(folder.cleanup)
        self.network = ChainNetwork(BINARIES, folder.name, ROOT)
        self.addCleanup(self.network.close)

    def probe(self, device):
        done = subprocess.run(
            [self.network.binary("checker/kaisar-checker"), "probe", "bandwidth", "--config",
             "checker-0/checker.yaml", "--device", str(device), "--seconds", "1", "--json"],
            cwd=self.network.folder, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    def test_it_asks_in_the_epoch_that_the_chain_is_in(self):
        network = self.network
        network.deploy(epoch_seconds=60, genesis_in_s=30)
        network.add_slots(1)
        network.add_devices([1])
        network.write_provider_config(0)
        with open(network.path("device-0/provider.yaml"), "a", encoding="utf-8") as config:
            config.write(BANDWIDTH)
        network.write_checker_config(0, SHORT_POLICY)
        with open(network.path("checker-0/checker.yaml"), "a", encoding="utf-8") as config:
            config.write(f"iperf: {IPERF}\n")
        network.start_provider(0)
        network.go()
        network.chain.wait_until(network.begin(0))
        status, out, err = self.probe(0)
        self.assertEqual((status, out), (2, ""), err)
        self.assertIn("epoch 0: it is not opened yet", err)

        network.admin({"openEpoch": 0})
        for _ in range(20):  # a block on top of it, and the provider's next look at the chain
            status, out, err = self.probe(0)
            if "not opened yet" not in err and '"reason": "REFUSED"' not in out:
                break
            time.sleep(0.5)
        self.assertEqual(status, 0, out + err)
        told = json.loads(out)
        self.assertEqual((told["epoch"], told["slot"], told["verdict"]), (0, 0, "PASS"))
        status, _, err = self.probe(1)
        self.assertEqual(status, 2)
        self.assertIn("expected one of the devices that slot 0 checks in epoch 0: 0", err)


if __name__ == "__main__":
    unittest.main()
