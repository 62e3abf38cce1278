"""What is asked of an OpenID provider, how often, and what of its answers is not believed."""

from collections.abc import Iterator

import pytest

from tilth.base.errors import CredentialsWrong, Invalid, Unavailable
from tilth.cli.server import _openid
from tilth.domain.access import Role
from tilth.server.routes.openid_provider import Client, OpenIdProvider
from tilth.server.services.openid import Attempt, Rules
from tilth.testing.openid import CLIENT, SECRET, OpenIdServer, openid_server

BACK = "https://ml.example.org/login/oidc/callback"
ATTEMPT = Attempt(state="state", nonce="nonce", verifier="verifier")


class Times:
    """A clock in seconds."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def server() -> Iterator[OpenIdServer]:
    with openid_server() as found:
        yield found


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture
def provider(server: OpenIdServer, times: Times) -> OpenIdProvider:
    return OpenIdProvider(Client(issuer=server.issuer, id=CLIENT, secret=SECRET), times)


def sign_in(provider: OpenIdProvider, server: OpenIdServer) -> str:
    """The subject that comes back."""
    query = dict(part.split("=", 1) for part in provider.authorize_url(ATTEMPT, "back").partition("?")[2].split("&"))
    code = server.authorize(query | {"scope": "openid"}).partition("code=")[2].partition("&")[0]
    return provider.person(code, ATTEMPT, "back").subject


def test_what_a_provider_says_of_itself_is_asked_for_once_an_hour(provider: OpenIdProvider, server: OpenIdServer, times: Times) -> None:
    for _ in range(3):
        sign_in(provider, server)
    assert server.asked == ["/.well-known/openid-configuration", "/token", "/keys", "/token", "/token"]
    server.asked.clear()
    times.now = 3_700
    sign_in(provider, server)
    assert server.asked == ["/.well-known/openid-configuration", "/token", "/keys"]


def test_a_new_key_is_asked_for_but_not_all_the_time(provider: OpenIdProvider, server: OpenIdServer, times: Times) -> None:
    sign_in(provider, server)
    server.rotate("second")
    with pytest.raises(CredentialsWrong, match="does not show"):
        sign_in(provider, server)
    assert server.asked.count("/keys") == 1
    times.now = 11
    assert sign_in(provider, server) == "u-1"
    assert server.asked.count("/keys") == 2


def test_a_provider_that_is_down_is_not_asked_again_at_once(times: Times) -> None:
    with openid_server() as gone:
        issuer = gone.issuer
    provider = OpenIdProvider(Client(issuer=issuer, id=CLIENT), times)
    with pytest.raises(Unavailable, match="can't be reached"):
        provider.authorize_url(ATTEMPT, BACK)
    with pytest.raises(Unavailable, match="a moment ago"):
        provider.authorize_url(ATTEMPT, BACK)
    times.now = 11
    with pytest.raises(Unavailable, match="can't be reached"):
        provider.authorize_url(ATTEMPT, BACK)


@pytest.mark.parametrize(
    ("description", "said"),
    [
        ({"issuer": "https://another.example.org"}, "says that it is"),
        ({"token_endpoint": None}, "can't be read"),
        ({"jwks_uri": "file:///etc/passwd"}, "no https"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "no https"),
    ],
    ids=["issuer", "missing", "file", "script"],
)
def test_a_description_that_can_not_be_right_is_refused(
    provider: OpenIdProvider, server: OpenIdServer, description: dict[str, str | None], said: str
) -> None:
    server.description = dict(description)
    with pytest.raises((Unavailable, Invalid), match=said):
        provider.authorize_url(ATTEMPT, BACK)


def test_a_wrong_secret_is_told(server: OpenIdServer, times: Times) -> None:
    provider = OpenIdProvider(Client(issuer=server.issuer, id=CLIENT, secret="wrong"), times)
    with pytest.raises(CredentialsWrong, match="invalid_client"):
        sign_in(provider, server)


def test_a_verifier_that_does_not_fit_is_refused(provider: OpenIdProvider, server: OpenIdServer) -> None:
    query = dict(part.split("=", 1) for part in provider.authorize_url(ATTEMPT, "back").partition("?")[2].split("&"))
    code = server.authorize(query | {"scope": "openid"}).partition("code=")[2].partition("&")[0]
    with pytest.raises(CredentialsWrong, match="invalid_grant"):
        provider.person(code, Attempt(state="state", nonce="nonce", verifier="another"), "back")


@pytest.mark.parametrize("issuer", ["http://id.example.org", "ftp://id.example.org", "id.example.org", "https://"])
def test_only_https_is_trusted(issuer: str) -> None:
    with pytest.raises(Invalid):
        OpenIdProvider(Client(issuer=issuer, id=CLIENT))


def test_options_are_checked_together(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("options")
    (folder / "secret").write_text(" hush \n")
    issuer = "https://id.example.org/realm"
    options = _openid(issuer, "me", folder / "secret", "viewer", "@example.org, example.net", None)
    assert options is not None
    assert options.client == Client(issuer=issuer, id="me", secret="hush")
    assert (options.name, options.rules) == ("id.example.org", Rules(role=Role.VIEWER, domains=("example.org", "example.net")))
    assert _openid(None, None, None, "member", "", None) is None
    wrong = [
        (issuer, None, None, "member"),
        (None, "me", None, "member"),
        (issuer, "me", folder / "none", "member"),
        (issuer, "me", None, "x"),
    ]
    for said in wrong:
        with pytest.raises(Invalid):
            _openid(*said, "", None)
