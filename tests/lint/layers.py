"""Who may include whom. The folders are listed from the lowest layer to the highest."""

import re
import sys

import tree

MAY_INCLUDE = {
    "base": {"base"},
    "monitor": {"monitor", "base"},
    "cli": {"cli"},
    "proto": {"proto"},
    "kernels": {"kernels", "base"},
    "challenges": {"challenges", "base", "kernels", "proto"},
    "chain": {"chain", "base"},
    "audit": {"audit", "base", "cli", "proto", "challenges", "chain"},
    "reporter": {"reporter", "base", "proto", "audit", "chain"},
    "provider": {"provider", "base", "cli", "monitor", "proto", "kernels", "challenges", "chain"},
    "checker": {"checker", "base", "cli", "monitor", "proto", "kernels", "challenges", "chain",
                "audit", "reporter"},
    "tests": {"tests", "base", "cli", "monitor", "proto", "kernels", "challenges", "chain", "audit",
              "reporter", "provider", "checker"},
}
# Single files that need more, each with its reason.
EXCEPTIONS = {
    "audit/recompute.cc": {"kernels"},  # does the work of a challenge itself
}
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]')


def folder_of(header):
    first = header.split("/")[0]
    return "proto" if first == "kaisar" else first


def check(root):
    findings = []
    for path in tree.files(root, *tree.SOURCES):
        folder = path.split("/")[0]
        if folder not in MAY_INCLUDE:
            findings.append(f"{path}: folder {folder} has no layer")
            continue
        allowed = MAY_INCLUDE[folder] | EXCEPTIONS.get(path, set())
        for number, line in tree.lines(root, path):
            match = INCLUDE.match(line)
            if match is None:
                continue
            header = match.group(1)
            if folder_of(header) in MAY_INCLUDE and folder_of(header) not in allowed:
                findings.append(f"{path}:{number}: {folder} must not include {header}")
            if header.startswith("."):
                findings.append(f"{path}:{number}: include from the repository root, not {header}")
    return findings


if __name__ == "__main__":
    sys.exit(tree.main(check))
