#!/usr/bin/env python3
"""The reader in second_reader/, which is written from the documents alone, and kaisar-audit: of a real
epoch both find the same, and both refuse it when it has been changed."""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

ROOT = os.environ["KAISAR_SOURCE_DIR"]
BINARIES = os.environ["KAISAR_BINARY_DIR"]
sys.path.insert(0, os.path.join(ROOT, "tests/support"))

from log_records import entries, fields  # pylint: disable=wrong-import-position
from loopback_network import LoopbackNetwork  # pylint: disable=wrong-import-position

EPOCH_SECONDS = 36
# Every phase has its own counts, so that a plan that mixes them up is seen. Bandwidth has time to wait for
# its turn on a machine that is busy.
POLICY = """\
version: 1
samples: 16
slack_ms: 2000
guard_ms: 12000
registration_window_ms: 8000
clock_step_ms: 1000
latency: {pings: 8, spacing_ms: 5, deadline_ms: 1500, target_us: 50000, limit_us: 500000}
bandwidth: {seconds: 2, in_service_seconds: 1, streams: 2, open_deadline_ms: 9000,
            start_deadline_ms: 14000, counted_bits_per_second: 20000000}
phases:
  registering:
    latency: {count: 9, weight: 1, least_evidence: 2}
    bandwidth: {count: 1, weight: 1, least_evidence: 1}
    matmul: {count: 4, weight: 3, least_evidence: 1}
  standby:
    latency: {count: 10, weight: 2, least_evidence: 2}
    matmul: {count: 5, weight: 3, least_evidence: 1}
  in_service:
    latency: {count: 6, weight: 3, least_evidence: 2}
    bandwidth: {count: 1, weight: 1, least_evidence: 1}
classes:
  cpu: {n: 512, rounds: 3, commitment_deadline_ms: 3000, opening_deadline_ms: 1500}
  small: {n: 256, rounds: 2, commitment_deadline_ms: 3000, opening_deadline_ms: 1500}
"""
FIGURES = ("class", "passed", "failed", "inconclusive", "reasons", "rtt_us", "ops_per_second",
           "down_bits_per_second", "up_bits_per_second", "availability_ppm", "latency_ppm",
           "compute_ppm", "bandwidth_ppm", "quality_ppm", "score")
CLOSED = 4  # of kaisar.v1.Record


def varint_of(value):
    low = [value >> shift & 0x7F for shift in range(0, max(value.bit_length(), 1), 7)]
    return bytes([part | 0x80 for part in low[:-1]] + low[-1:])


def sha256(data):
    return hashlib.sha256(data).digest()


