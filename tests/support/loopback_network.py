"""A network of real processes on loopback: keys, providers, roster, policy and one checker."""

import http.client
import os
import re
import signal
import subprocess
import time

CHAIN_ID = 31337
CONTRACT = "0x" + "00" * 20
# For epochs of half a minute and more, on a machine that may be busy.
SHORT_POLICY = """\
version: 1
samples: 64
slack_ms: 2000
guard_ms: 5000
registration_window_ms: 10000
clock_step_ms: 1000
latency: {pings: 8, spacing_ms: 5, deadline_ms: 1500, target_us: 50000, limit_us: 500000}
phases:
  registering:
    latency: {count: 20, weight: 1, least_evidence: 2}
    matmul: {count: 10, weight: 3, least_evidence: 1}
  standby:
    latency: {count: 20, weight: 1, least_evidence: 2}
    matmul: {count: 10, weight: 3, least_evidence: 1}
  in_service:
    latency: {count: 20, weight: 1, least_evidence: 2}
classes:
  cpu: {n: 512, rounds: 2, commitment_deadline_ms: 3000, opening_deadline_ms: 1500}
"""


# At a port of its own, for several checkers on one machine.
MONITOR = 'monitor: {listen: "127.0.0.1:0"}\n'


def value(text, key):
    """A scalar from a roster entry as the `keys` commands print it."""
    match = re.search(rf'^[- ]*{key}: *"?([^"\s]+)"?\s*$', text, re.MULTILINE)
    if match is None:
        raise AssertionError(f"no {key} in:\n{text}")
    return match.group(1)


