#!/usr/bin/env python3
"""The Debian packages as an operator meets them: installed on an empty Debian 12, set up as
docs/operating.md says, run by the units of the packages through an epoch with an upgrade in the middle
of it, and purged. What the units allow is what a whole epoch needs: it is verified in the end."""

import glob
import json
import os
import re
import sys
import tempfile
import time
import unittest

from debian_machine import DebianMachine, make_base, run, skip, why_not

ROOT = os.environ["KAISAR_SOURCE_DIR"]
BINARIES = os.environ["KAISAR_BINARY_DIR"]
sys.path.insert(0, os.path.join(ROOT, "tests/support"))

from loopback_network import CHAIN_ID, CONTRACT, value  # pylint: disable=wrong-import-position

EPOCH_SECONDS = 30
GUARD_SECONDS = 16  # before the end of the epoch nothing falls due
CHECKER, PROVIDER = "kaisar-checker.service", "kaisar-provider.service"
# Tenths, by `systemd-analyze security`. What is left is the network, and for the provider the GPUs.
MOST_EXPOSED = {CHECKER: 14, PROVIDER: 18}
KINDS = ("{latency: {count: 4, weight: 1, least_evidence: 1}, "
         "matmul: {count: 3, weight: 1, least_evidence: 1}, "
         "bandwidth: {count: 1, weight: 1, least_evidence: 1}}")
POLICY = f"""\
version: 1
samples: 64
slack_ms: 4000
guard_ms: {GUARD_SECONDS * 1000}
registration_window_ms: 4000
clock_step_ms: 1000
latency: {{pings: 8, spacing_ms: 5, deadline_ms: 5000, target_us: 500000, limit_us: 900000}}
bandwidth: {{seconds: 1, in_service_seconds: 1, streams: 1, open_deadline_ms: 6000,
            start_deadline_ms: 6000, counted_bits_per_second: 100000000}}
phases:
  registering: {KINDS}
  standby: {KINDS}
  in_service: {KINDS}
classes:
  cpu: {{n: 512, rounds: 2, commitment_deadline_ms: 6000, opening_deadline_ms: 3000}}
"""
EDIT = "# edited by the operator\n"
NEWER = "# a newer default\n"


def control(package, field):
    return run("dpkg-deb", "--field", package, field).strip()


