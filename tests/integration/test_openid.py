"""Signing in by OpenID Connect: a browser, a server, and a provider that can be told to do each thing wrongly."""

from collections.abc import Iterator
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import msgspec
import pytest
import urllib3
from cryptography.hazmat.primitives.asymmetric import rsa

from tilth.testing import forking
from tilth.testing.openid import CLIENT, SECRET, OpenIdServer, openid_server
from tilth.testing.servers import RunningServer, running_server

NUMBERS = count(1)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Browser:
    """Follows redirects and keeps cookies; each comes, through a proxy, from an address of its own."""

    def __init__(self) -> None:
        self.address = f"10.0.{next(NUMBERS)}.1"
        self.cookies: dict[str, str] = {}
        self.flags: dict[str, str] = {}
        self._http = urllib3.PoolManager(retries=False, timeout=180)

    def get(self, url: str) -> urllib3.BaseHTTPResponse:
        """One request; where it leads to is in the answer's `location`."""
        said = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"x-forwarded-for": self.address} | ({"cookie": said} if said else {})
        answer = self._http.request("GET", url, headers=headers, redirect=False)
        for line in answer.headers.getlist("set-cookie"):
            pair, _, flags = line.partition(";")
            name, _, value = pair.partition("=")
            self.flags[name] = flags
            if "Max-Age=0" in flags:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer

    def go(self, url: str) -> str:
        """Where one redirect leads to."""
        answer = self.get(url)
        assert answer.status in (302, 303), answer.data
        return str(answer.headers["location"])

    def come_back(self, server: RunningServer) -> str:
        """Sign in at the provider; returns where it sends the browser back to, which was not visited yet."""
        return self.go(self.go(f"{server.web}/login/oidc"))

    def sign_in(self, server: RunningServer) -> str:
        """All of it; returns the end of where the browser ends up."""
        return self.go(self.come_back(server)).removeprefix(server.web)

    def who(self, server: RunningServer) -> dict[str, Any] | None:
        """The account that the browser is signed in to."""
        token = self.cookies.get("tilth_session")
        if token is None:
            return None
        answer = server.request("POST", "/api/users.get_current_user", token=token)
        user: dict[str, Any] = msgspec.json.decode(answer.data)["data"]["user"]
        return user


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningServer, OpenIdServer]]:
    folder = tmp_path_factory.mktemp("openid")
    (folder / "secret").write_text(f"{SECRET}\n")
    with openid_server() as provider:
        options = ["--oidc-issuer", provider.issuer, "--oidc-client-id", CLIENT, "--oidc-client-secret-file", str(folder / "secret")]
        options += ["--oidc-domain", "example.org, example.net", "--oidc-role", "viewer", "--oidc-name", "Test & Co"]
        with running_server(folder / "home", *options) as server:
            assert provider.asked == []
            yield server, provider


@pytest.fixture
def server(started: tuple[RunningServer, OpenIdServer]) -> RunningServer:
    return started[0]


@pytest.fixture
def provider(started: tuple[RunningServer, OpenIdServer]) -> OpenIdServer:
    """The provider, as honest as it was in the beginning, and with a person that did not come yet."""
    found = started[1]
    found.person = {"sub": f"u-{len(found.asked)}", "name": f"Ada {len(found.asked)}", "email": "ada@example.org", "email_verified": True}
    found.claims, found.userinfo, found.answer, found.signing = {}, {}, {}, None
    return found


@pytest.fixture
def browser() -> Browser:
    return Browser()


def test_somebody_who_comes_for_the_first_time_gets_an_account(server: RunningServer, provider: OpenIdServer, browser: Browser) -> None:
    assert browser.sign_in(server) == "/"
    user = browser.who(server)
    assert user is not None
    assert user["name"] == provider.person["name"]
    assert user["role"] in ("viewer", "user")
    assert set(browser.cookies) == {"tilth_session"}
    assert all("HttpOnly" in flags and "SameSite=lax" in flags for flags in browser.flags.values())


def test_who_comes_again_gets_the_same_account_whatever_their_name_is_now(
    server: RunningServer, provider: OpenIdServer, browser: Browser
) -> None:
    browser.sign_in(server)
    first = browser.who(server)
    provider.person |= {"name": "Another Name", "email": "other@example.org"}
    again = Browser()
    again.sign_in(server)
    second = again.who(server)
    assert first is not None
    assert second is not None
    assert (second["id"], second["name"], second["email"]) == (first["id"], first["name"], "other@example.org")


