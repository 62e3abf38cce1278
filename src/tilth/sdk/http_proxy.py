"""A proxy for HTTP beside a run: it forwards by the beginning of a path, and lets the script see what comes and goes."""

import inspect
import logging
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

import urllib3
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route as AppRoute
from starlette.types import Message, Receive

from tilth.base.errors import Invalid, Unavailable
from tilth.sdk.endpoint_load import EndpointLoad

__all__ = ["HttpProxy", "ProxyRoute"]

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_OF_ONE_CONNECTION = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade", "host"}
)
_TIMEOUT = urllib3.Timeout(connect=10, read=600)
_START_S = 30.0
_PIECE = 64 * 1024
_LARGEST_BODY = 256 * 1024 * 1024
"""Of a request, which is in memory as a whole."""


class ProxyRoute:
    """Where the requests of one path go, and what the script wants to do with them."""

    def __init__(
        self,
        source: str,
        target: str,
        *,
        on_request: Callable[..., Any] | None = None,
        on_response: Callable[..., Any] | None = None,
        on_error: Callable[..., Any] | None = None,
        load: EndpointLoad | None = None,
    ) -> None:
        if not target.startswith(("http://", "https://")):
            raise Invalid(f"{target!r:.200} is no address to forward to", hint="give one such as http://localhost:8000")
        self.source = f"/{source.strip('/')}"
        self._parts = [unquote(part) for part in self.source[1:].split("/") if self.source != "/"]
        self.target = target.rstrip("/")
        self.on_request = on_request
        self.on_response = on_response
        self.on_error = on_error
        self.load = load
        self.state: dict[str, Any] = {}
        """Whatever the three want to remember."""

    def means(self, path: str) -> bool:
        """Whether a path, as it came, begins with this route's."""
        return [unquote(part) for part in _parts(path)[: len(self._parts)]] == self._parts

    def address(self, path: str, query: str) -> str:
        """Where a request goes; what is encoded in its path stays encoded."""
        rest = "".join(f"/{part}" for part in _parts(path)[len(self._parts) :])
        return f"{self.target}{rest}{f'?{query}' if query else ''}"


