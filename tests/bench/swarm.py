#!/usr/bin/env python3
"""What a checker costs: one real kaisar-checker against simulated devices on real gRPC over loopback.

  tests/bench/swarm.py --binaries build/dev --devices 2000 --seconds 120
      a latency challenge of 16 pings a minute for each device
  tests/bench/swarm.py --binaries build/dev --devices 4 --seconds 120 --matmul 40 --n 2048
      and 40 matmul challenges for each: the CPU time of the whole path per challenge

Prints a table; exits with 1 when a challenge did not pass. Figures with their date and machine are in
docs/measurements.md.
"""

import argparse
import collections
import os
import re
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/support"))

from loopback_network import LoopbackNetwork  # pylint: disable=wrong-import-position
from log_records import closed_challenges  # pylint: disable=wrong-import-position

TICKS = os.sysconf("SC_CLK_TCK")
PASS = 1


def policy(count, options):
    kinds = f"latency: {{count: {count}, weight: 1, least_evidence: 1}}"
    if options.matmul:
        kinds += f", matmul: {{count: {options.matmul}, weight: 1, least_evidence: 1}}"
    kinds = "{" + kinds + "}"
    return f"""\
version: 1
samples: 64
slack_ms: 5000
guard_ms: 6000
registration_window_ms: 10000
clock_step_ms: 1000
latency: {{pings: 16, spacing_ms: 20, deadline_ms: 5000, target_us: 50000, limit_us: 500000}}
phases:
  registering: {kinds}
  standby: {kinds}
  in_service: {kinds}
classes:
  cpu: {{n: {options.n}, rounds: 1, commitment_deadline_ms: 8000, opening_deadline_ms: 4000}}
"""


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        after_name = file.read().rsplit(")", 1)[1].split()
    return (int(after_name[11]) + int(after_name[12])) / TICKS


def memory_mib(pid, key):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(key + ":"):
                return int(line.split()[1]) / 1024
    return 0.0


def percentile(ordered, share):
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0


class Scrapes:
    """Reads /metrics now and then, as Prometheus does."""

    def __init__(self, network, checker, every_s):
        self.network, self.pid, self.every_s = network, checker.pid, every_s
        self.next, self.elapsed_ms, self.series, self.cpu = 0.0, [], 0, 0.0

    def look(self):
        listening = re.search(r"metrics at (http://[^\s\"]+)", self.network.read("checker.err"))
        if not self.every_s or not listening or time.monotonic() < self.next:
            return
        self.next = time.monotonic() + self.every_s
        began = time.monotonic()
        try:
            with urllib.request.urlopen(listening.group(1), timeout=10) as answer:
                text = answer.read().decode()
        except OSError:
            return  # it is ending
        self.elapsed_ms.append(1000 * (time.monotonic() - began))
        self.series = sum(not line.startswith("#") for line in text.splitlines())
        self.cpu = self.serving_cpu_seconds()

    def serving_cpu_seconds(self):
        """CPU of the threads that do nothing else."""
        total_ns = 0
        for task in os.listdir(f"/proc/{self.pid}/task"):
            with open(f"/proc/{self.pid}/task/{task}/comm", encoding="ascii") as file:
                if not file.read().startswith(("http", "civetweb")):
                    continue
            with open(f"/proc/{self.pid}/task/{task}/schedstat", encoding="ascii") as file:
                total_ns += int(file.read().split()[0])
        return total_ns / 1e9

    def rows(self, all_cpu):
        if not self.elapsed_ms:
            return []
        ordered = sorted(self.elapsed_ms)
        return [("series of /metrics", f"{self.series}"),
                (f"a scrape, of {len(ordered)}: least, p50, most",
                 f"{ordered[0]:.1f}, {percentile(ordered, 0.5):.1f}, {ordered[-1]:.1f} ms"),
                ("CPU of serving them, of all its CPU", f"{100 * self.cpu / all_cpu:.2f} %"),
                ("CPU of a scrape", f"{1000 * self.cpu / len(ordered):.2f} ms")]


