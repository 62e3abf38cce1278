"""The files of tasks over HTTP: uploads by form or as they are, downloads with ranges, both streamed."""

import mimetypes
import os
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, BinaryIO
from urllib.parse import quote, unquote_plus

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from tilth.base.errors import Forbidden, Invalid, ObjectNotFound, TilthError
from tilth.domain.access import Actor, Permission
from tilth.server.routes.bodies import form_parts, read_body
from tilth.server.routes.http_contents import ACTIVE, answer_version
from tilth.server.routes.metrics import METRICS
from tilth.server.routes.platform import SESSION, Identity, Platform, identity_of
from tilth.server.routes.ranges import parse_range
from tilth.server.services.archives import VERSIONS
from tilth.server.services.files import clean_path, delete_files, find_file, keep_file, verify_signature
from tilth.server.services.scope import check_file
from tilth.server.stores.files import StoredFile
from tilth.server.stores.unit_of_work import Tx
from tilth.store.streams import Writer
from tilth.wire.envelope import status_of

__all__ = ["answer_file"]

_PIECE = 1024 * 1024
_MOST_NAMES = 16 * 1024 * 1024
_DIRECT_BYTES = 256 * 1024
"""What is smaller is here sooner than another connection."""
_DIRECT_S = 3_600
_REPORT = "sandbox allow-scripts; default-src 'unsafe-inline' 'unsafe-eval' data: blob: https:"
"""For pages that a run made: scripts draw charts in them. They run as nobody, without cookies, and do not reach this server."""
_DRAWING = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
"""For drawings and other markup, which need no scripts."""
_FOLLOWERS = ("python-requests/", "tilth/")
"""Programs that go where an answer sends them, and leave their token behind."""
_SHOWN = ("image/", "video/", "audio/", "text/plain", "text/csv", "application/json", "application/pdf", "text/html", "image/svg+xml")


async def answer_file(platform: Platform, request: Request, path: str) -> Response:
    """Answer a request for the file at `path`, which was decoded once."""
    with METRICS.timed(f"files.{request.method.lower()}") as timing:
        try:
            response = await _answer(platform, request, path)
        except TilthError as error:
            status = status_of(error)
            response = JSONResponse({"msg": error.message, "hint": error.hint, "code": error.code}, status)
        timing.status = response.status_code
    return response


async def _answer(platform: Platform, request: Request, path: str) -> Response:
    name = path.strip("/")
    if name.startswith(f"{VERSIONS}/"):
        return await answer_version(platform, request, name)
    match request.method:
        case "POST" if name == "delete_many":
            return await _delete_many(platform, request)
        case "POST":
            return await _upload(platform, request)
        case "PUT":
            return await _put(platform, request, name)
        case "DELETE":
            return await _delete(platform, request, name)
        case "GET" | "HEAD" if not name:
            return await _ping(platform, request)
        case "GET" | "HEAD":
            return await _download(platform, request, name)
    return Response("Method Not Allowed", 405, {"allow": "GET, HEAD, POST, PUT, DELETE"})


async def _ping(platform: Platform, request: Request) -> Response:
    if request.headers.get("authorization"):
        await _run(platform, partial(_check, identity_of(request), Permission.READ, "", None))
    return Response("OK", 200, media_type="text/plain")


async def _upload(platform: Platform, request: Request) -> Response:
    _check_encoding(request)
    await _run(platform, partial(_check, identity_of(request), Permission.WRITE, "", None))
    writers: list[tuple[str, str | None, Writer]] = []
    done: list[tuple[str, str | None, Writer]] = []

    def begin(name: str, content_type: str | None) -> Any:
        writers.append((clean_path(_text(name)), content_type, platform.objects.create()))
        return writers[-1][2].write

    try:
        async for _ in form_parts(request, begin):
            done.append(writers[-1])
            await platform.in_thread(done[-1][2].commit)
        await _run(platform, partial(_keep, identity_of(request), None, done), writes=True)
    except BaseException:
        for _, _, writer in writers[len(done) :]:
            writer.abort()
        platform.objects.delete([writer.key for _, _, writer in done])
        raise
    METRICS.moved("in", sum(writer.size_bytes for _, _, writer in done))
    return JSONResponse([path for path, _, _ in done])


