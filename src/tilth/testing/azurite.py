"""An Azure blob store for tests: Microsoft's emulator, in a temporary folder, on this machine only, gone afterwards."""

import hashlib
import hmac
import shutil
import subprocess
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import urllib3
from msgspec import Struct

from tilth.testing.servers import free_port

__all__ = ["INSTALLED", "AzureServer", "running_azurite"]

_PROGRAM = Path(__file__).parents[3] / "build" / "azurite" / "node_modules" / ".bin" / "azurite-blob"
INSTALLED = _PROGRAM.exists() and shutil.which("node") is not None
"""Whether the emulator is there, as `make services` puts it."""

_PATIENCE_S = 300
_ACCOUNT = "tilthtest"
_KEY = b64encode(b"a key of this test alone").decode()


class AzureServer(Struct, frozen=True, kw_only=True):
    """A server that answers, and its account."""

    endpoint: str
    account: str
    access_key: str

    def environment(self) -> dict[str, Any]:
        """What a process needs in its environment to use the server."""
        return {
            "AZURE_STORAGE_ACCOUNT": self.account,
            "AZURE_STORAGE_KEY": self.access_key,
            "AZURE_STORAGE_ENDPOINT": self.endpoint,
        }

    def make_container(self, name: str) -> str:
        """Make an empty container."""
        date = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
        headers = {"x-ms-date": date, "x-ms-version": "2021-12-02"}
        said = "".join(f"{header}:{value}\n" for header, value in headers.items())
        # The emulator has the account in the path, and so it is there twice.
        text = f"PUT{chr(10) * 12}{said}/{self.account}/{self.account}/{name}\nrestype:container"
        signature = b64encode(hmac.digest(b64decode(self.access_key), text.encode(), hashlib.sha256)).decode()
        headers["authorization"] = f"SharedKey {self.account}:{signature}"
        answer = urllib3.request("PUT", f"{self.endpoint}/{name}?restype=container", headers=headers, timeout=_PATIENCE_S)
        assert answer.status == 201, (answer.status, answer.data)
        return name


@contextmanager
def running_azurite() -> Iterator[AzureServer]:
    """An emulator that answers, with one account and no container."""
    folder = Path(mkdtemp(prefix="tilth-azurite-"))
    port = free_port(3)
    options = ("--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder), "--silent", "--skipApiVersionCheck")
    words = (str(_PROGRAM), *options, "--disableTelemetry")  # tests send nothing anywhere, and neither do their servers
    environment = {"AZURITE_ACCOUNTS": f"{_ACCOUNT}:{_KEY}", "PATH": "/usr/local/bin:/usr/bin:/bin"}
    with (folder / "output").open("wb") as log:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd=folder)  # noqa: S603 - the emulator
    try:
        endpoint = f"http://127.0.0.1:{port}/{_ACCOUNT}"
        _await(process, endpoint, folder)
        yield AzureServer(endpoint=endpoint, account=_ACCOUNT, access_key=_KEY)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _await(process: "subprocess.Popen[bytes]", endpoint: str, folder: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the emulator ended: {(folder / 'output').read_text(errors='replace')}"
        with suppress(urllib3.exceptions.HTTPError):
            urllib3.request("GET", endpoint, retries=False, timeout=5)
            return
        time.sleep(0.05)
    raise AssertionError(f"the emulator does not answer: {(folder / 'output').read_text(errors='replace')}")
