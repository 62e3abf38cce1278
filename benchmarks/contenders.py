"""Whom the benchmarks compare: each keeps versions of the folder `arena/source` in a store of its own, by its own commands."""

import os
import re
import shutil
import socket
import sys
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from benchmarks.measure import Spent, spend
from benchmarks.trees import tree_of

__all__ = ["ClearML", "Contender", "Dvc", "Restic", "Tilth", "delete", "found_id", "remove"]


class Contender(Protocol):
    """A tool that can version a folder. Commands run in the arena, where the folder is called `source`."""

    name: str

    def missing(self) -> str | None:
        """Why it can't take part, or None."""

    def reset(self) -> None:
        """Make a new, empty store."""

    def first(self) -> Spent:
        """Store the folder for the first time."""

    def unchanged(self) -> Spent:
        """Do what its user does when the folder may have changed, but has not."""

    def next(self) -> Spent:
        """Store the folder as the next version."""

    def restore(self, target: Path) -> Spent:
        """Restore the version that was stored last into `target`, which does not exist."""

    def stored(self) -> tuple[int, int]:
        """How many objects the store has, and how many bytes they take."""


class Tilth:
    """Tilth itself, by its command line."""

    name = "Tilth"

    def __init__(self, scratch: Path) -> None:
        self.arena = scratch / "arena"
        self.home = scratch / "tilth"
        self.cache = self.home / "cache"
        self.command = Path(sys.executable).parent / "tilth"
        self.env = isolated(scratch) | {"TILTH_HOME": str(self.home), "TILTH_CACHE": str(self.cache)}
        self.id = ""

    def missing(self) -> str | None:
        return None if self.command.exists() else "tilth is not installed beside this Python: `make install`"

    def reset(self) -> None:
        remove(self.home)

    def run(self, *words: str) -> Spent:
        return spend([self.command, "data", *words], folder=self.arena, env=self.env)

    def first(self) -> Spent:
        return self._made(self.run("sync", "--folder", "source", "--project", "Bench", "--name", "Source"))

    def unchanged(self) -> Spent:
        return self.run("sync", "--folder", "source", "--project", "Bench", "--name", "Source", "--parents", self.id)

    def next(self) -> Spent:
        return self._made(self.unchanged())

    def restore(self, target: Path) -> Spent:
        return self.run("get", "--id", self.id, "--copy", os.path.relpath(target, self.arena))

    def view(self) -> Spent:
        """A read-only copy out of the cache."""
        return self.run("get", "--id", self.id)

    def forget_views(self) -> None:
        """Leave the blobs of the cache, and drop the folders that were made of them."""
        remove(self.cache / "views")

    def forget_cache(self) -> None:
        """Leave what is known of unchanged files, and drop the rest of the cache."""
        for name in ("views", "blobs"):
            remove(self.cache / name)
        for path in self.cache.glob("usage.sqlite*"):
            path.unlink()

    def stored(self) -> tuple[int, int]:
        tree = tree_of(self.home / "store")
        return tree.files, tree.size_bytes

    def _made(self, spent: Spent) -> Spent:
        self.id = found_id(spent)
        return spent


