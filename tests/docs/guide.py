"""How a page of the user guide is taken apart and executed.

    ```console
    $ echo one two          a line that begins with `$ ` is run by bash; lines that begin with `> ` go on with it
    one ...                 what it prints; `...` stands for anything within a line, or alone for any number of lines
    ```

`$ command  # exits 3` expects another status than 0. A command without output below it may print what it likes. A ```python block
runs in the page's one Python process; if it has `>>> ` lines, they are checked like a doctest. All blocks of a page share one
temporary HOME and one folder, and keep their variables. A block below `<!-- not run -->` is only shown.

A command may go on in the background (`tilth up --port 8008 > log 2>&1 &`); it ends with the page. Port 8008 is a free port in truth.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from tilth.testing.forking import Forker
from tilth.testing.servers import free_port

__all__ = ["Block", "Command", "Page", "blocks_of", "commands_of", "environment_of", "matches"]

_FENCE = re.compile(r"^(?P<skip><!-- not run -->\n+)?```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_STATUS = re.compile(r"\s+# exits (\d+)$")
_PORT = re.compile(r"(?<=[: ])8008\b")
_MARK = "== end of command =="


@dataclass(frozen=True)
class Block:
    """One fenced block of a page that is to be run."""

    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Command:
    """One command of a console block, what it is to print, and how it is to end."""

    text: str
    expected: str = ""
    status: int = 0


def blocks_of(page: str) -> Iterator[Block]:
    """The blocks of a page that are run, in order."""
    for found in _FENCE.finditer(page):
        if not found["skip"] and found["language"] in ("console", "python"):
            yield Block(found["language"], found["text"], page.count("\n", 0, found.start("text")) + 1)


def commands_of(text: str) -> list[Command]:
    """The commands of a console block."""
    commands: list[Command] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            status = _STATUS.search(line)
            commands.append(Command(_STATUS.sub("", line[2:]), status=int(status[1]) if status else 0))
            continue
        last = commands.pop()
        if line.startswith("> ") and not last.expected:
            commands.append(Command(f"{last.text}\n{line[2:]}", status=last.status))
        else:
            commands.append(Command(last.text, f"{last.expected}{line}\n", last.status))
    return commands


def matches(expected: str, got: str) -> bool:
    """Whether `got` is what the page shows; spaces at the ends of lines do not count."""
    pattern = ""
    for line in expected.rstrip("\n").split("\n"):
        anything_within = r"[^\n]*".join(re.escape(part) for part in line.rstrip().split("..."))
        pattern += r"(?:[^\n]*\n)*" if line.strip() == "..." else anything_within + r"[ \t]*\n"
    return re.fullmatch(pattern, got.rstrip("\n") + "\n") is not None


class Page:
    """The processes of one page: a shell, and a Python beside it; `python` is the one whose packages the page sees.

    With `forker`, the `tilth` that the shell sees is forked: most of what a command of a page costs is to load Tilth.
    """

    def __init__(self, home: Path, folder: Path, *, python: str = sys.executable, forker: Forker | None = None) -> None:
        env = environment_of(home, Path(python).parent)
        self._port = str(free_port())
        files: list[int] = []
        if forker:
            files = [forker.asked.fileno()]
            env |= {"PATH": f"{_forking(home.parent / 'programs')}{os.pathsep}{env['PATH']}", "FORKS": str(files[0])}
        self._shell = _start(["bash", "--noprofile", "--norc"], folder, env, stderr=subprocess.STDOUT, files=files)
        self._python = _start([python, str(Path(__file__).with_name("page_python.py"))], folder, env, stderr=subprocess.DEVNULL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in (self._shell, self._python):
            process.stdin.close()  # type: ignore[union-attr]
            process.wait()
        with suppress(ProcessLookupError):
            os.killpg(self._shell.pid, signal.SIGTERM)  # what went on in the background
        for process in (self._shell, self._python):
            process.stdout.close()  # type: ignore[union-attr]

    def run(self, block: Block) -> None:
        """Run one block; `AssertionError` if it does not do what the page shows."""
        if block.language == "python":
            problem = self._ask_python(block.text)
            assert not problem, f"line {block.line}: {problem}"
            return
        for command in commands_of(block.text):
            status, got = self._ask_shell(command.text)
            where = f"line {block.line}: $ {command.text}"
            assert status == command.status, f"{where}\nended with {status}, not {command.status}:\n{got}"
            assert not command.expected or matches(command.expected, got), f"{where}\nis to print\n{command.expected}\nbut printed\n{got}"

    def _ask_shell(self, command: str) -> tuple[int, str]:
        asked, answers = _pipes(self._shell)
        command = _PORT.sub(self._port, command)
        asked.write(f"{{ {command}\n}} </dev/null\nprintf '\\n%s %s\\n' '{_MARK}' $?\n")
        asked.flush()
        got = ""
        for line in answers:
            if line.startswith(_MARK):
                return int(line.removeprefix(_MARK)), got.removesuffix("\n").replace(f":{self._port}", ":8008")
            got += line
        raise AssertionError(f"the shell ended in {command}:\n{got}")

    def _ask_python(self, text: str) -> str:
        asked, answers = _pipes(self._python)
        _, folder = self._ask_shell("pwd")
        asked.write(json.dumps({"text": text, "folder": folder.rstrip("\n")}) + "\n")
        asked.flush()
        answer = answers.readline()
        return str(json.loads(answer)) if answer else "the page's Python ended"


def environment_of(home: Path, programs: Path) -> dict[str, str]:
    """What a new user has: Tilth on PATH, an empty HOME, and no settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TILTH_", "CLEARML_", "PYTHON", "PYTEST"))}
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return kept | {"HOME": str(home), "PATH": path, "COLUMNS": "120", "NO_COLOR": "1", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _forking(folder: Path) -> Path:
    """A folder of programs, in which `tilth` is one that is forked."""
    folder.mkdir()
    program = folder / "tilth"
    program.write_text(f"#!{sys.executable} -IS\n{Path(__file__).with_name('command.py').read_text()}")
    program.chmod(0o755)
    return folder


def _start(command: list[str], folder: Path, env: Mapping[str, str], *, stderr: int, files: Sequence[int] = ()) -> subprocess.Popen[str]:
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": stderr}
    return subprocess.Popen(command, cwd=folder, env=env, text=True, start_new_session=True, pass_fds=files, **pipes)


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout
