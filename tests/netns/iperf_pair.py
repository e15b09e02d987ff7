"""One bandwidth test over a line: two kaisar-iperf processes, or the stock iperf3 tool's two.

The left end of the line is the checker, the right end the device: DOWN goes from left to right.
"""

import dataclasses
import json
import os
import select
import subprocess
import time

from network import binary

DOWN, UP = "down", "up"
USER, PASSWORD = "ab" * 32, "cd" * 32
START_MS, FINISH_MS = 5000, 5000
# Of 1514 bytes on a wire as tbf counts it: Ethernet 14, IPv4 20, TCP 20, and its timestamps 12.
PAYLOAD_BYTES, FRAME_BYTES = 1448, 1514
POLL_S = 0.1


def goodput(bits_per_second):
    """What TCP can carry on a line that sends frames at this rate."""
    return bits_per_second * PAYLOAD_BYTES / FRAME_BYTES


@dataclasses.dataclass
class Result:
    """Of one test. `checker` and `device` are the last lines of both ends."""
    bits_per_second: float
    checker: dict
    device: dict
    checker_cpu_s: float = 0.0
    checker_peak_kb: int = 0
    device_peak_kb: int = 0
    checker_own_kb: int = 0  # of the peak: not of files that processes share


class Process:
    """A kaisar-iperf in a namespace; its lines, and what it cost."""

    def __init__(self, namespace, task, path=None):
        path = path or binary("challenges/kaisar-iperf")
        # Descriptor 3 is where it says its lines.
        self.process = subprocess.Popen(
            namespace.command("sh", "-c", 'exec "$0" 3>&1 >/dev/null', path), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.process.stdin.write(json.dumps(task))
        self.process.stdin.close()
        self.peak_kb = self.own_kb = 0
        self.cpu_s = 0.0

    def line(self):
        """Its next line."""
        while not select.select([self.process.stdout], [], [], POLL_S)[0]:
            self._look()
        self._look()
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"kaisar-iperf said nothing, exit {self.process.wait()}")
        return json.loads(line)

    def _look(self):
        try:
            with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
                for line in file:
                    if line.startswith("VmHWM:"):
                        self.peak_kb = max(self.peak_kb, int(line.split()[1]))
                    if line.startswith("RssAnon:"):
                        self.own_kb = max(self.own_kb, int(line.split()[1]))
        except (FileNotFoundError, ProcessLookupError):
            pass

    def end(self):
        self.process.stdout.close()
        _, _, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = 0
        self.cpu_s = usage.ru_utime + usage.ru_stime

    def kill(self):
        self.process.stdout.close()
        self.process.kill()
        self.process.wait()


def task_of(role, direction, seconds, streams, bits_per_second, **more):
    limit_ms = START_MS + (1 + seconds) * 1000 + FINISH_MS
    return {"role": role, "direction": direction, "user": USER, "password": PASSWORD,
            "seconds": seconds, "streams": streams, "bits_per_second": bits_per_second,
            "start_ms": START_MS, "limit_ms": limit_ms, **more}


def kaisar(line, direction, seconds, bits_per_second=0, streams=1):
    """One test; its rate as the protocol has it."""
    terms = (direction, seconds, streams, bits_per_second)
    server = Process(line.right, task_of("server", *terms, ports=[0], only_from=line.left_address))
    return run_client(line, server, server.line()["listening"], *terms)


def run_client(line, server, listening, *terms):
    """The checker's end of a test with a server that listens."""
    client = Process(line.left, task_of("client", *terms, host=line.right_address,
                                        ports=[listening["port"]],
                                        rsa_public_key=listening["rsa_public_key"]))
    checker, device = client.line(), server.line()
    client.end()
    server.end()
    return Result(rate_of(terms[0], checker, device), checker, device, client.cpu_s, client.peak_kb,
                  server.peak_kb, client.own_kb)


def rate_of(direction, checker, device):
    """docs/protocol.md, Bandwidth: the device's word never raises a rate."""
    if "iperf" not in checker:
        return 0.0
    own = checker["iperf"]["end"]
    if direction == UP:
        return own["sum_received"]["bytes"] * 8 / own["sum_received"]["seconds"]
    if "iperf" not in device:
        return 0.0
    sent, received = own["sum_sent"], device["iperf"]["end"]["sum_received"]
    return min(sent["bytes"] * 8 / sent["seconds"],
               received["bytes"] * 8 / max(sent["seconds"], received["seconds"]))


def stock(line, direction, seconds, bits_per_second=0, streams=1):
    """The same with iperf3 at both ends; the rate that it prints as received."""
    with subprocess.Popen(line.right.command("iperf3", "-s", "-1"), stdout=subprocess.DEVNULL):
        wait_for_port(line.right, 5201)
        arguments = ["-c", line.right_address, "-O", "1", "-t", str(seconds), "-P", str(streams), "-J",
                     "-b", str(-(-bits_per_second // streams))]
        told = json.loads(line.left.run("iperf3", *arguments, *(["-R"] if direction == UP else [])))
    received = told["end"]["sum_received"]
    return Result(received["bytes"] * 8 / received["seconds"], {"iperf": told}, {})


def wait_for_port(namespace, port):
    """Until somebody listens there."""
    for _ in range(500):
        if f":{port:04X} " in namespace.run("cat", "/proc/net/tcp", "/proc/net/tcp6"):
            return
        time.sleep(0.02)
    raise OSError(f"nobody listens on {port}")
