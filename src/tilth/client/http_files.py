"""The files of a server, over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import msgspec
from urllib3.exceptions import HTTPError

from tilth.base.errors import Denied, Invalid, ObjectNotFound, TilthError, Unavailable
from tilth.client.files import Counted, Told, guessed_type
from tilth.client.http import HttpSession
from tilth.store.bandwidth import Bandwidth, PacedFile

__all__ = ["HttpFiles"]

_THROUGH = {"x-tilth-direct": "no"}
"""Asks the server not to send us elsewhere."""
_SAFE = "/!$'()*+,;=:@"


class HttpFiles:
    """The files of a server."""

    def __init__(self, session: HttpSession, files_server: str, bandwidth: Bandwidth | None = None) -> None:
        self._session = session
        self._bandwidth = bandwidth or Bandwidth()
        self.files_server = files_server.rstrip("/")

    def put(self, name: str, source: Path, *, content_type: str | None = None, told: Told | None = None) -> None:
        with source.open("rb") as file:
            size = source.stat().st_size
            headers = {"content-type": content_type or guessed_type(name), "content-length": str(size)}
            body = PacedFile(Counted(file, told), self._bandwidth.upload) if size else b""
            answer = self._session.send("PUT", self._url(name), body=body, headers=headers)
        _check(answer, name)

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        answer = self._get(name)
        try:
            if answer.status != 200:
                answer.read()
                _check(answer, name)
            paced: Any = PacedFile(answer, self._bandwidth.download)
            yield paced
        except HTTPError as error:
            raise Unavailable(f"{name:.200} broke off ({error})", hint="try again") from error
        finally:
            answer.close()  # a connection that was not read to its end is of no more use

    def size(self, name: str) -> int | None:
        answer = self._session.send("HEAD", self._url(name), safe=True)
        if answer.status == 404:
            return None
        _check(answer, name)
        return int(answer.headers.get("content-length", 0))

    def version(self, name: str) -> str | None:
        answer = self._session.send("HEAD", self._url(name), safe=True, redirect=True)
        if answer.status == 404:
            return None
        _check(answer, name)
        return " ".join(answer.headers.get(header, "") for header in ("etag", "last-modified", "content-length"))

    def delete(self, name: str) -> bool:
        answer = self._session.send("DELETE", self._url(name), safe=True)
        if answer.status == 404:
            return False
        _check(answer, name)
        return True

    def _get(self, name: str) -> Any:
        """The answer with the bytes, from the bucket where they lie if the server sends us there and we get there."""
        url = self._url(name)
        answer = self._session.send("GET", url, safe=True, preload_content=False)
        if answer.status != 302:
            return answer
        place = answer.headers["location"]
        answer.release_conn()
        return self._session.direct("GET", place, preload_content=False) or self._session.send(
            "GET", url, headers=_THROUGH, safe=True, preload_content=False
        )

    def _url(self, name: str) -> str:
        return f"{self.files_server}/{quote(name, safe=_SAFE)}"


def _check(answer: Any, name: str) -> None:
    if answer.status in (200, 201, 204):
        return
    try:
        said = msgspec.json.decode(answer.data or b"{}")
        message, hint = said.get("msg", ""), said.get("hint", "")
    except (msgspec.MsgspecError, AttributeError):
        message, hint = "", ""
    kind: type[TilthError] = {404: ObjectNotFound, 401: Denied, 403: Denied, 503: Unavailable}.get(
        answer.status, Invalid if answer.status < 500 else Unavailable
    )
    raise kind(message or f"the server answered {answer.status} for the file {name:.200}", hint=hint or "check the address and the rights")
