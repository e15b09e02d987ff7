"""Real Kaisar processes in network namespaces: providers at the far ends of lines, and a checker."""

import json
import os
import subprocess
import sys

from network import ROOT

sys.path.insert(0, os.path.join(ROOT, "tests/support"))

from log_records import closed_challenges, repeated  # pylint: disable=wrong-import-position
from loopback_network import (  # pylint: disable=wrong-import-position
    CHAIN_ID, CONTRACT, LoopbackNetwork, value)

LATENCY, BANDWIDTH, PASS = 1, 2, 1


class NetnsKaisar(LoopbackNetwork):
    """A LoopbackNetwork whose processes each run in a namespace: those that were started `inside` it."""

    def __init__(self, binaries, folder):
        self.where = None
        super().__init__(binaries, folder)

    def start(self, log, name, *arguments):
        command = [self.binary(name), *arguments]
        with open(self.path(log + ".out"), "ab") as out, open(self.path(log + ".err"), "ab") as err:
            process = subprocess.Popen(self.where.command(*command), cwd=self.folder, stdout=out,
                                       stderr=err)
        self.processes.append(process)
        return process

    def inside(self, namespace):
        self.where = namespace
        return self

    def add_far_provider(self, device, line, extra="", **claims):
        """A real kaisar-provider at the right end of a line."""
        name = f"device-{device}"
        keys = self.provider_keys(name)
        self.write(f"{name}/provider.yaml", f"""\
chain_id: {CHAIN_ID}
contract: "{CONTRACT}"
listen: {line.right_address}:0
tls_key: tls.pem
threads: 1
state_memory_bytes: 268435456
devices:
  - {{id: {device}, class: cpu, keystore: keystore.json, password: ../password}}
slots:
  - {{id: 0, address: "{value(self.slot, 'address')}", tls_pin: "{value(self.slot, 'tls_pin')}"}}
{extra}""")
        process = self.inside(line.right).start(name, "provider/kaisar-provider", "run", "--config",
                                                f"{name}/provider.yaml")
        self.add_device({"id": device, "key": value(keys, "address"),
                         "tls_pin": value(keys, "tls_pin"),
                         "endpoint": self.listening(name, process), **claims}, 10**9)
        return process

    def verified(self):
        """What kaisar-audit says of the only epoch."""
        [log] = [name for name in os.listdir(self.path("data")) if name.endswith(".log")]
        report = log.replace(".log", ".report.json")
        return json.loads(self.call("audit/kaisar-audit", "verify", "--log", self.path("data", log),
                                    "--report", self.path("data", report), "--json"))

    def closed(self):
        """The closed challenges of the only log, {number of field: value}."""
        [log] = [name for name in os.listdir(self.path("data")) if name.endswith(".log")]
        return list(closed_challenges(self.path("data", log)))


def latency_policy(pings, count):
    """Nothing but latency challenges, for epochs of 14 s and more."""
    kinds = f"{{latency: {{count: {count}, weight: 1, least_evidence: 1}}}}"
    return f"""\
version: 1
samples: 64
slack_ms: 4000
guard_ms: 6000
registration_window_ms: 4000
clock_step_ms: 1000
latency: {{pings: {pings}, spacing_ms: 5, deadline_ms: 5000, target_us: 500000, limit_us: 900000}}
phases:
  registering: {kinds}
  standby: {kinds}
  in_service: {kinds}
classes:
  cpu: {{n: 256, rounds: 1, commitment_deadline_ms: 3000, opening_deadline_ms: 1500}}
"""


def round_trips_us(closed):
    """The RTTs of a closed latency challenge, by the number of the ping."""
    evidence = closed.get(13, b"")
    return {echo.get(1, 0): echo.get(2, 0) for echo in repeated(evidence, 1)}


def median(values):
    """The lower one of an even number, as the protocol has it."""
    return sorted(values)[(len(values) - 1) // 2]
