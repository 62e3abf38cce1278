"""Sign-in by OpenID Connect over HTTP: a browser is sent to the provider, and comes back with a code."""

import logging

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tilth.base.errors import CredentialsWrong, Denied, TilthError, TooManyRequests
from tilth.server.routes.http_session import SignInLimit, signed_in, with_session
from tilth.server.routes.openid_provider import OpenIdProvider
from tilth.server.routes.platform import Platform, base_url
from tilth.server.services.openid import ATTEMPT_S, Rules, account_of, begin_attempt, end_attempt
from tilth.server.stores.unit_of_work import Tx

__all__ = ["CALLBACK", "LOGIN", "OpenId", "begin_sign_in", "end_sign_in"]

LOGIN = "/login/oidc"
CALLBACK = "/login/oidc/callback"

_COOKIE = "tilth_oidc"
_log = logging.getLogger("tilth.server.openid")


class OpenId(Struct, frozen=True, kw_only=True):
    """The provider that people sign in with, and who may."""

    name: str
    provider: OpenIdProvider
    rules: Rules
    public_url: str = ""


async def begin_sign_in(platform: Platform, request: Request, openid: OpenId, limit: SignInLimit) -> Response:
    """Send the browser to the provider."""
    try:
        limit.check(_address(request))
        begun = await platform.in_thread(_begin, platform, openid, _redirect(request, openid))
        assert isinstance(begun, _Begun)
    except TilthError as error:
        return _back(request, openid, error)
    response = RedirectResponse(begun.target, 303, {"cache-control": "no-store"})
    _set_cookie(response, request, begun.cookie, ATTEMPT_S)
    return response


async def end_sign_in(platform: Platform, request: Request, openid: OpenId, limit: SignInLimit) -> Response:
    """Take the browser back, and sign it in."""
    try:
        limit.check(_address(request))
        token = await platform.in_thread(_end, platform, request, openid, _redirect(request, openid))
    except TilthError as error:
        if isinstance(error, Denied):
            limit.failed(_address(request))
        return _back(request, openid, error)
    response = RedirectResponse(f"{_base(request, openid)}/", 303, {"cache-control": "no-store"})
    _set_cookie(response, request, "", 0)
    return with_session(response, request, str(token))


class _Begun(Struct, frozen=True):
    target: str
    cookie: str


def _begin(platform: Platform, openid: OpenId, redirect: str) -> _Begun:
    dispatcher = platform.dispatcher
    attempt = dispatcher.database.run(lambda connection: begin_attempt(Tx(connection, dispatcher.clock)), writes=False)
    return _Begun(openid.provider.authorize_url(attempt, redirect), attempt.cookie)


def _end(platform: Platform, request: Request, openid: OpenId, redirect: str) -> str:
    said, cookie = request.query_params, request.cookies.get(_COOKIE, "")
    dispatcher = platform.dispatcher
    # The attempt is used up before the provider is asked, so that nothing is asked twice for one answer.
    attempt = dispatcher.database.run(
        lambda connection: end_attempt(Tx(connection, dispatcher.clock), state=said.get("state", ""), cookie=cookie), writes=True
    )
    openid.provider.check_sender(said.get("iss"))
    if "error" in said or not said.get("code"):
        reason = said.get("error_description") or said.get("error") or "it sent no code"
        raise CredentialsWrong(f"the OpenID provider refuses: {reason:.200}", hint="sign in once more")
    person = openid.provider.person(said["code"], attempt, redirect)
    return signed_in(platform, lambda tx: account_of(tx, person, openid.rules))


def _back(request: Request, openid: OpenId, error: TilthError) -> Response:
    """The page, which says in its own words what became of it; the reason is for the operator."""
    _log.warning("nobody was signed in by OpenID", extra={"reason": str(error)})
    if isinstance(error, TooManyRequests):
        said = "wait"
    elif isinstance(error, CredentialsWrong):
        said = "again"
    else:
        said = "denied" if isinstance(error, Denied) else "provider"
    response = RedirectResponse(f"{_base(request, openid)}/?said={said}", 303, {"cache-control": "no-store"})
    _set_cookie(response, request, "", 0)
    return response


def _base(request: Request, openid: OpenId) -> str:
    return openid.public_url.rstrip("/") or base_url(request)


def _redirect(request: Request, openid: OpenId) -> str:
    return f"{_base(request, openid)}{CALLBACK}"


def _address(request: Request) -> str:
    return f"address {request.client.host if request.client else ''}"


def _set_cookie(response: Response, request: Request, value: str, lasts_s: int) -> None:
    secure = request.scope.get("scheme") == "https"
    # Not bound to the path of these two routes: a proxy may show them under another one.
    response.set_cookie(_COOKIE, value, max_age=lasts_s, path="/", httponly=True, samesite="lax", secure=secure)
