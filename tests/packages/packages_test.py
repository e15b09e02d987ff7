#!/usr/bin/env python3
"""The Debian packages as an operator meets them: installed on an empty Debian 12 and set up by the
commands of docs/operating.md, for a slot and a device on a development chain; run by the units of the
packages through an epoch with an upgrade in the middle of it, until its report is accepted and paid;
and purged. What the units allow is what a whole epoch needs: it is verified in the end."""

import glob
import json
import os
import re
import sys
import tempfile
import time
import unittest
import urllib.request

from debian_machine import DebianMachine, make_base, run, skip, why_not
from operating_doc import OperatingDoc

ROOT = os.environ["KAISAR_SOURCE_DIR"]
BINARIES = os.environ["KAISAR_BINARY_DIR"]
sys.path.insert(0, os.path.join(ROOT, "tests/support"))

from chain_network import ChainNetwork  # pylint: disable=wrong-import-position
from loopback_network import value  # pylint: disable=wrong-import-position

# From the deployment to epoch 0, for everything that is done before: so many, and more on a machine
# that takes long to make the packages (8 s where it has nothing else to do).
SET_UP_SECONDS, SET_UP_PER_PACKING = 35, 4
EPOCH_SECONDS = 45  # epoch 0 is settled, and looked at, before epoch 1 is over
GUARD_SECONDS = 16  # before the end of the epoch nothing falls due
WINDOW_SECONDS = 10  # to commit, and as many to reveal
CHECKER_CONFIG, PROVIDER_CONFIG = "/etc/kaisar/checker.yaml", "/etc/kaisar/provider.yaml"
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
        begun = time.monotonic()
        run("cpack", "--config", f"{BINARIES}/CPackConfig.cmake", "-B", folder.name,
            "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=none", "-D", f"CPACK_OUTPUT_FILE_PREFIX={folder.name}")
        cls.set_up_s = int(SET_UP_SECONDS + SET_UP_PER_PACKING * (time.monotonic() - begun))
        cls.packages = sorted(glob.glob(folder.name + "/kaisar-*.deb"))
        cls.newer = [newer(package, folder.name) for package in cls.packages
                     if "audit" not in os.path.basename(package)]
        depends = {re.split(r"[ (]", name)[0] for package in cls.packages
                   for name in control(package, "Depends").split(", ")}
        try:
            cls.machine = DebianMachine(make_base(BINARIES + "/debian-base", depends | {"apt"}),
                                        folder.name)
        except OSError as error:
            skip(error)
        cls.addClassCleanup(cls.machine.close)
        cls.machine.enter_network()
        cls.network = ChainNetwork(BINARIES, folder.name, ROOT)
        cls.addClassCleanup(cls.network.close)

    def bring(self, files):
        """Puts files of this machine into the machine; their paths there."""
        inside = []
        for file in files:
            os.link(file, self.machine.path("/opt/" + os.path.basename(file)))
            inside.append("/opt/" + os.path.basename(file))
        return inside

    def deploy(self):
        """A chain with the network's contracts, and what an operator comes with."""
        network = self.network
        network.write("password", "correct horse battery staple\n")
        network.deploy(epoch_seconds=EPOCH_SECONDS, genesis_in_s=self.set_up_s,
                       commit_seconds=WINDOW_SECONDS, reveal_seconds=WINDOW_SECONDS)
        network.owner(1)
        network.admin({"send": "CheckerLicense.mint", "arguments": [network.account(1)]})
        network.go()
        os.mkdir(self.machine.path("/root/network"))
        self.machine.write("/root/network/deployment.json", network.read("deployment.json"))
        self.machine.write("/root/network/policy.yaml", POLICY)
        self.machine.write("/root/owner.json", network.read("owner-1.json"), 0o600)
        self.machine.write("/root/owner.password", network.read("password"), 0o600)
        self.document = OperatingDoc(ROOT, self.machine, "/opt", {
            "RPC": network.chain.url, "LICENSE": "1", "N": "512", "ROUNDS": "2",
            "ENDPOINT": "127.0.0.1:7443", "DOWN": "50000000", "UP": "50000000",
            "RATE": "1000000000", "DEVICE": "0"})

    def install(self):
        self.bring(self.packages)
        self.document.run("Install")
        self.assertEqual(self.machine.call("dpkg", "--audit"), "")
        self.assertEqual(self.machine.call("dpkg", "--verify"), "")
        version = control(self.packages[0], "Version").removesuffix("-1")
        self.assertIn(version, self.machine.call("kaisar-audit", "--version"))
        for unit in (CHECKER, PROVIDER):
            name = unit.removesuffix(".service")
            for file in (f"man/man1/{name}.1.gz", f"{name}/prometheus/rules/checker_alerts.yml",
                         f"{name}/grafana/dashboards/provider.json"):
                self.assertTrue(os.path.exists(self.machine.path("/usr/share/" + file)), file)
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

    def set_up_checker(self):
        """Settings, keys and stake, the machine."""
        self.document.run("A checker")
        staked = self.document.run("A checker")
        self.assertEqual(value(staked, "slot"), "0")
        self.network.chain.set_coin(value(staked, "address"), 1)
        self.document.run("A checker")

    def set_up_provider(self):
        """Settings, what it can do, the claim, keys and bond, the id, the machine."""
        self.document.run("A provider")
        self.assertIn("median:", self.document.run("A provider"))
        self.document.run("A provider")
        self.assertEqual(value(self.document.run("A provider"), "device"), "0")
        # A network begins with devices that are admitted already; later ones are checked first.
        self.network.admin(*self.network.admission(0))
        self.document.run("A provider")
        self.assertIn("device 0: STANDBY, weight 1 ", self.document.run("A provider"))

    def look(self):
        """What the document promises before the first duty."""
        told = self.document.run("A checker")
        self.assertIn("0 failures", told)
        self.assertIn("slot       0, active, from epoch 0", told)
        self.assertIn("all is well", told)
        self.assertEqual(self.document.left(), [])
        left = self.network.genesis - time.time()
        self.assertGreater(left, 0, "the set-up took too long")
        print(f"set up {left:.0f} s before epoch 0, of {self.set_up_s}", flush=True)

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
        configs = {path: self.machine.read(path) for path in (CHECKER_CONFIG, PROVIDER_CONFIG)}
        self.machine.call("dpkg", "--force-confold", "--install", *self.bring(self.newer))
        for unit in (CHECKER, PROVIDER):
            self.assertEqual(self.machine.property(unit, "ActiveState"), "active")
        for path, config in configs.items():
            self.assertIn(self.network.chain.url, config)
            self.assertEqual(self.machine.read(path), config)
            self.assertTrue(self.machine.read(path + ".dpkg-dist").endswith(NEWER))
            self.assertIn(" 640", self.machine.call("stat", "-c", "%G %a", path))
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

    def check_acceptance(self):
        """The report is in a block, devices and checker are paid for it, and the operators see it."""
        self.wait_for_line("chain epoch=0 stage=done", 3 * WINDOW_SECONDS + 30)
        slot = json.loads(self.machine.call("kaisar-checker", "status", "--json", "--config",
                                            CHECKER_CONFIG))
        self.assertEqual(slot["problems"], [])
        self.assertEqual(slot["accepted"]["epoch"], 0, slot)
        receipt = self.network.chain.call("eth_getTransactionReceipt",
                                          slot["accepted"]["transaction"])
        self.assertEqual((receipt["status"], receipt["to"]),
                         ("0x1", self.network.address("Reports").lower()))
        self.assertEqual(slot["agreed"], 1, slot)
        for amount in ("owed", "earned"):
            self.assertGreater(int(slot[amount]), 0, slot)
        with urllib.request.urlopen("http://127.0.0.1:9464/readyz", timeout=10) as answer:
            self.assertTrue(json.load(answer)["ready"])
        [device] = json.loads(self.machine.call("kaisar-provider", "status", "--json", "--config",
                                                PROVIDER_CONFIG))["devices"]
        paid = {epoch["epoch"]: int(epoch["paid_wei"]) for epoch in device["epochs"]
                if epoch["settled"]}
        self.assertGreater(paid[0], 0, device)

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

    def test_an_operator_gets_from_an_empty_debian_to_an_accepted_report(self):
        self.deploy()
        self.install()
        self.refuse_to_start("243")  # no password
        self.machine.write("/etc/kaisar/checker.password", "correct horse battery staple\n", 0o600)
        self.refuse_to_start("2")  # no keys
        self.set_up_checker()
        self.set_up_provider()
        self.look()
        self.wait_for_line("epoch_began epoch=0", self.set_up_s + 20)
        self.check_confinement()
        # After the last challenge and before the report: the epoch goes on, and nothing is missed.
        time.sleep(max(0, self.network.begin(1) - GUARD_SECONDS / 2 - time.time()))
        self.upgrade()
        self.wait_for_line("epoch_reported epoch=0", EPOCH_SECONDS + 60)
        self.check_epoch()
        self.check_acceptance()
        self.stop()
        self.purge()


if __name__ == "__main__":
    reason = why_not()
    if reason is not None:
        skip(reason)
    unittest.main()