def test_the_name_and_address_of_somebody_else_give_no_access_to_their_account(
    server: RunningServer, provider: OpenIdServer, browser: Browser
) -> None:
    provider.person |= {"name": "admin"}
    browser.sign_in(server)
    user = browser.who(server)
    assert user is not None
    assert user["name"] == "admin 2"
    assert user["role"] != "admin"


def test_the_page_learns_where_to_sign_in(server: RunningServer) -> None:
    answer = server.call("login.supported_modes")
    assert answer["sso_providers"] == [{"name": "Test & Co", "url": f"{server.web}/login/oidc"}]
    assert answer["sso"] == {"Test & Co": f"{server.web}/login/oidc"}


def test_a_browser_is_sent_away_with_all_that_protects_it(server: RunningServer, provider: OpenIdServer, browser: Browser) -> None:
    query = parse_qs(urlsplit(browser.go(f"{server.web}/login/oidc")).query)
    assert query["redirect_uri"] == [f"{server.web}/login/oidc/callback"]
    assert query["code_challenge_method"] == ["S256"]
    assert len({query[name][0] for name in ("state", "nonce", "code_challenge")}) == 3
    other = parse_qs(urlsplit(Browser().go(f"{server.web}/login/oidc")).query)
    assert not {query[name][0] for name in ("state", "nonce", "code_challenge")} & {
        other[name][0] for name in ("state", "nonce", "code_challenge")
    }


WRONG_CLAIMS: dict[str, dict[str, Any]] = {
    "nonce of another": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "audience": {"aud": "another"},
    "several audiences and no party": {"aud": [CLIENT, "another"]},
    "party": {"aud": [CLIENT, "another"], "azp": "another"},
    "expired": {"exp": 1_000_000_000},
    "no expiry": {"exp": None},
    "from the future": {"iat": 4_000_000_000},
    "issuer": {"iss": "https://another.example.org"},
    "no subject": {"sub": None},
}


@pytest.mark.parametrize("claims", WRONG_CLAIMS.values(), ids=WRONG_CLAIMS)
def test_a_token_that_says_something_wrong_is_refused(
    server: RunningServer, provider: OpenIdServer, browser: Browser, claims: dict[str, Any]
) -> None:
    provider.claims = claims
    assert browser.sign_in(server) == "/?said=again"
    assert browser.cookies == {}


@pytest.mark.parametrize(
    "signing",
    [(OTHER_KEY, "RS256"), ("the public key as a secret, which is long enough", "HS256"), (None, "none")],
    ids=["another key", "a shared secret", "nothing"],
)
def test_a_token_that_is_signed_wrongly_is_refused(
    server: RunningServer, provider: OpenIdServer, browser: Browser, signing: tuple[Any, str]
) -> None:
    provider.signing = signing
    assert browser.sign_in(server) == "/?said=again"
    assert browser.cookies == {}


def test_an_answer_is_good_once(server: RunningServer, provider: OpenIdServer, browser: Browser) -> None:
    back = browser.come_back(server)
    kept = dict(browser.cookies)
    assert browser.go(back) == f"{server.web}/"
    asked = len(provider.asked)
    browser.cookies = kept
    assert browser.go(back) == f"{server.web}/?said=again"
    assert len(provider.asked) == asked


def test_an_answer_for_one_browser_is_not_good_for_another(server: RunningServer, provider: OpenIdServer, browser: Browser) -> None:
    back = browser.come_back(server)
    victim = Browser()
    assert victim.go(back) == f"{server.web}/?said=again"
    victim.go(f"{server.web}/login/oidc")
    assert victim.go(back) == f"{server.web}/?said=again"
    assert victim.cookies == {}


def test_the_cookie_of_an_attempt_signs_nobody_in(server: RunningServer, browser: Browser) -> None:
    browser.go(f"{server.web}/login/oidc")
    assert server.request("POST", "/api/users.get_current_user", token=browser.cookies["tilth_oidc"]).status == 401


