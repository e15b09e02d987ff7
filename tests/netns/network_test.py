#!/usr/bin/env python3
"""The lines that the other tests of this folder measure with: tun-relay, tbf, and their taking away."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import unittest

from network import PREFIX, Network, call, need_namespaces

HERE = os.path.dirname(os.path.abspath(__file__))
DATAGRAMS = [sys.executable, "-B", os.path.join(HERE, "datagrams.py")]
QUIET_S = 1.0


def datagrams(line, count, size, back=False):
    """Sends from left to right, or back; what came."""
    sender, receiver, address = line.left, line.right, line.right_address
    if back:
        sender, receiver, address = line.right, line.left, line.left_address
    with subprocess.Popen(receiver.command(*DATAGRAMS, "receive", address, str(QUIET_S)),
                          stdout=subprocess.PIPE, text=True) as receiving:
        assert receiving.stdout.readline() == "listening\n"
        sender.run(*DATAGRAMS, "send", address, str(count), str(size))
        return json.loads(receiving.stdout.readline())


class Relay(unittest.TestCase):
    def carry(self, count, size, **terms):
        with Network() as network:
            line = network.relayed_line(**terms)
            came = datagrams(line, count, size)
            return came, line.end()["to_right"]

    def test_what_it_does_not_lose_arrives_in_order_and_a_seed_repeats_it(self):
        first, counts = self.carry(1000, 100, loss_ppm=100_000, seed=3)
        self.assertEqual(first["numbers"], sorted(first["numbers"]))
        self.assertEqual(len(first["numbers"]), counts["packets"])
        self.assertEqual(counts["packets"] + counts["lost"], 1000)
        self.assertGreater(counts["lost"], 0)
        second, _ = self.carry(1000, 100, loss_ppm=100_000, seed=3)
        self.assertEqual(first["numbers"], second["numbers"])
        third, _ = self.carry(1000, 100, loss_ppm=100_000, seed=4)
        self.assertNotEqual(first["numbers"], third["numbers"])

    def test_jitter_changes_the_order_and_loses_nothing(self):
        came, _ = self.carry(200, 100, delay_us=1000, jitter_us=20_000)
        self.assertEqual(sorted(came["numbers"]), list(range(200)))
        self.assertNotEqual(came["numbers"], sorted(came["numbers"]))

    def test_its_rate_holds(self):
        # 100 packets of 1000 bytes at 1 Mbit/s: 8 ms each, 99 of them after the first.
        came, _ = self.carry(100, 972, bits_per_second=1_000_000)
        self.assertEqual(len(came["numbers"]), 100)
        self.assertGreater(came["seconds"], 0.75)
        self.assertLess(came["seconds"], 2.0)

    def test_a_full_queue_drops(self):
        came, counts = self.carry(100, 972, bits_per_second=1_000_000, queue_bytes=10_000)
        self.assertLess(len(came["numbers"]), 100)
        self.assertEqual(len(came["numbers"]) + counts["dropped"], 100)


class Shaped(unittest.TestCase):
    def test_each_direction_has_its_rate(self):
        with Network() as network:
            line = network.shaped_line(bits_per_second=2_000_000, back_bits_per_second=1_000_000)
            # Frames of 1014 bytes: 4 ms each, and 8 ms back.
            for back, expected_s in ((False, 0.004), (True, 0.008)):
                came = datagrams(line, 40, 972, back)
                self.assertGreater(len(came["numbers"]), 30)
                per_frame_s = came["seconds"] / (len(came["numbers"]) - 1)
                # The first three go at once, in a burst.
                self.assertGreater(per_frame_s, 0.85 * expected_s)
                self.assertLess(per_frame_s, 2 * expected_s)


class Leftovers(unittest.TestCase):
    def test_what_a_killed_process_left_is_taken_away_by_the_next(self):
        code = ("import network, subprocess\n"
                "n = network.Network()\n"
                "line = n.relayed_line('a', 'b')\n"
                "subprocess.Popen(['ip', 'netns', 'exec', line.left.name, 'sleep', '600'],\n"
                "                 stdout=subprocess.DEVNULL)\n"
                "print('made', flush=True)\n"
                "line.relay.wait()\n")
        process = subprocess.Popen([sys.executable, "-B", "-c", code], cwd=HERE, text=True,
                                   stdout=subprocess.PIPE)
        self.assertEqual(process.stdout.readline(), "made\n")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        mine = re.compile(rf"^{PREFIX}{process.pid}-\w+", re.MULTILINE)
        self.assertEqual(len(mine.findall(call("ip", "netns", "list"))), 2)
        running = call("ip", "netns", "pids", f"{PREFIX}{process.pid}-a").split()
        with Network():
            self.assertEqual(mine.findall(call("ip", "netns", "list")), [])
        deadline = time.monotonic() + 10
        while any(self.is_alive(pid) for pid in running) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertFalse([pid for pid in running if self.is_alive(pid)])

    @staticmethod
    def is_alive(pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
        except FileNotFoundError:
            return False


if __name__ == "__main__":
    need_namespaces()
    unittest.main()
