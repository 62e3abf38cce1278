"""The files of dataset versions over HTTP: single ones, archives for ClearML's clients, and uploads from a browser."""

import asyncio
import mimetypes
import shutil
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from tilth.base.atomic_io import translated_os_errors
from tilth.base.errors import CallUnknown, Invalid, TilthError
from tilth.base.ids import is_id, new_id
from tilth.base.paths import check_path
from tilth.domain.access import Permission
from tilth.server.routes.bodies import form_parts
from tilth.server.routes.metrics import METRICS
from tilth.server.routes.platform import Identity, Platform, identity_of
from tilth.server.routes.ranges import parse_range
from tilth.server.services.archives import parse_place
from tilth.server.services.contents import Contents
from tilth.server.services.previews import content_type
from tilth.server.services.scope import check_version
from tilth.server.stores.unit_of_work import Tx
from tilth.wire.envelope import status_of

__all__ = ["ACTIVE", "answer_contents", "answer_version"]

ACTIVE = ("text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml")
"""Types that can hold scripts; a browser runs them in a place of their own, away from the page's origin."""


_FOR_EVER = "private, max-age=31536000, immutable"
"""What a final version holds never changes."""


async def answer_version(platform: Platform, request: Request, path: str) -> Response:
    """The listing of a version, or one of its archives, as ClearML's client asks for it."""
    if request.method not in ("GET", "HEAD"):
        raise Invalid("versions can't be changed here", hint="make a new version")
    place = parse_place(path)
    if place is None:
        raise CallUnknown(f"there is no file {path:.200}", hint="check the address")
    id, number = place
    await _check(platform, request, Permission.READ, id)
    if number is None:
        listing: Any = await platform.in_thread(platform.contents.state, id)
        return Response(listing, 200, media_type="application/json")
    found: Any = await platform.in_thread(platform.contents.archive, id, number)
    size, pieces = found
    headers = {"content-length": str(size), "content-disposition": f'attachment; filename="dataset.{id}.{number:03d}.zip"'}
    if request.method == "HEAD":
        return Response(status_code=200, headers=headers)
    METRICS.moved("out", size)
    return StreamingResponse(_stream(platform, pieces), 200, headers, "application/zip")


async def answer_contents(platform: Platform, request: Request, path: str) -> Response:
    """`GET <version>/<path>` reads a file of a version, with `?thumbnail` a small picture of it, and with `?zip` a folder.

    `POST <version>` takes a form's files into a version that was begun.
    """
    with METRICS.timed(f"contents.{request.method.lower()}") as timing:
        try:
            id, _, name = path.partition("/")
            if not is_id(id):
                raise Invalid(f"{id!r:.100} is no id of a version", hint="check the address")
            if request.method == "POST":
                response = await _take(platform, request, id)
            elif request.method in ("GET", "HEAD"):
                response = await _read(platform, request, id, name)
            else:
                response = Response("Method Not Allowed", 405, {"allow": "GET, HEAD, POST"})
        except TilthError as error:
            response = JSONResponse({"msg": error.message, "hint": error.hint, "code": error.code}, status_of(error))
        timing.status = response.status_code
    return response


async def _read(platform: Platform, request: Request, id: str, name: str) -> Response:
    await _check(platform, request, Permission.READ, id)
    if "zip" in request.query_params:
        return await _zipped(platform, request, id, name)
    if "thumbnail" in request.query_params and (small := await _thumbnail(platform, id, name)):
        return small
    found: Any = await platform.in_thread(platform.contents.file, id, name)
    size = found[0]
    kind = content_type(name)
    shown = "download" not in request.query_params
    headers = {
        "content-disposition": f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{quote(name.rpartition('/')[2], safe='')}",
        "x-content-type-options": "nosniff",
        "accept-ranges": "bytes",
        "cache-control": _FOR_EVER,
    }
    if kind in ACTIVE:
        headers["content-security-policy"] = "sandbox"
    start, stop, status = 0, size, 200
    if "range" in request.headers:
        wanted = parse_range(request.headers["range"], size)
        if wanted is None:
            return Response(status_code=416, headers={"content-range": f"bytes */{size}"})
        (start, stop), status = wanted, 206
        headers["content-range"] = f"bytes {start}-{stop - 1}/{size}"
    headers["content-length"] = str(stop - start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=kind)
    part: Any = await platform.in_thread(partial(platform.contents.file, id, name, start=start, length=stop - start))
    METRICS.moved("out", stop - start)
    return StreamingResponse(_stream(platform, part[1]), status, headers, kind)


async def _thumbnail(platform: Platform, id: str, name: str) -> Response | None:
    """None for a file that no small picture can be made of: it is given out itself, and whoever shows it sees what it is."""
    found: Any = await platform.in_thread(platform.contents.thumbnail, id, name)
    if found is None:
        return None
    METRICS.moved("out", len(found.data))
    kind = mimetypes.guess_type(f"small.{found.suffix}")[0]
    return Response(found.data, 200, {"cache-control": _FOR_EVER, "x-content-type-options": "nosniff"}, kind)


async def _zipped(platform: Platform, request: Request, id: str, folder: str) -> Response:
    version: Any = await platform.in_thread(platform.contents.version, id)
    found: Any = await platform.in_thread(platform.contents.zipped, id, folder)
    size, pieces = found
    name = "-".join([version.name, version.version, *folder.split("/")] if folder else [version.name, version.version])
    headers = {
        "content-length": str(size),
        "content-disposition": f"attachment; filename*=UTF-8''{quote(f'{name}.zip', safe='')}",
        "x-content-type-options": "nosniff",
    }
    if request.method == "HEAD":
        return Response(status_code=200, headers=headers, media_type="application/zip")
    METRICS.moved("out", size)
    return StreamingResponse(_stream(platform, pieces), 200, headers, "application/zip")


async def _take(platform: Platform, request: Request, id: str) -> Response:
    await _check(platform, request, Permission.WRITE, id)
    folder = platform.contents.home.folder / "drafts" / f".uploading-{new_id()}"
    opened: list[BinaryIO] = []

    def begin(name: str, _: str | None) -> Any:
        check_path(name)
        target = folder / name
        with translated_os_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            opened.append(target.open("wb", buffering=0))
        return opened[-1].write

    try:
        async for _ in form_parts(request, begin):
            opened.pop().close()
        outcome: Any = await platform.in_thread(_put, platform.contents, id, folder)
    finally:
        for file in opened:
            file.close()
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    return JSONResponse(outcome)


def _put(contents: Contents, id: str, folder: Path) -> dict[str, int]:
    if not folder.exists():
        raise Invalid("the form holds no file", hint="choose at least one")
    return contents.take(id, folder)


async def _check(platform: Platform, request: Request, needed: Permission, id: str) -> None:
    said = identity_of(request)
    # What a page shows is asked for without its header; nothing but reading is done for that.
    own_page = said.own_page or needed is Permission.READ
    identity = Identity(authorization=said.authorization, cookie=said.cookie, own_page=own_page)
    dispatcher = platform.dispatcher

    def work(tx: Tx) -> None:
        actor = identity(tx)
        actor.check(needed, "use the files of datasets")
        check_version(tx, actor, id, needed)

    await platform.in_thread(lambda: dispatcher.database.run(lambda raw: work(Tx(raw, dispatcher.clock)), writes=False))


async def _stream(platform: Platform, pieces: Iterator[Any]) -> AsyncIterator[bytes]:
    while True:
        piece: Any = await platform.in_thread(next, pieces, None)
        if piece is None:
            return
        yield bytes(piece)
