"""What all lints share: which files there are, and how a finding is told."""

import os
import sys

SKIPPED = {".git", "build", "node_modules", ".cache", "quickstart-run", "__pycache__",
           "out", "cache"}  # the last two are forge's
SOURCES = (".h", ".cc", ".cu")


def files(root, *suffixes):
    """Paths below root, with slashes, in order; all files when no suffix is given."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in SKIPPED)
        for name in sorted(names):
            if not suffixes or name.endswith(suffixes):
                found.append(os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/"))
    return found


def text(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def lines(root, path):
    """(number, line) from 1 on."""
    return enumerate(text(root, path).split("\n"), 1)


def main(check):
    """Runs check(root) -> list of findings; prints them and gives the exit status."""
    root = sys.argv[1] if len(sys.argv) > 1 else "."
    findings = check(root)
    for finding in findings:
        print(finding)
    if findings:
        print(f"{len(findings)} finding(s)")
    return 1 if findings else 0