class LoopbackNetwork:
    """Everything lies in `folder`; `close` ends every process that it started."""

    def __init__(self, binaries, folder):
        self.binaries = binaries
        self.folder = folder
        self.processes = []
        self.devices = []  # (YAML fields of the roster)
        self.write("password", "correct horse battery staple\n")
        self.slot = self.checker_keys("checker")

    def checker_keys(self, name):
        """Makes a slot's keys in a folder; its roster entry."""
        return self.call("checker/kaisar-checker", "keys", "new", "--out", name, "--password-file",
                         "password", "--light", "--first-epoch", "0", "--chain-length", "1024")

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8", opener=self._private) as file:
            file.write(text)

    @staticmethod
    def _private(path, flags):
        return os.open(path, flags, 0o600)

    def binary(self, name):
        return os.path.join(self.binaries, name)

    def call(self, name, *arguments):
        """Runs a program to its end; its standard output."""
        done = subprocess.run([self.binary(name), *arguments], cwd=self.folder, timeout=120,
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{name} {arguments}: exit {done.returncode}\n{done.stderr}")
        return done.stdout

    def start(self, log, name, *arguments):
        """Starts a program; what it prints goes to LOG.out and LOG.err."""
        with open(self.path(log + ".out"), "ab") as out, open(self.path(log + ".err"), "ab") as err:
            process = subprocess.Popen([self.binary(name), *arguments], cwd=self.folder, stdout=out,
                                       stderr=err)
        self.processes.append(process)
        return process

    def read(self, name):
        with open(self.path(name), encoding="utf-8", errors="replace") as file:
            return file.read()

    def await_true(self, what, seconds, happened, log="checker"):
        """What `happened` gives once it is true; refused connections count as not yet."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if result := happened():
                    return result
            except (ConnectionError, http.client.HTTPException, TimeoutError):
                pass
            time.sleep(0.1)
        raise AssertionError(f"{what}: not within {seconds} s\n{self.read(log + '.err')[-3000:]}")

    def monitor_port(self, log="checker"):
        """Where a checker says that it serves."""
        return int(self.await_true("a line with the address", 20, lambda: re.search(
            r"metrics at http://127\.0\.0\.1:(\d+)/metrics", self.read(log + ".err")), log).group(1))

    def listening(self, log, process):
        """The endpoint that a provider prints once it listens."""
        for _ in range(200):
            match = re.search(r"^listening on (\S+)$", self.read(log + ".out"), re.MULTILINE)
            if match:
                return match.group(1)
            if process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(f"{log} does not listen:\n{self.read(log + '.err')}")

    def add_device(self, fields, ops_per_second):
        """Adds a roster entry; `fields` are id, key, tls_pin and endpoint."""
        device = {"owner": "0x%040x" % (4096 + fields["id"]), "class": "cpu", "region": "loopback",
                  "phase": "STANDBY", "ops_per_second": ops_per_second,
                  "down_bits_per_second": 10**9, "up_bits_per_second": 10**9, **fields}
        self.devices.append(device)

    def provider_keys(self, name):
        """Makes a device's keys in a folder; its address and pin."""
        return self.call("provider/kaisar-provider", "keys", "new", "--out", name,
                         "--password-file", "password", "--light")

    def add_provider(self, device, ops_per_second=10**9, more=""):
        """A real kaisar-provider with one device; `more` goes into its config."""
        name = f"device-{device}"
        keys = self.provider_keys(name)
        self.write(f"{name}/provider.yaml", f"""\
chain_id: {CHAIN_ID}
contract: "{CONTRACT}"
listen: 127.0.0.1:0
tls_key: tls.pem
threads: 1
state_memory_bytes: 268435456
devices:
  - {{id: {device}, class: cpu, keystore: keystore.json, password: ../password}}
slots:
  - {{id: 0, address: "{value(self.slot, 'address')}", tls_pin: "{value(self.slot, 'tls_pin')}"}}
rate_limit: {{matmul_per_minute: 600, latency_per_minute: 6000, burst: 1000}}
log_level: info
{MONITOR}{more}""")
        process = self.start(name, "provider/kaisar-provider", "run", "--config",
                             f"{name}/provider.yaml")
        self.add_device({"id": device, "key": value(keys, "address"),
                         "tls_pin": value(keys, "tls_pin"),
                         "endpoint": self.listening(name, process)}, ops_per_second)
        return process

    def add_scripted(self, first, last, *cheats, ops_per_second=10**9):
        """One scripted-provider that stands for the devices first … last."""
        name = f"scripted-{first}"
        arguments = [word for cheat in cheats for word in ("--cheat", cheat)]
        process = self.start(name, "tests/support/scripted-provider", "--devices",
                             f"{first}-{last}", "--chain-id", str(CHAIN_ID), "--print-roster",
                             *arguments)
        endpoint = self.listening(name, process)
        entries = re.findall(r"- id: (\d+)\s+key: (\S+)\s+tls_pin: (\S+)", self.read(name + ".out"))
        for device, key, pin in entries:
            self.add_device({"id": int(device), "key": key, "tls_pin": pin, "endpoint": endpoint},
                            ops_per_second)
        return process

    def write_configs(self, policy, epoch_seconds, genesis_in_ms=1000, more=""):
        """Roster, policy and checker.yaml, which `more` goes into; the first epoch begins in
        `genesis_in_ms`."""
        genesis_ms = int(time.time() * 1000) + genesis_in_ms
        slot = {key: value(self.slot, key) for key in ("address", "tls_pin", "anchor")}
        lines = [f"network: {{chain_id: {CHAIN_ID}, genesis_ms: {genesis_ms}, "
                 f"epoch_seconds: {epoch_seconds}}}", "muster: false", "slots:",
                 f'  - {{id: 0, address: "{slot["address"]}", tls_pin: "{slot["tls_pin"]}", '
                 f'anchor: "{slot["anchor"]}", anchor_epoch: 0}}', "devices:"]
        for device in self.devices:
            fields = ", ".join(f'{key}: "{value}"' if isinstance(value, str) else f"{key}: {value}"
                               for key, value in device.items())
            lines.append(f"  - {{{fields}}}")
        self.write("roster.yaml", "\n".join(lines) + "\n")
        self.write("policy.yaml", policy)
        self.write("checker.yaml", """\
slot: 0
data_dir: data
roster: roster.yaml
policy: policy.yaml
keystore: checker/keystore.json
password: password
tls_key: checker/tls.pem
hash_chain: checker/hash_chain.json
""" + more + ("" if "monitor:" in more else MONITOR))
        self.call("checker/kaisar-checker", "init-signatures", "--config", "checker.yaml")
        return genesis_ms

    def start_checker(self, log="checker", epochs=1):
        return self.start(log, "checker/kaisar-checker", "run", "--config", "checker.yaml",
                          "--epochs", str(epochs), "--progress", "never")

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
        for process in self.processes:
            process.wait()
