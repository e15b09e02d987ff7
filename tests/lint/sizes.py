"""No file grows beyond what one reads in one go, no line beyond 100 columns (raw strings aside: they
are what somebody else reads)."""

import re
import sys

import tree

COLUMNS = 100
RAW_STRING = re.compile(r'R"(\w*)\(.*?\)\1"', re.DOTALL)
# Longer files, each with its own limit and the reason.
EXCEPTIONS = {
    # One class whose thread, queue and failure belong together.
    "audit/log_writer.cc": 330,
    # One class template, which cannot have its bodies in a source.
    "provider/stream_reactor.h": 160,
}


def limit(path):
    if path in EXCEPTIONS:
        return EXCEPTIONS[path]
    if path.startswith("tests/") and path.endswith("_test.cc"):
        return 400
    return 150 if path.endswith(".h") else 300


def check(root):
    findings = []
    for path in tree.files(root, *tree.SOURCES):
        content = tree.text(root, path)
        count = content.count("\n")
        if count > limit(path):
            findings.append(f"{path}: {count} lines, limit {limit(path)}")
        plain = RAW_STRING.sub(lambda match: "\n" * match.group(0).count("\n"), content)
        for number, line in enumerate(plain.split("\n"), 1):
            if len(line) > COLUMNS:
                findings.append(f"{path}:{number}: {len(line)} columns, limit {COLUMNS}")
    return findings


if __name__ == "__main__":
    sys.exit(tree.main(check))
