#!/usr/bin/env python3
"""Runs the README's commands as a reader would, and checks what the quickstart promises.

Every line of every ```sh block runs, in order, from the root of the repository. ./tests/run is left out
(it is what runs this test); ./deploy/quickstart runs with --no-build, then its outcome is checked.
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
LOG = os.path.join(RUN, "data/epoch-0.log")


def output_of(*command):
    return subprocess.run(command, text=True, stdout=subprocess.PIPE, check=True).stdout


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
                command += " --no-build"
            with self.subTest(command=command):
                done = subprocess.run(command, shell=True, cwd=ROOT, text=True, timeout=300,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                print(f"$ {command}\n{done.stdout}", flush=True)
                self.assertEqual(done.returncode, 0, done.stdout)
            if "quickstart" in command and "deploy" in command:
                self.assertEqual(processes_of_quickstart(), [])
                self.check_outcome()

    def check_outcome(self):
        verified = json.loads(output_of(AUDIT, "verify", "--json", "--log", LOG, "--report",
                                        os.path.join(RUN, "data/epoch-0.report.json")))
        devices = {device["device"]: device for device in verified["devices"]}
        self.assertEqual(sorted(devices), [1, 2, 3, 4, 5])
        for honest in (1, 2):
            self.assertGreaterEqual(devices[honest]["compute_ppm"], 950_000, devices[honest])
            self.assertGreaterEqual(devices[honest]["score"], 190, devices[honest])
        self.assertEqual(devices[3]["score"], 0, devices[3])
        self.assertIn("PROOF_INVALID", devices[3]["reasons"])
        # 60 challenges at random times, a third of them in vain: two thirds, give or take 4 sigma.
        self.assertLess(devices[4]["availability_ppm"], 920_000, devices[4])
        self.assertGreater(devices[4]["availability_ppm"], 400_000, devices[4])
        self.assertTrue({"TIMED_OUT", "UNREACHABLE"} & set(devices[4]["reasons"]), devices[4])
        # A third, unless the machine's clock has doubled since the claim was made.
        self.assertLess(devices[5]["compute_ppm"], 600_000, devices[5])
        for device in devices.values():
            share = 1_000_000 * device["ops_per_second"] // device["claimed_ops_per_second"]
            self.assertEqual(device["compute_ppm"], min(share, 1_000_000), device)
        self.check_plan(verified["challenges"])

    def check_plan(self, challenges):
        """What `plan` derives from the log's first record is what was done."""
        plan = json.loads(output_of(CHECKER, "plan", "--json", "--log", LOG, "--config",
                                    os.path.join(RUN, "checker.yaml")))
        planned = {row["challenge_id"] for row in plan["challenges"]}
        records = (json.loads(line) for line in output_of(AUDIT, "show", "--log", LOG).splitlines())
        closed = {base64.b64decode(record["closed"]["challenge_id"]).hex()
                  for record in records if "closed" in record}
        self.assertEqual(len(planned), challenges)
        self.assertEqual(planned, closed)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
