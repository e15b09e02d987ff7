"""A real Prometheus with the config, rules and alerts of deploy/prometheus, which scrapes what it is told to."""

import json
import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

from anvil import free_port

SCRAPE_SECONDS = 2  # in place of 15: a test's epoch is short
STEP_SECONDS = 1


class PrometheusServer:
    """Runs in `folder`. `close` ends it."""

    def __init__(self, root, folder):
        self.folder = folder
        self.addresses = {}
        shutil.copytree(os.path.join(root, "deploy/prometheus"), self.path("config"))
        with open(self.path("config/prometheus.yml"), encoding="utf-8") as file:
            config, changes = re.subn(r"(?m)^(  \w+_interval:) 15s$", rf"\1 {SCRAPE_SECONDS}s", file.read())
        assert changes == 2, config
        with open(self.path("config/prometheus.yml"), "w", encoding="utf-8") as file:
            file.write(config)
        self.scrape("checkers", [])
        self.scrape("providers", [])
        self.url = f"http://127.0.0.1:{free_port()}"
        with open(self.path("log"), "wb") as log:
            self.process = subprocess.Popen(
                ["prometheus", "--config.file", self.path("config/prometheus.yml"), "--log.level", "warn",
                 "--storage.tsdb.path", self.path("storage"), "--web.listen-address",
                 self.url.removeprefix("http://")], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.began = time.time()
        self._await_ready()

    def path(self, name):
        return os.path.join(self.folder, name)

    def _await_ready(self):
        while True:
            try:
                urllib.request.urlopen(self.url + "/-/ready", timeout=5).close()
                return
            except (urllib.error.URLError, ConnectionError):
                if self.process.poll() is not None or time.time() > self.began + 20:
                    with open(self.path("log"), encoding="utf-8") as log:
                        raise AssertionError("Prometheus does not start:\n" + log.read()) from None
                time.sleep(0.05)

    def scrape(self, job, addresses):
        """Scrapes these from now on; `job` is "checkers" or "providers", as the files in targets/."""
        if self.addresses.get(job) == addresses:
            return
        self.addresses[job] = addresses
        with open(self.path("new-targets"), "w", encoding="utf-8") as file:
            json.dump([{"targets": addresses}], file)  # which is YAML, too
        os.replace(self.path("new-targets"), self.path(f"config/targets/{job}.yml"))

    def ask(self, path, **parameters):
        """The data of an answer of its API."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from None

    def labels_given(self, expression):
        """The labels of each series that an expression gave since it began, at least one number of it."""
        found = self.ask("query_range", query=expression, start=self.began, end=time.time(),
                         step=STEP_SECONDS)["result"]
        return [set(series["metric"]) for series in found
                if any(value != "NaN" for _, value in series["values"])]

    def rules(self):
        """All rules, as it knows them after their last evaluation."""
        return [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]

    def close(self):
        self.process.terminate()
        self.process.wait()
