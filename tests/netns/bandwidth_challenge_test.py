#!/usr/bin/env python3
"""Whole bandwidth challenges of a real kaisar-checker to real kaisar-providers: one at the end of a line
with delay and loss, one behind a line of half of what it claims. Wide bounds, since the machine may be
busy."""

import json
import subprocess
import sys
import tempfile
import unittest

from network import Network, binary, need_namespaces
from netns_kaisar import BANDWIDTH, PASS, NetnsKaisar

EPOCH_SECONDS = 44
SECONDS = 2
IPERF = binary("challenges/kaisar-iperf")
PORTS = "17600-17603"
PROVIDER = f"bandwidth: {{ports: {PORTS}, iperf: {IPERF}}}\n"
CHECKER = (f"iperf: {IPERF}\n"
           "connection: {out_bits_per_second: 1000000000, in_bits_per_second: 1000000000}\n")
KINDS = ("{latency: {count: 4, weight: 1, least_evidence: 1}, "
         "bandwidth: {count: 1, weight: 1, least_evidence: 1}}")
POLICY = f"""\
version: 1
samples: 64
slack_ms: 4000
guard_ms: 34000
registration_window_ms: 4000
clock_step_ms: 1000
latency: {{pings: 8, spacing_ms: 5, deadline_ms: 5000, target_us: 500000, limit_us: 900000}}
bandwidth: {{seconds: {SECONDS}, in_service_seconds: {SECONDS}, streams: 2, open_deadline_ms: 10000,
            start_deadline_ms: 20000, counted_bits_per_second: 100000000}}
phases:
  registering: {KINDS}
  standby: {KINDS}
  in_service: {KINDS}
classes:
  cpu: {{n: 256, rounds: 1, commitment_deadline_ms: 3000, opening_deadline_ms: 1500}}
"""
FAR, HALF = 1, 2  # devices
FAR_CLAIM = 20_000_000
HALF_LINE, HALF_CLAIM = 20_000_000, 40_000_000


class BandwidthChallenge(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="kaisar-bandwidth-")
        cls.addClassCleanup(folder.cleanup)
        cls.network = Network()
        cls.addClassCleanup(cls.network.close)
        cls.kaisar = NetnsKaisar(binary(""), folder.name)
        cls.addClassCleanup(cls.kaisar.close)
        far = cls.network.relayed_line("checker", "far", delay_us=10_000, loss_ppm=500, seed=1,
                                       bits_per_second=100_000_000, queue_bytes=1_000_000)
        half = cls.network.shaped_line("checker", "half", bits_per_second=HALF_LINE)
        for device, line, claim in ((FAR, far, FAR_CLAIM), (HALF, half, HALF_CLAIM)):
            cls.kaisar.add_far_provider(device, line, PROVIDER, down_bits_per_second=claim,
                                        up_bits_per_second=claim)
        cls.kaisar.write_configs(POLICY, EPOCH_SECONDS, genesis_in_ms=500, more=CHECKER)
        checker = cls.kaisar.inside(cls.network.namespace("checker")).start_checker()
        if checker.wait(timeout=EPOCH_SECONDS + 60) != 0:
            raise AssertionError("the checker failed:\n" + cls.kaisar.read("checker.err")[-2000:])
        cls.scores = {entry["device"]: entry for entry in cls.kaisar.verified()["devices"]}
        cls.lost = sum(way["lost"] for key, way in far.end().items() if key.startswith("to_"))

    def bandwidth_of(self, device):
        """The share of its claim, after its only challenge passed."""
        [closed] = [closed for closed in self.kaisar.closed()
                    if closed.get(2) == device and closed.get(3) == BANDWIDTH]
        self.assertEqual(closed.get(30), PASS, closed.get(10, b"").decode())
        return self.scores[device]["bandwidth_ppm"]

    def test_delay_and_loss_do_not_fail_a_device_that_has_what_it_claims(self):
        self.assertGreater(self.lost, 0)
        self.assertGreater(self.bandwidth_of(FAR), 800_000)

    def test_a_device_behind_a_line_of_half_its_claim_gets_half(self):
        self.assertGreater(self.bandwidth_of(HALF), 400_000)
        self.assertLess(self.bandwidth_of(HALF), 530_000)

    def test_a_stranger_does_not_reach_the_opened_port(self):
        stranger = self.network.shaped_line("stranger", "half")
        probe = subprocess.Popen(
            self.network.namespace("checker").command(
                binary("checker/kaisar-checker"), "probe", "bandwidth", "--config", "checker.yaml",
                "--device", str(HALF), "--seconds", "1", "--iperf3", "--json"),
            cwd=self.kaisar.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            opened = json.loads(probe.stdout.readline())
            code = (f"import socket\nsocket.create_connection(('{stranger.right_address}', "
                    f"{opened['port']}), timeout=1.5)")
            tried = subprocess.run(stranger.left.command(sys.executable, "-c", code),
                                   capture_output=True, text=True, timeout=30, check=False)
            self.assertIn("timed out", tried.stderr)
            # The checker itself gets through, with a tool of its own and the credentials.
            done = subprocess.run(
                self.network.namespace("checker").command("sh", "-c", opened["command"]),
                capture_output=True, text=True, timeout=60, check=False, cwd=self.kaisar.folder)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        finally:
            probe.kill()
            probe.communicate()


if __name__ == "__main__":
    need_namespaces()
    unittest.main()
