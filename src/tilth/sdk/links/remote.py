"""What links lead to, whatever kind of place keeps it: a file in some state, its bytes, and what a listing has to leave out."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from msgspec import Struct

from tilth.base.errors import Denied, Invalid, NotFound, PathNotFound, SourceChanged, TilthError

__all__ = ["ALL", "OF_ONE_LINK", "Asked", "LeftOut", "OnLeftOut", "Opened", "RemoteFile", "Source", "joined", "refuse"]

_MOST_TOLD = 10
OF_ONE_LINK = (SourceChanged, PathNotFound, Denied, Invalid)
"""What keeps one link from being had, and says nothing of the others."""


class RemoteFile(Struct, frozen=True, gc=False):
    """A file that lies elsewhere, in the state that it was seen in."""

    address: str
    size: int
    """Bytes; -1 if the other side does not say."""
    etag: str
    """Changes with the content; empty if the other side says nothing that does."""
    modified_ns: int


class Opened(Struct):
    """A file that is being read."""

    file: RemoteFile
    """The state of what is being read, as the answer itself tells it."""
    start: int
    """Where its bytes begin: at 0 if the other side sends nothing but whole files."""
    read: Callable[[int], bytes]


class LeftOut(Struct, frozen=True):
    """What a folder shows and a version can't have."""

    address: str
    """Ends with `/` if it is a folder; all below it is meant then."""
    error: TilthError
    """Why."""

    @property
    def is_gone(self) -> bool:
        """Whether nothing lies there, rather than something that can't be had."""
        return isinstance(self.error, NotFound)


OnLeftOut = Callable[[LeftOut], None]


def refuse(left: LeftOut) -> None:
    """Leave nothing out: raise why it would have to be."""
    raise left.error


def joined(failed: Sequence[TilthError], *, more: str = "", hint: str | None = None) -> TilthError:
    """One error for those of many links; `more` is said besides, and `hint` instead of theirs."""
    first = failed[0]
    if len(failed) == 1:
        return type(first)(f"{first.message}{more}", hint=hint or first.hint)
    worst = next((error for error in failed if isinstance(error, SourceChanged)), first)
    lines = "\n  ".join(error.message for error in failed[:_MOST_TOLD])
    rest = f"\n  and {len(failed) - _MOST_TOLD:,} more" if len(failed) > _MOST_TOLD else ""
    return type(worst)(f"{len(failed):,} links can't be had{more}:\n  {lines}{rest}", hint=hint or worst.hint)


class Asked(Struct, frozen=True, kw_only=True):
    """Which files of a folder are asked for, and how."""

    recursive: bool = True
    after: str = ""
    """Only what comes behind this address."""
    wants: Callable[[str], bool] = lambda _: True
    """Whether anybody wants the file at an address. Where each costs a request, others are not among the pages."""
    left_out: OnLeftOut = refuse
    """Hears of single ones that can't be had."""
    workers: int | None = None
    """How many requests are made at once."""


ALL = Asked()


class Source(Protocol):
    """A bucket, a web server, or this machine. Safe for threads."""

    def describe(self, address: str) -> RemoteFile:
        """The file at exactly this address; `NotFound` if there is none."""

    def pages(self, folder: str, asked: Asked = ALL) -> Iterator[list[RemoteFile]]:
        """The files below the address of a folder, in the order of their paths."""

    def open(self, address: str, start: int = 0) -> AbstractContextManager[Opened]:
        """The bytes of a file from `start` on; `NotFound` if there is none, `Unavailable` if the line breaks off."""
