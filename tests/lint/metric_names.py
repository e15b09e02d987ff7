"""Every metric that a rule, a dashboard or a document names is one of the code's, and, where there are
dashboards, every metric of the code is in a rule or a dashboard."""

import re
import sys

import tree

# Where the code says which metrics there are: {"name", type, "labels", "help"}.
TABLES = ("checker/monitor/metric_table.cc", "provider/metric_table.cc", "monitor/metric_set.cc")
ENTRY = re.compile(r'\{\s*"((?:kaisar_(?:checker|provider)|process)_\w+)",\s*(?:MetricType::)?k(\w+)')
USED = re.compile(r"(?<![\w:])kaisar_(?:checker|provider)_\w+(?![\w:]*:)")
# Elsewhere the word is a usual one.
USED_IN_RULES = re.compile(r"(?<![\w:])(?:kaisar_(?:checker|provider)|process)_\w+(?![\w:]*:)")
# What a histogram is read by.
PARTS = ("_bucket", "_sum", "_count")
RULES = ("deploy/prometheus/", "deploy/grafana/")
READERS = RULES + ("docs/", "README.md")


def metrics(root):
    """Type by name."""
    present = set(tree.files(root, ".cc"))
    return {name: kind for path in TABLES if path in present
            for name, kind in ENTRY.findall(tree.text(root, path))}


def check(root):
    known = metrics(root)
    series = set(known) | {name + part for name, kind in known.items() if kind == "Histogram"
                           for part in PARTS}
    findings, shown, has_dashboards = [], set(), False
    for path in tree.files(root, ".yml", ".yaml", ".json", ".md"):
        if not path.startswith(READERS):
            continue
        has_dashboards = has_dashboards or path.startswith("deploy/grafana/")
        used = USED_IN_RULES if path.startswith(RULES) else USED
        for number, line in tree.lines(root, path):
            for name in used.findall(line):
                if name not in series:
                    findings.append(f"{path}:{number}: the code has no metric {name}")
                elif path.startswith(RULES):
                    shown.add(name)
    for name in sorted(known) if has_dashboards else ():
        if not shown & ({name} | {name + part for part in PARTS}):
            findings.append(f"{name}: is in no rule and no dashboard")
    return findings


if __name__ == "__main__":
    sys.exit(tree.main(check))
