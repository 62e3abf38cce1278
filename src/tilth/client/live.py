"""What a server says changed, as it changes: the feed of server-sent events that its page listens to as well."""

from collections.abc import Iterator
from typing import Any

import msgspec
import urllib3
from msgspec import Struct
from urllib3.exceptions import HTTPError, ReadTimeoutError

from tilth.base.errors import Denied, Unavailable
from tilth.client.http import HttpSession

__all__ = ["SILENCE_S", "Change", "changes"]

SILENCE_S = 45.0
"""The server says something every 15 seconds. A line that is silent for so long was cut, or something on the way keeps what is said."""
_TYPE = "text/event-stream"
_LONGEST = 1 << 20


class Change(Struct, frozen=True):
    """One thing that changed."""

    kind: str
    """Such as `version.finished`."""
    entity: str | None = None
    project: str | None = None


def changes(session: HttpSession, address: str, *, silence_s: float = SILENCE_S) -> Iterator[Change | None]:
    """What changes from now on, as soon as the server says it; None when the line stands, and whenever nothing changed for a moment.

    Ends when the server, or something on the way, ends the line. `Unavailable` if nobody answers, or the line is silent for too long, or
    what answers is no feed; `Denied` if nobody may listen.
    """
    headers = {"accept": _TYPE, "cache-control": "no-cache"}
    timeout = urllib3.Timeout(connect=10, read=silence_s)
    answer = session.send("GET", address, headers=headers, safe=True, preload_content=False, timeout=timeout)
    try:
        if answer.status in (401, 403):
            raise Denied(f"{address} refuses to tell of changes (status {answer.status})", hint="check the key")
        if answer.status != 200 or not str(answer.headers.get("content-type", "")).startswith(_TYPE):
            raise Unavailable(f"{address} does not tell of changes (status {answer.status})", hint="check api.web_server")
        yield from _events(_lines(answer, address))
    finally:
        answer.close()


def _lines(answer: Any, address: str) -> Iterator[bytes]:
    rest = b""
    while True:
        try:
            # Whatever is there, at once: a read of so many bytes would wait for them.
            piece = answer.read1(_LONGEST)
        except ReadTimeoutError as error:
            raise Unavailable(f"{address} says nothing any more", hint="something on the way may keep back what it says") from error
        except (HTTPError, OSError) as error:
            raise Unavailable(f"the line to {address} was cut", hint="check the network") from error
        if not piece:
            return
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) > _LONGEST:
            raise Unavailable(f"{address} does not tell of changes", hint="check api.web_server")
        yield from lines


def _events(lines: Iterator[bytes]) -> Iterator[Change | None]:
    data = b""
    for line in (found.rstrip(b"\r") for found in lines):
        if line.startswith(b"data:"):
            data += line.removeprefix(b"data:").strip()
        elif not line:
            yield _change_in(data)
            data = b""


def _change_in(data: bytes) -> Change | None:
    try:
        return msgspec.json.decode(data, type=Change)
    except (msgspec.MsgspecError, RecursionError):  # a sign of life, or what a later release says
        return None
