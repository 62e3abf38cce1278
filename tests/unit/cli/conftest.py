"""The command line, run in this process over a home of its own."""

import json
import sys
from collections.abc import Iterator
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from tilth.cli.main import main
from tilth.sdk import _current
from tilth.testing.repositories import write_files


class Answer(Struct):
    """What a command printed, and its exit status."""

    out: bytes
    err: str
    status: int

    @property
    def text(self) -> str:
        return self.out.decode()

    @property
    def document(self) -> Any:
        return json.loads(self.out)


class Terminal:
    """Somebody who types commands."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch

    def __call__(self, *words: str, status: int = 0, group: str = "data") -> Answer:
        printed, told = BytesIO(), BytesIO()
        out, err = TextIOWrapper(printed, encoding="utf-8"), TextIOWrapper(told, encoding="utf-8")
        with self._monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", out)
            patched.setattr(sys, "stderr", err)
            with pytest.raises(SystemExit) as ended:
                main([group, *words])
        out.flush()
        err.flush()
        answer = Answer(printed.getvalue(), told.getvalue().decode(), int(ended.value.code or 0))
        assert answer.status == status, answer
        assert "Traceback" not in answer.err
        return answer

    def json(self, *words: str) -> Any:
        """The one document that a command prints with --json."""
        return self(*words, "--json").document

    def cache(self, *words: str, status: int = 0) -> Answer:
        """What `tilth cache` prints."""
        return self(*words, status=status, group="cache")

    def files(self, files: dict[str, bytes], name: str = "source") -> str:
        """A folder that holds just `files`."""
        return write_files(self.folder / name, files)


@pytest.fixture
def tilth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(_current, "_opened", [])
    yield Terminal(tmp_path, monkeypatch)
    for home in _current._opened:
        home.close()