def newer(package, folder):
    """The package with a higher version and another default config."""
    tree = os.path.join(folder, "tree-" + os.path.basename(package))
    run("dpkg-deb", "--raw-extract", package, tree)
    [config] = glob.glob(tree + "/etc/kaisar/*.yaml")
    with open(config, "a", encoding="utf-8") as file:
        file.write(NEWER)
    path = tree + "/DEBIAN/control"
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(re.sub(r"^(Version: .*)$", r"\1+1", text, flags=re.MULTILINE))
    run("dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, tree + ".deb")
    return tree + ".deb"


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="kaisar-packages-", dir=BINARIES)
        cls.addClassCleanup(folder.cleanup)
        run("cpack", "--config", f"{BINARIES}/CPackConfig.cmake", "-B", folder.name,
            "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=none", "-D", f"CPACK_OUTPUT_FILE_PREFIX={folder.name}")
        cls.packages = sorted(glob.glob(folder.name + "/kaisar-*.deb"))
        cls.newer = [newer(package, folder.name) for package in cls.packages
                     if "audit" not in os.path.basename(package)]
        depends = {re.split(r"[ (]", name)[0] for package in cls.packages
                   for name in control(package, "Depends").split(", ")}
        try:
            cls.machine = DebianMachine(make_base(BINARIES + "/debian-base", depends), folder.name)
        except OSError as error:
            skip(error)
        cls.addClassCleanup(cls.machine.close)

    def dpkg(self, action, files):
        """Installs or upgrades from files of this machine, without the network."""
        inside = []
        for file in files:
            os.link(file, self.machine.path("/opt/" + os.path.basename(file)))
            inside.append("/opt/" + os.path.basename(file))
        return self.machine.call("dpkg", "--force-confold", action, *inside)

    def as_user(self, user, *command):
        """With the password on descriptor 3, as docs/operating.md does it."""
        password = f"/etc/kaisar/{user.removeprefix('kaisar-')}.password"
        return self.machine.call("sh", "-c", 'file=$1; user=$2; shift 2; runuser -u "$user" -- "$@" '
                                 '3<"$file"', "sh", password, user, *command)

    def install(self):
        self.dpkg("--install", self.packages)
        self.assertEqual(self.machine.call("dpkg", "--audit"), "")
        self.assertEqual(self.machine.call("dpkg", "--verify"), "")
        version = control(self.packages[0], "Version").removesuffix("-1")
        self.assertIn(version, self.machine.call("kaisar-audit", "--version"))
        for unit in (CHECKER, PROVIDER):
            name = unit.removesuffix(".service")
            self.assertTrue(os.path.exists(self.machine.path(f"/usr/share/man/man1/{name}.1.gz")))
            self.assertEqual(self.machine.property(unit, "ActiveState"), "inactive")
            self.assertEqual(self.machine.property(unit, "UnitFileState"), "disabled")
            config = f"/etc/kaisar/{name.removeprefix('kaisar-')}.yaml"
            self.assertEqual(self.machine.call("stat", "-c", "%U:%G %a", config).strip(),
                             f"root:{name} 640")
            self.assertEqual(self.machine.call("stat", "-c", "%U:%G %a", "/var/lib/" + name).strip(),
                             f"{name}:{name} 700")
            self.assertEqual(self.machine.call("systemd-analyze", "verify", unit), "")
            self.machine.call("systemd-analyze", "security", "--offline=true",
                              f"--threshold={MOST_EXPOSED[unit]}", unit)

    def wait_for_line(self, text, deadline_s):
        self.machine.wait_for(lambda: text in self.machine.journal(CHECKER), deadline_s,
                              lambda: f"no {text} in:\n" + self.machine.journal(CHECKER))

    def refuse_to_start(self, status):
        """Not set up, the checker says so once, and is not started again."""
        self.machine.call("systemctl", "start", CHECKER, check=False)
        self.machine.wait_for(lambda: self.machine.property(CHECKER, "SubState") == "failed", 10,
                              lambda: self.machine.journal(CHECKER))
        self.assertEqual(self.machine.property(CHECKER, "ExecMainStatus"), status)
        self.machine.call("systemctl", "reset-failed", CHECKER)

    def write_passwords(self):
        for name in ("checker", "provider"):
            self.machine.write(f"/etc/kaisar/{name}.password", "correct horse battery staple\n", 0o600)

    def set_up(self):
        """Keys as the document says, and configs for a roster in the place of a chain."""
        slot = self.as_user("kaisar-checker", "kaisar-checker", "keys", "new", "--out",
                            "/var/lib/kaisar-checker/keys", "--password-file", "fd:3",
                            "--first-epoch", "0", "--chain-length", "16", "--light")
        device = self.as_user("kaisar-provider", "kaisar-provider", "keys", "new", "--out",
                              "/var/lib/kaisar-provider/keys", "--password-file", "fd:3", "--light")
        self.edit("/etc/kaisar/provider.yaml", r"^chain:(\n .*)+", f"""\
chain_id: {CHAIN_ID}
contract: "{CONTRACT}"
threads: 1
slots:
  - {{id: 0, address: "{value(slot, 'address')}", tls_pin: "{value(slot, 'tls_pin')}"}}""")
        self.edit("/etc/kaisar/checker.yaml", r"^registry: evm\nchain:(\n .*)+",
                  "slot: 0\nroster: roster.yaml\n"
                  "connection: {out_bits_per_second: 1000000000, in_bits_per_second: 1000000000}")
        self.machine.write("/etc/kaisar/policy.yaml", POLICY)
        self.genesis_s = int(time.time()) + 5
        self.machine.write("/etc/kaisar/roster.yaml", f"""\
network: {{chain_id: {CHAIN_ID}, genesis_ms: {self.genesis_s * 1000}, epoch_seconds: {EPOCH_SECONDS}}}
muster: false
slots:
  - {{id: 0, address: "{value(slot, 'address')}", tls_pin: "{value(slot, 'tls_pin')}",
     anchor: "{value(slot, 'anchor')}", anchor_epoch: 0}}
devices:
  - {{id: 1, owner: "{'0x' + '01' * 20}", key: "{value(device, 'address')}",
     tls_pin: "{value(device, 'tls_pin')}", endpoint: "127.0.0.1:7443", class: cpu, region: here,
     phase: STANDBY, ops_per_second: 1000000000, down_bits_per_second: 50000000,
     up_bits_per_second: 50000000}}
""")
        self.as_user("kaisar-checker", "kaisar-checker", "init-signatures", "--config",
                     "/etc/kaisar/checker.yaml")

    def edit(self, path, pattern, text):
        changed, count = re.subn(pattern, text, self.machine.read(path), flags=re.MULTILINE)
        self.assertEqual(count, 1, path)
        self.machine.write(path, changed + EDIT)

    def check_confinement(self):
        for unit in (CHECKER, PROVIDER):
            pid = self.machine.property(unit, "MainPID")
            status = self.machine.call("cat", f"/proc/{pid}/status")
            for line in ("NoNewPrivs:\t1", "Seccomp:\t2", "CapBnd:\t0000000000000000"):
                self.assertIn(line, status, unit)
            # The password is root's outside, and the service's inside.
            password = f"/etc/kaisar/{unit.removeprefix('kaisar-').removesuffix('.service')}.password"
            self.assertEqual(self.machine.call("stat", "-c", "%U %a", password).strip(), "root 600")

    def upgrade(self):
        started = self.machine.property(CHECKER, "ExecMainStartTimestampMonotonic")
        self.dpkg("--install", self.newer)
        for unit in (CHECKER, PROVIDER):
            self.assertEqual(self.machine.property(unit, "ActiveState"), "active")
            config = f"/etc/kaisar/{unit.removeprefix('kaisar-').removesuffix('.service')}.yaml"
            self.assertTrue(self.machine.read(config).endswith(EDIT))
            self.assertTrue(self.machine.read(config + ".dpkg-dist").endswith(NEWER))
            self.assertIn(" 640", self.machine.call("stat", "-c", "%G %a", config))
        self.assertNotEqual(self.machine.property(CHECKER, "ExecMainStartTimestampMonotonic"), started)

    def check_epoch(self):
        """The whole epoch, by the auditor that is packaged."""
        files = "/var/lib/kaisar-checker/data/epoch-0"
        verified = json.loads(self.machine.call("kaisar-audit", "verify", "--log", files + ".log",
                                                "--report", files + ".report.json", "--json"))
        [device] = verified["devices"]
        self.assertEqual(device["failed"], 0, device)
        for share in ("compute_ppm", "bandwidth_ppm", "score"):
            self.assertGreater(device[share], 0, device)

    def stop(self):
        self.machine.call("systemctl", "stop", CHECKER, PROVIDER)
        for unit in (CHECKER, PROVIDER):
            self.assertEqual(self.machine.property(unit, "Result"), "success")
            self.assertEqual(self.machine.property(unit, "ExecMainStatus"), "0")
            self.assertEqual(self.machine.property(unit, "NRestarts"), "0")

    def purge(self):
        self.machine.call("systemctl", "enable", "--now", CHECKER, PROVIDER)
        kept = sorted(self.kept())
        self.assertIn("/var/lib/kaisar-checker/data/signatures.db", kept)
        self.assertIn("/var/lib/kaisar-checker/keys/keystore.json", kept)
        self.assertIn("/var/lib/kaisar-provider/keys/keystore.json", kept)
        told = self.machine.call("dpkg", "--purge", "kaisar-checker", "kaisar-provider", "kaisar-audit")
        for name in ("kaisar-checker", "kaisar-provider"):
            self.assertIn(f"{name}: kept /var/lib/{name}", told)
            self.machine.call("id", name)
            self.assertEqual(self.machine.call("find", "/etc/systemd/system", "/usr/bin", "/usr/lib",
                                               "-name", name + "*"), "")
            self.assertEqual(self.machine.property(name, "ActiveState"), "inactive")
        self.assertLessEqual(set(kept), set(self.kept()))
        self.assertFalse(os.path.exists(self.machine.path("/etc/kaisar/checker.yaml")))

    def kept(self):
        return self.machine.call("find", "/var/lib/kaisar-checker", "/var/lib/kaisar-provider",
                                 "/etc/kaisar", "-type", "f", "-not", "-name", "*.yaml",
                                 "-not", "-name", "*-dist", "-not", "-name", "*-wal", "-not", "-name",
                                 "*-shm").split()

    def test_an_operator_loses_nothing_from_installation_to_purge(self):
        self.install()
        self.refuse_to_start("243")  # no password
        self.write_passwords()
        self.refuse_to_start("2")  # no policy
        self.set_up()
        self.machine.call("systemctl", "start", PROVIDER, CHECKER)
        self.wait_for_line("epoch_began", 30)
        self.check_confinement()
        # After the last challenge and before the report: the epoch goes on, and nothing is missed.
        time.sleep(max(0, self.genesis_s + EPOCH_SECONDS - GUARD_SECONDS / 2 - time.time()))
        self.upgrade()
        self.wait_for_line("epoch_reported epoch=0", EPOCH_SECONDS + 60)
        self.check_epoch()
        self.stop()
        self.purge()


if __name__ == "__main__":
    reason = why_not()
    if reason is not None:
        skip(reason)
    unittest.main()