async def _put(platform: Platform, request: Request, path: str) -> Response:
    _check_encoding(request)
    await _run(platform, partial(_check, identity_of(request), Permission.WRITE, path, _signature(request)))
    name = clean_path(path)
    writer = platform.objects.create()
    expected = request.headers.get("content-length")
    try:
        async for piece in request.stream():
            writer.write(piece)
        _check_size(writer, expected)
        await platform.in_thread(writer.commit)
        await _run(
            platform,
            partial(_keep, identity_of(request), _signature(request), [(name, request.headers.get("content-type"), writer)]),
            writes=True,
        )
    except BaseException:
        writer.abort()
        platform.objects.delete([writer.key])
        raise
    METRICS.moved("in", writer.size_bytes)
    return JSONResponse([name])


async def _download(platform: Platform, request: Request, path: str) -> Response:
    file: StoredFile = await _run(platform, partial(_find, identity_of(request), path, _signature(request)))
    tag = f'"{file.key.rpartition("/")[2]}"'
    headers = _headers(file, request) | {"etag": tag, "accept-ranges": "bytes", "cache-control": "private, max-age=300"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    if file.size_bytes >= _DIRECT_BYTES and _follows(request):
        signed: Any = await platform.in_thread(partial(platform.objects.sign, "GET", file.key, expires_s=_DIRECT_S))
        if signed is not None:
            return Response(status_code=302, headers={"location": signed.url, "cache-control": "no-store"})
    start, stop, status = 0, file.size_bytes, 200
    wanted = request.headers.get("range")
    if wanted and request.headers.get("if-range", tag) == tag:
        found = parse_range(wanted, file.size_bytes)
        if found is None:
            return Response(status_code=416, headers={"content-range": f"bytes */{file.size_bytes}"})
        start, stop = found
        if (start, stop) != (0, file.size_bytes) or wanted:
            status = 206
            headers["content-range"] = f"bytes {start}-{stop - 1}/{file.size_bytes}"
    headers["content-length"] = str(stop - start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    try:
        opened: Any = await platform.in_thread(platform.objects.open, file.key)
    except ObjectNotFound as error:
        raise ObjectNotFound(f"the content of {path:.200} is gone", hint="upload it again") from error
    METRICS.moved("out", stop - start)
    return StreamingResponse(_pieces(platform, opened, start, stop), status, headers)


async def _delete(platform: Platform, request: Request, path: str) -> Response:
    _, missing = await _run(platform, partial(_remove, identity_of(request), [path]), writes=True)
    if missing:
        return JSONResponse({"msg": f"there is no file {path}"}, 404)
    return JSONResponse(path)


async def _delete_many(platform: Platform, request: Request) -> Response:
    try:
        body = msgspec.json.decode(await read_body(request, most=_MOST_NAMES), type=dict[str, list[str]])
    except msgspec.MsgspecError as error:
        raise Invalid(f"the list of files can't be read: {error}", hint='send {"files": [...]}') from error
    given = {name: unquote_plus(name) for name in body.get("files", [])}
    _, missing = await _run(platform, partial(_remove, identity_of(request), list(given.values())), writes=True)
    gone = set(missing)
    errors = {"Not found": [name for name, path in given.items() if path in gone]} if gone else {}
    return JSONResponse({"deleted": {name: path for name, path in given.items() if path not in gone}, "errors": errors})


async def _run(platform: Platform, work: Any, *, writes: bool = False) -> Any:
    """Run something in a transaction."""
    dispatcher = platform.dispatcher
    return await platform.in_thread(
        lambda: dispatcher.database.run(lambda connection: work(Tx(connection, dispatcher.clock)), writes=writes)
    )


def _check(identity: Identity, needed: Permission, path: str, signed: tuple[str, str] | None, tx: Tx) -> Actor | None:
    if signed:
        verify_signature(tx, path, method="PUT" if needed is Permission.WRITE else "GET", expires=signed[0], signature=signed[1])
        return None
    actor = identity(tx)
    actor.check(needed, "use files")
    if path:
        check_file(tx, actor, path, needed)
    return actor


def _find(identity: Identity, path: str, signed: tuple[str, str] | None, tx: Tx) -> StoredFile:
    # A picture in a page is asked for without the page's header; nothing but reading is done for that.
    reading = Identity(authorization=identity.authorization, cookie=identity.cookie, own_page=True)
    _check(reading, Permission.READ, path, signed, tx)
    return find_file(tx, path)


def _keep(identity: Identity, signed: tuple[str, str] | None, done: list[tuple[str, str | None, Writer]], tx: Tx) -> None:
    for path, content_type, writer in done:
        if signed is None:
            check_file(tx, identity(tx), path, Permission.WRITE)
        keep_file(tx, path, key=writer.key, size_bytes=writer.size_bytes, content_type=content_type)


def _remove(identity: Identity, paths: list[str], tx: Tx) -> tuple[list[str], list[str]]:
    actor = identity(tx)
    actor.check(Permission.WRITE, "delete files")
    return delete_files(tx, paths, lambda path: check_file(tx, actor, path, Permission.WRITE))


async def _pieces(platform: Platform, file: BinaryIO, start: int, stop: int) -> AsyncIterator[bytes]:
    try:
        file.seek(start)
        while start < stop:
            piece: Any = await platform.in_thread(file.read, min(_PIECE, stop - start))
            if not piece:
                raise OSError("a stored file is shorter than it was")
            start += len(piece)
            yield piece
    finally:
        file.close()


def _headers(file: StoredFile, request: Request) -> dict[str, str]:
    guessed = mimetypes.guess_type(file.path)[0]
    kind = (file.content_type or guessed or "application/octet-stream").partition(";")[0].strip().lower()
    shown = any(kind.startswith(known) for known in _SHOWN) and "download" not in request.query_params
    name = os.path.basename(file.path)
    disposition = f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{quote(name, safe='')}"
    headers = {"content-type": kind, "content-disposition": disposition, "x-content-type-options": "nosniff"}
    if kind in ACTIVE:
        headers["content-security-policy"] = _REPORT if kind == "text/html" else _DRAWING
    return headers


def _follows(request: Request) -> bool:
    """Whether a request may be sent on to where the bytes are: not from a page, which shows files under rules of ours."""
    headers = request.headers
    program = headers.get("user-agent", "").startswith(_FOLLOWERS) and SESSION not in request.cookies
    return request.method == "GET" and program and headers.get("x-tilth-direct", "yes") == "yes"


def _signature(request: Request) -> tuple[str, str] | None:
    query = request.query_params
    return (query["expires"], query["signature"]) if "signature" in query and "expires" in query else None


def _check_encoding(request: Request) -> None:
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Invalid("files in another encoding are not taken", hint="send the file as it is")
    if SESSION in request.cookies and not request.headers.get("authorization") and not identity_of(request).own_page:
        raise Forbidden("the request does not come from this server's page", hint="sign in")


def _check_size(writer: Writer, expected: str | None) -> None:
    if expected is not None and writer.size_bytes != int(expected):
        raise Invalid(f"{writer.size_bytes} of {expected} bytes came", hint="send the file again")


def _text(name: str) -> str:
    try:
        return name.encode("utf-8", "surrogateescape").decode()
    except UnicodeDecodeError as error:
        raise Invalid("the name of a file is not text in UTF-8", hint="use another name") from error
