"""Every source and every Python test is named in a CMakeLists.txt: nothing lies outside the build."""

import os
import re
import sys

import tree


def named_sources(root):
    """Paths from the root that CMake files name."""
    named = set()
    for path in tree.files(root, "CMakeLists.txt", ".cmake"):
        folder = os.path.dirname(path)
        content = re.sub(r"#[^\n]*", "", tree.text(root, path))
        for word in re.findall(r"[\w./+-]+\.(?:cc|cu|py|proto)\b", content):
            named.add(os.path.normpath(os.path.join(folder, word.lstrip("/"))))
            named.add(os.path.normpath(word.lstrip("/")))
        for target in re.findall(r"\bkaisar_fuzz\((\w+)", content):
            named.add(os.path.normpath(os.path.join(folder, f"{target}_fuzz.cc")))
        for target in re.findall(r"\bkaisar_python_test\((\w+)", content):
            named.add(os.path.normpath(os.path.join(folder, f"{target}.py")))
    return named


def check(root):
    named = named_sources(root)
    findings = []
    for path in tree.files(root, ".cc", ".cu", "_test.py"):
        if path not in named:
            findings.append(f"{path}: no CMakeLists.txt names it")
    return findings


if __name__ == "__main__":
    sys.exit(tree.main(check))
