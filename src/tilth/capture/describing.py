"""What is found out about code that does not run here: its repository, or its text, and what it imports."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tilth.base.errors import PathNotFound
from tilth.capture.packages import Packages
from tilth.capture.source import Entry, describe_source
from tilth.sdk.describing import LocalCode

__all__ = ["look"]

_MOST_FILES = 200
_LARGEST_BYTES = 1_000_000


def look(*, file: Path | None, module: str | None, folder: Path, standalone: bool, untracked: bool, home: Path) -> LocalCode:
    """Look at a script, or at a module of `folder`, from which it would be started."""
    if not folder.is_dir():
        raise PathNotFound(f"{folder} is no folder", hint="give the folder in which the code is started")
    entry = Entry(file.name, file.absolute()) if file is not None else Entry(f"-m {module}", is_module=True)
    script = describe_source(entry, cwd=folder.absolute(), untracked=untracked, home=home, standalone=standalone)
    files = [file] if file is not None else list((folder / (module or "").partition(".")[0]).glob("*.py"))
    used = set().union(*(_imported(one) for one in files))
    return LocalCode(script, Packages().requirements(used))


def _imported(file: Path) -> set[str]:
    """The modules that a script imports, also through other files that lie beside it."""
    waiting, seen, found = [file], set[Path](), set[str]()
    while waiting and len(seen) < _MOST_FILES:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in _names(path):
            found.add(name)
            beside = file.parent / Path(*name.split("."))
            waiting += [one for one in (beside.with_suffix(".py"), beside / "__init__.py") if one.is_file()]
    return found


def _names(path: Path) -> Iterator[str]:
    try:
        tree = ast.parse(path.read_bytes()) if path.stat().st_size <= _LARGEST_BYTES else None
    except (OSError, SyntaxError, ValueError):
        tree = None
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
