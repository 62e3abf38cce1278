"""What changes, as it changes: server-sent events that name what to ask for again."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from tilth.base.errors import Denied, TilthError, Unavailable
from tilth.domain.access import Permission
from tilth.server.routes.platform import Identity, Platform, identity_of
from tilth.server.services.context import Origin
from tilth.server.services.scope import entered
from tilth.server.stores.unit_of_work import Tx
from tilth.wire.envelope import status_of

__all__ = ["live"]

_PAUSE_S = 0.5
_KEEP_ALIVE_S = 15.0
_MOST = 500


async def live(platform: Platform, request: Request) -> Response:
    """The feed of changes after `after` or the `Last-Event-ID`; from now on if neither is given."""
    # A browser's event source can't send the page's header; nothing but reading is done for it.
    said = identity_of(request)
    identity = Identity(authorization=said.authorization, cookie=said.cookie, own_page=True)
    after = request.headers.get("last-event-id") or request.query_params.get("after")
    try:
        start = await platform.in_thread(_start, platform, identity, after)
    except TilthError as error:
        return JSONResponse({"msg": error.message, "hint": error.hint}, status_of(error))
    assert isinstance(start, int)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_feed(platform, request, identity, start), headers=headers, media_type="text/event-stream")


async def _feed(platform: Platform, request: Request, identity: Identity, seq: int) -> AsyncIterator[bytes]:
    quiet = 0.0
    yield b"retry: 2000\n\n"
    while not platform.stopping and not await request.is_disconnected():
        try:
            found = await platform.in_thread(_changes, platform, identity, seq)
        except (Denied, Unavailable):  # signed out meanwhile, or no database: the browser asks again, and hears why
            return
        assert isinstance(found, list)
        if found:
            seq, quiet = found[-1]["seq"], 0.0
            yield b"".join(b"id: %d\ndata: %b\n\n" % (change["seq"], msgspec.json.encode(change)) for change in found)
            continue
        await asyncio.sleep(_PAUSE_S)
        quiet += _PAUSE_S
        if quiet >= _KEEP_ALIVE_S:
            quiet = 0.0
            yield b"event: still-here\ndata:1\n\n"  # a page that hears nothing for long knows that the line is cut


def _start(platform: Platform, identity: Identity, after: str | None) -> int:
    def work(tx: Tx) -> int:
        identity(tx).check(Permission.READ, "follow changes")
        return int(after) if after and after.isascii() and after.isdecimal() and len(after) < 19 else tx.last_change()

    dispatcher = platform.dispatcher
    return dispatcher.database.run(lambda connection: work(Tx(connection, dispatcher.clock)), writes=False)


def _changes(platform: Platform, identity: Identity, seq: int) -> list[dict[str, object]]:
    def work(tx: Tx) -> list[dict[str, object]]:
        entered(tx, identity(tx), Origin(), {})
        return tx.changes(seq, _MOST)

    dispatcher = platform.dispatcher
    return dispatcher.database.run(lambda connection: work(Tx(connection, dispatcher.clock)), writes=False)
