#!/usr/bin/env python3
"""Two kaisar-iperf processes over lines of the kernel's own, whose rate is known.

The bounds are wide: this shows that the rate is the line's, on a machine that may be busy. How exact it
is: docs/measurements.md, by tests/netns/measure_bandwidth.
"""

import sys
import unittest

from iperf_pair import DOWN, UP, Process, goodput, kaisar, run_client, task_of
from network import Network, need_namespaces

SECONDS = 2
WIDE = 0.10
CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=1.5,
                             source_address=(sys.argv[3], 0)).close()
    print("connected")
except OSError as error:
    print("not connected:", error)
"""


class Rates(unittest.TestCase):
    def test_both_directions_are_measured_at_the_rate_of_the_line(self):
        for rate in (10_000_000, 100_000_000):
            with Network() as network:
                line = network.shaped_line(bits_per_second=rate)
                for direction in (DOWN, UP):
                    with self.subTest(rate=rate, direction=direction):
                        result = kaisar(line, direction, SECONDS, rate + rate // 10)
                        self.assertEqual(result.checker["state"], "completed", result.checker)
                        self.assertAlmostEqual(result.bits_per_second, goodput(rate),
                                               delta=WIDE * goodput(rate))

    def test_a_line_that_is_slower_in_one_direction_is_measured_so(self):
        with Network() as network:
            line = network.shaped_line(bits_per_second=50_000_000, back_bits_per_second=10_000_000)
            for direction, rate in ((DOWN, 50_000_000), (UP, 10_000_000)):
                with self.subTest(direction=direction):
                    result = kaisar(line, direction, SECONDS)
                    self.assertAlmostEqual(result.bits_per_second, goodput(rate),
                                           delta=WIDE * goodput(rate))

    def test_a_test_that_is_sent_slower_than_the_line_is_measured_as_sent(self):
        with Network() as network:
            line = network.shaped_line(bits_per_second=100_000_000)
            for direction in (DOWN, UP):
                with self.subTest(direction=direction):
                    result = kaisar(line, direction, SECONDS, 20_000_000)
                    self.assertAlmostEqual(result.bits_per_second, 20_000_000, delta=WIDE * 20_000_000)


class Strangers(unittest.TestCase):
    def connect(self, namespace, address, port, source):
        return namespace.run(sys.executable, "-c", CONNECT, address, str(port), source).strip()

    def test_only_the_checkers_address_connects(self):
        with Network() as network:
            line = network.shaped_line()
            other = network.shaped_line("stranger", "right")
            # The checker's neighbour: another address of the same network.
            line.left.ip("address", "add", "10.1.0.9/24", "dev", "line1")
            terms = (DOWN, SECONDS, 1, 0)
            # Without a name for who may connect, everybody gets through: the lines are there.
            anybody = Process(line.right, task_of("server", *terms, ports=[0]))
            port = anybody.line()["listening"]["port"]
            told = self.connect(other.left, other.right_address, port, other.left_address)
            anybody.kill()
            self.assertEqual(told, "connected")
            server = Process(line.right, task_of("server", *terms, ports=[0],
                                                 only_from=line.left_address))
            listening = server.line()["listening"]
            port = listening["port"]
            for namespace, address, source in (
                    (other.left, other.right_address, other.left_address),
                    (line.left, line.right_address, "10.1.0.9")):
                with self.subTest(source=source):
                    self.assertIn("not connected", self.connect(namespace, address, port, source))
            result = run_client(line, server, listening, *terms)
            self.assertEqual(result.checker["state"], "completed", result.checker)
            self.assertEqual(result.device["state"], "completed", result.device)


if __name__ == "__main__":
    need_namespaces()
    unittest.main()
