"""Which code runs: the repository, its state and the entry point, or the text of what is in no repository.

The answer has the shape of a task's `script`, as those who run tasks elsewhere read it.
"""

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from msgspec import Struct

from tilth.capture.notebook import cells_run, notebook_name
from tilth.capture.untracked import patch_of_new_files, said_of

__all__ = ["Entry", "describe_source", "find_entry", "without_credentials"]

_log = logging.getLogger("tilth.capture")

GIT_PATIENCE_S = 10.0
LARGEST_DIFF = 5_000_000
_SHORT = 100_000


class Entry(Struct, frozen=True):
    """How a run began."""

    name: str
    """A file's name, or `-m package.module`."""
    file: Path | None = None
    text: str | None = None
    """Code that is in no file: cells of a notebook, or what `-c` ran."""
    is_module: bool = False


def find_entry(main: ModuleType | None = None) -> Entry:
    """What this process was started with."""
    main = main or sys.modules["__main__"]
    notebook = notebook_name()
    if notebook is not None:
        return Entry(f"{notebook}.py", text=cells_run())
    spec, file = getattr(main, "__spec__", None), getattr(main, "__file__", None)
    path = Path(file).absolute() if file and not file.startswith("<") else None  # `<stdin>` is no file
    if spec is not None and path is not None:
        name = spec.name.removesuffix(".__main__")
        # A module beside nothing else is a script that was started in another way.
        alone = name == spec.name and "." not in name and "site-packages" not in path.parts and _top(path.parent) is None
        return Entry(path.name, path) if alone else Entry(f"-m {name}", path, is_module=True)
    if path is not None:
        return Entry(path.name, path)
    return Entry("code.py", text=_inline_code(sys.orig_argv))


def describe_source(
    entry: Entry | None = None, *, cwd: Path | None = None, untracked: bool = False, home: Path | None = None, standalone: bool = False
) -> dict[str, Any]:
    """The `script` of a task, without its requirements. Never raises because of git: what git does not say is empty.

    Of a repository, `diff` is what differs from the commit, with the entry point if it is not tracked, and if asked for with the other text
    files that are neither tracked nor ignored, but for those in Tilth's own `home`. Elsewhere, and if `standalone` is asked for, `diff` is
    the text of the script, and there is no repository.
    """
    entry, cwd = entry or find_entry(), cwd or Path.cwd()
    script = {"binary": f"python{sys.version_info[0]}.{sys.version_info[1]}", "repository": "", "branch": "", "version_num": ""}
    top = _top(entry.file.parent) if entry.file and not standalone else None
    if top is None and entry.is_module and not standalone:
        top = _top(cwd)
    if top is None:
        return {**script, "entry_point": entry.name, "working_dir": ".", "diff": _text(entry)}
    working = cwd.resolve() if cwd.resolve().is_relative_to(top) else top
    branch = _line(top, "symbolic-ref", "--quiet", "--short", "HEAD")
    return {
        **script,
        "repository": _remote(top, branch) or str(top),
        "branch": branch,
        "version_num": _line(top, "rev-parse", "--verify", "--quiet", "HEAD"),
        "entry_point": _entry_point(entry, working),
        "working_dir": working.relative_to(top).as_posix(),
        "diff": _diff(top, entry, untracked=untracked, home=home),
    }


def without_credentials(url: str) -> str:
    """An address that may be shown to everybody: of user and password, only the user of ssh is left."""
    if "://" not in url:
        return url
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        place = f"[{host}]" if ":" in host else host
        place += f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    user = f"{parts.username}@" if parts.username and parts.scheme not in ("http", "https") else ""
    return urlunsplit((parts.scheme, user + place, parts.path, "", ""))


def _inline_code(started: list[str]) -> str:
    """The text after `-c`, if that is how Python was started."""
    for at, word in enumerate(started[1:], 1):
        if word == "-c" and at + 1 < len(started):
            return started[at + 1]
        if not word.startswith("-") and started[at - 1] not in ("-X", "-W"):
            break
    return ""


def _text(entry: Entry) -> str:
    if entry.text is not None or entry.file is None or entry.is_module:
        return entry.text or ""
    try:
        data = entry.file.read_bytes()
    except OSError as error:
        _log.warning("the script's text is not recorded: %s", error)
        return ""
    if len(data) > LARGEST_DIFF:
        _log.warning("the script's text is not recorded: it has %d bytes, and %d is the most", len(data), LARGEST_DIFF)
        return ""
    return data.decode(errors="replace")


