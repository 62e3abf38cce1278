"""The whole server as one ASGI application: which part answers which path."""

from contextlib import suppress

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tilth.server.app.background import Background
from tilth.server.routes import http_state
from tilth.server.routes.http_contents import answer_contents
from tilth.server.routes.http_files import answer_file
from tilth.server.routes.http_live import live
from tilth.server.routes.http_objects import answer_object
from tilth.server.routes.http_oidc import CALLBACK, LOGIN, OpenId, begin_sign_in, end_sign_in
from tilth.server.routes.http_page import is_file_of_page, page
from tilth.server.routes.http_rpc import answer_call, looks_like_call
from tilth.server.routes.http_session import SignInLimit, sign_in, sign_in_by_link, sign_out
from tilth.server.routes.platform import Platform

__all__ = ["Site"]


class Site:
    """The API under `/api`, files under `/files`, live changes under `/live`, the page everywhere else."""

    def __init__(self, platform: Platform, background: Background, openid: OpenId | None = None) -> None:
        self._platform = platform
        self._background = background
        self._openid = openid
        self._limit = SignInLimit()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            with suppress(ClientDisconnect):  # whoever asked is gone; what was begun for them is undone
                request = Request(scope, receive)
                response = await self._answer(request)
                if _may_fork_while_connected(request):
                    response.headers["connection"] = "close"
                await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        scope = request.scope
        path = _path_of(scope)
        server = scope.get("server")
        role = self._platform.extra_ports.get(server[1]) if server and server[1] else None
        if path in _STATE:
            return await _STATE[path](self._platform, request)
        if path == "/api/objects" or path.startswith("/api/objects/"):
            return await answer_object(self._platform, request, path.removeprefix("/api/objects"))
        if path == "/api" or path.startswith("/api/"):
            return await answer_call(self._platform, request, path.removeprefix("/api"))
        if role == "api" or (looks_like_call(path) and not is_file_of_page(path)):
            return await answer_call(self._platform, request, path)
        if path.startswith("/contents/"):
            return await answer_contents(self._platform, request, path.removeprefix("/contents/"))
        if path == "/files" or path.startswith("/files/"):
            return await answer_file(self._platform, request, path.removeprefix("/files"))
        if role == "files":
            return await answer_file(self._platform, request, path)
        return await self._page(request, path)

    async def _page(self, request: Request, path: str) -> Response:
        if path == "/login" and request.method == "POST":
            return await sign_in(self._platform, request, self._limit)
        if path == "/login" and "link" in request.query_params:
            return await sign_in_by_link(self._platform, request, self._limit)
        if self._openid and path == LOGIN and request.method == "GET":
            return await begin_sign_in(self._platform, request, self._openid, self._limit)
        if self._openid and path == CALLBACK and request.method == "GET":
            return await end_sign_in(self._platform, request, self._openid, self._limit)
        if path == "/logout" and request.method == "POST":
            return await sign_out(self._platform, request)
        return await page(request, path)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._background.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self._platform.in_thread(self._background.stop)
                self._platform.dispatcher.database.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _may_fork_while_connected(request: Request) -> bool:
    """Whether ClearML's SDK asks, which forks the process that reports while connections are open.

    Both then write to the same connection, and read each other's answers: events and edits get lost. A connection that ends with
    its answer is never shared.
    """
    return "x-clearml-client" in request.headers or request.headers.get("user-agent", "").startswith("python-requests")


def _path_of(scope: Scope) -> str:
    """The path within the server. The web server has put the prefix before it; some proxies leave theirs there as well."""
    prefix = str(scope.get("root_path", "")).rstrip("/")
    path = str(scope["path"]).removeprefix(prefix)
    own = prefix in _STATE or prefix in ("/api", "/files")
    return (path.removeprefix(prefix) if path.startswith(f"{prefix}/") and not own else path) or "/"


_STATE = {
    "/health": http_state.health,
    "/ready": http_state.ready,
    "/metrics": http_state.metrics,
    "/openapi.json": http_state.openapi,
    "/live": live,
}
