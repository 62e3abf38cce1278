"""The configuration of nginx in docs/server.md, with the ports and files of the test: everything works under a path of a proxy."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tilth.testing.servers import RunningServer, free_port, running_server

GUIDE = Path(__file__).parents[2] / "docs" / "server.md"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
AROUND = """
daemon off;
pid nginx.pid;
error_log error.log;
{user}
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path a; uwsgi_temp_path b; scgi_temp_path c;
    {server}
}}
"""

pytestmark = pytest.mark.skipif(NGINX is None, reason="needs nginx")


def write_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))])
    made = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now - timedelta(days=1), now + timedelta(days=1)
    )
    signed = made.add_extension(names, critical=False).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    (folder / "cert.pem").write_bytes(signed.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(*form))


def configuration(folder: Path, *, public_port: int, server_port: int) -> str:
    """The guide's own, as far as it can be on this machine."""
    found = re.search(r"^```nginx\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    assert found
    text = found[1]
    for here, there in (
        ("listen 443 ssl", f"listen 127.0.0.1:{public_port} ssl"),
        ("/etc/ssl/certs/ml.example.org.pem", str(folder / "cert.pem")),
        ("/etc/ssl/private/ml.example.org.key", str(folder / "key.pem")),
        ("http://127.0.0.1:8008/", f"http://127.0.0.1:{server_port}/"),
    ):
        assert here in text
        text = text.replace(here, there)
    return AROUND.format(server=text, user="user root;" if os.geteuid() == 0 else "")


def await_listener(port: int) -> None:
    """Wait until somebody listens there."""
    deadline = time.monotonic() + 180
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    assert NGINX is not None
    folder = tmp_path_factory.mktemp("nginx")
    write_certificate(folder)
    server_port = free_port()
    public_port = free_port(1)
    (folder / "nginx.conf").write_text(configuration(folder, public_port=public_port, server_port=server_port))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(folder / "cert.pem"))
        proxy = subprocess.Popen([NGINX, "-p", str(folder), "-e", "error.log", "-c", "nginx.conf"], stderr=subprocess.DEVNULL)
        try:
            await_listener(public_port)
            public = f"https://localhost:{public_port}/tilth"
            with running_server(folder / "home", "--public-url", public, port=server_port) as running:
                assert running.web == public
                yield running
        finally:
            proxy.terminate()
            proxy.wait(120)


def ask(server: RunningServer, method: str, url: str, **more: object) -> urllib3.BaseHTTPResponse:
    return server.http.request(method, url, redirect=False, **more)  # type: ignore[arg-type]


def test_a_link_signs_in_and_leads_to_the_page(server: RunningServer) -> None:
    link = next(word for word in server.said().split() if "/login?link=" in word)
    assert link.startswith(f"{server.web}/login?link=")
    answer = ask(server, "GET", link)
    assert (answer.status, answer.headers["location"]) == (303, f"{server.web}/")
    pair, _, flags = answer.headers["set-cookie"].partition(";")
    assert {"Path=/tilth", "Secure", "HttpOnly"} <= {flag.strip() for flag in flags.split(";")}
    headers = {"cookie": pair, "x-tilth-csrf": "1"}
    assert ask(server, "POST", f"{server.web}/api/users.get_current_user", headers=headers).status == 200
    assert ask(server, "POST", f"{server.web}/logout", headers=headers).headers["set-cookie"].count("Path=/tilth") == 1
    assert ask(server, "POST", f"{server.web}/api/users.get_current_user", headers=headers).status == 401


def test_the_page_and_what_it_consists_of_are_there(server: RunningServer) -> None:
    page = ask(server, "GET", f"{server.web}/")
    text = page.data.decode()
    assert '<base href="/tilth/"' in text
    parts = re.findall(r'(?:src|href)="([^"#:]+)"', text)
    parts = [part for part in parts if part != "/tilth/"]
    assert page.status == 200
    assert parts
    for part in parts:
        assert not part.startswith("/") or part.startswith("/tilth/")
        address = f"{server.web}/{part}" if not part.startswith("/") else f"{server.web.removesuffix('/tilth')}{part}"
        assert ask(server, "GET", address).headers["content-type"].partition(";")[0] in ("text/css", "text/javascript", "image/svg+xml")
    bare = ask(server, "GET", server.web)
    assert (bare.status, urlsplit(bare.headers["location"]).path) == (301, "/tilth/")


def test_states_and_the_description_are_there(server: RunningServer) -> None:
    assert ask(server, "GET", f"{server.web}/health").json()["status"] == "ok"
    assert ask(server, "GET", f"{server.web}/ready").json() == {"status": "ready"}
    assert ask(server, "GET", f"{server.web}/openapi.json").json()["servers"][0]["url"] == f"{server.web}/api"


def test_files_of_any_size_go_up_and_down(server: RunningServer) -> None:
    content = os.urandom(1 << 20) * 24
    assert server.request("PUT", "/files/a/large.bin", body=content).status == 200
    assert server.request("GET", "/files/a/large.bin").data == content
    part = server.request("GET", "/files/a/large.bin", headers={"range": "bytes=1000000-1000099"})
    assert (part.status, part.data) == (206, content[1_000_000:1_000_100])
    form = server.request("POST", "/files", fields={"a/form.bin": ("form.bin", b"of a form", "application/octet-stream")})
    assert form.json() == ["a/form.bin"]


def test_live_changes_come_as_they_happen(server: RunningServer) -> None:
    # A proxy that holds back what comes lets it go by the kilobyte, and the feed has some bytes in a minute.
    feed = server.request("GET", "/live", preload_content=False, headers={"accept": "text/event-stream"}, timeout=120)
    try:
        assert feed.headers["content-type"].startswith("text/event-stream")
        made = server.call("projects.create", name="Behind/A/Proxy")["id"]
        begun = time.monotonic()
        text = b""
        while made.encode() not in text:
            text += feed.read1()
        assert time.monotonic() - begun < 60
    finally:
        feed.close()


def test_who_asks_is_who_they_are_behind_the_proxy(server: RunningServer) -> None:
    assert ask(server, "GET", f"{server.web}/metrics").status == 200
    with urllib3.PoolManager(source_address=("127.0.0.2", 0)) as elsewhere:
        # The proxy adds whom it sees, and what somebody says of themselves does not count.
        for said in ({}, {"x-forwarded-for": "127.0.0.1"}, {"x-forwarded-for": "127.0.0.1, 127.0.0.1"}):
            assert elsewhere.request("GET", f"{server.web}/metrics", headers=said).status == 401


def test_the_original_clients_addresses_work(server: RunningServer) -> None:
    credentials = msgspec.json.decode((server.home / "credentials.json").read_bytes())
    assert credentials["api_server"] == f"{server.web}/api"
    assert credentials["files_server"] == f"{server.web}/files"
    assert server.login(credentials["access_key"], credentials["secret_key"])
    assert server.request("GET", "/api/v2.30/users.get_current_user").status == 200
    assert server.request("GET", "/v2.30/users.get_current_user").status == 200
