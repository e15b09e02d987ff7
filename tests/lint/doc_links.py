"""Relative links in documents lead somewhere, headings included, and so do the documents that
comments in sources name."""

import os
import re
import sys

import tree

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
NAMED = re.compile(r"\bdocs/[\w/-]+\.md\b")


def anchors(content):
    """What a heading is called in a link, as the usual renderers make it."""
    found = set()
    for heading in re.findall(r"^#+\s+(.*)$", content, re.MULTILINE):
        plain = re.sub(r"[^\w\s-]", "", heading.strip().lower())
        found.add(re.sub(r"\s", "-", plain))
    return found


def check_link(root, path, number, target):
    if re.match(r"[a-z]+:", target):
        return []
    file, _, anchor = target.partition("#")
    full = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
    if not os.path.exists(os.path.join(root, full)):
        return [f"{path}:{number}: link to {target}, but there is no {full}"]
    if anchor and full.endswith(".md") and anchor not in anchors(tree.text(root, full)):
        return [f"{path}:{number}: link to {target}, but {full} has no such heading"]
    return []


def check(root):
    findings = []
    for path in tree.files(root, ".md"):
        fenced = False
        for number, line in tree.lines(root, path):
            if line.startswith("```"):
                fenced = not fenced
            if not fenced:
                for target in LINK.findall(line):
                    findings += check_link(root, path, number, target)
    for path in tree.files(root, ".proto", *tree.SOURCES):
        for number, line in tree.lines(root, path):
            for document in NAMED.findall(line):
                if not os.path.exists(os.path.join(root, document)):
                    findings.append(f"{path}:{number}: names {document}, which does not exist")
    return findings


if __name__ == "__main__":
    sys.exit(tree.main(check))
