"""Calls about the file server."""

from typing import Any
from urllib.parse import quote, urlencode

from tilth.domain.access import Permission
from tilth.server.routes.rpc import procedure
from tilth.server.services import files as service
from tilth.server.services.context import Call
from tilth.server.services.scope import check_file, may

__all__: list[str] = []


@procedure("files.sign", since="2.34")
def sign(call: Call, path: str, method: str = "GET", expires_sec: int = 3_600) -> dict[str, Any]:
    """An address by which anybody may read or write one file for some time."""
    check_file(call.tx, call.actor, path, Permission.WRITE if method.upper() == "PUT" else Permission.READ)
    signed = service.sign(call, path, method=method, expires_s=expires_sec)
    query = urlencode({"expires": signed["expires"], "signature": signed["signature"]})
    base = call.origin.files_urls[0] if call.origin.files_urls else ""
    return signed | {"url": f"{base}/{quote(signed['path'])}?{query}"}


@procedure("files.list", since="2.34")
def list_files(call: Call, folder: str = "", after: str = "", limit: int = 1_000) -> dict[str, Any]:
    """The files in a folder and all below it, by their names; `next` is the `after` that goes on."""
    files = service.list_files(call, folder, after=after, limit=limit)
    shown = [
        {"path": file.path, "size": file.size_bytes, "content_type": file.content_type, "created": file.created}
        for file in files
        if may(call, file.path)
    ]
    return {"files": shown, "next": files[-1].path if len(files) == service.page_size(limit) else None}
