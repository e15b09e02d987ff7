"""Both ends of bandwidth tests as processes, and ends that are scripted here."""

import json
import os
import socket
import struct
import subprocess
import threading
import time

IPERF = os.path.join(os.environ["KAISAR_BINARY_DIR"], "challenges/kaisar-iperf")
COOKIE_BYTES = 37
# The states of libiperf's control connection (iperf_api.h).
TEST_START, TEST_RUNNING, TEST_END, PARAM_EXCHANGE, CREATE_STREAMS = 1, 2, 4, 9, 10
EXCHANGE_RESULTS, DISPLAY_RESULTS, SERVER_ERROR = 13, 14, 0xfe

USER = "ab" * 32
PASSWORD = "cd" * 32
TASK = {"user": USER, "password": PASSWORD, "seconds": 1, "streams": 1,
        "bits_per_second": 100_000_000, "start_ms": 10_000, "limit_ms": 30_000}


class Process:
    """A kaisar-iperf under way; `through` are words before its name, as of setpriv."""

    def __init__(self, task, environment=None, through=""):
        reading, writing = os.pipe()
        self.lines = os.fdopen(reading, encoding="ascii")
        # Descriptor 3, whatever the pipe's numbers are; sh may know only those of one digit.
        self.process = subprocess.Popen(
            ["bash", "-c", f"exec {through} {IPERF} 3>&{writing}"], stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, pass_fds=[writing],
            env=environment)
        os.close(writing)
        self.pid = self.process.pid
        self.process.stdin.write((task if isinstance(task, str) else json.dumps(task)).encode())
        self.process.stdin.close()

    def outcome(self):
        """The last line; the process must end by itself, with status 0 and no other line."""
        text = self.lines.read()
        assert text.endswith("\n") and text.count("\n") == 1, text[:200]
        assert len(text) <= 32768, len(text)
        status = self.process.wait(timeout=10)
        assert status == 0, status
        return json.loads(text)

    def status(self, key):
        """A line of /proc/PID/status, in kB."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith(key + ":"):
                    return int(line.split()[1])
        return 0

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        self.lines.close()


class Server(Process):
    def __init__(self, through="", **changes):
        super().__init__({**TASK, "role": "server", "ports": [0], **changes}, through=through)
        first = json.loads(self.lines.readline())
        if "listening" not in first:
            raise AssertionError(first)
        self.port = first["listening"]["port"]
        self.key = first["listening"]["rsa_public_key"]


class Client(Process):
    def __init__(self, port, key, direction="down", **changes):
        super().__init__({**TASK, "role": "client", "direction": direction, "host": "127.0.0.1",
                          "ports": [port], "rsa_public_key": key, **changes})


def sockets_of(pid):
    """How many sockets a process has open."""
    count = 0
    for descriptor in os.listdir(f"/proc/{pid}/fd"):
        try:
            count += os.readlink(f"/proc/{pid}/fd/{descriptor}").startswith("socket:")
        except FileNotFoundError:
            pass  # closed meanwhile
    return count


def connect(port, source=None, timeout=5):
    return socket.create_connection(("127.0.0.1", port), timeout,
                                    (source, 0) if source else None)


def receive(connection, size):
    got = b""
    while len(got) < size:
        part = connection.recv(size - len(got))
        if not part:
            raise ConnectionError("closed")
        got += part
    return got


def receive_json(connection):
    return json.loads(receive(connection, struct.unpack(">I", receive(connection, 4))[0]))


def send_json(connection, value):
    text = json.dumps(value).encode()
    connection.sendall(struct.pack(">I", len(text)) + text)


class ScriptedServer:
    """A listener whose connections are given to `script`, one after the other."""

    def __init__(self, script):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.connections = 0
        self.kept = []
        self.script = script
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.settimeout(10)
            self.connections += 1
            self.kept.append(connection)
            try:
                self.script(self, connection)
            except OSError:
                pass

    def close(self):
        self.listener.close()
        for connection in self.kept:
            connection.close()


def serve_until_results(server, control):
    """Plays a server that receives one stream, up to the exchange of results."""
    receive(control, COOKIE_BYTES)
    control.sendall(bytes([PARAM_EXCHANGE]))
    receive_json(control)
    control.sendall(bytes([CREATE_STREAMS]))
    stream, _ = server.listener.accept()
    server.kept.append(stream)
    receive(stream, COOKIE_BYTES)
    control.sendall(bytes([TEST_START, TEST_RUNNING]))
    stream.setblocking(False)
    control.setblocking(False)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            stream.recv(1 << 20)
        except BlockingIOError:
            time.sleep(0.001)
        try:
            if control.recv(1) == bytes([TEST_END]):
                break
        except BlockingIOError:
            pass
    control.setblocking(True)
    control.settimeout(10)
    control.sendall(bytes([EXCHANGE_RESULTS]))
    receive_json(control)


def results(**changes):
    """What a server sends about one stream."""
    return {"cpu_util_total": 1, "cpu_util_user": 1, "cpu_util_system": 0,
            "sender_has_retransmits": 0, "congestion_used": "cubic",
            "streams": [{"id": 1, "bytes": 12_500_000, "retransmits": 0, "jitter": 0, "errors": 0,
                         "packets": 0, "start_time": 0, "end_time": 1}], **changes}
