"""Network namespaces with lines between them, for tests that need a network that is known.

    with Network() as network:
        line = network.shaped_line(bits_per_second=100_000_000)
        line.left.run("iperf3", "-c", line.right.address)

Two kinds of line: `shaped_line` is the kernel's own (veth, and tbf in a router in the middle), true to
its rate; `relayed_line` goes through tun-relay, and has delay, jitter and loss. Everything is named
after this process: `close` takes it away, and what a killed process left is taken away by the next
Network.
"""

import json
import os
import re
import select
import signal
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SKIPPED = 77  # SKIP_RETURN_CODE in CMakeLists.txt
PREFIX = "kaisar-"
ETHERNET_BYTES = 14
MTU = 1500
# What tbf lets pass at once: what its rate sends in five milliseconds, so that a timer that fires late
# costs no rate, and at least two frames.
BURST_SECONDS = 0.005
LEAST_BURST_BYTES = 2 * (MTU + ETHERNET_BYTES)
# What waits at the end of a line before it drops: as a home router's, and at least 32 frames.
QUEUE_SECONDS = 0.05
LEAST_QUEUE_BYTES = 32 * (MTU + ETHERNET_BYTES)


def call(*command):
    """Runs a command of the system; its standard output."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def is_running(pid):
    return os.path.exists(f"/proc/{pid}")


def sweep():
    """Takes away the namespaces of processes that are no more, and what still runs in them."""
    for line in call("ip", "netns", "list").splitlines():
        name = line.split()[0] if line.strip() else ""
        match = re.fullmatch(PREFIX + r"(\d+)-\w+", name)
        if match and not is_running(int(match.group(1))):
            try:
                remove(name)
            except OSError:
                if name in call("ip", "netns", "list"):  # else another one was quicker
                    raise


def remove(name):
    for pid in call("ip", "netns", "pids", name).split():
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            pass
    call("ip", "netns", "del", name)


class Namespace:
    """One end of lines. `address` is that of the first line; `local` that of each, by line."""

    def __init__(self, name):
        self.name = name
        self.address = None
        call("ip", "netns", "add", name)
        # Nothing but what a test sends goes over its lines.
        self.set("net.ipv6.conf.all.disable_ipv6", 1)
        self.set("net.ipv6.conf.default.disable_ipv6", 1)
        self.ip("link", "set", "lo", "up")

    def command(self, *command):
        """The command that runs `command` in here; it ends with this process."""
        return ["setpriv", "--pdeathsig", "KILL", "ip", "netns", "exec", self.name, *command]

    def run(self, *command):
        return call(*self.command(*command))

    def ip(self, *arguments):
        return call("ip", "-n", self.name, *arguments)

    def set(self, key, value):
        """A sysctl of this namespace."""
        self.run("sysctl", "-q", "-w", f"{key}={value}")

    def add_address(self, device, address, *more):
        self.ip("address", "add", address, *more, "dev", device)
        self.ip("link", "set", device, "up")
        self.address = self.address or address.split("/")[0]


class Line:
    def __init__(self, left, right, addresses, relay=None):
        self.left = left
        self.right = right
        self.left_address, self.right_address = addresses
        self.relay = relay

    def end(self):
        """Ends the relay; what it counted."""
        if self.relay is None:
            return {}
        self.relay.send_signal(signal.SIGTERM)
        out, _ = self.relay.communicate(timeout=30)
        self.relay = None
        return json.loads(out.splitlines()[-1])


class Network:
    def __init__(self):
        sweep()
        self.namespaces = {}
        self.lines = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def namespace(self, name):
        """The namespace of this name, made when it is asked for first."""
        if name not in self.namespaces:
            self.namespaces[name] = Namespace(f"{PREFIX}{os.getpid()}-{name}")
        return self.namespaces[name]

    def _addresses(self):
        number = len(self.lines) + 1
        return [f"10.{number}.0.1", f"10.{number}.0.2", f"10.{number}.1.1", f"10.{number}.1.2"]

    def shaped_line(self, left="left", right="right", bits_per_second=0, back_bits_per_second=None,
                    offload=True):
        """left ── router ── right; the router sends no faster than told in either direction, so the
        ends' own queues decide nothing. Rates are of Ethernet frames without checksum: a TCP segment
        of 1448 bytes takes 1514."""
        number = len(self.lines) + 1
        router = self.namespace(f"router{number}")
        router.set("net.ipv4.ip_forward", 1)
        near, near_router, far, far_router = self._addresses()
        self._veth(self.namespace(left), router, f"line{number}", "left", near, near_router)
        self._veth(self.namespace(right), router, f"line{number}", "right", far, far_router)
        self.namespace(left).ip("route", "add", far, "via", near_router)
        self.namespace(right).ip("route", "add", near, "via", far_router)
        back = bits_per_second if back_bits_per_second is None else back_bits_per_second
        self._shape(router, "right", bits_per_second)
        self._shape(router, "left", back)
        if not offload:
            for end, device in ((self.namespace(left), f"line{number}"), (router, "left"),
                                (self.namespace(right), f"line{number}"), (router, "right")):
                end.ip("link", "set", device, "gso_max_segs", "1")
        return self._add(Line(self.namespace(left), self.namespace(right), (near, far)))

    @staticmethod
    def _veth(end, router, device, router_device, address, router_address):
        end.ip("link", "add", device, "type", "veth", "peer", "name", router_device, "netns",
               router.name)
        end.add_address(device, address + "/24")
        router.add_address(router_device, router_address + "/24")

    @staticmethod
    def _shape(router, device, bits_per_second):
        if not bits_per_second:
            return
        burst = max(LEAST_BURST_BYTES, int(bits_per_second / 8 * BURST_SECONDS))
        queue = max(LEAST_QUEUE_BYTES, int(bits_per_second / 8 * QUEUE_SECONDS))
        call("tc", "-n", router.name, "qdisc", "add", "dev", device, "root", "tbf", "rate",
             f"{bits_per_second}bit", "burst", str(burst), "limit", str(queue + burst))

    def relayed_line(self, left="left", right="right", **terms):
        """left ── tun-relay ── right; `terms` are its options, delay_us=… for --delay-us."""
        number = len(self.lines) + 1
        near, far, _, _ = self._addresses()
        device = f"line{number}"
        options = []
        for key, value in terms.items():
            options.append(f"--{key.replace('_', '-')}")
            options += [] if value is True else [str(value)]
        relay = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", binary("tests/support/tun-relay"),
             "--left", self.namespace(left).name, "--right", self.namespace(right).name,
             "--left-device", device, "--right-device", device, *options],
            stdout=subprocess.PIPE, text=True)
        line = Line(self.namespace(left), self.namespace(right), (near, far), relay)
        self._add(line)
        if not select.select([relay.stdout], [], [], 30)[0] or relay.stdout.readline() != "ready\n":
            raise OSError("tun-relay does not start")
        for end, own, peer in ((line.left, near, far), (line.right, far, near)):
            # A relay that has to wait for the processor must not lose what it was not asked to.
            end.ip("link", "set", device, "txqueuelen", "10000")
            end.add_address(device, own, "peer", peer)
        return line

    def _add(self, line):
        self.lines.append(line)
        return line

    def close(self):
        for line in self.lines:
            if line.relay is not None:
                line.relay.kill()
                line.relay.communicate()
        for namespace in self.namespaces.values():
            remove(namespace.name)
        self.namespaces, self.lines = {}, []


def binary(name):
    """A program of the build that is tested; by hand, of build/dev."""
    return os.path.join(os.environ.get("KAISAR_BINARY_DIR", os.path.join(ROOT, "build/dev")), name)


def why_not():
    """Why no test can run here; None when it can."""
    if not os.path.exists(binary("tests/support/tun-relay")):
        raise SystemExit(binary("tests/support/tun-relay") + " is not built")
    try:
        if os.geteuid() != 0:
            return "not root"
        with open("/dev/net/tun", "rb"):
            pass
        with Network() as network:
            network.shaped_line(bits_per_second=1_000_000)
            network.relayed_line()
    except OSError as error:
        return str(error)
    return None


def need_namespaces():
    """Ends this process as skipped, and says so, where the machine has no such networks. With
    KAISAR_REQUIRE_NETNS=1 in the environment that is a failure."""
    reason = why_not()
    if reason is None:
        return
    print(f"\n*** SKIPPED: no network namespaces with veth, tbf and TUN here: {reason}\n"
          "*** What these tests show is NOT shown on this machine.\n", file=sys.stderr)
    sys.exit(1 if os.environ.get("KAISAR_REQUIRE_NETNS") == "1" else SKIPPED)