def run(options, folder):
    network = LoopbackNetwork(options.binaries, folder)
    try:
        per_process = 1000
        for first in range(1, options.devices + 1, per_process):
            network.add_scripted(first, min(first + per_process - 1, options.devices))
        count = max(1, round(options.seconds / options.every))
        genesis_ms = network.write_configs(policy(count, options), options.seconds, genesis_in_ms=4000)
        checker = network.start_checker()
        time.sleep(max(0.0, genesis_ms / 1000 - time.time()))
        start, start_cpu, peak = time.monotonic(), cpu_seconds(checker.pid), 0.0
        samples = []
        scrapes = Scrapes(network, checker, options.scrape)
        while checker.poll() is None and time.time() * 1000 < genesis_ms + options.seconds * 1000:
            time.sleep(1)
            try:
                samples.append((time.monotonic(), cpu_seconds(checker.pid)))
                peak = max(peak, memory_mib(checker.pid, "VmRSS"))
                scrapes.look()
            except (FileNotFoundError, ProcessLookupError):
                break
        status = checker.wait(timeout=120)
        if status != 0:
            raise SystemExit("the checker failed:\n" + network.read("checker.err")[-3000:])
        return summarize(options, network, samples, (start, start_cpu), peak, scrapes)
    finally:
        network.close()


def summarize(options, network, samples, start, peak, scrapes):
    [log] = [f for f in os.listdir(network.path("data")) if f.endswith(".log")]
    lateness, verdicts = [], collections.Counter()
    for closed in closed_challenges(network.path("data", log)):
        lateness.append(closed.get(6, 0) - closed.get(5, 0))
        verdicts[closed.get(30, 0), closed.get(31, 0)] += 1
    lateness.sort()
    (last, last_cpu), (first, first_cpu) = samples[-1], start
    # The second half has no new connections to make.
    middle, middle_cpu = samples[len(samples) // 2]
    matmuls = options.devices * options.matmul
    rows = [
        ("devices", f"{options.devices}"),
        ("challenges closed", f"{len(lateness)}"),
        ("passed", f"{verdicts[PASS, 0]}"),
        ("CPU, share of one core, whole epoch",
         f"{100 * (last_cpu - first_cpu) / (last - first):.1f} %"),
        ("CPU, second half", f"{100 * (last_cpu - middle_cpu) / (last - middle):.1f} %"),
        ("largest resident memory", f"{peak:.0f} MiB"),
        ("lateness p50", f"{percentile(lateness, 0.50)} ms"),
        ("lateness p99", f"{percentile(lateness, 0.99)} ms"),
        ("lateness most", f"{lateness[-1] if lateness else 0} ms"),
    ]
    rows += scrapes.rows(last_cpu)
    if matmuls:
        rows.append(("CPU per matmul challenge, all else included",
                     f"{1000 * (last_cpu - first_cpu) / matmuls:.2f} ms"))
    print("| what | measured |\n|---|---|")
    for what, measured in rows:
        print(f"| {what} | {measured} |")
    for (verdict, reason), number in sorted(verdicts.items()):
        if verdict != PASS:
            print(f"verdict {verdict}, reason {reason}: {number}", file=sys.stderr)
    return 0 if lateness and verdicts[PASS, 0] == len(lateness) else 1


def main():
    parser = argparse.ArgumentParser(description="what a checker costs per device")
    parser.add_argument("--binaries", default="build/dev", help="the build folder")
    parser.add_argument("--devices", type=int, default=2000)
    parser.add_argument("--seconds", type=int, default=120, help="length of the epoch")
    parser.add_argument("--every", type=int, default=60, metavar="SECONDS",
                        help="a latency challenge of each device this often")
    parser.add_argument("--matmul", type=int, default=0, help="matmul challenges for each device")
    parser.add_argument("--n", type=int, default=256, help="size of a matmul challenge of one round")
    parser.add_argument("--scrape", type=float, default=5, metavar="SECONDS",
                        help="read /metrics this often; 0: never")
    options = parser.parse_args()
    options.binaries = os.path.abspath(options.binaries)
    with tempfile.TemporaryDirectory(prefix="kaisar-swarm-") as folder:
        return run(options, folder)


if __name__ == "__main__":
    sys.exit(main())