class HttpProxy:
    """One port of this machine. Serves from `start` to `close`, in a thread."""

    def __init__(
        self, port: int, *, default: str | None, log_level: str | None, access_log: bool, streams: bool, host: str, patience_s: float
    ) -> None:
        self.host = host
        self._patience_s = patience_s
        self._process = os.getpid()
        self.port = port
        self._default = ProxyRoute("/", default) if default else None
        self._streams = streams
        self._routes: dict[str, ProxyRoute] = {}
        self._http = urllib3.PoolManager(retries=False, timeout=_TIMEOUT, maxsize=32)
        app = Starlette(routes=[AppRoute("/{path:path}", self._answer, methods=_METHODS)])
        level = (log_level or "info").lower()
        if level not in ("critical", "error", "warning", "info", "debug", "trace"):
            raise Invalid(f"{log_level!r:.60} is no level of a log", hint="use critical, error, warning, info, debug or trace")
        config = uvicorn.Config(app, log_level=level, access_log=access_log, lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread: threading.Thread | None = None

    def add(self, route: ProxyRoute) -> None:
        """Forward the requests of a path; a route of the same path that was there before is replaced."""
        self.remove(route.source)
        self._routes[route.source] = route
        if route.load is not None:
            route.load.start()

    def remove(self, source: str) -> None:
        """Forward the requests of a path no more; nothing if there is no such route."""
        route = self._routes.pop(f"/{source.strip('/')}", None)
        if route is not None:
            _wait_for([route.load.stop()] if route.load is not None else [], self._patience_s)

    def start(self) -> None:
        """Listen, once."""
        if self._thread is not None:
            return
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((self.host, self.port))
        except OSError as error:
            listening.close()
            where = f"port {self.port} of {self.host}"
            raise Unavailable(f"{where} can't be listened on ({error.strerror})", hint="use another incoming_port or host") from error
        self.port = listening.getsockname()[1]
        self._thread = threading.Thread(target=self._server.run, args=([listening],), name="tilth-proxy", daemon=True)
        self._thread.start()
        until = time.monotonic() + _START_S
        while not self._server.started and time.monotonic() < until:
            time.sleep(0.01)

    def close(self) -> None:
        """Listen no more, and let the server hear it, which is waited for so long at the most as the end of a run. Nothing in a fork."""
        if self._process != os.getpid():
            return
        routes = list(self._routes.values())
        self._routes.clear()
        _wait_for([route.load.stop() for route in routes if route.load is not None], self._patience_s)
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(timeout=5.0)

    async def _answer(self, request: Request) -> Response:
        path = _path(request)
        if _leads_elsewhere(path):
            return PlainTextResponse("a path with . or .. in it is not forwarded: ask for the path that is meant", status_code=400)
        found = [route for route in list(self._routes.values()) if route.means(path)]
        route = max(found, key=lambda one: len(one.source), default=self._default)
        if route is None:
            return PlainTextResponse(f"nothing is served at {request.url.path}", status_code=404)
        began = time.monotonic()
        request = Request(request.scope, _limited(request.receive))
        try:
            request = await _called(route.on_request, request, state=route.state) or request
            response = await self._forwarded(route, request)
            return await _called(route.on_response, response, request, state=route.state) or response
        except _TooLarge:
            return PlainTextResponse(f"requests of more than {_LARGEST_BODY >> 20} MiB are not forwarded", status_code=413)
        except Exception as error:  # noqa: BLE001 - the script's own code, or another server: whoever asked gets an answer
            logging.getLogger("tilth.proxy").warning("%s %s: %s", request.method, request.url.path, error)
            answer: Response | None = await _called(route.on_error, request, error, state=route.state)
            return answer or PlainTextResponse(f"{route.target} did not answer: {type(error).__name__}", status_code=502)
        finally:
            if route.load is not None:
                route.load.count(time.monotonic() - began)

    async def _forwarded(self, route: ProxyRoute, request: Request) -> Response:
        path = _path(request)
        if _leads_elsewhere(path):
            raise Invalid(f"{path!r:.100} leads out of {route.target}", hint="return a path without . and .. from request_callback")
        answer = await run_in_threadpool(
            self._http.request,
            request.method,
            route.address(path, request.url.query),
            body=await request.body() or None,
            headers=_passed_on(request.headers),
            preload_content=False,
            redirect=False,
            decode_content=False,
        )
        headers = _passed_on(answer.headers)
        if self._streams and "transfer-encoding" in answer.headers:
            return StreamingResponse(answer.stream(_PIECE, decode_content=False), status_code=answer.status, headers=headers)
        content = await run_in_threadpool(answer.read)
        answer.release_conn()
        if request.method != "HEAD":
            headers["content-length"] = str(len(content))
        return Response(content, status_code=answer.status, headers=headers)


def _wait_for(leaving: Sequence[threading.Thread | None], patience_s: float) -> None:
    """Wait for all of them together; who is not done by then goes on by itself."""
    until = time.monotonic() + patience_s
    for thread in leaving:
        if thread is not None:
            thread.join(max(0.0, until - time.monotonic()))


class _TooLarge(Exception):
    """A request's body is too large to be held in memory."""


def _limited(receive: Receive) -> Receive:
    size = 0

    async def received() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > _LARGEST_BODY:
            raise _TooLarge
        return message

    return received


def _path(request: Request) -> str:
    """The path as it came, or as the script set it since."""
    came: str = request.scope["raw_path"].decode("latin-1")
    now: str = request.scope["path"]
    return came if unquote(came) == now else quote(now)


def _parts(path: str) -> list[str]:
    return path.removeprefix("/").split("/")


def _leads_elsewhere(path: str) -> bool:
    """Whether whoever reads a path, decoding it once or more often, may go up in it."""
    while (decoded := unquote(path)) != path:
        path = decoded
    return any(part.partition(";")[0] in (".", "..") for part in re.split(r"[/\\]", path))


def _passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _OF_ONE_CONNECTION}


async def _called(callback: Callable[..., Any] | None, *given: Any, state: dict[str, Any]) -> Any:
    if callback is None:
        return None
    found = callback(*given, persistent_state=state)
    return await found if inspect.isawaitable(found) else found
