"""What is known of the things in a cache besides their bytes: small JSON files, each written whole.

about/<view>   what a view holds       pins/<version>   who wants a version to stay       links/<id>   a symbolic link to a view
limits         how much may lie here, and for how long       looked         what became of the last look for what could go
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from tilth.base.ids import new_id
from tilth.datasets.cache.sharing import Sharing

__all__ = ["About", "Limits", "Link", "Look", "Notes", "Pin"]

T = TypeVar("T", bound=Struct)

_SCRATCH = "tmp"


class About(Struct, frozen=True, kw_only=True):
    """What a view holds: a version, or some of its files."""

    version: str
    project: str
    name: str
    number: str
    part: int | None = None
    num_parts: int | None = None
    patterns: tuple[str, ...] | None = None
    made_by: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole version."""
        return self.part is None and self.patterns is None


class Pin(Struct, frozen=True, kw_only=True):
    """Somebody's wish that a version stays."""

    by: str
    since: str
    note: str = ""


class Link(Struct, frozen=True, kw_only=True):
    """A symbolic link that somebody had made: as long as it leads to the view, the view is used."""

    view: str
    path: str
    by: str


class Limits(Struct, frozen=True, kw_only=True):
    """How much may lie in the cache, and for how long what is not used stays; 0 is no limit."""

    size_bytes: int = 0
    age_s: float = 0.0


class Look(Struct, frozen=True, kw_only=True):
    """What became of the last look for things that could be removed."""

    at_s: float
    took_s: float
    is_over: bool
    """Whether the cache held more than it may all the same, because all of it was in use."""
    stayed: tuple[str, ...] = ()
    """Views that nobody seemed to use and that could not be removed."""


class Notes:
    """The notes of one cache folder."""

    def __init__(self, root: str, sharing: Sharing) -> None:
        self._root = root
        self._sharing = sharing

    def tell_about(self, view: str, about: About) -> None:
        """Say what a view holds."""
        self._put(f"about/{view}", about)

    def about(self, view: str) -> About | None:
        """What a view holds, if anybody said."""
        return self._get(f"about/{view}", About)

    def views_told(self) -> list[str]:
        """The names of the views that are told about, there or not."""
        return self._names("about")

    def forget(self, view: str) -> None:
        """Say nothing of a view any more."""
        self._drop(f"about/{view}")

    def pin(self, version: str, pin: Pin) -> None:
        """Let a version stay; OSError if that can't be noted."""
        self._put(f"pins/{version}", pin)

    def unpin(self, version: str) -> bool:
        """Let a version go when it is its turn; False if it was not pinned."""
        return self._drop(f"pins/{version}")

    def pins(self) -> dict[str, Pin]:
        """The pins, by version. One that can't be read still holds."""
        return {version: self._get(f"pins/{version}", Pin) or Pin(by="?", since="?") for version in self._names("pins")}

    def link(self, link: Link) -> None:
        """Note a symbolic link."""
        self._put(f"links/{sha256(link.path.encode(errors='surrogateescape')).hexdigest()[:32]}", link)

    def links(self, views: Path) -> Iterator[Link]:
        """The symbolic links that lead to a view; those that don't any more are forgotten. One that can't be seen is believed."""
        for name in self._names("links"):
            if len(name) == 2:  # a folder of what is known of links in versions, which lies here too
                continue
            link = self._get(f"links/{name}", Link)
            if link is None:
                continue
            try:
                leads = os.readlink(link.path) == os.fspath(views / link.view)
            except PermissionError:
                leads = True
            except OSError:
                leads = False
            if leads:
                yield link
            else:
                self._drop(f"links/{name}")

    def limit(self, limits: Limits) -> None:
        """Set the limits for all who use the cache."""
        self._put("limits", limits)

    def limits(self) -> Limits | None:
        """The limits that were set for all, if any were."""
        return self._get("limits", Limits)

    def tell_look(self, look: Look) -> None:
        """Say what became of a look for things that could be removed."""
        self._put("looked", look)

    def look(self) -> Look | None:
        """What became of the last one."""
        return self._get("looked", Look)

    def _put(self, name: str, note: Struct) -> None:
        path = f"{self._root}/{name}"
        temporary = f"{self._root}/{_SCRATCH}/{new_id()}.note"
        descriptor = self._sharing.open(temporary, os.O_WRONLY)
        try:
            os.write(descriptor, msgspec.json.encode(note) + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._sharing.make(os.path.dirname(path))
        os.replace(temporary, path)

    def _get(self, name: str, kind: type[T]) -> T | None:
        try:
            with open(f"{self._root}/{name}", "rb") as file:
                return msgspec.json.decode(file.read(), type=kind)
        except (OSError, msgspec.MsgspecError):
            return None

    def _names(self, folder: str) -> list[str]:
        try:
            return sorted(name for name in os.listdir(f"{self._root}/{folder}") if not name.startswith("."))
        except OSError:
            return []

    def _drop(self, name: str) -> bool:
        with suppress(FileNotFoundError):
            os.unlink(f"{self._root}/{name}")
            return True
        return False
