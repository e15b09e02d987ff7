#!/usr/bin/env python3
"""kaisar-iperf as both ends of a test: what comes out, and what is left when something is amiss."""
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.environ["KAISAR_SOURCE_DIR"], "tests/support"))
import iperf_ends as ends  # pylint: disable=wrong-import-position

MEBIBYTE_KB = 1024


class IperfEnds(unittest.TestCase):
    def server(self, **changes):
        server = ends.Server(**changes)
        self.addCleanup(server.close)
        return server

    def client(self, port, key, direction="down", **changes):
        client = ends.Client(port, key, direction, **changes)
        self.addCleanup(client.close)
        return client

    def started(self, task):
        process = ends.Process(task)
        self.addCleanup(process.close)
        return process

    def check_counts(self, direction, client, server):
        for outcome in (client, server):
            self.assertEqual(outcome["state"], "completed", outcome["detail"])
            self.assertNotIn("system_info", outcome["iperf"]["start"])
            self.assertNotIn(socket.gethostname(), json.dumps(outcome).split('"'))
        sender, receiver = (client, server) if direction == "down" else (server, client)
        sent = sender["iperf"]["end"]["sum_sent"]
        received = receiver["iperf"]["end"]["sum_received"]
        # A test that was held up sends what it owes, so twice as much may come in the second.
        for counts in (sent, received):
            self.assertGreater(counts["bytes"], 0)
            self.assertLess(counts["bytes"] * 8, 2.5 * ends.TASK["bits_per_second"])
            self.assertGreater(counts["seconds"], 0.5)
        # Both ends tell the same bytes, up to what is on its way when the time is up.
        self.assertLess(abs(sent["bytes"] - received["bytes"]), 0.5 * sent["bytes"])
        link = client["link"]
        self.assertEqual(link["interface"], "lo")
        self.assertGreaterEqual(link["in_bytes"], received["bytes"])
        self.assertGreaterEqual(link["out_bytes"], received["bytes"])
        self.assertGreater(link["elapsed_us"], 1_900_000)
        self.assertNotIn("link", server)

    def test_both_ends_count_both_directions(self):
        for direction in ("down", "up"):
            with self.subTest(direction):
                server = self.server(only_from="127.0.0.1", streams=2)
                client = self.client(server.port, server.key, direction, streams=2)
                self.check_counts(direction, client.outcome(), server.outcome())

    def test_ipv6(self):
        server = self.server(only_from="::1")
        client = self.client(server.port, server.key, host="::1")
        self.check_counts("down", client.outcome(), server.outcome())

    def test_sixteen_streams_as_fast_as_they_go(self):
        server = self.server(streams=16, bits_per_second=0)
        client = self.client(server.port, server.key, streams=16, bits_per_second=0)
        time.sleep(1.5)
        for name, process in (("server", server), ("client", client)):
            own_kb = process.status("RssAnon") + process.status("RssShmem")
            print(f"{name}: {own_kb} kB of its own, {process.status('VmHWM')} kB with libraries")
            # The code of the libraries is there once for all processes.
            self.assertLess(own_kb, 6 * MEBIBYTE_KB)
        for process in (client, server):
            outcome = process.outcome()
            self.assertEqual(outcome["state"], "completed", outcome["detail"])
            self.assertEqual(len(outcome["iperf"]["end"]["streams"]), 16)

    def test_credentials_are_nowhere_to_be_seen(self):
        server = self.server()
        client = self.client(server.port, server.key)
        for process in (server, client):
            for file in ("cmdline", "environ"):
                with open(f"/proc/{process.pid}/{file}", "rb") as content:
                    self.assertNotIn(ends.PASSWORD.encode(), content.read())
        self.assertNotIn(ends.PASSWORD, json.dumps([client.outcome(), server.outcome()]))

    def test_wrong_credentials_are_denied_and_the_right_client_is_served(self):
        server = self.server()
        for changes in ({"password": "wrong"}, {"user": "nobody"}):
            refused = self.client(server.port, server.key, **changes).outcome()
            self.assertEqual(refused["state"], "denied", refused["detail"])
        client = self.client(server.port, server.key)
        self.check_counts("down", client.outcome(), server.outcome())

    def test_nobody_listens(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        server = self.server()
        outcome = self.client(port, server.key, start_ms=700).outcome()
        self.assertEqual(outcome["state"], "no_connection")
        self.assertIn("Connection refused", outcome["detail"])

    def test_a_client_that_is_early_waits_for_its_server(self):
        key = self.server().key
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        client = self.client(port, key)
        time.sleep(0.5)
        server = self.server(ports=[port])
        # It had another key than this server's: it got through, and was refused.
        self.assertEqual(client.outcome()["state"], "denied")
        self.assertIsNone(server.process.poll())

    def test_nobody_comes(self):
        outcome = self.server(start_ms=500).outcome()
        self.assertEqual(outcome["state"], "timed_out")
        self.assertIn("no client proved itself within 500 ms", outcome["detail"])

    def test_an_end_that_dies_breaks_the_other(self):
        for victim in (0, 1):
            server = self.server(seconds=20)
            client = self.client(server.port, server.key, seconds=20)
            time.sleep(1.5)
            processes = [server, client]
            os.kill(processes.pop(victim).pid, signal.SIGKILL)
            outcome = processes[0].outcome()
            self.assertEqual(outcome["state"], "broken", outcome["detail"])

    def test_the_time_limit_ends_a_test_under_way(self):
        server = self.server(seconds=20)
        client = self.client(server.port, server.key, seconds=20, limit_ms=2000)
        outcome = client.outcome()
        self.assertEqual(outcome["state"], "timed_out")
        self.assertIn("under way", outcome["detail"])
        self.assertEqual(server.outcome()["state"], "broken")

    def test_the_first_free_port_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as busy, socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
            free.close()
            server = self.server(ports=[busy.getsockname()[1], port])
            self.assertEqual(server.port, port)

    def test_a_range_that_is_used_up(self):
        # One of another program, one of a test like this.
        with socket.create_server(("0.0.0.0", 0)) as busy:
            other = self.server()
            ports = sorted([busy.getsockname()[1], other.port])
            outcome = self.started({**ends.TASK, "role": "server", "ports": ports}).outcome()
        self.assertEqual(outcome["state"], "unable")
        self.assertIn(f"none of 2 ports from {ports[0]} to {ports[1]} is free", outcome["detail"])

    def test_a_machine_without_room_for_buffers_is_unable(self):
        process = ends.Process({**ends.TASK, "role": "server", "ports": [0]},
                               environment={**os.environ, "TMPDIR": "/nonexistent"})
        self.addCleanup(process.close)
        self.assertIn("listening", process.lines.readline())
        outcome = process.outcome()
        self.assertEqual(outcome["state"], "unable")
        self.assertIn("cannot make a file", outcome["detail"])

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to mount")
    def test_a_container_with_read_only_files_has_shared_memory(self):
        # What compose.yaml and the DaemonSet give: nothing can be written but /dev/shm.
        read_only = ("unshare --mount -- sh -c 'mount -t tmpfs -o ro none /tmp && "
                     'mount -t tmpfs none /dev/shm && exec "$0"\'')
        server = self.server(through=read_only)
        client = self.client(server.port, server.key)
        self.check_counts("down", client.outcome(), server.outcome())

    def test_a_port_is_free_again_at_once(self):
        server = self.server()
        client = self.client(server.port, server.key)
        client.outcome(), server.outcome()
        self.assertEqual(self.server(ports=[server.port]).port, server.port)

    def test_no_process_outlives_its_parent(self):
        task = json.dumps({**ends.TASK, "role": "server", "ports": [0]})
        script = ("import subprocess,sys,time\n"
                  f"p=subprocess.Popen(['/bin/sh','-c','exec {ends.IPERF} 3>&1'],"
                  "stdin=subprocess.PIPE,stdout=subprocess.PIPE)\n"
                  f"p.stdin.write({task!r}.encode()); p.stdin.close(); p.stdout.readline()\n"
                  "print(p.pid,flush=True); time.sleep(60)")
        parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
        pid = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        parent.stdout.close()
        deadline = time.monotonic() + 5
        while os.path.exists(f"/proc/{pid}"):
            with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                if stat.read().split()[2] == "Z":
                    break  # nobody reaps it in this container
            self.assertLess(time.monotonic(), deadline, "it lives on")
            time.sleep(0.05)

    def test_a_wrong_task_is_one_clear_line(self):
        task = {**ends.TASK, "role": "server", "ports": [0]}
        for wrong, words in (("no JSON", "not a JSON object"),
                             ({**task, "streams": 17}, "streams is 17, expected 1 to 16"),
                             ({**task, "ports": [70000]}, "ports is 70000")):
            process = self.started(wrong)
            said = process.process.stderr.read().decode()
            self.assertEqual(process.process.wait(timeout=5), 2)
            self.assertEqual(said.count("\n"), 1, said)
            self.assertIn(words, said)
            self.assertEqual(process.lines.read(), "")

    def test_help_teaches(self):
        done = subprocess.run([ends.IPERF, "--help"], capture_output=True, text=True, check=True)
        for word in [*ends.TASK, "role", "only_from", "rsa_public_key", "example"]:
            self.assertIn(word, done.stdout)


class StockTool(unittest.TestCase):
    """Interoperation with iperf3 as it is packaged."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="kaisar-iperf-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(content)
        return path

    def iperf3(self, port, *arguments, password=None):
        """The result of the stock client."""
        environment = {**os.environ, **({"IPERF3_PASSWORD": password} if password else {})}
        done = subprocess.run(["iperf3", "-J", "-c", "127.0.0.1", "-p", str(port), "-t", "1", "-O",
                               "1", "-b", "100M", *arguments], env=environment, timeout=30,
                              capture_output=True, text=True, check=False)
        return json.loads(done.stdout)

    def test_the_stock_client_needs_the_credentials(self):
        server = ends.Server()
        self.addCleanup(server.close)
        user = ["--username", ends.USER, "--rsa-public-key-path", self.file("key", server.key)]
        for refused in (self.iperf3(server.port),
                        self.iperf3(server.port, *user, password="wrong")):
            self.assertIn("error", refused)
        accepted = self.iperf3(server.port, *user, password=ends.PASSWORD)
        self.assertNotIn("error", accepted)
        outcome = server.outcome()
        self.assertEqual(outcome["state"], "completed", outcome["detail"])
        self.assertGreater(outcome["iperf"]["end"]["sum_received"]["bytes"], 0)

    def test_the_stock_server_is_measured(self):
        private = os.path.join(self.folder, "private")
        subprocess.run(["openssl", "genrsa", "-out", private, "2048"], check=True,
                       capture_output=True)
        key = subprocess.run(["openssl", "rsa", "-in", private, "-pubout"], check=True,
                             capture_output=True, text=True).stdout
        digest = subprocess.run(["sha256sum"], input=f"{{{ends.USER}}}{ends.PASSWORD}", text=True,
                                check=True, capture_output=True).stdout.split()[0]
        users = self.file("users", f"{ends.USER},{digest}\n")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        tool = subprocess.Popen(["iperf3", "-s", "-p", str(port), "--rsa-private-key-path", private,
                                 "--authorized-users-path", users], stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
        self.addCleanup(tool.wait)
        self.addCleanup(tool.kill)
        for direction, changes, state in (("down", {}, "completed"), ("up", {}, "completed"),
                                          ("down", {"password": "wrong"}, "denied")):
            client = ends.Client(port, key, direction, **changes)
            self.addCleanup(client.close)
            outcome = client.outcome()
            self.assertEqual(outcome["state"], state, outcome["detail"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
