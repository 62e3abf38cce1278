"""A store of Google's for tests: its XML protocol, spoken in front of an S3 server that keeps the objects and decides races.

    python -m tilth.testing.google_store ENDPOINT ACCESS_KEY SECRET_KEY     (with the account's public key on standard input)

The protocol is S3's but for a token instead of a signature and a generation instead of `If-None-Match`. The emulators that there are
speak the JSON protocol; of this one, one has no listings and another no uploads. This front asks for a token that the service account
of the test has signed, translates, and says no as Google's servers do: an object that is not there can't be deleted. It knows no
signed addresses.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, unquote

import jwt
import urllib3
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_pem_public_key
from msgspec import Struct

from tilth.testing.radosgw import S3Server

__all__ = ["GoogleStore", "running_google_store"]

_ACCOUNT = "tester@tilth-test.iam.gserviceaccount.com"
_PASSED_ON = ("range", "if-match", "content-type")
_PASSED_BACK = ("etag", "content-type", "content-range", "content-length", "last-modified")
_PIECE = 1 << 20
_PATIENCE_S = 300


class GoogleStore(Struct, frozen=True, kw_only=True):
    """A server that answers, and the file with the key of the account that may do everything."""

    endpoint: str
    credentials: Path
    behind: S3Server

    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to use the server."""
        return {"GOOGLE_APPLICATION_CREDENTIALS": str(self.credentials), "STORAGE_EMULATOR_HOST": self.endpoint}

    def make_bucket(self, name: str) -> str:
        """Make an empty bucket."""
        return self.behind.make_bucket(name)


class _Front(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body leave together: one after the other, each answer takes 40 ms
    behind: ClassVar[S3Server]
    pool: ClassVar[urllib3.PoolManager]
    public_key: ClassVar[Any]

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        place, _, query = self.path.partition("?")
        if not self._is_token(self.headers.get("authorization", "").removeprefix("Bearer ")):
            self._refuse(401, "AuthenticationRequired")
            return
        path = quote(unquote(place), safe="/-_.~")
        if asked := _canonical(parse_qsl(query, keep_blank_values=True)):
            path += f"?{asked}"
        if self.command == "DELETE" and not asked and self._ask("HEAD", path).status == 404:
            self._refuse(404, "NoSuchKey")
            return
        headers = {name: self.headers[name] for name in _PASSED_ON if self.headers[name]}
        headers |= {"if-none-match": "*"} if self.headers["x-goog-if-generation-match"] == "0" else {}
        self._pass_back(self._ask(self.command, path, body, headers))

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815 - so the library wants it

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    @classmethod
    @cache
    def _is_token(cls, token: str) -> bool:
        """Whether the account signed a token for itself, which is good for as long as a test runs."""
        try:
            return bool(jwt.decode(token, cls.public_key, algorithms=["RS256"], options={"verify_aud": False})["iss"] == _ACCOUNT)
        except jwt.InvalidTokenError:
            return False

    def _ask(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Any:
        signed = self.behind.signed(method, path, body)
        url = f"{self.behind.endpoint}{path}"
        return self.pool.request(method, url, body=body, headers={**signed, **(headers or {})}, preload_content=False, retries=False)

    def _pass_back(self, answer: Any) -> None:
        self.send_response(answer.status)
        for name in _PASSED_BACK:
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        if "content-length" not in answer.headers:
            self.send_header("connection", "close")
            self.close_connection = True
        self.end_headers()
        for piece in answer.stream(_PIECE):
            self.wfile.write(piece)
        answer.release_conn()

    def _refuse(self, status: int, code: str) -> None:
        body = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>No.</Message></Error>".encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _canonical(words: list[tuple[str, str]]) -> str:
    return "&".join(sorted(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in words))


@contextmanager
def running_google_store(behind: S3Server, folder: Path) -> Iterator[GoogleStore]:
    """A store in front of an S3 server, in a process of its own; the key of its account lies in a folder."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    credentials = folder / "google.json"
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    said = {"type": "service_account", "private_key_id": "1", "private_key": pem, "client_email": _ACCOUNT}
    credentials.write_text(json.dumps(said))
    words = (sys.executable, "-m", __spec__.name, behind.endpoint, behind.access_key, behind.secret_key)
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - our own
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        process.stdin.close()
        yield GoogleStore(endpoint=process.stdout.readline().decode().strip(), credentials=credentials, behind=behind)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def main() -> None:
    """Serve until killed."""
    endpoint, access_key, secret_key = sys.argv[1:]
    _Front.behind = S3Server(endpoint=endpoint, access_key=access_key, secret_key=secret_key)
    _Front.pool = urllib3.PoolManager(maxsize=32, timeout=_PATIENCE_S)
    _Front.public_key = load_pem_public_key(sys.stdin.buffer.read())
    ThreadingHTTPServer.request_queue_size = 128  # clients come many at once
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Front)
    sys.stdout.write(f"http://127.0.0.1:{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
