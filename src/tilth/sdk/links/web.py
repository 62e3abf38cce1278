"""Web servers that are not ours, as places of links: files by their addresses, and folders by the index pages that servers show.

An index is walked in the order of paths, while those that come next, and the states of single files, are asked for already.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from tilth.base.addresses import readable_path, shown_address
from tilth.base.errors import Denied, Invalid, NotFound, PathCollision
from tilth.sdk.links.ahead import ahead, done
from tilth.sdk.links.indexes import index_of, json_index_of
from tilth.sdk.links.remote import ALL, Asked, LeftOut, OnLeftOut, Opened, RemoteFile
from tilth.sdk.links.states import told_states

__all__ = ["WebSource"]

_PAGE = 256
_REQUESTS_AT_ONCE = 16
_AHEAD = 4
"""So many files are asked for at a time for each request that is on its way."""
_FOLDERS_AHEAD = 8
_LARGEST_INDEX = 256 << 20
_DEEPEST = 32
_WITHOUT_INDEX = "check the address, name its files one by one, or use the address of the bucket behind it"


class _Shown(Struct, frozen=True, gc=False):
    """What an index shows: a file, a folder, or what can't be had."""

    address: str
    file: RemoteFile | None = None
    """Its state, if the index tells it."""
    left: LeftOut | None = None


class WebSource:
    """A web server."""

    def describe(self, address: str) -> RemoteFile:
        return _web_file(address, _web().describe(address))

    def pages(self, folder: str, asked: Asked = ALL) -> Iterator[list[RemoteFile]]:
        behind = readable_path(asked.after)
        at_once = asked.workers or _REQUESTS_AT_ONCE
        with ThreadPoolExecutor(at_once, thread_name_prefix="tilth-links") as pool:
            shown = self._below(pool, folder.rstrip("/"), recursive=asked.recursive)
            new = (one for one in shown if not behind or readable_path(one.address) > behind)
            wanted = (one for one in new if one.address.endswith("/") or asked.wants(one.address))
            found = ahead(lambda one: self._begin(pool, one), wanted, _AHEAD * at_once)
            files = self._kept((one for _, one in found), asked.left_out)
            while page := list(islice(files, _PAGE)):
                yield page

    def shows_files(self, folder: str) -> bool:
        """Whether a folder has an index that shows a file in it, or below it; none is asked for its state."""
        with ThreadPoolExecutor(_REQUESTS_AT_ONCE, thread_name_prefix="tilth-links") as pool:
            return next((True for one in self._below(pool, folder.rstrip("/"), recursive=True) if not one.left), False)

    @contextmanager
    def open(self, address: str, start: int = 0) -> Iterator[Opened]:
        with _web().open_web_from(address, start) as (answer, told, begin):
            yield Opened(_web_file(address, told), begin, answer.read)

    def _begin(self, pool: ThreadPoolExecutor, shown: _Shown) -> "Future[RemoteFile | LeftOut]":
        known = shown.left or shown.file
        return done(known) if known else pool.submit(self._asked, shown.address)

    def _asked(self, address: str) -> RemoteFile | LeftOut:
        try:
            return self.describe(address)
        except (Denied, Invalid, NotFound) as error:
            return LeftOut(address, error)

    @staticmethod
    def _kept(found: Iterator[RemoteFile | LeftOut], left_out: OnLeftOut) -> Iterator[RemoteFile]:
        for one in found:
            if isinstance(one, LeftOut):
                left_out(one)
            else:
                yield one

    def _below(self, pool: ThreadPoolExecutor, folder: str, *, recursive: bool) -> Iterator[_Shown]:
        """What index pages show, in the order of the paths; folders that can't be listed are among what can't be had."""
        top = f"{folder}/"
        waiting = [_Shown(top)]
        begun: dict[str, Future[list[_Shown]]] = {}
        while waiting:
            one = waiting.pop()
            if one.left or not one.address.endswith("/"):
                yield one
                continue
            if one.address != top and not recursive:
                continue
            if one.address.count("/") - top.count("/") >= _DEEPEST:
                raise Invalid(
                    f"{shown_address(one.address)} is a folder below more than {_DEEPEST} others: it may be one of them again",
                    hint="name the folders that hold the files",
                )
            coming = begun.pop(one.address, None) or pool.submit(self._children, one.address)
            if recursive:
                self._begin_next(pool, waiting, begun)
            try:
                waiting += reversed(coming.result())
            except (Denied, NotFound) as error:
                if one.address == top:
                    raise
                waiting.append(_Shown(one.address, left=LeftOut(one.address, error)))

    def _begin_next(self, pool: ThreadPoolExecutor, waiting: list[_Shown], begun: "dict[str, Future[list[_Shown]]]") -> None:
        """Ask for the index pages that are likely to come next."""
        for one in waiting[: -_FOLDERS_AHEAD - 1 : -1]:
            if one.address.endswith("/") and not one.left and one.address not in begun and len(begun) < _FOLDERS_AHEAD:
                begun[one.address] = pool.submit(self._children, one.address)

    def _children(self, folder: str) -> list[_Shown]:
        web = _web()
        try:
            page = web.page(folder, most_bytes=_LARGEST_INDEX)
        except (Denied, NotFound) as error:
            shown = shown_address(folder)
            said = error.message.removeprefix(f"{shown} ")
            login = "it is only for those who log in: " if isinstance(error, Denied) else ""
            raise type(error)(f"{shown} can't be listed: it {said}", hint=login + _WITHOUT_INDEX) from error
        index = None
        if page is not None:
            index = json_index_of(page.data, folder) if page.is_json else index_of(page.data.decode("utf-8", "replace"), folder)
        if page is None or index is None:
            raise Denied(
                f"{shown_address(folder)} can't be listed: its server shows no index of it, as Apache and nginx do where they are told to",
                hint=_WITHOUT_INDEX,
            )
        states = told_states(index.entries, self.describe, settled_before_ns=page.at_ns - web.UNSETTLED_NS)
        unclear = [_Shown(address, left=LeftOut(address, _unclear(address))) for address in index.unclear]
        return [*unclear, *(_Shown(one.address, states.get(one.address)) for one in index.entries)]


def _unclear(address: str) -> PathCollision:
    return PathCollision(
        f"{shown_address(address)} has a name that is not UTF-8, and beside it lies one with just the name that it would get",
        hint="rename one of the two there",
    )


def _web_file(address: str, told: Any) -> RemoteFile:
    if urlsplit(told.leads_to).path == f"{urlsplit(address).path}/":
        raise Invalid(f"{shown_address(address)} is a folder, not a file", hint="end its address with / if its files are meant")
    if told.is_page:
        raise Denied(
            f"{shown_address(address)} is answered with a page for people, not with a file",
            hint="it may want a login: open the address in a browser",
        )
    return RemoteFile(address, -1 if told.size is None else told.size, told.etag, told.modified_ns)


def _web() -> Any:
    return import_module("tilth.client.web")  # brings urllib3, which a home without a server never needs