def _entry_point(entry: Entry, working: Path) -> str:
    if entry.is_module or entry.file is None:
        return entry.name
    return Path(os.path.relpath(entry.file.resolve(), working)).as_posix()


def _top(folder: Path) -> Path | None:
    found = _line(folder, "rev-parse", "--show-toplevel")
    return Path(found).resolve() if found else None


def _remote(top: Path, branch: str) -> str:
    remotes = (_git(top, "remote") or b"").decode(errors="replace").split()
    of_branch = _line(top, "config", "--get", f"branch.{branch}.remote") if branch and len(remotes) > 1 else ""
    for name in (of_branch, "origin", *remotes):
        if name in remotes:
            return without_credentials(_line(top, "remote", "get-url", name))
    return ""


def _diff(top: Path, entry: Entry, *, untracked: bool, home: Path | None) -> str:
    limit = LARGEST_DIFF
    parts = [_tracked_changes(top)]
    own = _untracked_entry(top, entry)
    if own:
        part = _git(top, "diff", "--no-index", "--no-color", "--binary", "--", os.devnull, own, limit=limit, statuses=(0, 1))
        if part is None or len(parts[0]) + len(part) > limit:
            _log.warning("%s is not recorded with the uncommitted changes: these would have more than %d bytes", own, limit)
        else:
            parts.append(part)
    if untracked:
        others = (path for path in _untracked(top, besides=home) if path != own)
        part, left_out = patch_of_new_files(top, others, most_bytes=limit - sum(map(len, parts)))
        if left_out:
            _log.warning("%s", said_of(left_out))
        parts.append(part)
    return b"".join(parts).decode(errors="replace")


def _tracked_changes(top: Path) -> bytes:
    # Before the first commit everything is new: the other side is the tree in which nothing is.
    base = _line(top, "rev-parse", "--verify", "--quiet", "HEAD") or _line(top, "hash-object", "-t", "tree", os.devnull)
    # With the bytes of binary files a diff can be applied; without them it is at least readable.
    for options in (["--binary"], []):
        changes = _git(top, "diff", "--no-ext-diff", "--no-textconv", "--no-color", *options, base, limit=LARGEST_DIFF)
        if changes is not None:
            return changes
    _log.warning("uncommitted changes are not recorded: git fails, takes too long, or they have more than %d bytes", LARGEST_DIFF)
    return b""


def _untracked_entry(top: Path, entry: Entry) -> str:
    """The entry point's path in the repository, if that has it and does not track it."""
    if entry.file is None or not (own := entry.file.resolve()).is_relative_to(top):
        return ""
    path = own.relative_to(top).as_posix()
    return path if _git(top, "ls-files", "--error-unmatch", "--", path) is None else ""


def _untracked(top: Path, *, besides: Path | None) -> list[str]:
    listed = _git(top, "ls-files", "--others", "--exclude-standard", "-z", limit=LARGEST_DIFF)
    if listed is None:
        _log.warning("untracked files are not recorded: git fails, takes too long, or their names have more than %d bytes", LARGEST_DIFF)
    paths = [path for path in (listed or b"").decode(errors="surrogateescape").split("\0") if path]
    return [path for path in paths if besides is None or not (top / path).is_relative_to(besides.resolve())]


def _line(folder: Path, *command: str) -> str:
    return (_git(folder, *command) or b"").decode(errors="replace").strip()


def _git(folder: Path, *command: str, limit: int = _SHORT, statuses: tuple[int, ...] = (0,)) -> bytes | None:
    """What git prints, or None if it fails, takes too long, or prints more than `limit` bytes."""
    # Nothing of the repository is executed or changed: no monitor of files, no locks.
    options = ["--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.quotePath=true", "-C", str(folder)]
    try:
        git = subprocess.Popen(  # noqa: S603 - the command is ours, the folder is the user's own
            ["git", *options, *command],  # noqa: S607 - the git that the user would call
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return None
    late = threading.Timer(GIT_PATIENCE_S, git.kill)
    late.daemon = True
    late.start()
    assert git.stdout is not None
    try:
        with git.stdout as output:
            said = output.read(limit + 1)
        if len(said) > limit:
            git.kill()
        status = git.wait()
    finally:
        late.cancel()
    return said if status in statuses and len(said) <= limit else None
