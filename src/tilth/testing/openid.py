"""An OpenID provider that is as small as one can be: it believes whoever comes, and can be told to do each thing wrongly."""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

__all__ = ["CLIENT", "SECRET", "OpenIdServer", "openid_server"]

CLIENT, SECRET = "tilth-test", "s3cret with/characters:of its own"


class OpenIdServer:
    """The provider, and what it says of the next person; change `person`, `claims`, `answer` or `key_name` to be wrong."""

    def __init__(self) -> None:
        self.person: dict[str, Any] = {"sub": "u-1", "name": "Ada Lovelace", "email": "ada@example.org", "email_verified": True}
        self.claims: dict[str, Any] = {}
        """Put over what an ID token would say; a value of None takes the claim away."""
        self.userinfo: dict[str, Any] = {}
        self.answer: dict[str, str] = {}
        """Put over what a browser is sent back with."""
        self.description: dict[str, Any] = {}
        self.key_name = "first"
        self.signing: tuple[Any, str] | None = None
        """The key and the algorithm to sign with, instead of the right ones."""
        self.asked: list[str] = []
        self._keys: dict[str, rsa.RSAPrivateKey] = {}
        self._codes: dict[str, dict[str, str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.issuer = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.rotate("first")

    def rotate(self, name: str) -> None:
        """Sign with a new key from now on."""
        self.key_name = name
        self._keys = {name: rsa.generate_private_key(public_exponent=65537, key_size=2048)}

    def serve(self) -> None:
        self._server.serve_forever(poll_interval=0.05)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def describe(self) -> dict[str, Any]:
        """The answer at `/.well-known/openid-configuration`."""
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys", "userinfo_endpoint": "me"}
        return {"issuer": self.issuer} | {name: f"{self.issuer}/{path}" for name, path in names.items()} | self.description

    def public_keys(self) -> dict[str, Any]:
        keys = [json.loads(RSAAlgorithm.to_jwk(key.public_key())) for key in self._keys.values()]
        return {"keys": [key | {"kid": name, "use": "sig", "alg": "RS256"} for name, key in zip(self._keys, keys, strict=True)]}

    def authorize(self, query: dict[str, str]) -> str:
        """Where a browser is sent back to."""
        assert query["client_id"] == CLIENT
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = secrets.token_urlsafe()
        self._codes[code] = query
        said = {"code": code, "state": query["state"]} | self.answer
        return f"{query['redirect_uri']}?{urlencode({name: value for name, value in said.items() if value})}"

    def exchange(self, authorization: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """The tokens for a code, once."""
        begun = self._codes.pop(form.get("code", ""), None)
        if begun is None or begun["redirect_uri"] != form.get("redirect_uri") or not _fits(form.get("code_verifier", ""), begun):
            return 400, {"error": "invalid_grant"}
        known = f"{quote(CLIENT, safe='')}:{quote(SECRET, safe='')}"
        if authorization != f"Basic {base64.b64encode(known.encode()).decode()}":
            return 401, {"error": "invalid_client"}
        return 200, {"id_token": self.id_token(begun["nonce"]), "access_token": "access", "token_type": "Bearer"}

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce} | self.person | self.claims
        key, algorithm = self.signing or (next(iter(self._keys.values())), "RS256")
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, key, algorithm=algorithm, headers={"kid": self.key_name})


@contextmanager
def openid_server() -> Iterator[OpenIdServer]:
    """A provider that answers."""
    made = OpenIdServer()
    thread = Thread(target=made.serve, name="openid", daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.close()
        thread.join()


def _fits(verifier: str, begun: dict[str, str]) -> bool:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == begun["code_challenge"]


def _handler(server: OpenIdServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            server.asked.append(parts.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if parts.path == "/authorize":
                self.send_response(302)
                self.send_header("location", server.authorize(query))
                self.send_header("content-length", "0")
                self.end_headers()
            elif parts.path == "/.well-known/openid-configuration":
                self._answer(200, server.describe())
            elif parts.path == "/keys":
                self._answer(200, server.public_keys())
            elif parts.path == "/me" and self.headers["authorization"] == "Bearer access":
                self._answer(200, {"sub": server.person["sub"]} | server.userinfo)
            else:
                self._answer(404, {})

        def do_POST(self) -> None:
            server.asked.append(self.path)
            form = {name: values[0] for name, values in parse_qs(self.rfile.read(int(self.headers["content-length"])).decode()).items()}
            self._answer(*server.exchange(self.headers.get("authorization", ""), form))

        def _answer(self, status: int, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class calls it so
            """Say nothing."""

    return Handler
