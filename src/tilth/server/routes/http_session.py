"""How people sign in with a browser: by a one-time link, or by name and password; and out again."""

import time
from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from tilth.base.errors import CredentialsWrong, FieldInvalid, TilthError, TooManyRequests
from tilth.server.routes.bodies import read_body
from tilth.server.routes.platform import CSRF, SESSION, Platform, base_url, identity_of
from tilth.server.services.access import check_password, issue_token, log_out, update_account, use_link
from tilth.server.services.context import Call, Origin
from tilth.server.stores.accounts import Account
from tilth.server.stores.unit_of_work import Tx
from tilth.wire.envelope import status_of

__all__ = ["SignInLimit", "sign_in", "sign_in_by_link", "sign_out", "signed_in", "with_session"]

_SESSION_S = 14 * 24 * 3_600
_MOST_FAILURES = 10
_WINDOW_S = 300.0
_MOST_KNOWN = 10_000


class SignInLimit:
    """Counts failures to sign in, by address and by name; too many of them, and nobody from there is heard for a while."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._failures: dict[str, list[float]] = {}

    def check(self, *keys: str) -> None:
        """Raise `TooManyRequests` if one of `keys` failed too often lately."""
        for key in keys:
            recent = self._recent(key)
            if len(recent) >= _MOST_FAILURES:
                wait = int(_WINDOW_S - (self._now() - recent[0])) + 1
                raise TooManyRequests("too many failed tries to sign in", hint=f"try again in {wait} seconds")

    def failed(self, *keys: str) -> None:
        """Note that signing in failed."""
        for key in keys:
            self._failures[key] = [*self._recent(key), self._now()]
        while len(self._failures) > _MOST_KNOWN:
            self._failures.pop(next(iter(self._failures)))

    def _recent(self, key: str) -> list[float]:
        edge = self._now() - _WINDOW_S
        return [at for at in self._failures.get(key, ()) if at > edge]


async def sign_in(platform: Platform, request: Request, limit: SignInLimit) -> Response:
    """`{"name": ..., "password": ...}` from this server's page signs in."""
    address = f"address {request.client.host if request.client else ''}"
    try:
        said = _said(await read_body(request, most=64 * 1024), request)
        keys = (address, f"name {said['name'][:200]}")
        limit.check(*keys)
        try:
            token = await platform.in_thread(_by_password, platform, said["name"], said["password"])
        except CredentialsWrong:
            limit.failed(*keys)
            raise
    except TilthError as error:
        return JSONResponse({"msg": error.message, "hint": error.hint}, status_of(error))
    return with_session(JSONResponse({}), request, str(token))


async def sign_in_by_link(platform: Platform, request: Request, limit: SignInLimit) -> Response:
    """The link that `tilth up` prints signs in once."""
    address = f"address {request.client.host if request.client else ''}"
    try:
        limit.check(address)
        token = await platform.in_thread(_by_link, platform, request.query_params.get("link", ""))
    except TilthError as error:
        if isinstance(error, CredentialsWrong):
            limit.failed(address)
        return RedirectResponse(f"{base_url(request)}/?said={'used' if isinstance(error, CredentialsWrong) else 'wait'}", 303)
    return with_session(RedirectResponse(f"{base_url(request)}/", 303), request, str(token))


async def sign_out(platform: Platform, request: Request) -> Response:
    """Revoke the browser's token and take its cookie away."""
    try:
        await platform.in_thread(_out, platform, request)
    except TilthError as error:
        return JSONResponse({"msg": error.message}, status_of(error))
    response = JSONResponse({})
    response.delete_cookie(SESSION, path=_path(request))
    return response


def _said(body: bytes, request: Request) -> dict[str, str]:
    if CSRF not in request.headers:
        raise FieldInvalid(f"the header {CSRF} is missing", hint="sign in on the server's own page")
    try:
        said = msgspec.json.decode(body, type=dict[str, str])
    except msgspec.MsgspecError as error:
        raise FieldInvalid(f"the body can't be read: {error}", hint="send name and password") from error
    if not {"name", "password"} <= set(said):
        raise FieldInvalid("name or password is missing", hint="send both")
    return said


def _by_password(platform: Platform, name: str, password: str) -> str:
    return signed_in(platform, lambda tx: check_password(tx, name, password))


def _by_link(platform: Platform, secret: str) -> str:
    return signed_in(platform, lambda tx: use_link(tx, secret))


def signed_in(platform: Platform, find: Callable[[Tx], Account]) -> str:
    """A token for the account that `find` finds, in one transaction with it."""

    def work(tx: Tx) -> str:
        account = update_account(tx, find(tx), last_login=tx.now)
        tx.audit(account.name, "signed in", account.id, "")
        return issue_token(tx, account, expires_s=_SESSION_S)

    dispatcher = platform.dispatcher
    return dispatcher.database.run(lambda connection: work(Tx(connection, dispatcher.clock)), writes=True)


def _out(platform: Platform, request: Request) -> None:
    def work(tx: Tx) -> None:
        log_out(Call(tx=tx, actor=identity_of(request)(tx), origin=Origin(), services={}))

    dispatcher = platform.dispatcher
    dispatcher.database.run(lambda connection: work(Tx(connection, dispatcher.clock)), writes=True)


def with_session(response: Response, request: Request, token: str) -> Response:
    """A response that signs the browser in."""
    secure = request.scope.get("scheme") == "https"
    response.set_cookie(SESSION, token, max_age=_SESSION_S, path=_path(request), httponly=True, samesite="lax", secure=secure)
    return response


def _path(request: Request) -> str:
    return request.headers.get("x-forwarded-prefix") or request.scope.get("root_path") or "/"
