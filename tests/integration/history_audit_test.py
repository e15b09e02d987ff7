#!/usr/bin/env python3
"""timeline, export, explain, html, prove and check-proof over the log of a real epoch: what they print
must be what `show` and `verify` say of the same log, and the page must work in a browser. While that epoch
runs, a browser watches the checker's status page, and the checker is started anew once."""

import base64
import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

ROOT = os.environ["KAISAR_SOURCE_DIR"]
BINARIES = os.environ["KAISAR_BINARY_DIR"]
sys.path.insert(0, os.path.join(ROOT, "tests/support"))

from anvil import free_port  # pylint: disable=wrong-import-position
from loopback_network import LoopbackNetwork, SHORT_POLICY  # pylint: disable=wrong-import-position

EPOCH_SECONDS = 24
SCREENSHOTS = os.path.join(BINARIES, "tests/page-screenshots")
HONEST, SKIPPER, SILENT = 1, 2, 3


class HistoryAudit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="kaisar-history-audit-")
        cls.addClassCleanup(folder.cleanup)
        cls.network = LoopbackNetwork(BINARIES, folder.name)
        cls.addClassCleanup(cls.network.close)
        cls.network.add_provider(HONEST)
        cls.network.add_scripted(SKIPPER, SKIPPER, "skip-products=10", "describes-others")
        cls.network.add_scripted(SILENT, SILENT, "silent")
        cls.network.devices[-1]["name"] = "<script>alert(1)</script>"
        cls.run_epoch_and_watch_it()
        files = sorted(os.listdir(cls.network.path("data")))
        cls.log, cls.report = (
            cls.network.path("data", next(name for name in files if name.endswith(suffix)))
            for suffix in (".log", ".report.json"))
        shown = cls.audit("show", "--log", cls.log).stdout.splitlines()
        cls.records = [json.loads(line) for line in shown]
        verified = json.loads(
            cls.audit("verify", "--log", cls.log, "--report", cls.report, "--json").stdout)
        assert verified["holds"], verified["differences"]
        cls.devices = {device["device"]: device for device in verified["devices"]}

    @classmethod
    def run_epoch_and_watch_it(cls):
        """Runs until the first epoch is reported and the browser has seen enough, which is in
        `browser`: its exit status and what it complains of."""
        os.makedirs(SCREENSHOTS, exist_ok=True)
        port = free_port()
        cls.network.write_configs(SHORT_POLICY, EPOCH_SECONDS,
                                  more=f'monitor: {{listen: "127.0.0.1:{port}"}}\n')
        checker = cls.network.start_checker(epochs=0)
        cls.network.await_true("a line with the page's address", EPOCH_SECONDS + 40, lambda:
                               f"status page at http://127.0.0.1:{port}/"
                               in cls.network.read("checker.err"))
        cls.network.await_true("a verdict", EPOCH_SECONDS + 40,
                               lambda: " info closed " in cls.network.read("checker.err"))
        with subprocess.Popen(
                ["node", os.path.join(ROOT, "tests/interop/browse_status.mjs"),
                 f"http://127.0.0.1:{port}/", SCREENSHOTS], text=True, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE) as browser:
            for asked in browser.stdout:
                if asked == "stop\n":
                    checker.send_signal(signal.SIGTERM)
                    checker.wait(timeout=20)
                elif asked == "start\n":
                    checker = cls.network.start_checker(epochs=0)
            errors = browser.stderr.read()
        cls.browser = browser.returncode, errors
        cls.network.await_true("a report", EPOCH_SECONDS + 40, lambda: any(
            name.endswith(".report.json") for name in os.listdir(cls.network.path("data"))))
        checker.send_signal(signal.SIGTERM)
        status = checker.wait(timeout=20)
        assert status == 0, cls.network.read("checker.err")[-2000:]

    @classmethod
    def audit(cls, *arguments, expected=0):
        done = subprocess.run([cls.network.binary("audit/kaisar-audit"), *arguments], timeout=60,
                              capture_output=True, text=True, check=False)
        assert done.returncode == expected, (arguments, done.returncode, done.stdout, done.stderr)
        return done

    def timeline(self, *arguments):
        done = self.audit("timeline", "--log", self.log, "--json", *arguments)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_the_timeline_has_every_challenge_by_due_time(self):
        rows = self.timeline()
        closed = {index: record["closed"] for index, record in enumerate(self.records)
                  if "closed" in record}
        self.assertEqual({row["record"] for row in rows}, set(closed))
        self.assertEqual([row["due_ms"] for row in rows], sorted(row["due_ms"] for row in rows))
        for row in rows:
            record = closed[row["record"]]
            self.assertEqual(row["verdict"], record["verdict"])
            self.assertEqual(row["due_ms"], int(record["due_ms"]))
        failed = self.timeline("--device", str(SKIPPER), "--verdict", "fail", "--kind", "matmul")
        self.assertEqual({row["reason"] for row in failed}, {"PROOF_INVALID"})
        table = self.audit("timeline", "--log", self.log).stdout
        self.assertTrue(table.endswith(f"\n{len(rows)} challenges\n"), table[-200:])

    def test_exported_files_agree_with_the_log_and_the_scores(self):
        flat = self.network.path("flat")
        self.audit("export", "--log", self.log, "--csv", flat)
        tables = {}
        for name in os.listdir(flat):
            with open(os.path.join(flat, name), encoding="utf-8", newline="") as file:
                tables[name] = list(csv.DictReader(file))
        self.assertEqual(sorted(tables), ["bandwidth_tests.csv", "challenges.csv", "devices.csv",
                                          "latency_pings.csv", "matmul.csv", "scores.csv"])
        self.assertEqual(len(tables["challenges.csv"]), len(self.timeline()))
        for row in tables["scores.csv"]:
            device = self.devices[int(row["device"])]
            self.assertEqual(row["score"], str(device["score"]))
            self.assertEqual(int(row["ops_per_second"]), device["ops_per_second"])
        echoes = sum(len(record["closed"].get("latency", {}).get("echoes", []))
                     for record in self.records if "closed" in record)
        self.assertEqual(len(tables["latency_pings.csv"]), echoes)
        again = self.audit("export", "--log", self.log, "--csv", flat, expected=2)
        self.assertIn("exists, and is not overwritten", again.stderr)

    def test_explains_each_score_as_the_report_has_it(self):
        for device, entry in self.devices.items():
            text = self.audit("explain", "--log", self.log, "--report", self.report, "--device",
                              str(device)).stdout
            self.assertIn("The report says the same.", text)
            self.assertIn(f"Device {device} scored {entry['score']} of 200", text)
            self.assertIn(f"= {entry['quality_ppm']} ppm\n", text)
            explained = json.loads(
                self.audit("explain", "--log", self.log, "--report", self.report, "--device",
                           str(device), "--json").stdout)
            self.assertEqual(explained["score"], entry["score"])
            self.assertTrue(explained["report_agrees"], explained["report_difference"])
            self.assertIn(explained["sentence"], text)
            self.assertEqual(explained["challenges"], self.timeline("--device", str(device)))

    def test_the_status_page_was_seen_through_the_epoch(self):
        self.assertEqual(self.browser, (0, ""))

    def test_the_page_works_in_a_browser_and_says_what_does_not_hold(self):
        page, bad_page = self.network.path("page.html"), self.network.path("bad.html")
        self.assertIn("page made in",
                      self.audit("html", self.log, self.report, "-o", page).stdout)
        with open(self.report, encoding="utf-8") as file:
            report = json.load(file)
        report["scores"][0]["score"] = 2 if report["scores"][0]["score"] == 1 else 1
        with open(self.network.path("bad.json"), "w", encoding="utf-8") as file:
            json.dump(report, file)
        self.audit("html", self.log, self.network.path("bad.json"), "-o", bad_page, expected=1)
        browser = subprocess.run(
            ["node", os.path.join(ROOT, "tests/interop/browse_page.mjs"), page, bad_page,
             SCREENSHOTS], timeout=120, capture_output=True, text=True, check=False)
        self.assertEqual(browser.returncode, 0, browser.stderr)

    def test_proves_every_kind_of_record_and_refuses_a_changed_one(self):
        kinds = {}
        for index, record in enumerate(self.records):
            kinds.setdefault(next(iter(record)), index)
        proof = self.network.path("record.proof.json")
        for kind, index in kinds.items():
            self.audit("prove", "--log", self.log, "--record", str(index), "-o", proof)
            shown = self.audit("check-proof", proof, "--report", self.report).stdout
            self.assertIn("holds: this record is in the log", shown)
            self.assertIn(f'"{kind}"', shown)
        with open(proof, encoding="utf-8") as file:
            content = json.load(file)
        changed = bytearray(base64.b64decode(content["record"]))
        changed[-1] ^= 1
        content["record"] = base64.b64encode(bytes(changed)).decode()
        with open(proof, "w", encoding="utf-8") as file:
            json.dump(content, file)
        refused = self.audit("check-proof", proof, "--report", self.report, expected=1)
        self.assertIn("the record or its path was changed", refused.stderr)

    def test_says_which_usage_is_wrong(self):
        for arguments, telling in (
                (("timeline", "--log", self.log, "--kind", "sound"), "sound"),
                (("timeline", "--log", self.network.path("none")), "none"),
                (("export", "--log", self.log), "[--csv,--jsonl]"),
                (("explain", "--log", self.log, "--device", "1"), "--report"),
                (("explain", "--log", self.log, "--report", self.report), "[--device,--slot]"),
                (("compare", self.log), "logs given: 1, expected 2 to 64"),
                (("compare", self.log, self.log), "is there twice"),
                (("html", self.log, self.report), "--out"),
                (("html", self.log, "-o", self.network.path("page")), "report"),
                (("prove", "--log", self.log, "--record", "99999"), "has no record 99999")):
            with self.subTest(arguments=arguments):
                self.assertIn(telling, self.audit(*arguments, expected=2).stderr)
        for command in ("timeline", "compare", "export", "explain", "html", "prove",
                        "check-proof"):
            self.assertIn("Examples:", self.audit(command, "--help").stdout)


if __name__ == "__main__":
    unittest.main()
