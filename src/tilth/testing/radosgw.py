"""A real S3 server for tests: Ceph's gateway over a store in memory, in a temporary folder, on this machine only, gone afterwards."""

import hashlib
import hmac
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from uuid import uuid4

import urllib3
from msgspec import Struct

from tilth.testing.servers import free_port, free_ports

__all__ = ["INSTALLED", "S3Server", "running_radosgw"]

_PROGRAMS = ("ceph", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin")
INSTALLED = all(shutil.which(program) for program in _PROGRAMS)
"""Whether Ceph is there, as Debian's packages `radosgw`, `ceph-mon`, `ceph-osd` and `ceph-common` put it."""

_PATIENCE_S = 300
_OSD_PORTS = 20
"""More than its osd binds."""
_EMPTY = hashlib.sha256(b"").hexdigest()

# The monitor decides at once and nothing asks for passwords. Without `tcp_nodelay` every small answer takes 40 ms.
_CONFIGURATION = """\
[global]
fsid = {id}
mon initial members = a
mon host = [v1:127.0.0.1:{monitor}]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind msgr2 = false
ms bind port min = {lowest}
ms bind port max = {highest}
auth cluster required = none
auth service required = none
auth client required = none
mon data = {folder}/mon
osd data = {folder}/osd
run dir = {folder}/run
pid file = {folder}/run/$name.pid
admin socket = {folder}/run/$name.asok
log file = {folder}/log/$name.log
paxos propose interval = 0.02
paxos min wait = 0.01
mon data avail warn = 1
mon data avail crit = 0
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 2000
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd crush chooseleaf type = 0
osd heartbeat interval = 1
osd beacon report interval = 1
osd class update on start = false
osd objectstore = memstore
memstore device bytes = 8589934592
[client.rgw]
rgw data = {folder}/rgw
rgw frontends = beast endpoint=127.0.0.1:{port} tcp_nodelay=1
rgw thread pool size = 64
rgw enable usage log = false
"""


class S3Server(Struct, frozen=True, kw_only=True):
    """A server that answers, and the account that may do everything."""

    endpoint: str
    access_key: str
    secret_key: str
    region: str = "us-east-1"

    def environment(self) -> dict[str, Any]:
        """What a process needs in its environment to use the server."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": self.region,
        }

    def make_bucket(self, name: str) -> str:
        """Make an empty bucket."""
        self.request("PUT", f"/{name}")
        return name

    def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        """A signed request that no client of Tilth's makes, such as one for a bucket; fails the test unless it goes well."""
        url = f"{self.endpoint}{path}"
        headers = self.signed(method, path, body)
        answer = urllib3.request(method, url, body=body, headers=headers, timeout=_PATIENCE_S)
        assert answer.status < 300, (method, path, answer.status, answer.data)
        return answer.data

    def signed(self, method: str, path: str, body: bytes) -> dict[str, str]:
        """The headers of Amazon's signature, version 4."""
        host = self.endpoint.partition("://")[2]
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{moment[:8]}/{self.region}/s3/aws4_request"
        digest = hashlib.sha256(body).hexdigest()
        place, _, query = path.partition("?")
        known = {"host": host, "x-amz-content-sha256": digest, "x-amz-date": moment}
        names = ";".join(known)
        lines = [method, place, query, *(f"{name}:{value}" for name, value in known.items()), "", names, digest]
        text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256("\n".join(lines).encode()).hexdigest()])
        key = f"AWS4{self.secret_key}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        given = f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
        return {**known, "authorization": given}


@contextmanager
def running_radosgw() -> Iterator[S3Server]:
    """A gateway that answers, with one account and no bucket."""
    folder = Path(mkdtemp(prefix="tilth-ceph-"))
    try:
        yield _start(folder)
    finally:
        _stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path) -> S3Server:
    for name in ("mon", "osd", "rgw", "log", "run"):
        (folder / name).mkdir()
    monitor, port, lowest = free_port(), free_port(1), free_ports(_OSD_PORTS, 2)
    cluster = str(uuid4())
    settings = {"monitor": monitor, "port": port, "lowest": lowest, "highest": lowest + _OSD_PORTS - 1}
    (folder / "ceph.conf").write_text(_CONFIGURATION.format(id=cluster, folder=folder, **settings))
    _run(folder, "monmaptool", "--create", "--addv", "a", f"[v1:127.0.0.1:{monitor}]", "--fsid", cluster, str(folder / "monmap"))
    _run(folder, "ceph-mon", "--mkfs", "-i", "a", "--monmap", str(folder / "monmap"))
    _run(folder, "ceph-mon", "-i", "a")
    osd = str(uuid4())
    # On a busy machine the monitor is asked before it knows its own commands.
    _run(folder, "ceph", "osd", "new", osd, tries=50)
    _run(folder, "ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
    # An osd may lose a race with the monitor, and ends then.
    _run(folder, "ceph-osd", "-i", "0", tries=8)
    _run(folder, "radosgw", "-n", "client.rgw")
    server = S3Server(endpoint=f"http://127.0.0.1:{port}", access_key="testkey", secret_key="testsecret")  # noqa: S106 - of this test alone
    _await(server.endpoint, folder)
    account = ("--uid=test", "--display-name=test", f"--access-key={server.access_key}", f"--secret-key={server.secret_key}")
    _run(folder, "radosgw-admin", "-n", "client.rgw", "user", "create", *account, tries=3)
    return server


def _run(folder: Path, program: str, *words: str, tries: int = 1) -> None:
    command = (program, "-c", str(folder / "ceph.conf"), *words) if program != "monmaptool" else (program, *words)
    with (folder / "log" / "started").open("ab") as log:
        for left in reversed(range(tries)):
            ended = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=_PATIENCE_S)  # noqa: S603 - a program of the system's
            if ended.returncode == 0:
                return
            time.sleep(0.2 if left else 0)
    raise AssertionError(f"{' '.join(command)} failed: {(folder / 'log' / 'started').read_text(errors='replace')[-2000:]}")


def _await(endpoint: str, folder: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        with suppress(urllib3.exceptions.HTTPError):
            if urllib3.request("GET", endpoint, retries=False, timeout=5).status == 200:
                return
        time.sleep(0.05)
    logs = "\n".join(path.read_text(errors="replace")[-1000:] for path in (folder / "log").iterdir())
    raise AssertionError(f"Ceph's gateway does not answer: {logs}")


def _stop(folder: Path) -> None:
    """The gateway first: without the others, it waits for them and does not end."""
    for name in ("client.rgw", "osd.0", "mon.a"):
        with suppress(OSError, ValueError):
            _end(int((folder / "run" / f"{name}.pid").read_text()))


def _end(process: int) -> None:
    for sent, patience_s in ((signal.SIGTERM, 1.0), (signal.SIGKILL, 10.0)):
        os.kill(process, sent)
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if not _alive(process):
                return
            time.sleep(0.05)


def _alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state != "Z"
