#!/usr/bin/env python3
"""Bad days of a checker and a provider, as processes: each has a test with its name. Days that last hours, or that
need a clock to be set, are in tests/unit/checker/bad_days_*test.cc."""

import http.client
import json
import multiprocessing
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = os.environ["KAISAR_SOURCE_DIR"]
BINARIES = os.environ["KAISAR_BINARY_DIR"]
sys.path.insert(0, os.path.join(ROOT, "tests/support"))

from http_get import get  # pylint: disable=wrong-import-position
from loopback_network import LoopbackNetwork, SHORT_POLICY  # pylint: disable=wrong-import-position

EPOCH_SECONDS = 60
DISK_BYTES = 300_000_000  # of which 4 % are more than an epoch's log
FLOOD_SECONDS = 2
MOST_SERVER_THREADS = 11  # http, and civetweb's: eight, the one that accepts, and two of its timers


def total(port, prefix, *parts):
    """The sum of all series of a name that have these parts."""
    lines = get(port)[2].splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines
               if line.startswith(prefix) and all(part in line for part in parts))


def closed(port, *parts):
    return total(port, "kaisar_checker_challenges_closed_total", *parts)


def codes(port):
    """Whether it is ready, and the codes of what is wrong."""
    found = json.loads(get(port, "/readyz")[2])
    return found["ready"], [problem["code"] for problem in found["problems"]]


def scrape(port, until, done):
    """Scrapes as fast as it can; tells how many were tried and answered."""
    os.nice(10)  # as the server is: whatever else runs on this machine goes first
    tried = answered = 0
    while time.monotonic() < until:
        tried += 1
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as one:
                one.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
                answered += one.recv(12) == b"HTTP/1.1 200"
        except OSError:
            pass
    done.put((tried, answered))


