#!/usr/bin/env python3
"""kaisar-iperf among strangers, and against other sides that are mute, vanish, lie or attack."""
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.environ["KAISAR_SOURCE_DIR"], "tests/support"))
import iperf_ends as ends  # pylint: disable=wrong-import-position

COOKIE = b"c" * 36 + b"\0"
ACCESS_DENIED = b"\xff"


class Strangers(unittest.TestCase):
    """At a server that waits for its client, or serves it."""

    def setUp(self):
        self.server = ends.Server(only_from="127.0.0.1")
        self.addCleanup(self.server.close)

    def stranger(self, *sent):
        connection = ends.connect(self.server.port)
        self.addCleanup(connection.close)
        for part in sent:
            connection.sendall(part)
        return connection

    def serve_the_right_client(self):
        client = ends.Client(self.server.port, self.server.key)
        self.addCleanup(client.close)
        for process in (client, self.server):
            outcome = process.outcome()
            self.assertEqual(outcome["state"], "completed", outcome["detail"])

    def test_from_another_address_get_no_answer(self):
        with self.assertRaises(TimeoutError):
            ends.connect(self.server.port, source="127.0.0.2", timeout=0.7)
        self.serve_the_right_client()

    def test_from_another_address_are_closed_where_only_administrators_may_filter(self):
        self.server = ends.Server(
            through="setpriv --bounding-set=-net_admin --inh-caps=-net_admin --",
            only_from="127.0.0.1")
        self.addCleanup(self.server.close)
        try:
            with ends.connect(self.server.port, source="127.0.0.2", timeout=2) as stranger:
                stranger.sendall(COOKIE)
                self.assertEqual(stranger.recv(1), b"")
        except (TimeoutError, ConnectionError):
            pass  # of a kernel that filters for everybody; or the cookie came after the end
        self.serve_the_right_client()

    def test_that_are_mute_do_not_keep_the_client_out(self):
        for _ in range(40):
            self.stranger()
        for _ in range(3):
            self.stranger(COOKIE[:20])
        self.serve_the_right_client()

    def test_that_stop_half_way_do_not_keep_the_client_out(self):
        self.stranger(COOKIE)  # and no parameters
        self.stranger(COOKIE, struct.pack(">I", 100), b"{")  # fewer than announced
        self.serve_the_right_client()

    def test_that_vanish_or_talk_nonsense_do_not_keep_the_client_out(self):
        for part in (b"", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n\r\n\r\n\r\n", COOKIE):
            self.stranger(part).close()
        # A length of 4 GiB, which libiperf would reserve.
        self.stranger(COOKIE, b"\xff\xff\xff\xff")
        self.stranger(COOKIE, struct.pack(">I", 6), b"[1,2]}")
        self.serve_the_right_client()

    def test_do_not_disturb_a_test_under_way(self):
        client = ends.Client(self.server.port, self.server.key)
        self.addCleanup(client.close)
        time.sleep(1)
        mute = [self.stranger() for _ in range(40)]
        late = self.stranger(COOKIE)
        self.assertEqual(late.recv(1), ACCESS_DENIED)
        for process in (client, self.server):
            outcome = process.outcome()
            self.assertEqual(outcome["state"], "completed", outcome["detail"])
        self.assertEqual(len(mute), 40)


class GreedyClients(unittest.TestCase):
    """The stock tool, with the right credentials, at a server whose task is a test down of 1 s, in
    2 streams, at 100 Mbit/s."""

    def stock(self, server, *arguments):
        with tempfile.NamedTemporaryFile("w", prefix="kaisar-iperf-", encoding="ascii") as key:
            key.write(server.key)
            key.flush()
            return subprocess.run(
                ["iperf3", "-J", "-c", "127.0.0.1", "-p", str(server.port), "--username", ends.USER,
                 "--rsa-public-key-path", key.name, *arguments], timeout=30, capture_output=True,
                env={**os.environ, "IPERF3_PASSWORD": ends.PASSWORD}, check=False)

    def outcome(self, *arguments, direction="down"):
        server = ends.Server(direction=direction, streams=2)
        self.addCleanup(server.close)
        self.stock(server, *arguments)
        return server.outcome()

    def check_denied(self, words, *arguments, direction="down"):
        outcome = self.outcome("-t", "1", "-O", "1", "-b", "50M", *arguments, direction=direction)
        self.assertEqual(outcome["state"], "denied", outcome["detail"])
        self.assertIn(words, outcome["detail"])
        self.assertNotIn("iperf", outcome)  # it did not start

    def test_that_asks_what_the_task_says_is_served(self):
        for direction, arguments in (("down", ["-P", "2"]), ("up", ["-P", "2", "-R"])):
            outcome = self.outcome("-t", "1", "-O", "1", "-b", "50M", *arguments,
                                   direction=direction)
            self.assertEqual(outcome["state"], "completed", outcome["detail"])

    def test_that_asks_for_more_seconds_is_denied(self):
        self.check_denied("seconds 30, allowed is 1", "-t", "30")
        self.check_denied("seconds 0, allowed is 1", "-t", "0")  # for ever
        self.check_denied("omitted seconds 20, allowed is 0 to 1", "-O", "20")

    def test_that_asks_for_a_higher_rate_is_denied(self):
        self.check_denied("each stream 0, allowed is 1 to 105000000", "-b", "0")
        self.check_denied("each stream 106000000, allowed", "-b", "106M")
        self.check_denied("each stream 60000000, allowed is 1 to 52500000", "-b", "60M", "-P", "2")

    def test_that_asks_for_more_streams_is_denied(self):
        self.check_denied("streams 8, allowed is 1 to 2", "-P", "8")

    def test_that_asks_for_the_other_direction_is_denied(self):
        self.check_denied("asked for a test up, allowed is down", "-R")
        self.check_denied("asked for a test down, allowed is up", direction="up")

    def test_that_asks_for_both_directions_at_once_is_denied(self):
        self.check_denied("both directions at once", "--bidir")

    def test_that_asks_for_udp_is_denied(self):
        self.check_denied("another protocol, allowed is TCP", "-u")

    def test_that_gets_around_the_rate_is_denied(self):
        self.check_denied("burst 900, allowed is 0", "-b", "50M/900")
        self.check_denied("block bytes 1048576, allowed is 4096 to 131072", "-l", "1M")
        self.check_denied("segment bytes 88, allowed is 0", "-M", "88")

    def test_that_stops_half_way_holds_the_server_no_longer_than_the_test(self):
        server = ends.Server(seconds=2, limit_ms=60_000)
        client = ends.Client(server.port, server.key, seconds=2)
        for process in (server, client):
            self.addCleanup(process.close)
        while ends.sockets_of(client.pid) < 2:  # the second is a stream: it has proved itself
            time.sleep(0.02)
        os.kill(client.pid, signal.SIGSTOP)
        started = time.monotonic()
        outcome = server.outcome()
        self.assertEqual(outcome["state"], "timed_out", outcome["detail"])
        self.assertIn("under way", outcome["detail"])
        self.assertLess(time.monotonic() - started, 30)  # 8, not 60


class OtherSide(unittest.TestCase):
    """Servers that a checker's client may meet."""

    @classmethod
    def setUpClass(cls):
        server = ends.Server()
        cls.key = server.key  # any key will do
        server.close()

    def outcome_against(self, script, **changes):
        server = ends.ScriptedServer(script)
        self.addCleanup(server.close)
        client = ends.Client(server.port, self.key, **{"start_ms": 1500, **changes})
        self.addCleanup(client.close)
        return client.outcome(), server.connections

    def test_that_accepts_and_is_mute_times_out(self):
        outcome, _ = self.outcome_against(lambda server, control: None)
        self.assertEqual(outcome["state"], "timed_out")
        self.assertIn("silent", outcome["detail"])

    def test_that_never_accepts_is_no_connection(self):
        with socket.socket() as full:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            port = full.getsockname()[1]
            kept = [socket.socket() for _ in range(4)]
            for connection in kept:
                connection.setblocking(False)
                connection.connect_ex(("127.0.0.1", port))
            client = ends.Client(port, self.key, start_ms=1000)
            self.addCleanup(client.close)
            self.assertEqual(client.outcome()["state"], "no_connection")
            for connection in kept:
                connection.close()

    def test_that_closes_at_once_is_tried_again_then_broken(self):
        outcome, connections = self.outcome_against(lambda server, control: control.close())
        self.assertEqual(outcome["state"], "broken")
        self.assertGreater(connections, 1)

    def test_that_is_busy_is_tried_again_then_denied(self):
        def busy(_, control):
            control.sendall(ACCESS_DENIED)
            control.close()
        outcome, connections = self.outcome_against(busy)
        self.assertEqual(outcome["state"], "denied")
        self.assertGreater(connections, 1)

    def test_that_closes_half_way_is_broken(self):
        def vanish(server, control):
            server.listener.settimeout(10)
            ends.receive(control, ends.COOKIE_BYTES)
            control.sendall(bytes([ends.PARAM_EXCHANGE]))
            ends.receive_json(control)
            control.sendall(bytes([ends.CREATE_STREAMS]))
            stream, _ = server.listener.accept()
            control.sendall(bytes([ends.TEST_START, ends.TEST_RUNNING]))
            stream.close()
            control.close()
        outcome, _ = self.outcome_against(vanish)
        self.assertEqual(outcome["state"], "broken")

    def test_that_claims_our_own_fault_is_broken(self):
        # IECREATESTREAM, as if this machine could not make a stream.
        def blame(_, control):
            ends.receive(control, ends.COOKIE_BYTES)
            control.sendall(bytes([ends.SERVER_ERROR]) + struct.pack(">II", 200, 24))
        outcome, _ = self.outcome_against(blame)
        self.assertEqual(outcome["state"], "broken")

    def test_that_never_gives_results_times_out(self):
        def withhold(server, control):
            ends.serve_until_results(server, control)
            time.sleep(10)
        outcome, _ = self.outcome_against(withhold, limit_ms=4000)
        self.assertEqual(outcome["state"], "timed_out")
        self.assertIn("under way", outcome["detail"])

    def test_that_crashes_libiperf_is_broken(self):
        # A text that is none: libiperf copies from a null pointer.
        def crash(server, control):
            ends.serve_until_results(server, control)
            ends.send_json(control, ends.results(congestion_used=5))
        outcome, _ = self.outcome_against(crash)
        self.assertEqual(outcome["state"], "broken")
        self.assertIn("broke off", outcome["detail"])

    def test_that_lies_in_its_results_changes_no_count_of_ours(self):
        def lie(server, control):
            ends.serve_until_results(server, control)
            lies = ends.results(congestion_used="x" * 200_000)
            lies["streams"][0]["bytes"] = 10**15
            ends.send_json(control, lies)
            control.sendall(bytes([ends.DISPLAY_RESULTS]))
        outcome, _ = self.outcome_against(lie)
        self.assertEqual(outcome["state"], "completed", outcome["detail"])
        end = outcome["iperf"]["end"]
        self.assertEqual(end["sum_received"]["bytes"], 10**15)  # what it says of itself
        self.assertLess(end["sum_sent"]["bytes"] * 8, 2.5 * ends.TASK["bits_per_second"])

    def test_whose_key_is_none_is_broken(self):
        client = ends.Client(1, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
        self.addCleanup(client.close)
        outcome = client.outcome()
        self.assertEqual(outcome["state"], "broken")
        self.assertIn("no RSA public key", outcome["detail"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
