"""The objects of the repository over HTTP, for clients that keep no store of their own."""

import re
from collections.abc import AsyncIterator
from functools import partial
from itertools import islice
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from tilth.base.errors import Invalid, ObjectNotFound, TilthError
from tilth.domain.access import Permission
from tilth.server.routes.bodies import read_body
from tilth.server.routes.metrics import METRICS
from tilth.server.routes.packing import packed
from tilth.server.routes.platform import Platform, identity_of
from tilth.server.routes.ranges import parse_range
from tilth.server.stores.unit_of_work import Tx
from tilth.store.api import Key, ObjectInfo, ObjectStore
from tilth.wire.envelope import status_of

__all__ = ["answer_object"]

_NAME = r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}"
_KEY = re.compile(rf"^(?!objects/|tmp/(?!probe-)){_NAME}(?:/{_NAME}){{0,4}}$")
"""Any key of the repository's; files that tasks uploaded, and what is being written, lie in the same store and are not its."""
_PREFIX = re.compile(rf"^(?!objects/|tmp/)(?:{_NAME}/){{0,4}}$")
_SMALL = 16 * 1024 * 1024
_PAGE = 10_000
_SIGNED_S = 3_600
_PIECE = 4 * 1024 * 1024


async def answer_object(platform: Platform, request: Request, path: str) -> Response:
    """Answer a request for the object at `path`, or for many of them if it is empty."""
    with METRICS.timed(f"objects.{request.method.lower()}") as timing:
        try:
            response = await _answer(platform, request, path.strip("/"))
        except TilthError as error:
            response = JSONResponse({"msg": error.message, "hint": error.hint, "code": error.code}, status_of(error))
        timing.status = response.status_code
    return response


async def _answer(platform: Platform, request: Request, path: str) -> Response:
    writes = request.method in ("PUT", "POST", "DELETE") or request.query_params.get("sign") == "PUT"
    await _check(platform, request, Permission.WRITE if writes else Permission.READ)
    store = platform.contents.home.repository.store
    if not path:
        return await (_delete(platform, request, store) if request.method == "POST" else _list(platform, request, store))
    key = _key(path)
    if "sign" in request.query_params:
        return await _sign(platform, request, key)
    match request.method:
        case "PUT":
            return await _put(platform, request, store, key)
        case "GET" | "HEAD":
            return await _get(platform, request, store, key)
    return Response("Method Not Allowed", 405, {"allow": "GET, HEAD, PUT, POST"})


async def _sign(platform: Platform, request: Request, key: Key) -> Response:
    """An address by which the object can be read or written without us, if the store has such addresses."""
    method = request.query_params["sign"]
    if request.method != "GET" or method not in ("GET", "PUT"):
        raise Invalid(f"sign: {method!r:.20} can't be signed", hint="use GET or PUT")
    signed: Any = await platform.in_thread(partial(platform.objects.sign, method, key, expires_s=_SIGNED_S))
    found = {"url": None} if signed is None else {"url": signed.url, "headers": signed.headers, "expires_s": _SIGNED_S}
    return JSONResponse(found, headers={"cache-control": "no-store"})


async def _put(platform: Platform, request: Request, store: ObjectStore, key: Key) -> Response:
    if request.headers.get("if-none-match") == "*":
        body = await read_body(request, most=_SMALL)
        if await platform.in_thread(store.put_if_absent, key, body):
            return Response(status_code=201)
        return Response(status_code=412)
    writer = platform.objects.create(key)
    try:
        async for piece in request.stream():
            writer.write(piece)
        expected = request.headers.get("content-length")
        if expected is not None and int(expected) != writer.size_bytes:
            raise Invalid("the object did not come whole", hint="send it again")  # noqa: TRY301 - undone below
        await platform.in_thread(writer.commit)
    except BaseException:
        writer.abort()
        raise
    METRICS.moved("in", writer.size_bytes)
    return Response(status_code=201)


async def _get(platform: Platform, request: Request, store: ObjectStore, key: Key) -> Response:
    found: Any = await platform.in_thread(store.head, key)
    if found is None:
        raise ObjectNotFound(f"there is no object {key}", hint="check the key")
    size, start, stop, status = found.size_bytes, 0, found.size_bytes, 200
    headers = {"x-tilth-modified": repr(found.modified_s), "accept-ranges": "bytes"}
    if "range" in request.headers:
        wanted = parse_range(request.headers["range"], size)
        if wanted is None:
            return Response(status_code=416, headers={"content-range": f"bytes */{size}"})
        (start, stop), status = wanted, 206
        headers["content-range"] = f"bytes {start}-{stop - 1}/{size}"
    headers["content-length"] = str(stop - start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    METRICS.moved("out", stop - start)
    if stop - start <= _PIECE:
        data: Any = await platform.in_thread(store.get_range, key, start, stop - start) if stop > start else b""
        return Response(data, status, headers, "application/octet-stream")
    return StreamingResponse(_pieces(platform, store, key, start, stop), status, headers, "application/octet-stream")


async def _pieces(platform: Platform, store: ObjectStore, key: Key, start: int, stop: int) -> AsyncIterator[bytes]:
    while start < stop:
        piece: Any = await platform.in_thread(store.get_range, key, start, min(_PIECE, stop - start))
        start += len(piece)
        yield piece


async def _list(platform: Platform, request: Request, store: ObjectStore) -> Response:
    prefix, after = request.query_params.get("prefix", ""), request.query_params.get("after", "")
    if not _PREFIX.match(prefix):
        raise Invalid(f"{prefix!r:.60} is no prefix of objects", hint="use packs/, versions/ and so on")

    def page() -> list[ObjectInfo]:
        known = (info for info in store.list(prefix, after=after) if _KEY.match(info.key))
        return list(islice(known, _PAGE))

    found: Any = await platform.in_thread(page)
    rows = [(info.key, info.size_bytes, info.modified_s) for info in found]
    following = rows[-1][0] if len(rows) == _PAGE else None
    return await packed(request, Response(msgspec.json.encode({"objects": rows, "next": following}), media_type="application/json"))


async def _delete(platform: Platform, request: Request, store: ObjectStore) -> Response:
    try:
        named = msgspec.json.decode(await read_body(request, most=_SMALL), type=dict[str, list[str]])
    except msgspec.MsgspecError as error:
        raise Invalid(f"the list of objects can't be read: {error}", hint='send {"delete": [...]}') from error
    keys = [_key(key) for key in named.get("delete", [])]
    await platform.in_thread(store.delete, keys)
    return Response(status_code=204)


async def _check(platform: Platform, request: Request, needed: Permission) -> None:
    dispatcher, identity = platform.dispatcher, identity_of(request)

    def work(tx: Tx) -> None:
        identity(tx).check(needed, "use the repository")

    await platform.in_thread(lambda: dispatcher.database.run(lambda raw: work(Tx(raw, dispatcher.clock)), writes=False))


def _key(path: str) -> Key:
    if not _KEY.match(path):
        raise Invalid(f"{path!r:.100} is no key of an object", hint="use keys as the repository makes them")
    return Key(path)
