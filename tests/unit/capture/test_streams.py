"""What is written to the console is also reported, and the console does not notice."""

import io
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tilth.capture.streams import Console
from tilth.sdk.quiet import silence


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[list[tuple[str, str]], io.TextIOWrapper]]]:
    """Start a console over streams of its own; gives what it reports, and its standard output."""
    consoles = []

    def start(**words: bool) -> tuple[list[tuple[str, str]], io.TextIOWrapper]:
        out = io.TextIOWrapper(io.BytesIO(), encoding="latin-1", write_through=True)
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True))
        seen: list[tuple[str, str]] = []
        console = Console(lambda text, level: seen.append((text, level)), **words)
        console.start()
        consoles.append(console)
        return seen, out

    yield start
    for console in consoles:
        console.stop()


def written(stream: io.TextIOWrapper) -> bytes:
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue()


def test_both_get_everything(start: Callable[..., tuple[list[tuple[str, str]], io.TextIOWrapper]]) -> None:
    seen, out = start()
    print("hello", "world")
    sys.stdout.writelines(["a\n", "b\nc\n"])
    print("bad", file=sys.stderr)
    assert sys.stdout.write("xyz\n") == 4
    assert seen == [("hello world", "info"), ("a", "info"), ("b\nc", "info"), ("bad", "error"), ("xyz", "info")]
    assert written(out) == b"hello world\na\nb\nc\nxyz\n"
    assert sys.stdout is out
    assert (sys.stdout.encoding, sys.stdout.isatty()) == ("latin-1", False)


def test_after_the_end_the_stream_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    seen: list[str] = []
    console = Console(lambda text, level: seen.append(text), stderr=False)
    before = dict(vars(out))
    console.start()
    held = out.write
    print("part", end="")
    console.stop()
    print(" rest")
    held("late\n")
    assert seen == ["part"]
    assert out.getvalue() == "part rest\nlate\n"
    assert dict(vars(out)) == before


def test_streams_that_can_not_be_changed_are_stood_in_for(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fixed:
        __slots__ = ("texts",)

        def __init__(self) -> None:
            self.texts: list[str] = []

        def write(self, text: str) -> int:
            self.texts.append(text)
            return len(text)

        def isatty(self) -> bool:
            return True

    fixed = Fixed()
    monkeypatch.setattr(sys, "stdout", fixed)
    seen: list[str] = []
    console = Console(lambda text, level: seen.append(text), stderr=False)
    console.start()
    print("hello")
    sys.stdout.writelines(["a\n", "b\n"])
    assert sys.stdout.isatty()
    console.stop()
    assert sys.stdout is fixed
    assert (seen, "".join(fixed.texts)) == (["hello", "a", "b"], "hello\na\nb\n")


def test_what_the_report_prints_is_not_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    seen: list[str] = []

    def report(text: str, level: str) -> None:
        seen.append(text)
        print(f"reported {text}")

    console = Console(report, stderr=False)
    console.start()
    print("hello")
    console.stop()
    assert (seen, out.getvalue()) == (["hello"], "hello\nreported hello\n")


def test_a_report_that_fails_is_told_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)

    def report(text: str, level: str) -> None:
        raise OSError("no space")

    console = Console(report, stderr=False)
    console.start()
    print("one")
    print("two")
    console.stop()
    assert out.getvalue() == "one\ntwo\n"
    assert [record.getMessage() for record in caplog.records] == [
        "Tilth no longer records what is written to stdout, the run goes on: OSError: no space"
    ]


def test_a_stream_that_fails_fails_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    console = Console(lambda text, level: None, stderr=False)
    console.start()
    out.close()
    with pytest.raises(ValueError, match="closed file"):
        print("hello")
    console.stop()


def test_lines_of_threads_are_whole(start: Callable[..., tuple[list[tuple[str, str]], io.TextIOWrapper]]) -> None:
    seen, _ = start()

    def work(name: str) -> None:
        for at in range(200):
            sys.stdout.write(f"{name}-{at}\n")

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(text for text, _ in seen) == sorted(f"{name}-{at}" for name in "abcd" for at in range(200))


