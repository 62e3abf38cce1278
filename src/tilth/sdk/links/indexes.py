"""The index pages by which web servers show what lies in a folder: Apache's, nginx's, lighttpd's and Python's, and nginx's in JSON.

Only what lies right in the folder counts, so links to the folder above, to other orders of the same index, and to elsewhere do not.
A name whose bytes are no UTF-8 stands with these bytes escaped, as in its address: `a%E8`.
"""

import json
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urldefrag, urljoin

from msgspec import Struct

from tilth.base.addresses import readable_path

__all__ = ["Index", "Listed", "index_of", "json_index_of"]

_TITLES = ("index of", "directory listing for")
_KINDS = ("file", "directory", "other")
_LARGEST = (1 << 63) - 1
"""No file is larger, whatever is said."""


class Listed(Struct, frozen=True, gc=False):
    """Something that an index names."""

    address: str
    """Ends with `/` if it is a folder."""
    size: int = -1
    """Bytes; -1 if the index does not say just how many."""
    modified_ns: int = 0
    """When it was last modified, in whole seconds; 0 if the index does not say it."""

    @property
    def is_folder(self) -> bool:
        return self.address.endswith("/")


class Index(Struct):
    """What lies in a folder, in the order of paths."""

    entries: list[Listed]
    unclear: list[str]
    """Addresses that would have the path of another one: `a%E8` is also what the name of that byte stands as."""


def index_of(page: str, folder: str) -> Index | None:
    """What an index in HTML shows; None if the page is no index."""
    parser = _Links()
    parser.feed(page)
    parser.close()
    if not parser.title.strip().lower().startswith(_TITLES):
        return None
    base = folder.rstrip("/") + "/"
    found = _Collected(base)
    for href in parser.hrefs:
        found.add(Listed(urldefrag(urljoin(base, href.strip())).url))
    return found.index()


def json_index_of(data: bytes, folder: str) -> Index | None:
    """What an index in JSON shows, with sizes and times; None if the data is no index."""
    try:
        rows = json.loads(data.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(rows, list) or not all(_is_row(row) for row in rows):
        return None
    base = folder.rstrip("/") + "/"
    found = _Collected(base)
    for row in rows:
        address = base + quote(_name_in(row["name"]), safe="")
        if row["type"] == "directory":
            found.add(Listed(f"{address}/"))
        elif row["type"] == "file":
            size = row.get("size")
            found.add(Listed(address, size if type(size) is int and 0 <= size <= _LARGEST else -1, _nanoseconds(row.get("mtime"))))
    return found.index()


class _Collected:
    """What an index names, by paths."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._found: dict[str, Listed] = {}
        self._unclear: set[str] = set()

    def add(self, one: Listed) -> None:
        inside = one.address.removeprefix(self._base)
        name, slash, deeper = inside.partition("/")
        plain = readable_path(name)
        if inside == one.address or deeper or "?" in name or "/" in plain or plain in ("", ".", ".."):
            return
        path = plain + slash
        before = self._found.get(path, one)
        kept, other = (one, before) if _is_unicode(one.address) else (before, one)
        self._found[path] = kept
        if _bytes(kept) != _bytes(other):
            self._unclear.add(other.address)

    def index(self) -> Index:
        return Index([self._found[path] for path in sorted(self._found)], sorted(self._unclear))


class _Links(HTMLParser):
    """Collects the title and the addresses of links."""

    def __init__(self) -> None:
        super().__init__()
        self.title = ""
        self.hrefs: list[str] = []
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_title = tag == "title"
        if tag == "a":
            self.hrefs += [value for name, value in attrs if name == "href" and value]

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data


def _is_row(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("name"), str) and row.get("type") in _KINDS


def _nanoseconds(said: Any) -> int:
    try:
        return int(parsedate_to_datetime(str(said)).timestamp()) * 1_000_000_000
    except (ValueError, OverflowError):
        return 0


def _name_in(said: str) -> bytes:
    """The bytes of a name, as far as there are any: JSON can escape what no name has."""
    try:
        return said.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return said.encode("utf-8", "surrogatepass")


def _bytes(one: Listed) -> bytes:
    return unquote_to_bytes(one.address)


def _is_unicode(address: str) -> bool:
    try:
        unquote_to_bytes(address).decode()
    except UnicodeDecodeError:
        return False
    return True
