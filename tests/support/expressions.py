"""What the dashboards of deploy/grafana ask Prometheus, and what of it may go without an answer."""

import glob
import json
import os
import re

# In place of Grafana's variables: all instances, and times that suit a network that ran for some minutes.
VARIABLES = {"$instance": ".*", "$__rate_interval": "30s", "$__range": "10m"}
SELECTOR = re.compile(r"\b(?:\w*:)*(?:kaisar|process)_\w+(?::\w+)*(?:\{[^}]*\})?|\bup\{[^}]*\}")


def asked(root):
    """(panel, expression with its variables, labels that the panel shows) of each query."""
    found = []
    for path in sorted(glob.glob(os.path.join(root, "deploy/grafana/dashboards/*.json"))):
        with open(path, encoding="utf-8") as file:
            dashboard = json.load(file)
        for panel in dashboard["panels"]:
            for target in panel.get("targets", []):
                shown = set(re.findall(r"{{(\w+)}}", target.get("legendFormat", "")))
                found.append((f'{dashboard["title"]}: {panel["title"]}', target["expr"], shown))
    return found


def may_be_empty(root):
    """{expression with its variables: why}. tests/prometheus/dashboards_test.mjs makes each of them give something."""
    with open(os.path.join(root, "tests/prometheus/empty_when_healthy.json"), encoding="utf-8") as file:
        return {entry["expr"]: entry["why"] for entry in json.load(file)}


def filled(expression):
    for variable, text in VARIABLES.items():
        expression = expression.replace(variable, text)
    return expression


def selectors(expression):
    """The series that an expression looks at, without what it asks of their values; each of the values that a label
    may have by itself."""
    found = []
    for selector in SELECTOR.findall(expression):
        choice = re.search(r'=~"([\w|-]+)"', selector)
        found += ([selector.replace(choice.group(), f'="{value}"') for value in choice.group(1).split("|")]
                  if choice else [selector])
    return found
