#!/usr/bin/env python3
"""Runs the README's commands as a reader would, and checks what the quickstart promises.

Every line of every ```sh block runs, in order, from the root of the repository. ./tests/run is left out
(it is what runs this test); ./deploy/quickstart runs with --no-build, is scraped by a Prometheus, and then its
outcome is checked.
"""
import base64
import json
import os
import re
import subprocess
import sys
import unittest

ROOT = os.environ["KAISAR_SOURCE_DIR"]
RUN = os.path.join(ROOT, "quickstart-run")
AUDIT = os.path.join(ROOT, "build/dev/audit/kaisar-audit")
CHECKER = os.path.join(ROOT, "build/dev/checker/kaisar-checker")
LOG = os.path.join(RUN, "checker-1/data/epoch-0.log")
sys.path.insert(0, os.path.join(ROOT, "tests/support"))

from quickstart_watch import QuickstartWatch  # pylint: disable=wrong-import-position


def output_of(*command):
    return subprocess.run(command, text=True, stdout=subprocess.PIPE, check=True).stdout


def number_in(name, key):
    """The number after `key:` in what a command of the quickstart printed."""
    with open(os.path.join(RUN, name), encoding="utf-8") as file:
        return re.search(rf"^ *{key}: *(\d+)", file.read(), re.MULTILINE).group(1)


def readme_commands():
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as readme:
        text = readme.read()
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.S | re.M):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            command = re.sub(r"\s+#.*$", "", line).strip()
            if command and not command.startswith("#"):
                yield command


def processes_of_quickstart():
    """Command lines of processes whose working folder is the quickstart's."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/cwd").startswith(RUN):
                with open(f"/proc/{pid}/cmdline", "rb") as cmdline:
                    found.append(cmdline.read().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it ended meanwhile
    return found


class Readme(unittest.TestCase):
    def test_its_commands_run_and_the_quickstart_keeps_its_promises(self):
        commands = list(readme_commands())
        self.assertIn("./deploy/quickstart", commands)
        self.assertIn("./tests/run", commands)
        for command in commands:
            if command == "./tests/run":
                continue
            if command == "./deploy/quickstart":
                self.run_watched(f"{command} --no-build")
                self.assertEqual(processes_of_quickstart(), [])
                self.check_outcome()
            else:
                self.run_command(command)

    def run_command(self, command):
        """Whether it succeeded."""
        done = subprocess.run(command, shell=True, cwd=ROOT, text=True, timeout=420,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        print(f"$ {command}\n{done.stdout}", flush=True)
        with self.subTest(command=command):
            self.assertEqual(done.returncode, 0, done.stdout)
        return done.returncode == 0

    def run_watched(self, command):
        """With a Prometheus that scrapes it, to which all rules and dashboards find an answer."""
        with QuickstartWatch(ROOT, RUN) as watch:
            if self.run_command(command):
                self.assertEqual(watch.findings(), [])

    def check_outcome(self):
        ids = [int(number_in(f"register-{device}.txt", "device")) for device in range(1, 6)]
        honest, skipper, stopped, braggart = ids[:2], ids[2], ids[3], ids[4]
        self.assertEqual(sorted(ids), [0, 1, 2, 3, 4])
        devices, challenges = self.verify(0)
        for device in honest:
            self.assertGreaterEqual(devices[device]["compute_ppm"], 950_000, devices[device])
            self.assertGreaterEqual(devices[device]["score"], 190, devices[device])
        self.assertEqual(devices[skipper]["score"], 0, devices[skipper])
        self.assertIn("PROOF_INVALID", devices[skipper]["reasons"])
        # A third, unless the machine's clock has doubled since the claim was made.
        self.assertLess(devices[braggart]["compute_ppm"], 600_000, devices[braggart])
        self.assertLessEqual(devices[braggart]["score"], 120, devices[braggart])
        for device in devices.values():
            share = 1_000_000 * device["ops_per_second"] // device["claimed_ops_per_second"]
            self.assertEqual(device["compute_ppm"], min(share, 1_000_000), device)
        self.check_plan(challenges)
        self.check_comparison(devices)
        later, _ = self.verify(1)
        self.assertLess(later[stopped]["availability_ppm"], 200_000, later[stopped])
        for epoch in (0, 1):
            self.check_settlement(epoch, honest, skipper, stopped)

    def verify(self, epoch):
        """What the auditor says of the first checker's epoch: devices by id, and challenges."""
        log = os.path.join(RUN, f"checker-1/data/epoch-{epoch}.log")
        verified = json.loads(output_of(AUDIT, "verify", "--json", "--log", log, "--report",
                                        log.removesuffix(".log") + ".report.json"))
        return {device["device"]: device for device in verified["devices"]}, verified["challenges"]

    def check_settlement(self, epoch, honest, skipper, stopped):
        """The liar changes no device's pay, and loses its own."""
        with open(os.path.join(RUN, f"settlement-{epoch}.json"), encoding="utf-8") as file:
            settlement = json.load(file)
        self.assertEqual(settlement["differences"], [])
        devices = {device["device"]: device for device in settlement["devices"]}
        for device in honest:
            self.assertGreaterEqual(devices[device]["median"], 190, devices[device])
            self.assertGreater(int(devices[device]["provider_pay"]), 0, devices[device])
        self.assertEqual(devices[skipper]["median"], 0, devices[skipper])
        if epoch == 1:
            self.assertLess(devices[stopped]["median"], 40, devices[stopped])
        liar = settlement["slots"][int(number_in("stake-3.txt", "slot"))]
        self.assertGreaterEqual(liar["disagreed"], 1, liar)

    def check_comparison(self, devices):
        """All three logs side by side; the first one's devices are as `verify` has them."""
        done = subprocess.run([AUDIT, "compare", "--json", "--place", "0=50.1,8.7"] +
                              [LOG.replace("checker-1", f"checker-{n}") for n in (1, 2, 3)],
                              text=True, stdout=subprocess.PIPE, check=False)
        self.assertIn(done.returncode, (0, 3))
        compared = json.loads(done.stdout)
        self.assertEqual(done.returncode == 3, bool(compared["findings"]))
        slot = int(number_in("stake-1.txt", "slot"))
        logs = {log["slot"]: log for log in compared["logs"]}
        self.assertEqual(sorted(logs), [0, 1, 2])
        for device in logs[slot]["devices"]:
            self.assertEqual(device["score"], devices[device["device"]]["score"], device)
            self.assertGreater(device["smallest_rtt_us"], 0)

    def check_plan(self, challenges):
        """What `plan` derives from the log's first record is what was done."""
        plan = json.loads(output_of(CHECKER, "plan", "--json", "--log", LOG, "--config",
                                    os.path.join(RUN, "checker-1/checker.yaml")))
        planned = {row["challenge_id"] for row in plan["challenges"]}
        records = (json.loads(line) for line in output_of(AUDIT, "show", "--log", LOG).splitlines())
        closed = {base64.b64decode(record["closed"]["challenge_id"]).hex()
                  for record in records if "closed" in record}
        self.assertEqual(len(planned), challenges)
        self.assertEqual(planned, closed)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
