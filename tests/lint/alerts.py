"""Each alert says how bad it is, what is the matter, with its value, and where docs/operating.md has its cause and
cure; that section has no alert that is none; and a test makes each of them fire."""

import re
import sys

import tree

RUNBOOK = "docs/operating.md"
SECTION = "## Alerts"
TESTS = "tests/prometheus/"
ALERT = re.compile(r"- alert: (\w+)\n(.*?)(?=\n\s*- alert:|\Z)", re.S)
SEVERITY = re.compile(r"severity: (?:critical|warning)\b")
# Says the value, a label, or the answer of a query.
DESCRIPTION = re.compile(r"description: .*?\{\{.*?\}\}", re.S)
NEEDS_NO_VALUE = {"KaisarNothingScraped", "KaisarTransactionStuck", "KaisarClockOff",
                  "KaisarProviderNotAsked"}  # there is none
FIRES = re.compile(r'alertname="(\w+)"[^\n]*value: [1-9]')


def sections(root):
    """Headings below the section on alerts."""
    _, _, after = tree.text(root, RUNBOOK).partition(f"\n{SECTION}\n")
    return re.findall(r"^### (\w+)$", re.split(r"^## ", after, flags=re.M)[0], re.M)


def check_alert(name, body):
    expected = f"{RUNBOOK}#{name.lower()}"
    wrong = [f"has no {key}" for key in ("summary: ", "description: ", "expr: ") if key not in body]
    if f"runbook_url: {expected}\n" not in body + "\n":
        wrong.append(f"has no runbook_url: {expected}")
    if not SEVERITY.search(body):
        wrong.append("has no severity: critical or warning")
    if not DESCRIPTION.search(body) and name not in NEEDS_NO_VALUE:
        wrong.append("has a description without a value")
    return wrong


def check(root):
    findings, names, fired = [], [], set()
    for path in tree.files(root, ".yml"):
        if path.startswith("deploy/prometheus/"):
            for name, body in ALERT.findall(tree.text(root, path)):
                names.append(name)
                findings += [f"{path}: {name} {wrong}" for wrong in check_alert(name, body)]
        elif path.startswith(TESTS):
            fired |= set(FIRES.findall(tree.text(root, path)))
    explained = sections(root) if names else []
    findings += [f"{RUNBOOK}: has no section on {name}" for name in names if name not in explained]
    findings += [f"{RUNBOOK}: there is no alert {name}" for name in explained if name not in names]
    findings += [f"{TESTS}: no test makes {name} fire" for name in names if name not in fired]
    return findings + [f"{name}: is there twice" for name in set(names) if names.count(name) > 1]


if __name__ == "__main__":
    sys.exit(tree.main(check))