@pytest.mark.parametrize(
    "person",
    [
        {"email": "eve@elsewhere.org"},
        {"email": "eve@example.org.elsewhere.org"},
        {"email": "eve@notexample.org"},
        {"email": "example.org@elsewhere.org"},
        {"email": None},
        {"email_verified": False},
        {"email_verified": "false"},
    ],
    ids=str,
)
def test_addresses_of_other_domains_are_refused(
    server: RunningServer, provider: OpenIdServer, browser: Browser, person: dict[str, Any]
) -> None:
    provider.person |= person
    assert browser.sign_in(server) == "/?said=denied"
    assert browser.cookies == {}


@pytest.mark.parametrize("email", ["ada@EXAMPLE.ORG", "ada@example.net"])
def test_each_domain_counts_whatever_its_case(server: RunningServer, provider: OpenIdServer, browser: Browser, email: str) -> None:
    provider.person["email"] = email
    assert browser.sign_in(server) == "/"


def test_an_account_that_was_locked_stays_out(server: RunningServer, provider: OpenIdServer, browser: Browser) -> None:
    browser.sign_in(server)
    user = browser.who(server)
    assert user is not None
    words = ["user", "edit", user["id"], "--inactive", "--home", str(server.home)]
    forking.run(["-m", "tilth.cli.main", *words], check=True)
    assert Browser().sign_in(server) == "/?said=denied"


def test_what_the_token_leaves_out_is_asked_for(server: RunningServer, provider: OpenIdServer, browser: Browser) -> None:
    provider.userinfo = {"email": "ada@example.org", "name": "Ada of the details"}
    provider.person = {"sub": "thin"}
    assert browser.sign_in(server) == "/"
    user = browser.who(server)
    assert user is not None
    assert user["name"] == "Ada of the details"


def test_details_of_somebody_else_are_not_believed(server: RunningServer, provider: OpenIdServer, browser: Browser) -> None:
    provider.person = {"sub": "thinner"}
    provider.userinfo = {"sub": "another", "email": "ada@example.org"}
    assert browser.sign_in(server) == "/?said=denied"


@pytest.mark.parametrize(
    "answer", [{"code": "", "error": "access_denied"}, {"code": ""}, {"code": "wrong"}, {"iss": "https://another"}], ids=str
)
def test_an_answer_without_a_good_code_is_refused(
    server: RunningServer, provider: OpenIdServer, browser: Browser, answer: dict[str, str]
) -> None:
    provider.answer = answer
    assert browser.sign_in(server) == "/?said=again"


def test_an_address_that_was_made_up_asks_the_provider_nothing(server: RunningServer, provider: OpenIdServer, browser: Browser) -> None:
    asked = len(provider.asked)
    made_up = urlencode({"code": "x", "state": "ž" * 10})
    assert browser.go(f"{server.web}/login/oidc/callback?{made_up}") == f"{server.web}/?said=again"
    assert browser.go(f"{server.web}/login/oidc/callback") == f"{server.web}/?said=again"
    assert len(provider.asked) == asked


def test_who_fails_too_often_waits(server: RunningServer, provider: OpenIdServer, browser: Browser) -> None:
    provider.claims = {"nonce": "another"}
    assert [browser.sign_in(server) for _ in range(10)] == ["/?said=again"] * 10
    assert browser.go(f"{server.web}/login/oidc") == f"{server.web}/?said=wait"
    provider.claims = {}
    assert Browser().sign_in(server) == "/"


def test_the_session_lasts_after_the_sign_in_and_not_after_the_sign_out(
    server: RunningServer, provider: OpenIdServer, browser: Browser
) -> None:
    browser.sign_in(server)
    headers = {"cookie": f"tilth_session={browser.cookies['tilth_session']}", "x-tilth-csrf": "1"}
    assert server.request("POST", "/api/users.get_current_user", token=None, headers=headers).status == 200
    assert server.request("POST", "/logout", token=None, headers=headers).status == 200
    assert server.request("POST", "/api/users.get_current_user", token=None, headers=headers).status == 401


def test_no_token_of_ours_is_one_of_the_providers(server: RunningServer, provider: OpenIdServer, browser: Browser) -> None:
    browser.sign_in(server)
    claims = jwt.decode(browser.cookies["tilth_session"], options={"verify_signature": False})
    assert "nonce" not in claims
    assert claims["identity"]["user_name"] == provider.person["name"]