def test_records_are_reported_once_wherever_they_are_shown(
    start: Callable[..., tuple[list[tuple[str, str]], io.TextIOWrapper]],
) -> None:
    seen, out = start(records=True)
    shown, silent = logging.getLogger("run.shown"), logging.getLogger("run.silent")
    for logger in (shown, silent):
        logger.propagate = False
        logger.setLevel(logging.INFO)
    handler = logging.StreamHandler(out)
    shown.addHandler(handler)
    silent.addHandler(logging.NullHandler())
    shown.info("to the console")
    silent.error("to nowhere")
    silent.debug("below the level")
    assert seen[0] == ("to the console", "info")
    text, level = seen[1]
    assert (text.endswith(" run.silent ERROR to nowhere"), level, len(seen)) == (True, "error", 2)
    shown.removeHandler(handler)


def test_records_that_no_handler_takes_are_not_reported(start: Callable[..., tuple[list[tuple[str, str]], io.TextIOWrapper]]) -> None:
    seen, _ = start(records=True)
    logger = logging.getLogger("run.choosy")
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    logger.addHandler(logging.NullHandler(logging.WARNING))
    logger.debug("too small")
    logger.warning("heard")
    assert [text.rpartition(" ")[2] for text, _ in seen] == ["heard"]


def test_a_stream_that_somebody_set_back_is_taken_again(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    seen: list[str] = []
    console = Console(lambda text, level: seen.append(text), stderr=False)
    before = out.write
    console.start()
    for text in ("one", "two"):
        held = out.write
        out.write = lambda text, held=held: held(text)  # type: ignore[method-assign, misc]  # as a shell does that keeps what cells print
        console.hold()
        print(text)
        out.write = before  # type: ignore[method-assign]
        console.hold()
        print("and", text)
    console.stop()
    assert seen == ["one", "and one", "two", "and two"]
    assert out.getvalue() == "one\nand one\ntwo\nand two\n"


SCRIPT = """
import logging, os, sys
from tilth.capture.streams import Console

def report(text, level):
    os.write(9, f"{os.getpid() == parent} {level} {text}\\n".encode())

parent = os.getpid()
console = Console(report, records=True)
console.start()
print("waits", end="")
child = os.fork()
if child == 0:
    print("in the child")
    console.stop()
    sys.stdout.flush()
    os._exit(0)
os.waitpid(child, 0)
print(" and ends")
logging.basicConfig(level=logging.INFO, format="%(message)s")
logging.info("configured after us")
assert sys.stdout.fileno() == 1 and sys.stdout.buffer
console.stop()
"""


def test_a_fork_reports_what_it_writes_itself(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    command = f"'{sys.executable}' script.py 9> seen"
    ran = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (tmp_path / "seen").read_text().splitlines() == [
        "False info in the child",
        "True info waits and ends",
        "True error configured after us",
    ]
    assert ran.stderr == "configured after us\n"


def test_a_part_of_a_line_is_reported_while_the_run_waits(tmp_path: Path) -> None:
    script = """
import sys, threading
from tilth.capture.streams import Console
arrived = threading.Event()
console = Console(lambda text, level: (sys.stderr.write(f"{level} {text}"), arrived.set()), stderr=False)
console.start()
print("downloading ", end="")
assert arrived.wait(60)
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stderr == "info downloading"


def test_what_a_logger_reports_and_prints_is_recorded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, heard = io.StringIO(), list[str]()
    monkeypatch.setattr(sys, "stdout", stream)
    console = Console(lambda text, _: heard.append(text), stderr=False)
    console.start()
    with silence():
        print("said already")
    print("printed")
    console.stop()
    assert heard == ["printed"]
    assert stream.getvalue() == "said already\nprinted\n"
