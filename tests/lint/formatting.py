"""Every source looks as clang-format leaves it."""

import os
import shutil
import subprocess
import sys

import tree


def check(root):
    if shutil.which("clang-format") is None:
        return ["clang-format is not installed (deploy/packages.txt)"]
    paths = tree.files(root, *tree.SOURCES)
    if not paths:
        return []
    result = subprocess.run(
        ["clang-format", "--dry-run", "-Werror", "--ferror-limit=1"] + paths,
        cwd=root, capture_output=True, text=True, env=dict(os.environ, LC_ALL="C"), check=False)
    findings = [line for line in result.stderr.splitlines() if "error:" in line]
    if result.returncode != 0 and not findings:
        findings.append(f"clang-format failed: {result.stderr.strip()[:200]}")
    return findings


if __name__ == "__main__":
    sys.exit(tree.main(check))