class Dvc:
    """DVC without git, with a folder as its remote."""

    name = "DVC"

    def __init__(self, scratch: Path) -> None:
        self.arena = scratch / "arena"
        self.remote = scratch / "dvc-remote"
        self.clone = scratch / "dvc-clone"
        self.command = executable("dvc", "BENCH_DVC")
        self.env = isolated(scratch) | {"DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(scratch / "dvc-site")}

    def missing(self) -> str | None:
        return None if self.command else "dvc is not on PATH; BENCH_DVC may name it"

    def reset(self) -> None:
        for path in (self.remote, self.clone, self.arena / ".dvc"):
            remove(path)
        for name in ("source.dvc", ".dvcignore", ".gitignore"):
            (self.arena / name).unlink(missing_ok=True)
        self.run("init", "--no-scm", "--quiet")
        self.run("config", "core.check_update", "false")
        self.run("remote", "add", "--default", "--quiet", "store", str(self.remote))

    def run(self, *words: str, folder: Path | None = None) -> Spent:
        return spend([self.command, *words], folder=folder or self.arena, env=self.env)

    def first(self) -> Spent:
        return self.run("add", "source").plus(self.run("push"))

    def unchanged(self) -> Spent:
        return self.run("status")

    def next(self) -> Spent:
        return self.first()

    def restore(self, target: Path) -> Spent:
        remove(self.clone)
        (self.clone / ".dvc").mkdir(parents=True)
        shutil.copy(self.arena / ".dvc" / "config", self.clone / ".dvc" / "config")
        shutil.copy(self.arena / "source.dvc", self.clone / "source.dvc")
        spent = self.run("pull", folder=self.clone)
        (self.clone / "source").rename(target)
        return spent

    def stored(self) -> tuple[int, int]:
        trees = [tree_of(self.remote), tree_of(self.arena / ".dvc" / "cache")]
        return sum(tree.files for tree in trees), sum(tree.size_bytes for tree in trees)


class Restic:
    """restic with a repository in a folder."""

    name = "restic"

    def __init__(self, scratch: Path) -> None:
        self.arena = scratch / "arena"
        self.repository = scratch / "restic"
        self.command = executable("restic", "BENCH_RESTIC")
        own = {"RESTIC_REPOSITORY": str(self.repository), "RESTIC_PASSWORD": "benchmark", "RESTIC_CACHE_DIR": str(scratch / "restic-cache")}
        self.env = isolated(scratch) | own

    def missing(self) -> str | None:
        return None if self.command else "restic is not on PATH; BENCH_RESTIC may name it"

    def reset(self) -> None:
        remove(self.repository)
        remove(Path(self.env["RESTIC_CACHE_DIR"]))
        self.run("init")

    def run(self, *words: str) -> Spent:
        return spend([self.command, *words], folder=self.arena, env=self.env)

    def first(self) -> Spent:
        return self.run("backup", "source")

    def unchanged(self) -> Spent:
        return self.first()

    def next(self) -> Spent:
        return self.first()

    def restore(self, target: Path) -> Spent:
        return self.run("restore", "latest", "--target", os.path.relpath(target, self.arena))

    def stored(self) -> tuple[int, int]:
        tree = tree_of(self.repository)
        return tree.files, tree.size_bytes


class ClearML:
    """The official client, against a server that the environment names (CLEARML_API_HOST and its keys), storing into a folder."""

    name = "ClearML"

    def __init__(self, scratch: Path) -> None:
        self.arena = scratch / "arena"
        self.storage = scratch / "clearml"
        self.command = executable("clearml-data", "BENCH_CLEARML")
        self.host = os.environ.get("CLEARML_API_HOST", "")
        given = {name: value for name, value in os.environ.items() if name.startswith("CLEARML_")}
        self.env = isolated(scratch) | given | {"CLEARML_CACHE_DIR": str(scratch / "clearml-cache")}
        self.id = ""

    def missing(self) -> str | None:
        if not self.command:
            return "clearml-data is not on PATH; BENCH_CLEARML may name it"
        if not self.host:
            return "CLEARML_API_HOST names no server"
        address = urlsplit(self.host)
        try:
            socket.create_connection((address.hostname or "", address.port or 443), timeout=2).close()
        except OSError as error:
            return f"the server that CLEARML_API_HOST names does not answer ({error})"
        return None

    def reset(self) -> None:
        remove(self.storage)
        remove(Path(self.env["CLEARML_CACHE_DIR"]))
        self.storage.mkdir()

    def run(self, *words: str) -> Spent:
        return spend([self.command, *words], folder=self.arena, env=self.env)

    def first(self) -> Spent:
        return self._made(self._synced())

    def unchanged(self) -> Spent:
        return self._synced("--parents", self.id)  # makes a version and deletes it again

    def next(self) -> Spent:
        return self._made(self.unchanged())

    def restore(self, target: Path) -> Spent:
        remove(Path(self.env["CLEARML_CACHE_DIR"]))
        return self.run("get", "--id", self.id, "--copy", str(target))

    def stored(self) -> tuple[int, int]:
        tree = tree_of(self.storage)
        return tree.files, tree.size_bytes

    def _synced(self, *more: str) -> Spent:
        where = ("--project", "Bench", "--name", "Source", "--storage", str(self.storage))
        return self.run("sync", "--folder", "source", *where, *more)

    def _made(self, spent: Spent) -> Spent:
        self.id = found_id(spent)
        return spent


def isolated(scratch: Path) -> dict[str, str]:
    """An environment in which nobody's settings matter."""
    kept = ("PATH", "LANG", "LC_ALL", "SSL_CERT_FILE")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"HOME": str(scratch / "user"), "TMPDIR": str(scratch / "tmp")}


def executable(name: str, variable: str) -> str:
    """Where a tool is, by an environment variable or on PATH; empty if it is not there."""
    return shutil.which(os.environ.get(variable, name)) or ""


def found_id(spent: Spent) -> str:
    """The last id that a command printed."""
    found: list[str] = re.findall(r"\bid=([0-9a-f]{32})\b", spent.output)
    if not found:
        raise ValueError(f"no id in what {' '.join(spent.command)} printed")
    return found[-1]


def remove(folder: Path) -> None:
    """Put a folder out of the way, to be deleted at the end.

    Not at once: for minutes after many files were deleted, this machine's ext4 makes new ones several times more slowly, which would
    say more about what ran before than about who runs.
    """
    if folder.exists():
        trash = next(parent for parent in folder.parents if (parent / "trash").is_dir()) / "trash"
        folder.rename(trash / f"{len(list(trash.iterdir()))}-{folder.name}")


def delete(folder: Path) -> None:
    """Delete a folder, also one that is read-only."""
    if not folder.exists():
        return
    for top, folders, _ in os.walk(folder):
        for name in folders:
            (Path(top) / name).chmod(0o755)
    folder.chmod(0o755)
    shutil.rmtree(folder)
