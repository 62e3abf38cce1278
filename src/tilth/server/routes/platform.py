"""What every route works with: the calls, the files, and under which addresses people know this server."""

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urlsplit

from anyio import CapacityLimiter, to_thread
from msgspec import Struct
from starlette.requests import HTTPConnection

from tilth.base.errors import Forbidden, TokenInvalid, Unauthenticated
from tilth.domain.access import Actor
from tilth.server.routes.rpc import Dispatcher
from tilth.server.services.access import authenticate
from tilth.server.services.contents import Contents
from tilth.server.services.context import Origin
from tilth.server.stores.unit_of_work import Tx
from tilth.store.streams import Streams

__all__ = ["CSRF", "SESSION", "Identity", "Platform", "base_url", "identity_of", "origin_of"]

SESSION = "tilth_session"
"""The cookie that holds a browser's token."""
CSRF = "x-tilth-csrf"
"""The header by which a page of ours proves that it is one; browsers let no other page set it."""

T = TypeVar("T")


class Platform:
    """One server: built once, and given to every route."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        objects: Streams,
        contents: Contents,
        *,
        threads: int = 16,
        extra_ports: Mapping[int, str] | None = None,
    ) -> None:
        self.dispatcher = dispatcher
        self.objects = objects
        self.contents = contents
        self.extra_ports = dict(extra_ports or {})
        """Ports that serve only the API, the files or the page, as `api`, `files` or `web`."""
        self.stopping = False
        self._threads = threads
        self._limiter: CapacityLimiter | None = None

    @property
    def limiter(self) -> CapacityLimiter:
        """How many calls run at once; the rest waits in order."""
        if self._limiter is None:
            self._limiter = CapacityLimiter(self._threads)
        return self._limiter

    async def in_thread(self, work: "object", *arguments: object) -> object:
        """Run something that may wait for a disk or a database."""
        return await to_thread.run_sync(work, *arguments, limiter=self.limiter)  # type: ignore[arg-type]


class Identity(Struct, frozen=True, kw_only=True):
    """What a request says of who sends it."""

    authorization: str = ""
    cookie: str = ""
    own_page: bool = False

    def __call__(self, tx: Tx) -> Actor:
        """The account behind a request; raises if it is nobody's."""
        scheme, _, value = self.authorization.partition(" ")
        if scheme.lower() == "bearer":
            return authenticate(tx, value)
        if self.cookie:
            if not self.own_page:
                raise Forbidden("the request does not come from this server's page", hint=f"send the header {CSRF}: 1")
            return authenticate(tx, self.cookie)
        if scheme:
            raise TokenInvalid("only auth.login takes a key and a secret", hint="sign in there, and send the token as Bearer")
        raise Unauthenticated("nobody signed in", hint="send a token as Bearer")


def identity_of(request: HTTPConnection) -> Identity:
    """Who sends a request."""
    headers = request.headers
    return Identity(authorization=headers.get("authorization", ""), cookie=request.cookies.get(SESSION, ""), own_page=CSRF in headers)


def base_url(request: HTTPConnection) -> str:
    """The address under which the caller knows this server, without a slash at its end."""
    scheme = request.scope.get("scheme", "http")
    host = request.headers.get("host") or "127.0.0.1"
    prefix = request.headers.get("x-forwarded-prefix") or request.scope.get("root_path", "")
    return f"{scheme}://{host}{prefix.rstrip('/')}"


def origin_of(request: HTTPConnection, platform: Platform) -> Origin:
    """Where a call comes from."""
    headers = request.headers
    base = base_url(request)
    host = urlsplit(base).hostname or "127.0.0.1"
    files = [f"{base}/files"]
    files += [f"{request.scope.get('scheme', 'http')}://{host}:{port}" for port, role in platform.extra_ports.items() if role == "files"]
    return Origin(
        address=request.client.host if request.client else "",
        worker=headers.get("x-clearml-worker") or headers.get("x-trains-worker") or "",
        client=headers.get("x-clearml-client") or headers.get("x-trains-client") or headers.get("x-clearml-agent") or "",
        files_urls=tuple(files),
        web_url=base,
        authorization=headers.get("authorization", ""),
    )
