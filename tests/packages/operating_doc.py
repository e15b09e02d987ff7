"""The commands of docs/operating.md, as an operator pastes them into a shell."""

import os
import re

STATE = "/root/.operator"  # what the shell of the last block has left


class OperatingDoc:
    """Runs the document's ```sh blocks in a machine, each where the one before it left off.
    `settings` are values for what the document exports, by name: those of an operator."""

    def __init__(self, root, machine, folder, settings):
        with open(os.path.join(root, "docs/operating.md"), encoding="utf-8") as document:
            sections = re.split(r"^## (.*)\n", document.read(), flags=re.MULTILINE)
        self.blocks = {}  # by section, those that were not run yet
        for title, text in zip(sections[1::2], sections[2::2]):
            found = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
            if found:
                self.blocks[title] = found
        self.machine = machine
        self.settings = settings
        machine.write(STATE, f"export HOME=/root\ncd {folder}\n")

    def run(self, section):
        """Runs the next block of a section; what it printed. Every command in it must succeed."""
        block = self.blocks[section].pop(0)
        exported = "".join(re.findall(r"^export( [^#\n]*)", block, re.MULTILINE))
        for name in re.findall(r" ([A-Z]+)=", exported):
            if name in self.settings:
                block += f"export {name}='{self.settings.pop(name)}'\n"
        return self.machine.call(
            "bash", "-euo", "pipefail", "-c",
            f". {STATE}\n{block}{{ export -p; printf 'cd %q\\n' \"$PWD\"; }} > {STATE}", timeout=120)

    def left(self):
        """What was not run, and settings that the document has no name for."""
        return [block for blocks in self.blocks.values() for block in blocks] + list(self.settings)
