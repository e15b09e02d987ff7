"""Every test that docs/threat-model.md names exists, and every cheat of the scripted provider is in
that document."""

import os
import re
import sys

import tree

DOCUMENT = "docs/threat-model.md"
CHEATS = "tests/support/cheats.cc"
TEST = re.compile(r"\bTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)")
NAMED = re.compile(r"`(\w+\.\w+)`")
PYTHON_TEST = re.compile(r"def (test_\w+)\(")
CONTRACT = re.compile(r"^(?:abstract )?contract (\w+)")
CONTRACT_TEST = re.compile(r"\bfunction ((?:test|invariant)\w*)\(")


def tests_of_contracts(content):
    """`Contract.test_name` of each function in a Solidity file that forge runs."""
    found = set()
    contract = ""
    for line in content.splitlines():
        match = CONTRACT.match(line)
        contract = match.group(1) if match else contract
        found.update(f"{contract}.{name}" for name in CONTRACT_TEST.findall(line))
    return found


def existing_tests(root):
    found = set()
    for path in tree.files(root, "_test.cc"):
        for suite, name in TEST.findall(tree.text(root, path)):
            found.add(f"{suite}.{name}")
    for path in tree.files(root, "_test.py"):
        stem = path.split("/")[-1][:-len(".py")]
        for name in PYTHON_TEST.findall(tree.text(root, path)):
            found.add(f"{stem}.{name}")
    for path in tree.files(root, ".t.sol"):
        found |= tests_of_contracts(tree.text(root, path))
    return found


def check(root):
    if not os.path.exists(os.path.join(root, DOCUMENT)):
        return [f"{DOCUMENT} is missing"]
    findings = []
    tests = existing_tests(root)
    for number, line in tree.lines(root, DOCUMENT):
        for name in NAMED.findall(line):
            if name not in tests and not re.search(r"\.(?:py|h|cc|md)$", name):
                findings.append(f"{DOCUMENT}:{number}: there is no test {name}")
    document = tree.text(root, DOCUMENT)
    if os.path.exists(os.path.join(root, CHEATS)):
        for name in re.findall(r'\{Cheat::\w+, "([\w-]+)"', tree.text(root, CHEATS)):
            if name != "honest" and f"`{name}`" not in document:
                findings.append(f"{DOCUMENT}: does not name the cheat `{name}`")
    return findings


if __name__ == "__main__":
    sys.exit(tree.main(check))
