"""Which installed distributions a run uses: those of which something was imported, as lines for pip."""

import json
import sys
from collections.abc import Container, Iterable, Mapping
from importlib import metadata
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

from tilth.capture.source import without_credentials
from tilth.sdk.wishes import Wishes, plain

__all__ = ["Packages", "conda_lines", "required"]


class Packages:
    """Knows what is installed, and looks again when a folder of `sys.path` has changed. Quick from the second call on."""

    def __init__(self) -> None:
        self._seen: tuple[tuple[str, int], ...] = ()
        self._by_module: dict[str, list[metadata.Distribution]] = {}
        self._editable: list[tuple[Path, metadata.Distribution]] = []
        self._parts: dict[str, frozenset[str]] = {}

    def requirements(
        self,
        modules: Iterable[str] | None = None,
        *,
        everything: bool = False,
        added: Mapping[str, str] = MappingProxyType({}),
        ignored: Container[str] = (),
    ) -> dict[str, str]:
        """The `requirements` of a task: the text for pip, and the one for conda if that made this environment.

        `everything` lists what is installed instead of what was imported. Lines that are `added` stand in the place of ours, by the
        plain names of packages, and those that are `ignored` are left out.
        """
        used = self.installed() if everything else self.imported(modules)
        lines = {name: _line(one) for one in used if (name := plain(one.metadata["Name"])) not in ignored} | dict(added)
        version = ".".join(map(str, sys.version_info[:3]))
        found = {"pip": "\n".join([f"# Python {version}", "", *(lines[name] for name in sorted(lines))]) + "\n"}
        conda = conda_lines(Path(sys.prefix), {plain(one.metadata["Name"]) for one in used})
        return found | ({"conda": "\n".join(conda) + "\n"} if conda else {})

    def installed(self) -> list[metadata.Distribution]:
        """All distributions, by name."""
        self._look()
        found = {plain(one.metadata["Name"]): one for owners in self._by_module.values() for one in owners}
        found |= {plain(one.metadata["Name"]): one for _, one in self._editable}
        return [found[name] for name in sorted(found)]

    def imported(self, modules: Iterable[str] | None = None) -> list[metadata.Distribution]:
        """Distributions of which at least one of `modules` is a part, by name; of all that is imported, if they are not given."""
        names = frozenset(sys.modules if modules is None else modules)
        self._look()
        found: dict[str, metadata.Distribution] = {}
        for top in {name.partition(".")[0] for name in names} - sys.stdlib_module_names:
            owners = self._by_module.get(top) or self._editable_with(top)
            for owner in owners:
                # Several distributions share a name such as `google`: then their own modules count.
                if len(owners) == 1 or not names.isdisjoint(self._modules_of(owner)):
                    found[plain(owner.metadata["Name"])] = owner
        return [found[name] for name in sorted(found)]

    def _look(self) -> None:
        # The folder of a script changes all the time; what is installed lies elsewhere.
        seen = tuple((path, _changed(path) if path.endswith("-packages") else 0) for path in sys.path)
        if seen == self._seen:
            return
        installed = {plain(one.metadata["Name"]): one for one in reversed(list(metadata.distributions())) if one.metadata["Name"]}
        self._by_module = {}
        for one in installed.values():
            for top in _tops(one):
                self._by_module.setdefault(top, []).append(one)
        self._editable = [(folder, one) for one in installed.values() if (folder := _editable_folder(one))]
        self._parts.clear()
        self._seen = seen

    def _editable_with(self, top: str) -> list[metadata.Distribution]:
        module = sys.modules.get(top)
        file = getattr(module, "__file__", None)
        return [one for folder, one in self._editable if file and Path(file).is_relative_to(folder)][:1]

    def _modules_of(self, one: metadata.Distribution) -> frozenset[str]:
        name = one.metadata["Name"]
        if name not in self._parts:
            files = [PurePosixPath(str(file)) for file in one.files or ()]
            parts = (
                file.parent.parts if file.name == "__init__.py" else (*file.parent.parts, file.name.partition(".")[0]) for file in files
            )
            self._parts[name] = frozenset(".".join(part) for part in parts)
        return self._parts[name]


def required(packages: Packages, wishes: Wishes) -> dict[str, str]:
    """The `requirements` of a task as a script asked for them."""
    if wishes.requirements is not None:
        return {"pip": wishes.requirements}
    return packages.requirements(everything=wishes.everything, added=wishes.added, ignored=wishes.ignored)


def conda_lines(prefix: Path, names: set[str]) -> list[str]:
    """Of the packages that conda put into `prefix`, those with `names`, as `name==version`; none if conda did not make it."""
    found = (file.name.rsplit("-", 2) for file in sorted((prefix / "conda-meta").glob("*-*-*.json")))
    return [f"{name}=={version}" for name, version, _ in found if plain(name) in names]


def _line(one: metadata.Distribution) -> str:
    """How pip gets the distribution again. One that is developed here can't be had elsewhere: a comment says where it lies."""
    name = one.metadata["Name"]
    origin = _origin(one)
    url = without_credentials(str(origin.get("url", "")))
    if "vcs_info" in origin:
        return f"{name} @ {origin['vcs_info'].get('vcs', 'git')}+{url}@{origin['vcs_info'].get('commit_id', '')}"
    if _editable_folder(one):
        return f"# {name}=={one.version} is installed as editable from {url}"
    if "archive_info" in origin and urlsplit(url).scheme in ("http", "https"):
        return f"{name} @ {url}"
    return f"{name}=={one.version}"


def _origin(one: metadata.Distribution) -> dict[str, Any]:
    try:
        origin = json.loads(one.read_text("direct_url.json") or "{}")
    except ValueError:
        return {}
    return origin if isinstance(origin, dict) else {}


def _editable_folder(one: metadata.Distribution) -> Path | None:
    origin = _origin(one)
    folder = unquote(urlsplit(str(origin.get("url", ""))).path)
    return Path(folder) if folder and (origin.get("dir_info") or {}).get("editable") else None


def _tops(one: metadata.Distribution) -> set[str]:
    """Names that an import of this distribution begins with."""
    said = one.read_text("top_level.txt")
    if said:
        return set(said.split())
    record = one.read_text("RECORD") or ""
    firsts = {line.partition(",")[0].partition("/")[0] for line in record.split("\n")}
    return {first.partition(".")[0] for first in firsts if first.endswith((".py", ".so", ".pyd")) or "." not in first} - {"", "bin"}


def _changed(path: str) -> int:
    try:
        return Path(path or ".").stat().st_mtime_ns
    except OSError:
        return 0
