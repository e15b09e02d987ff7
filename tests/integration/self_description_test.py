"""What the tools say of themselves: completion in real shells, and manual pages, against --help."""

import functools
import os
import re
import subprocess
import tempfile
import unittest

BINARIES = os.environ["KAISAR_BINARY_DIR"]
TOOLS = {"kaisar-checker": "checker", "kaisar-provider": "provider", "kaisar-audit": "audit"}

# Each reads command lines, and prints for each one line: the words offered for its last word.
BASH = """
source "$1"
while IFS= read -r line; do
  read -ra COMP_WORDS <<< "$line"
  [[ $line == *' ' ]] && COMP_WORDS+=('')
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
  "_${COMP_WORDS[0]//-/_}"
  echo "${COMPREPLY[*]}"
done
"""
# The shell's own functions, which need a line editor, say what they are asked to offer.
ZSH = """
compdef() { :; }
compadd() { shift; offered+=("$@"); }
_files() { :; }
_describe() { [[ $1 == -o ]] && shift; offered+=(${(@)${(@P)2}%%:*}); }
source "$1"
while IFS= read -r line; do
  words=("${(@s: :)line}") CURRENT=${#words} offered=()
  _${words[1]//-/_}
  echo $offered
done
"""
FISH = """
source $argv[1]
while read -l line
  echo (complete -C "$line" | string replace -r '\\t.*' '')
end
"""
SHELLS = {"bash": ("bash", "--norc", "-c", BASH, "bash"), "zsh": ("zsh", "-f", "-c", ZSH, "zsh"),
          "fish": ("fish", "--no-config", "-c", FISH)}


def program(tool):
    return os.path.join(BINARIES, TOOLS[tool], tool)


def output(*words, said=""):
    return subprocess.run(words, check=True, capture_output=True, text=True, timeout=60,
                          input=said).stdout


def help_of(tool, path):
    """Options and subcommands, as --help lists them."""
    text = output(program(tool), *path, "--help")
    options = {name for names in re.findall(r"^ {2,4}(-[^ ]+)", text, re.MULTILINE)
               for name in names.split(",")}
    listed = re.search(r"^Subcommands:\n((?:  .*\n)+)", text, re.MULTILINE)
    commands = set(re.findall(r"^  (\w\S*)", listed.group(1), re.MULTILINE)) if listed else set()
    return options, commands


@functools.cache
def all_commands(tool, path=()):
    options, commands = help_of(tool, path)
    found = [(path, options, commands)]
    for command in sorted(commands):
        found += all_commands(tool, (*path, command))
    return found


class SelfDescriptionTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def offered(self, tool, shell, lines):
        """The words that the shell offers for each command line."""
        script = os.path.join(self.folder.name, f"{tool}.{shell}")
        with open(script, "w", encoding="utf-8") as file:
            file.write(output(program(tool), "completion", shell))
        answers = output(*SHELLS[shell], script, said="".join(f"{tool} {line}\n" for line in lines))
        answers = [set(answer.split()) for answer in answers.split("\n")[:-1]]
        self.assertEqual(len(answers), len(lines))
        return answers

    def test_bash_completes_what_help_lists_and_nothing_else(self):
        for tool in TOOLS:
            found = all_commands(tool)
            lines = ["".join(f"{word} " for word in path) for path, _, _ in found]
            for (path, options, commands), words in zip(found, self.offered(tool, "bash", lines)):
                choices = {"bash", "fish", "zsh"} if path == ("completion",) else set()
                self.assertEqual(words, options | commands | choices, (tool, path))

    def test_other_shells_complete_the_same(self):
        for shell in ("zsh", "fish"):
            for tool in TOOLS:
                found = all_commands(tool)
                begun = ["".join(f"{word} " for word in path) for path, _, _ in found]
                # fish offers options only where one is begun.
                lines = [line + dash for line in begun for dash in ("", "-", "--")]
                answers = self.offered(tool, shell, lines)
                for i, (path, options, commands) in enumerate(found):
                    words = set().union(*answers[3 * i:3 * i + 3])
                    self.assertEqual((options | commands) - words, set(), (shell, tool, path))

    def test_choices_and_beginnings_are_completed_in_bash(self):
        self.assertEqual(
            self.offered("kaisar-checker", "bash",
                         ["run --config x --progress a", "sign", "run --config "]),
            [{"always", "auto"}, {"signatures"}, set()])  # bash itself then offers files
        self.assertEqual(self.offered("kaisar-audit", "bash", ["timeline --verdict FA"]),
                         [{"FAIL"}])

    def test_hidden_commands_stay_hidden(self):
        self.assertNotIn("gpu-worker", output(program("kaisar-provider"), "completion", "bash"))
        self.assertNotIn("--man", output(program("kaisar-provider"), "completion", "bash"))

    def test_an_unknown_shell_is_wrong_usage(self):
        for tool in TOOLS:
            result = subprocess.run([program(tool), "completion", "csh"], capture_output=True,
                                    text=True, check=False, timeout=30)
            self.assertEqual(result.returncode, 2, tool)
            self.assertIn("csh", result.stderr)

    def test_manual_pages_are_well_formed_and_name_all_that_help_lists(self):
        for tool in TOOLS:
            page = os.path.join(self.folder.name, f"{tool}.1")
            with open(page, "w", encoding="utf-8") as file:
                file.write(output(program(tool), "--man", "November 23, 2026"))
            lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page],
                                  capture_output=True, text=True, check=False, timeout=30)
            self.assertEqual(lint.stdout, "", tool)
            plain = re.sub(".\b", "", output("mandoc", "-T", "utf8", page))
            self.assertIn("November 23, 2026", plain)
            for path, options, _ in all_commands(tool):
                heading = "\n   " + " ".join(path) + "\n" if path else "\nDESCRIPTION\n"
                self.assertIn(heading, plain)
                # Up to the next heading, which is indented less than text.
                section = re.split(r"\n {0,3}\S", plain.split(heading)[1])[0]
                for option in options - ({"-h", "--help"} if path else set()):
                    self.assertRegex(section, rf"(?m)(^     |, ){option}\b", (tool, path))


if __name__ == "__main__":
    unittest.main()
