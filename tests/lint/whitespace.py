"""No tabs, no trailing blanks, no carriage returns, one newline at the end of every text file."""

import sys

import tree

SUFFIXES = (".h", ".cc", ".cu", ".proto", ".py", ".md", ".txt", ".cmake", ".json", ".yaml", ".sh")
WHOLE_NAMES = ("quickstart", "run", ".clang-format", ".clang-tidy", ".gitignore")


def check(root):
    findings = []
    for path in tree.files(root):
        if not path.endswith(SUFFIXES) and path.split("/")[-1] not in WHOLE_NAMES:
            continue
        if "/corpus/" in path:
            continue  # bytes, not text
        content = tree.text(root, path)
        for number, line in enumerate(content.split("\n"), 1):
            if "\t" in line:
                findings.append(f"{path}:{number}: tab")
            if line != line.rstrip():
                findings.append(f"{path}:{number}: blanks at the end of the line")
        if content and (not content.endswith("\n") or content.endswith("\n\n")):
            findings.append(f"{path}: must end with exactly one newline")
    return findings


if __name__ == "__main__":
    sys.exit(tree.main(check))
