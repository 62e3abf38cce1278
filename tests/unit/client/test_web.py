"""Web servers that can't be spoken to, and what is said of them."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tilth.base.errors import Denied, ObjectNotFound, Unavailable
from tilth.client.web import describe, open_web

_LEADS_TO = {"/round": "/round", "/to-a-file": "file:///etc/passwd", "/to-ftp": "ftp://127.0.0.1/a.csv"}


class _Refusing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/short":
            self.answer(200, 12, b"four")
        elif self.path in _LEADS_TO:
            self.answer(302, 0)
        else:
            self.answer(404 if self.path.startswith("/gone") else 403, 0)

    def do_HEAD(self) -> None:
        if self.path == "/short":
            self.answer(200, 0)
        else:
            self.do_GET()

    def answer(self, status: int, length: int, body: bytes = b"") -> None:
        self.send_response(status)
        if self.path in _LEADS_TO:
            self.send_header("location", _LEADS_TO[self.path])
        self.send_header("content-length", str(length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def refusing(certificate: Path | None = None) -> Iterator[str]:
    """The host and port of a server that refuses everything."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Refusing)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def own_certificate(path: Path) -> Path:
    """One that no authority vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    begin = datetime.now(UTC) - timedelta(days=1)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    signed = made.not_valid_before(begin).not_valid_after(begin + timedelta(days=9)).sign(key, SHA256())
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + signed.public_bytes(Encoding.PEM))
    return path


def test_a_server_without_tls_is_told() -> None:
    with refusing() as server, pytest.raises(Denied, match="is no address of a server that speaks TLS; try http:// instead of https://"):
        describe(f"https://{server}/a.csv")


def test_a_certificate_that_nobody_vouches_for_is_told(tmp_path: Path) -> None:
    said = r"the certificate of https://127\.0\.0\.1:\d+/a\.csv is not trusted"
    with refusing(own_certificate(tmp_path / "own.pem")) as server, pytest.raises(Denied, match=said):
        describe(f"https://{server}/a.csv")


def test_redirects_without_end_are_told() -> None:
    with refusing() as server, pytest.raises(Denied, match=r"/round leads from one address to the next without end"):
        describe(f"http://{server}/round")


@pytest.mark.parametrize("path", ["to-a-file", "to-ftp"])
def test_redirects_to_what_is_no_web_server_are_told_at_once(path: str) -> None:
    with refusing() as server, pytest.raises(Denied, match=rf"/{path} leads to an address that is none of a web server .*; it may want a"):
        describe(f"http://{server}/{path}")


def test_a_length_of_nothing_is_asked_for_once_more() -> None:
    with refusing() as server:
        assert describe(f"http://{server}/short").size == 12


def test_an_answer_that_breaks_off_says_how_much_of_it_came() -> None:
    with (
        refusing() as server,
        pytest.raises(Unavailable, match=r"/short broke off \(4 bytes came, and 8 more were promised\); try again"),
        open_web(f"http://{server}/short") as answer,
    ):
        answer.read()


def test_a_signature_that_has_ended_is_told_without_the_signature() -> None:
    signed = "X-Amz-Date=20200504T020201Z&X-Amz-Expires=60&X-Amz-Credential=somebody&X-Amz-Signature=0123"
    with refusing() as server, pytest.raises(Denied) as raised:
        describe(f"http://{server}/a.csv?{signed}")
    assert str(raised.value) == (
        f"http://{server}/a.csv is answered with status 403, since its signature ended on 2020-05-04 at 02:03:01 UTC; "
        "the address is signed, and signatures end some time: use the plain address, or ask for a new one"
    )


def test_a_signature_that_has_ended_is_not_why_a_file_is_gone() -> None:
    with refusing() as server, pytest.raises(ObjectNotFound, match=r"is answered with status 404; ") as raised:
        describe(f"http://{server}/gone.csv?X-Amz-Date=20200504T020201Z&X-Amz-Expires=60&X-Amz-Signature=0123")
    assert "ended" not in raised.value.message
