"""The commands in the documents, and a shell with a network of its own that runs them as they stand there."""

import os
import pathlib
import re
import subprocess

import pytest

from server import ROOT, binary, environment
from waiting import wait_for

#: A block of commands that is not run says so, and why, in the line above it.
NOT_RUN = re.compile(r"<!-- not run: (.+) -->$")
#: Begins a line that somebody would type.
TYPED = re.compile(r"(\$ )?(sudo )?(postrider|curl|scripts/|bench/|tools/|build/|make\b|export |pytest|python3|pip |npm |cargo |go )")
#: These stay until they are ended.
STAYING = re.compile(r"(postrider (serve|listen)|node)\b")


def blocks(document):
    """(line number, language, reason why it is not run, lines) of each fenced block; no language: an indented line."""
    language, reason, begun, lines = None, None, 0, []
    for number, line in enumerate((ROOT / document).read_text().splitlines(), 1):
        if language is not None:
            if line.startswith("```"):
                yield begun, language, reason, lines
                language, reason = None, None
            else:
                lines.append(line)
        elif line.startswith("```"):
            language, begun, lines = line[3:].strip(), number, []
        elif found := NOT_RUN.match(line):
            reason = found[1]
        else:
            reason = None
            if line.startswith("    "):
                yield number, "", None, [line.strip()]


def commands_of(lines):
    """What is to be typed, one at a time: comments are left out, continued lines joined."""
    command = ""
    for line in lines:
        command += line
        if command.endswith("\\"):
            command += "\n"
        elif command.strip() and not command.lstrip().startswith("#"):
            yield command
            command = ""
        else:
            command = ""


def commands(document):
    for _, language, reason, lines in blocks(document):
        if language == "sh" and not reason:
            yield from commands_of(lines)


def takes_the_shell(command):
    """Whether it stays in the foreground, so that whoever goes on does so in another shell."""
    return STAYING.match(command) and not command.endswith("&")


class Typist:
    """A bash in an empty folder, on a machine where every port is free."""

    def __init__(self, folder):
        self.folder, self.staying, self.number, self.exported = pathlib.Path(folder), {}, 0, set()
        (self.folder / "build").mkdir()
        (self.folder / "build" / "release").mkdir()
        (self.folder / "build" / "release" / "postrider").symlink_to(binary())
        (self.folder / "examples").symlink_to(ROOT / "examples")
        program = self.folder / "build" / "release"
        unshare = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--net"]
        self.shell = subprocess.Popen(
            [*unshare, "bash"], text=True, cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(HOME=str(self.folder / "home"), XDG_CONFIG_HOME=str(self.folder / "home" / "config"), PATH=f"{program}:{os.environ['PATH']}"))
        if self.say("ip link set lo up")[0] != 0:
            self.__exit__()
            pytest.skip("there is no network of its own to be had here")

    def say(self, command):
        """Gives the exit code and what it printed."""
        self.number += 1
        out = self.folder / f".{self.number}"
        self.shell.stdin.write(f"{{ {command}\n}} > {out} 2>&1 < /dev/null; echo $?\n")
        self.shell.stdin.flush()
        line = self.shell.stdout.readline()
        assert line, f"the shell ended at: {command}"
        return int(line), out.read_text()

    def stay(self, command):
        """Starts it in the background and waits until it listens. The shell after one in the foreground has no variables of its own."""
        self.number += 1
        out = self.folder / f".{self.number}"
        # In the place of the background shell, so that whoever kills the job kills it.
        self.shell.stdin.write(f"{{ exec {command.removesuffix('&')}\n}} > {out} 2>&1 < /dev/null &\n")
        self.shell.stdin.flush()
        self.staying[command] = out
        wait_for(lambda: out.exists() and "listening on" in out.read_text(),
                 lambda: f"{command}\n{out.read_text() if out.exists() else ''}", 60)
        if takes_the_shell(command) and self.exported:
            self.say(f"unset {' '.join(self.exported)}")
            self.exported.clear()

    def said(self, command):
        """What a staying one whose text begins so has printed."""
        return next(out.read_text() for text, out in self.staying.items() if text.startswith(command))

    def type(self, command, expected):
        """Runs a command of a document until it says what is expected: what it asks about may be under way."""
        if STAYING.match(command):
            return self.stay(command)
        if command.startswith("export "):
            # The path is the folder's, whichever shell it is.
            self.exported |= set(re.findall(r"\b([A-Z_]+)=", command)) - {"PATH"}
        asks = re.match(r"postrider (event|delivery) ", command)
        last = self.say(command)
        is_there = lambda: last[0] == 0 and all(word in last[1] for word in expected)

        def again():
            nonlocal last
            if not is_there() and asks:
                last = self.say(command)
            return is_there()
        wait_for(again, lambda: f"{command}\nexpected {expected}\n{last[0]}: {last[1]}", 30 if asks else 0, 0.1)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        if self.shell.poll() is None:
            self.shell.stdin.write("kill $(jobs -p) 2> /dev/null; wait; exit\n")
            self.shell.stdin.close()
            self.shell.wait(60)
        self.shell.stdout.close()