class BadDays(unittest.TestCase):
    """One network and one checker for all of them; each leaves it running."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="kaisar-bad-days-")
        cls.addClassCleanup(folder.cleanup)
        cls.network = LoopbackNetwork(BINARIES, folder.name)
        cls.small_disk = cls.mount_data()
        cls.addClassCleanup(cls.network.close)
        cls.provider = cls.network.add_provider(1)
        cls.network.write_configs(SHORT_POLICY, EPOCH_SECONDS)
        cls.starts = 0
        cls.start()

    @classmethod
    def mount_data(cls):
        """Whether the data directory is a small file system of its own."""
        path = cls.network.path("data")
        os.makedirs(path)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", path],
                              capture_output=True, check=False)
        if done.returncode == 0:
            cls.addClassCleanup(subprocess.run, ["umount", "--lazy", path], check=True)
        return done.returncode == 0

    @classmethod
    def start(cls):
        cls.starts += 1
        cls.log = f"checker-{cls.starts}"
        cls.checker = cls.network.start_checker(cls.log, epochs=0)

    def err(self):
        return self.network.read(self.log + ".err")

    def await_true(self, what, seconds, happened):
        return self.network.await_true(what, seconds, happened, self.log)

    def port(self):
        return self.network.monitor_port(self.log)

    def provider_port(self):
        found = self.await_true("a line with the address", 20, lambda: re.search(
            r"event=metrics address=127\.0\.0\.1:(\d+)", self.network.read("device-1.err")))
        return int(found.group(1))

    def stop(self):
        """How long it takes to end."""
        began = time.monotonic()
        self.checker.send_signal(signal.SIGTERM)
        self.assertEqual(self.checker.wait(timeout=20), 0, self.err()[-3000:])
        return time.monotonic() - began

    def check_undisturbed(self, port, before):
        """The epoch goes on, and nothing failed or waited since there were `before` verdicts."""
        self.await_true("more verdicts", 20, lambda: closed(port) > before + 1)
        self.assertEqual(closed(port, 'verdict="FAIL"'), 0)
        self.assertEqual(closed(port, "CHECKER_OVERLOADED"), 0)

    def test_the_metrics_port_is_taken(self):
        """Neither program ends by it: they say so, with the address and what to do, and try again."""
        self.stop()
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            address = rf"127\.0\.0\.1:{port}"
            config = self.network.read("checker.yaml")
            self.network.write("checker.yaml", config.replace('"127.0.0.1:0"', f'"127.0.0.1:{port}"'))
            self.start()
            provider = self.network.read("device-1/provider.yaml")
            self.network.write("device-1/second.yaml", provider.replace(
                '"127.0.0.1:0"', f'"127.0.0.1:{port}"'))
            second = self.network.start("second", "provider/kaisar-provider", "run", "--config",
                                        "device-1/second.yaml")
            told = rf"nothing is served at {address} .*\(ss -ltnp\), name another one in the config's"
            self.await_true("a warning", 20, lambda: re.search("warning warning text=." + told, self.err()))
            self.await_true("a warning of the provider", 20, lambda: re.search(
                "warning event=no_metrics reason=." + told.replace("'s", ""), self.network.read("second.err")))
            self.await_true("challenges all the same", 20, lambda: " info closed " in self.err())
            self.assertIsNone(second.poll())
        # Whichever is first has it then.
        self.await_true("metrics once the port is free", 15, lambda: get(port)[0] == 200)
        second.send_signal(signal.SIGTERM)
        self.assertEqual(second.wait(timeout=10), 0)
        self.network.write("checker.yaml", config)
        self.stop()
        self.start()

    def test_a_scrape_during_shutdown(self):
        port = self.port()
        self.await_true("a verdict", 20, lambda: closed(port) > 0)
        ended = threading.Event()
        longest = []

        def scrape_on():
            while not ended.is_set():
                began = time.monotonic()
                try:
                    get(port, timeout=10)
                except (OSError, http.client.HTTPException):
                    pass
                longest.append(time.monotonic() - began)
        threads = [threading.Thread(target=scrape_on) for _ in range(4)]
        half_open = [socket.create_connection(("127.0.0.1", port)) for _ in range(4)]
        for one in threads:
            one.start()
        try:
            seconds = self.stop()
        finally:
            ended.set()
            for one in threads:
                one.join()
            for one in half_open:
                one.close()
        # Two seconds for what is open, two for connections on which nothing moves.
        self.assertLess(seconds, 10)
        self.assertLess(max(longest), 10, "a reader hangs")
        self.start()

    def test_thousands_of_scrapes_a_second(self):
        port = self.port()
        self.await_true("a verdict", 20, lambda: closed(port) > 0)
        before = closed(port)
        done = multiprocessing.Queue()
        until = time.monotonic() + FLOOD_SECONDS
        readers = [multiprocessing.Process(target=scrape, args=(port, until, done)) for _ in range(4)]
        for reader in readers:
            reader.start()
        while time.monotonic() < until:
            names = []
            for task in os.listdir(f"/proc/{self.checker.pid}/task"):
                try:
                    with open(f"/proc/{self.checker.pid}/task/{task}/comm", encoding="ascii") as file:
                        names.append(file.read().strip())
                except FileNotFoundError:
                    pass
            self.assertLessEqual(sum(name.startswith(("http", "civetweb")) for name in names),
                                 MOST_SERVER_THREADS, names)
            time.sleep(0.1)
        counts = [done.get(timeout=20) for _ in readers]
        for reader in readers:
            reader.join()
        tried, answered = (sum(column) for column in zip(*counts))
        print(f"{tried / FLOOD_SECONDS:.0f} scrapes a second, {answered / FLOOD_SECONDS:.0f} answered")
        self.assertGreater(tried, 200)
        self.assertGreater(answered, 50)
        self.check_undisturbed(port, before)

    def test_a_half_open_client(self):
        """More than there are threads: some ask nothing, some ask half, some never read the answer."""
        port = self.port()
        self.await_true("a verdict", 20, lambda: closed(port) > 0)
        before = closed(port)
        clients = []
        for number in range(30):
            one = socket.socket()
            if number % 3 == 2:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            one.connect(("127.0.0.1", port))
            if number % 3 == 1:
                one.sendall(b"GET /metrics HTTP/1.1\r\nX: ")
            elif number % 3 == 2:
                one.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            clients.append(one)
        began = time.monotonic()
        self.assertEqual(get(port, timeout=30)[0], 200)
        self.assertLess(time.monotonic() - began, 20, "each holds a thread for two seconds at most")
        self.check_undisturbed(port, before)
        for one in clients:
            one.close()

    def test_the_disk_is_95_percent_full(self):
        """It is warned of before an epoch is refused; that is in tests/unit/checker/bad_days_test.cc."""
        if not self.small_disk:
            self.skipTest("cannot mount a small file system")
        port = self.port()
        self.assertEqual(codes(port), (True, []))
        other = self.network.path("data", "other")
        with open(other, "wb") as file:
            free = os.statvfs(other).f_bavail * os.statvfs(other).f_bsize
            os.posix_fallocate(file.fileno(), 0, free - DISK_BYTES // 25)
        try:
            self.assertEqual(codes(port), (True, ["disk_low"]))
            self.assertEqual(total(port, "kaisar_checker_problems", 'code="disk_low"'), 1)
            self.stop()
            self.start()
            self.await_true("a warning", 20, lambda: re.search(
                r"warning warning text=.*bytes are free on the data directory's file system, less than 5 %",
                self.err()))
        finally:
            os.unlink(other)
        port = self.port()
        self.await_true("room again", 5, lambda: codes(port) == (True, []))

    def change_log_level(self, process, path, level):
        config = self.network.read(path)
        self.network.write(path, re.sub(r"log_level: \w+\n", "", config) + f"log_level: {level}\n")
        process.send_signal(signal.SIGHUP)

    def test_the_log_level_is_changed_while_it_runs(self):
        def lines(name, part):
            return self.network.read(name).count(part)
        port, provider_port = self.port(), self.provider_port()
        self.await_true("a line of level info", 20, lambda: " info closed " in self.err())
        self.change_log_level(self.checker, "checker.yaml", "none")
        self.await_true("a warning", 10, lambda: "log_level stays as it is" in self.err())
        self.change_log_level(self.provider, "device-1/provider.yaml", "none")
        self.await_true("a warning", 10, lambda: "warning event=log_level_stays"
                        in self.network.read("device-1.err"))
        self.change_log_level(self.checker, "checker.yaml", "warn")
        self.change_log_level(self.provider, "device-1/provider.yaml", "warning")
        time.sleep(1)  # what was on its way is written
        before = lines(self.log + ".err", " info "), lines("device-1.err", " info ")
        verdicts = closed(port)
        taken = total(provider_port, "kaisar_provider_challenges_taken_total")
        self.await_true("more verdicts", 20, lambda: closed(port) > verdicts + 1)
        self.await_true("more challenges", 20, lambda: total(
            provider_port, "kaisar_provider_challenges_taken_total") > taken)
        self.assertEqual((lines(self.log + ".err", " info "), lines("device-1.err", " info ")), before)
        self.change_log_level(self.checker, "checker.yaml", "info")
        self.change_log_level(self.provider, "device-1/provider.yaml", "info")
        self.await_true("lines again", 20, lambda: lines(self.log + ".err", " info closed ") > 0
                        and lines("device-1.err", " info ") > before[1])

    def test_a_provider_says_whether_it_would_serve(self):
        port = self.provider_port()
        self.assertEqual(codes(port), (True, []))
        self.assertEqual(total(port, "kaisar_provider_slots_served"), 1)
        self.assertEqual(total(port, "kaisar_provider_ready"), 1)


if __name__ == "__main__":
    # Sockets of the flood, some of which linger.
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    unittest.main()
