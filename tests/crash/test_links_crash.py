"""A command that works with links, or joins tables, is killed at each named step; typed again, it ends right."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tilth.base.faultpoints import CRASH_STATUS
from tilth.testing import forking
from tilth.testing.repositories import write_files

FILES = {f"d{number % 3}/{number:02}.bin": bytes([number]) * (5_000 + number) for number in range(30)}


class Person:
    """Somebody with a home, who types commands of `tilth data`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._environment = {**os.environ, "HOME": str(folder), "TILTH_HOME": str(folder / "home")}

    def run(self, *words: str, crash_at: str = "") -> "subprocess.CompletedProcess[str]":
        environment = {**self._environment, "TILTH_CRASH_AT": crash_at}
        return forking.run(["-m", "tilth.cli.main", "data", *words], env=environment, cwd=self.folder)

    def ask(self, *words: str) -> Any:
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def killed_once(self, *words: str, crash_at: str) -> None:
        killed = self.run(*words, crash_at=crash_at)
        assert killed.returncode == CRASH_STATUS, killed.stderr
        again = self.run(*words)
        assert again.returncode == 0, again.stderr

    def copy(self, name: str) -> dict[str, bytes]:
        self.ask("get", "--id", "p/n", "--copy", name)
        place = self.folder / name
        return {path.relative_to(place).as_posix(): path.read_bytes() for path in place.rglob("*") if path.is_file()}


@pytest.fixture
def person(tmp_path: Path) -> Person:
    made = Person(tmp_path)
    write_files(tmp_path / "far", FILES)
    made.ask("create", "--project", "p", "--name", "n")
    return made


def test_registering_goes_on(person: Person) -> None:
    person.killed_once("add", "--links", "far/", crash_at="links.after-batch")
    person.ask("close")
    listed = person.ask("list", "--id", "p/n")["files"]
    assert [file["path"] for file in listed] == sorted(FILES)
    assert person.copy("copied") == FILES


def test_synchronising_links_goes_on(person: Person) -> None:
    person.ask("add", "--links", "far/")
    for gone in (person.folder / "far" / "d0").iterdir():
        gone.unlink()
    (person.folder / "far" / "d1" / "new.bin").write_bytes(b"new")
    id = person.ask("list")["id"]
    person.killed_once("sync", "--links", "far/", "--id", id, "--skip-close", crash_at="links.before-removing")
    person.ask("close")
    kept = {path: data for path, data in FILES.items() if not path.startswith("d0/")}
    assert person.copy("copied") == kept | {"d1/new.bin": b"new"}


@pytest.mark.parametrize("point", ["ingest.after-pack", "import.after-batch"])
def test_importing_goes_on(person: Person, point: str) -> None:
    person.ask("add", "--links", "far/")
    killed = person.run("import", crash_at=point)
    assert killed.returncode == CRASH_STATUS, killed.stderr
    again = person.run("import")
    assert again.returncode == 0 or "nothing to import" in again.stderr, again.stderr
    person.ask("close")
    for path in (person.folder / "far").rglob("*.bin"):
        path.unlink()
    assert person.copy("copied") == FILES
    person.ask("verify", "--id", "p/n")


@pytest.mark.parametrize("point", ["links.before-install", "links.after-install"])
def test_fetching_goes_on(person: Person, point: str) -> None:
    person.ask("add", "--links", "far/")
    person.ask("close")
    killed = person.run("get", "--id", "p/n", crash_at=point)
    assert killed.returncode == CRASH_STATUS, killed.stderr
    assert person.copy("copied") == FILES


def test_nothing_of_a_join_is_there_until_all_tables_are(person: Person) -> None:
    for day, row in (("monday", "1,a"), ("tuesday", "2,b")):
        write_files(person.folder / day, {"rows.csv": f"id,word\n{row}\n".encode()})
        person.ask("sync", "--project", "p", "--name", day, "--folder", day)
    words = ("merge-tables", "--ids", "p/monday", "p/tuesday", "--project", "p", "--name", "n2", "--key", "id")
    killed = person.run(*words, crash_at="merge-tables.before-create")
    assert killed.returncode == CRASH_STATUS, killed.stderr
    assert person.ask("search", "--name", "n2")["versions"] == []
    person.ask(*words)
    assert person.run("cat", "--id", "p/n2", "rows.csv").stdout == "id,word\n1,a\n2,b\n"