def tree_hash(leaves):
    """RFC 6962, section 2.1."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else sha256(b"")
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\1" + tree_hash(leaves[:split]) + tree_hash(leaves[split:]))


def records_of(log):
    connection = sqlite3.connect(log)
    try:
        return [row[0] for row in connection.execute("SELECT bytes FROM records ORDER BY seq")]
    finally:
        connection.close()


def write_records(log, records):
    """Makes these the records of a log, with the hashes that they have."""
    leaves = [sha256(b"\0" + record) for record in records]
    connection = sqlite3.connect(log)
    with connection:
        connection.execute("DELETE FROM records")
        connection.executemany("INSERT INTO records VALUES (?, ?, ?)",
                               [(i, leaves[i], record) for i, record in enumerate(records)])
        connection.execute("UPDATE head SET count = ?, root = ?", (len(records), tree_hash(leaves)))
    connection.execute("VACUUM")
    connection.close()


class SecondReader(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="kaisar-second-reader-")
        cls.addClassCleanup(folder.cleanup)
        cls.network = LoopbackNetwork(BINARIES, folder.name)
        cls.addClassCleanup(cls.network.close)
        cls.play()
        cls.log = cls.network.path("data/epoch-0.log")
        cls.report = cls.network.path("data/epoch-0.report.json")

    @classmethod
    def play(cls):
        """An epoch with every kind and phase, honest devices and such as lie in each kind."""
        network = cls.network
        iperf = f"iperf: {network.binary('challenges/kaisar-iperf')}"
        for device, ports in ((1, "17516-17519"), (2, "17520-17523")):
            network.add_provider(device, more=f"bandwidth: {{ports: {ports}, {iperf}}}\n")
        network.add_scripted(3, 7, "skip-products=30:3", "silent:4", "drop-pings=70@latency:5",
                             "two-commitments:6", "refuse@matmul:7")
        # Bandwidth tests wait for whatever else is asked of their endpoint.
        network.add_scripted(8, 8, "reports-less@bandwidth")
        network.add_scripted(9, 9, "malformed-result")
        first, second, *_, last_but_one, last = network.devices
        for device in network.devices:
            device["down_bits_per_second"] = device["up_bits_per_second"] = 30_000_000
        for device in (first, last_but_one, last):
            device["phase"] = "REGISTERING"
        second["phase"] = "IN_SERVICE"
        last["class"] = "small"
        network.devices[4]["owner"] = network.devices[3]["owner"]
        first["ops_per_second"] = 10**15  # far from what it can
        network.write_configs(POLICY, EPOCH_SECONDS, more=iperf
                              + "\nconnection: {out_bits_per_second: 1000000000, "
                              "in_bits_per_second: 1000000000}\n")
        network.write("roster.yaml", network.read("roster.yaml").replace("muster: false",
                                                                         "muster: true"))
        checker = network.start_checker()
        if checker.wait(timeout=EPOCH_SECONDS + 30) != 0:
            raise AssertionError(network.read("checker.err")[-2000:])

    def read(self, command, log, report):
        """Exit status and summary of one reader."""
        done = subprocess.run([*command, "--log", log, "--report", report], capture_output=True,
                              text=True, timeout=120, check=False)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return done.returncode, json.loads(done.stdout)

    def both(self, log, report):
        ours = self.read([self.network.binary("audit/kaisar-audit"), "verify", "--json"], log,
                         report)
        theirs = self.read(["node", os.path.join(ROOT, "tests/interop/second_reader/main.mjs")],
                           log, report)
        return ours, theirs

    def test_both_readers_find_the_same_in_a_real_epoch(self):
        (ours_status, ours), (theirs_status, theirs) = self.both(self.log, self.report)
        self.assertEqual((ours_status, ours["differences"]), (0, []))
        self.assertEqual((theirs_status, theirs["differences"]), (0, []))
        with open(self.report, encoding="utf-8") as file:
            report = json.load(file)
        self.assertEqual(theirs["root"], report["transcript_root"])
        self.assertEqual(theirs["words"], report["words"])
        for key in ("records", "challenges", "signatures_checked", "samples_checked"):
            self.assertEqual(theirs[key], ours[key], key)
        for ours_device, theirs_device in zip(ours["devices"], theirs["devices"], strict=True):
            for key in ("device", *FIGURES):
                self.assertEqual(theirs_device[key], ours_device[key], (ours_device, key))
        self.check_that_the_epoch_is_worth_it(ours["devices"])

    def check_that_the_epoch_is_worth_it(self, devices):
        """What the comparison rests on: every kind with devices that pass and such that fail."""
        by_id = {entry["device"]: entry for entry in devices}
        self.assertGreater(by_id[2]["score"], 100, by_id[2])
        for device in (1, 2, 8):
            self.assertGreater(by_id[device]["down_bits_per_second"], 0, by_id[device])
        for device, reason in ((3, "PROOF_INVALID"), (4, "TIMED_OUT"), (5, "TIMED_OUT"),
                               (6, "PROOF_INVALID"), (7, "REFUSED"), (9, "MALFORMED")):
            self.assertIn(reason, by_id[device]["reasons"], by_id[device])

    def refused(self, change_records=None, change_report=None):
        """Both readers refuse a changed copy; what the second one says."""
        folder = tempfile.mkdtemp(dir=self.network.folder)
        log = shutil.copy(self.log, folder)
        report = shutil.copy(self.report, folder)
        if change_records is not None:
            records = records_of(log)
            change_records(records)
            write_records(log, records)
        if change_report is not None:
            with open(report, encoding="utf-8") as file:
                content = json.load(file)
            change_report(content)
            with open(report, "w", encoding="utf-8") as file:
                json.dump(content, file)
        (ours_status, ours), (theirs_status, theirs) = self.both(log, report)
        self.assertEqual((ours_status, ours["holds"]), (1, False))
        self.assertEqual((theirs_status, theirs["holds"]), (1, False))
        return [(one["record"], one["field"]) for one in theirs["differences"]]

    def closed(self):
        """(record, its ChallengeClosed as bytes) of each."""
        for index, record in enumerate(records_of(self.log)):
            for number, value in entries(record):
                if number == CLOSED:
                    yield index, value

    def test_both_readers_refuse_another_verdict(self):
        at = next(i for i, closed in self.closed() if closed.endswith(b"\xf0\x01\x01"))

        def change(records):
            records[at] = records[at][:-1] + b"\x02"
        self.assertIn((at, "verdict"), self.refused(change))

    def test_both_readers_refuse_a_changed_proof(self):
        at = next(i for i, closed in self.closed()
                  if fields(closed).get(30) == 1 and 14 in fields(closed))

        def change(records):
            half = len(records[at]) // 2
            records[at] = (records[at][:half] + bytes([records[at][half] ^ 1])
                           + records[at][half + 1:])
        self.assertIn((at, "verdict"), self.refused(change))

    def test_both_readers_refuse_an_epoch_that_was_closed_before_its_end(self):
        def change(records):
            (_, body), = entries(records[-1])
            closed_ms = next(value for value in fields(body).values() if isinstance(value, int))
            records[-1] = records[-1].replace(varint_of(closed_ms),
                                              varint_of(closed_ms - 1000 * EPOCH_SECONDS))
        last = len(records_of(self.log)) - 1
        self.assertIn((last, "closed_ms"), self.refused(change))

    def test_both_readers_refuse_a_log_that_lacks_a_record(self):
        at, _ = next(self.closed())
        self.assertIn((None, "closed"), self.refused(lambda records: records.pop(at)))

    def test_both_readers_refuse_a_byte_that_its_leaf_does_not_have(self):
        folder = tempfile.mkdtemp(dir=self.network.folder)
        log = shutil.copy(self.log, folder)
        connection = sqlite3.connect(log)
        with connection:
            connection.execute("UPDATE records SET bytes = CAST(substr(bytes, 1, length(bytes) - 1) "
                               "|| x'03' AS BLOB) WHERE seq = 3")
        connection.close()
        (ours_status, _), (theirs_status, theirs) = self.both(log, self.report)
        self.assertEqual((ours_status, theirs_status), (1, 1))
        self.assertEqual([(one["record"], one["field"]) for one in theirs["differences"]],
                         [(3, "leaf")])

    def test_both_readers_refuse_a_report_with_another_score(self):
        def change(report):
            first = report["scores"][0]
            first["score"] = 2 if first["score"] == 1 else 1
        self.assertIn((None, "report.scores"), self.refused(change_report=change))


if __name__ == "__main__":
    unittest.main()
