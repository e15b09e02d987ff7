"""Words that say nothing in names, and code that is switched off."""

import re
import sys

import tree

EMPTY_NAMES = {"util", "utils", "helper", "helpers", "manager", "data", "fast", "misc", "common"}
TYPE = re.compile(r"\b(?:class|struct)\s+(\w*(?:Util|Utils|Helper|Manager))\b")
SWITCHED_OFF = re.compile(r"\bDISABLED_\w+|^\s*#\s*if\s+0\b|\b(?:TODO|FIXME|XXX)\b")


def check(root):
    findings = []
    for path in tree.files(root, ".py", ".proto", *tree.SOURCES):
        if path.startswith("tests/lint/"):
            continue  # names what it forbids
        stem = path.split("/")[-1].split(".")[0]
        for word in sorted(EMPTY_NAMES.intersection(stem.split("_"))):
            findings.append(f"{path}: the file name says {word}, which says nothing")
        for number, line in tree.lines(root, path):
            match = TYPE.search(line)
            if match:
                findings.append(f"{path}:{number}: the name {match.group(1)} says nothing")
            match = SWITCHED_OFF.search(line)
            if match:
                findings.append(f"{path}:{number}: {match.group(0).strip()} left in the code")
    return findings


if __name__ == "__main__":
    sys.exit(tree.main(check))
