"""A Prometheus that scrapes a quickstart's checkers and providers while it runs, and is then asked everything that
rules and dashboards ask."""

import glob
import os
import re
import subprocess
import tempfile
import threading
import urllib.request

import expressions
from prometheus_server import PrometheusServer

# Where each program says that it serves its metrics: its log, and the line in it.
PROGRAMS = {"checkers": ("checker-*/checker.log", re.compile(r"metrics at http://([\d.:]+)/")),
            "providers": ("device-*.log", re.compile(r"event=metrics address=([\d.:]+)"))}
LOOK_SECONDS = 0.5


class QuickstartWatch:
    """Around the run of the quickstart: `with QuickstartWatch(root, folder) as watch`; then `findings`."""

    def __init__(self, root, run):
        self.root = root
        self.run = run
        self.texts = {}  # by address: what /metrics said
        self.ended = threading.Event()

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="kaisar-prometheus-")
        self.prometheus = PrometheusServer(self.root, self.folder.name)
        self.thread = threading.Thread(target=self._follow)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self._stop_following()
        self.prometheus.close()
        self.folder.cleanup()

    def _stop_following(self):
        self.ended.set()
        self.thread.join()

    def _follow(self):
        while not self.ended.wait(LOOK_SECONDS):
            for job, (logs, line) in PROGRAMS.items():
                self.prometheus.scrape(job, [address for log in sorted(glob.glob(f"{self.run}/{logs}"))
                                             for address in self._said_in(log, line)])
            for address in sum(self.prometheus.addresses.values(), []):
                if address not in self.texts:
                    self._read(address)

    def _read(self, address):
        try:
            with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
                self.texts[address] = answer.read()
        except OSError:
            pass  # next time

    def _said_in(self, log, line):
        """Of this run: one before may have left its log."""
        try:
            if os.path.getmtime(log) < self.prometheus.began:
                return []
            with open(log, encoding="utf-8", errors="replace") as file:
                return line.findall(file.read())[:1]
        except FileNotFoundError:
            return []

    def findings(self):
        """What was not as it should be; the quickstart has ended."""
        self._stop_following()
        return [*self._wrong_texts(), *self._silent_panels(), *self._wrong_rules()]

    def _wrong_texts(self):
        for job, expected in (("checkers", 3), ("providers", 4)):
            addresses = self.prometheus.addresses[job]
            if len(addresses) != expected or not self.texts.keys() >= set(addresses):
                yield f"{job}: {addresses}, expected {expected}; {list(self.texts)} could be read"
        for address, text in self.texts.items():
            done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True,
                                  timeout=60, check=False)
            if done.returncode != 0 or done.stdout or done.stderr:
                yield f"{address}: {done.stdout.decode()}{done.stderr.decode()}"

    def _silent_panels(self):
        asked, may_be_empty = expressions.asked(self.root), expressions.may_be_empty(self.root)
        for panel, expression, shown in asked:
            given = self._give(expression)
            if expression not in may_be_empty and not given:
                yield f"{panel}: no answer to {expression}"
            if not all(labels >= shown for labels in given):
                yield f"{panel}: shows {shown}, but has not all of them: {expression}"

    def _wrong_rules(self):
        """A record has a value. What rules look at exists, labels included; that alerts fire is shown in
        tests/prometheus."""
        may_be_empty = expressions.may_be_empty(self.root)
        for rule in self.prometheus.rules():
            name, query = rule["name"], rule["query"]
            if rule["health"] != "ok":
                yield f"{name}: {rule}"
            looked_at = expressions.selectors(query)
            if not looked_at:
                yield f"{name}: looks at nothing: {query}"
            for selector in looked_at + [name] * (rule["type"] == "recording"):
                if f'{selector}{{instance=~"$instance"}}' not in may_be_empty and not self._give(selector):
                    yield f"{name}: nothing is there of {selector}"

    def _give(self, expression):
        return self.prometheus.labels_given(expressions.filled(expression))
