#!/usr/bin/env python3
"""Latency challenges of a real kaisar-checker to real kaisar-providers, over lines of known length.

The bounds are wide: this shows that the figure is the line's, not how exact it is on a machine that is
busy. How exact: docs/measurements.md, by tests/netns/measure_bandwidth.
"""

import tempfile
import unittest

from network import Network, binary, need_namespaces
from netns_kaisar import LATENCY, PASS, NetnsKaisar, latency_policy, median, round_trips_us

EPOCH_SECONDS = 14
PINGS, COUNT = 8, 4
# Beyond the line: TLS, gRPC, two schedulers, a busy machine.
MOST_OVERHEAD_US = 20_000
# Device: what its line adds to a round trip, in µs; half of it each way.
DISTANCES = {1: 0, 2: 5_000, 3: 50_000, 4: 200_000}
LOSSY, LOSSY_RTT_US = 5, 10_000


class LatencyRelay(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="kaisar-latency-relay-")
        cls.addClassCleanup(folder.cleanup)
        network = Network()
        cls.addClassCleanup(network.close)
        kaisar = NetnsKaisar(binary(""), folder.name)
        cls.addClassCleanup(kaisar.close)
        for device, rtt_us in DISTANCES.items():
            line = network.relayed_line("checker", f"device{device}", delay_us=rtt_us // 2)
            kaisar.add_far_provider(device, line)
        cls.lossy = network.relayed_line("checker", f"device{LOSSY}", delay_us=LOSSY_RTT_US // 2,
                                         jitter_us=1000, loss_ppm=50_000, seed=4)
        kaisar.add_far_provider(LOSSY, cls.lossy)
        kaisar.write_configs(latency_policy(PINGS, COUNT), EPOCH_SECONDS, genesis_in_ms=500)
        checker = kaisar.inside(network.namespace("checker")).start_checker()
        if checker.wait(timeout=EPOCH_SECONDS + 60) != 0:
            raise AssertionError("the checker failed:\n" + kaisar.read("checker.err")[-2000:])
        cls.closed = [closed for closed in kaisar.closed() if closed.get(3) == LATENCY]
        cls.counted = cls.lossy.end()

    def challenges(self, device):
        found = [closed for closed in self.closed if closed.get(2) == device]
        self.assertEqual(len(found), COUNT)
        for closed in found:
            self.assertEqual(closed.get(30), PASS, closed)
        return found

    def test_the_median_is_what_the_line_takes(self):
        for device, rtt_us in DISTANCES.items():
            with self.subTest(rtt_us=rtt_us):
                times = []
                for closed in self.challenges(device):
                    echoes = round_trips_us(closed)
                    self.assertEqual(len(echoes), PINGS)
                    times += echoes.values()
                self.assertGreaterEqual(min(times), rtt_us)
                self.assertLessEqual(median(times), rtt_us + MOST_OVERHEAD_US)

    def test_lost_packets_make_pings_late_but_no_answer_wrong(self):
        self.assertGreater(self.counted["to_left"]["lost"] + self.counted["to_right"]["lost"], 0)
        for closed in self.challenges(LOSSY):
            echoes = round_trips_us(closed)
            self.assertGreaterEqual(len(echoes), PINGS // 2)
            self.assertGreaterEqual(min(echoes.values()), LOSSY_RTT_US)


if __name__ == "__main__":
    need_namespaces()
    unittest.main()
