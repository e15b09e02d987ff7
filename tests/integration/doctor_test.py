"""`kaisar-checker doctor` and `status --watch` with a real config and real faults."""

import http.server
import json
import os
import pty
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = os.environ["KAISAR_SOURCE_DIR"]
BINARIES = os.environ["KAISAR_BINARY_DIR"]
sys.path.insert(0, os.path.join(ROOT, "tests/support"))

from anvil import free_port  # pylint: disable=wrong-import-position
from loopback_network import LoopbackNetwork  # pylint: disable=wrong-import-position

CHECKER = os.path.join(BINARIES, "checker/kaisar-checker")
UNIX_EPOCH_IN_NTP = 2_208_988_800
CHAIN_ID = 4711


class SntpServer:
    """Answers with this machine's time and so many seconds more; `stratum` 0 has none to give."""

    def __init__(self, ahead_s=0.0, stratum=3):
        self.ahead_s = ahead_s
        self.stratum = stratum
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.name = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self):
        while True:
            request, peer = self.socket.recvfrom(512)
            if not request:
                return
            now = int((time.time() + UNIX_EPOCH_IN_NTP + self.ahead_s) * 2**32)
            reply = bytes([0x24, self.stratum, 0, 0]) + bytes(20) + request[40:48]
            self.socket.sendto(reply + struct.pack(">QQ", now, now), peer)

    def close(self):
        self.socket.sendto(b"", self.socket.getsockname())
        self.thread.join()
        self.socket.close()


class RpcServer(http.server.ThreadingHTTPServer):
    """An endpoint that knows its chain's id and newest block, of now and so many seconds more."""

    def __init__(self, chain_id, ahead_s=0):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                result = hex(chain_id)
                if asked["method"] == "eth_getBlockByNumber":
                    result = {"number": "0x4d", "hash": "0x" + "11" * 32,
                              "parentHash": "0x" + "22" * 32, "baseFeePerGas": "0x7",
                              "timestamp": hex(int(time.time()) + ahead_s)}
                elif asked["method"] == "eth_call":
                    result = "0x"  # there is no contract
                body = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever).start()

    def close(self):
        self.shutdown()
        self.server_close()


def add_device(network, device, port):
    network.add_device({"id": device, "key": "0x%040x" % device, "tls_pin": "%064x" % device,
                        "endpoint": f"127.0.0.1:{port}"}, 10**9)


class DoctorTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="kaisar-doctor-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.network = LoopbackNetwork(BINARIES, folder.name)
        cls.addClassCleanup(cls.network.close)
        listener = socket.create_server(("127.0.0.1", 0))
        cls.addClassCleanup(listener.close)
        add_device(cls.network, 1, listener.getsockname()[1])
        add_device(cls.network, 2, free_port())
        with open(os.path.join(ROOT, "deploy/quickstart-policy.yaml"), encoding="utf-8") as policy:
            cls.network.write_configs(policy.read(), 3600, genesis_in_ms=-1000)
        cls.config = cls.network.read("checker.yaml")

    def doctor(self, more="", descriptors=None, config=None, name="checker.yaml"):
        """The exit status and the findings, as {check: [finding, …]}."""
        self.network.write(name, (config or self.config) + more)

        def limit():
            if descriptors is not None:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

        done = subprocess.run([CHECKER, "doctor", "--config", name, "--json"],
                              cwd=self.network.folder, capture_output=True, text=True, check=False,
                              timeout=60, preexec_fn=limit)
        self.assertEqual(done.stderr, "")
        told = json.loads(done.stdout)
        found = {}
        for finding in told["checks"]:
            found.setdefault(finding["check"], []).append(finding)
        bad = told["failures"] + told["warnings"]
        self.assertEqual(done.returncode, 1 if bad else 0, told)
        return found

    def expect(self, found, check, level, *telling):
        for finding in found.get(check, []):
            if finding["level"] == level and all(word in finding["what"] for word in telling):
                return
        self.fail(f"no {level} of {check} with {telling}: {json.dumps(found, indent=1)}")

    LINE = "connection: {out_bits_per_second: 2000000000, in_bits_per_second: 2000000000}\n"

    def test_a_sound_checker_is_told_so(self):
        server = SntpServer()
        self.addCleanup(server.close)
        found = self.doctor(self.LINE + f'ntp_servers: ["{server.name}"]\n')
        for check in ("config", "policy", "key files", "keys", "clock", "signatures", "open files",
                      "kaisar-iperf"):
            self.assertEqual([finding["level"] for finding in found[check]], ["ok"], found[check])
        self.expect(found, "keys", "ok", "slot 0")
        self.expect(found, "connection", "ok", "% of the epoch")
        self.expect(found, "data directory", "ok" if "ok" in str(found["data directory"]) else
                    "warning", "are free; an epoch's log takes up to")
        # One of the two devices is down.
        self.expect(found, "roster", "warning", "1 of 2 devices accept a connection; not 2")

    def test_a_key_that_others_can_read_is_a_failure(self):
        os.chmod(self.network.path("checker/keystore.json"), 0o644)
        self.addCleanup(os.chmod, self.network.path("checker/keystore.json"), 0o600)
        found = self.doctor(self.LINE)
        self.expect(found, "key files", "failure", "keystore.json has mode 0644, expected 0600")

    def test_keys_of_another_slot_are_a_failure(self):
        other = self.config.replace("checker/hash_chain.json", "other/hash_chain.json")
        self.network.checker_keys("other")
        self.expect(self.doctor(self.LINE, config=other), "keys", "failure", "anchor")

    def test_too_few_descriptors_are_a_failure(self):
        found = self.doctor(self.LINE, descriptors=200)
        self.expect(found, "open files", "failure", "limit 200; 2 devices take up to 260")

    def test_a_skewed_clock_is_a_failure_and_a_silent_server_a_warning(self):
        skewed, unset = SntpServer(ahead_s=5), SntpServer(stratum=0)
        self.addCleanup(skewed.close)
        self.addCleanup(unset.close)
        found = self.doctor(
            self.LINE + f'ntp_servers: ["{skewed.name}", "{unset.name}", "127.0.0.1:{free_port()}"]\n')
        self.expect(found, "clock", "failure", " ms behind " + skewed.name, "limit 1000 ms")
        self.expect(found, "clock", "warning", unset.name, "no time to give")
        self.expect(found, "clock", "warning", "refused")

    def test_a_missing_line_or_signature_store_or_iperf_is_a_failure(self):
        store = self.network.path("data/signatures.db")
        os.rename(store, store + ".away")
        self.addCleanup(os.rename, store + ".away", store)
        self.network.write("no-iperf", "#!/bin/sh\necho kaisar-iperf 0.0.0 >&3\n")
        os.chmod(self.network.path("no-iperf"), 0o700)
        found = self.doctor("iperf: no-iperf\n")
        self.expect(found, "connection", "failure", "connection: is missing")
        self.expect(found, "signatures", "failure", "nothing can be signed")
        self.expect(found, "kaisar-iperf", "failure", 'says "kaisar-iperf 0.0.0", expected')
        found = self.doctor("iperf: nowhere\n")
        self.expect(found, "kaisar-iperf", "failure", "nowhere")

    def test_an_address_that_another_program_has_is_a_warning(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        taken = "127.0.0.1:%d" % listener.getsockname()[1]
        others = "".join(line for line in self.config.splitlines(keepends=True)
                         if not line.startswith("monitor:"))
        found = self.doctor(self.LINE + f'monitor: {{listen: "{taken}"}}\n', config=others)
        self.expect(found, "monitor", "warning", taken, "in use")
        free = f"127.0.0.1:{free_port()}"
        found = self.doctor(self.LINE + f'monitor: {{listen: "{free}"}}\n', config=others)
        self.expect(found, "monitor", "ok", free)

    def test_each_endpoint_of_the_chain_is_told_of(self):
        right, wrong = RpcServer(CHAIN_ID), RpcServer(1)
        self.addCleanup(right.close)
        self.addCleanup(wrong.close)
        dead = f"http://127.0.0.1:{free_port()}"
        self.network.write("deployment.json", json.dumps(DEPLOYMENT))
        config = self.config.replace("roster: roster.yaml", f"""\
registry: evm
chain: {{deployment: deployment.json, rpc: ["{dead}", "{wrong.url}/v1/secretkey", "{right.url}"]}}""")
        found = self.doctor(self.LINE, config=config, name="chain.yaml")
        self.expect(found, "rpc", "failure", dead)
        self.expect(found, "rpc", "failure", wrong.url, f"serves chain 1, expected {CHAIN_ID}")
        self.expect(found, "rpc", "ok", right.url, "block 77", " s old, answered in ")
        self.expect(found, "clock", "ok", "newest block")
        self.assertNotIn("secretkey", json.dumps(found))
        self.assertEqual([finding["level"] for finding in found["keys"]], ["failure"])

    def test_a_clock_behind_the_chain_is_a_failure(self):
        ahead = RpcServer(CHAIN_ID, ahead_s=60)
        self.addCleanup(ahead.close)
        self.network.write("deployment.json", json.dumps(DEPLOYMENT))
        config = self.config.replace("roster: roster.yaml", f"""\
registry: evm
chain: {{deployment: deployment.json, rpc: ["{ahead.url}"]}}""")
        found = self.doctor(self.LINE, config=config, name="chain.yaml")
        self.expect(found, "clock", "failure", "behind the chain's newest block")
        self.expect(found, "rpc", "warning", "one endpoint")

    def test_without_a_config_it_cannot_run(self):
        done = subprocess.run([CHECKER, "doctor", "--config", "nowhere.yaml"],
                              capture_output=True, text=True, check=False, timeout=30)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("nowhere.yaml", done.stderr)


DEPLOYMENT = {
    "version": 1, "chainId": CHAIN_ID, "block": 1,
    "contracts": {name: f"0x{number:040x}" for number, name in enumerate(
        ("KaiToken", "CheckerLicense", "Emission", "BlockHashBeacon", "Devices", "Slots", "Reports",
         "Settlement", "Timelock"), 161)},
    "schedule": {"genesis": 1_700_000_000, "epochSeconds": 60, "commitSeconds": 15,
                 "revealSeconds": 16, "settleSeconds": 4838400, "disputeSeconds": 604800,
                 "unbondingSeconds": 1209600},
    "parameters": {"initialSupply": "1", "stake": "1", "bondPerWeight": "2", "providerPercent": 80,
                   "band": 6}}


class WatchTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="kaisar-watch-test-")
        self.addCleanup(folder.cleanup)
        self.network = LoopbackNetwork(BINARIES, folder.name)
        self.addCleanup(self.network.close)
        add_device(self.network, 1, free_port())
        with open(os.path.join(ROOT, "deploy/quickstart-policy.yaml"), encoding="utf-8") as policy:
            self.network.write_configs(policy.read(), 3600, genesis_in_ms=-1000)
        self.store = self.network.path("data/signatures.db")

    def watch(self, output):
        process = subprocess.Popen(
            [CHECKER, "status", "--config", "checker.yaml", "--watch", "--interval", "1"],
            cwd=self.network.folder, stdout=output, stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        return process

    def read_until(self, descriptor, text):
        """What comes from a descriptor until `text` is in it."""
        got = b""
        deadline = time.monotonic() + 30
        while text.encode() not in got:
            ready, _, _ = select.select([descriptor], [], [], deadline - time.monotonic())
            self.assertTrue(ready, got)
            got += os.read(descriptor, 65536)
        return got.decode()

    def test_a_status_is_told_once_until_it_changes(self):
        process = self.watch(subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        first = self.read_until(process.stdout.fileno(), "no checker runs")
        self.assertNotIn("signature store", first)
        # Nothing more comes before something changes, though it looked again.
        self.assertEqual(select.select([process.stdout], [], [], 2)[0], [])
        os.rename(self.store, self.store + ".away")
        second = self.read_until(process.stdout.fileno(), "init-signatures")
        self.assertEqual(second.count("slot       0, of a roster file"), 1)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=10), 1)
        self.assertEqual(process.stderr.read(), b"")

    def test_a_terminal_is_redrawn_and_left_as_it_was(self):
        terminal, output = pty.openpty()
        self.addCleanup(os.close, terminal)
        process = self.watch(output)
        os.close(output)
        drawn = self.read_until(terminal, "no checker runs")
        self.assertTrue(drawn.startswith("\x1b[?1049h"), drawn)
        drawn = self.read_until(terminal, "\x1b[H")  # drawn again although nothing changed
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=10), 1)
        # The last status stays on the first screen.
        last = self.read_until(terminal, "\x1b[?1049lslot       0, of a roster file")
        self.assertTrue(last)


if __name__ == "__main__":
    unittest.main()
