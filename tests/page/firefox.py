"""Debian's Firefox, driven over WebDriver BiDi, which it speaks by itself.

Playwright's Firefox is a build of its own, which is nobody's browser.
"""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from tilth.testing.servers import free_port

__all__ = ["FIREFOX", "Firefox", "started_firefox"]

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
_PATIENCE_S = 180


class Firefox:
    """One tab, and what was complained of in it."""

    def __init__(self, line: ClientConnection) -> None:
        self._line = line
        self._asked = 0
        self.said: list[str] = []
        self.version: str = self._ask("session.new", capabilities={})["capabilities"]["browserVersion"]
        self._ask("session.subscribe", events=["log.entryAdded"])
        self._tab = self._ask("browsingContext.getTree", maxDepth=0)["contexts"][0]["context"]

    def open(self, url: str) -> None:
        self._ask("browsingContext.navigate", context=self._tab, url=url, wait="complete")

    def resize(self, width: int, height: int) -> None:
        self._ask("browsingContext.setViewport", context=self._tab, viewport={"width": width, "height": height})

    def evaluate(self, expression: str) -> Any:
        """What an expression, or what it promises, is; only what JSON can say."""
        asked = f"Promise.resolve({expression}).then(value => JSON.stringify(value ?? null))"
        found = self._ask("script.evaluate", expression=asked, target={"context": self._tab}, awaitPromise=True)
        if found["type"] != "success":
            raise AssertionError(f"{expression}: {found['exceptionDetails']['text']}")
        return json.loads(found["result"]["value"])

    def wait_for(self, expression: str) -> None:
        """Wait until an expression holds."""
        deadline = time.monotonic() + _PATIENCE_S
        while not self.evaluate(f"Boolean({expression})"):
            if time.monotonic() > deadline:
                text = self.evaluate("document.body.innerText")
                raise AssertionError(f"not within {_PATIENCE_S} s: {expression}; the page says {text[:500]}")
            time.sleep(0.1)

    def _ask(self, method: str, **params: Any) -> Any:
        self._asked += 1
        self._line.send(json.dumps({"id": self._asked, "method": method, "params": params}))
        while True:
            said = json.loads(self._line.recv(timeout=_PATIENCE_S))
            if said.get("method") == "log.entryAdded":
                entry = said["params"]
                if entry["level"] in ("error", "warn"):
                    self.said.append(entry["text"] or "")
            elif said.get("id") == self._asked:
                if said["type"] == "error":
                    raise AssertionError(f"{method}: {said['message']}")
                return said["result"]


@contextmanager
def started_firefox(folder: Path) -> Iterator[Firefox]:
    """A Firefox with a profile of its own, which is gone afterwards."""
    assert FIREFOX is not None
    port = free_port(7)
    words = [FIREFOX, "--headless", "--no-remote", "--profile", str(folder), "--remote-debugging-port", str(port)]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.log").open("wb") as log:
        process = subprocess.Popen([*words, "about:blank"], stdout=log, stderr=log)
    try:
        with _connected(process, port, folder.parent / f"{folder.name}.log") as line:
            yield Firefox(line)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _connected(process: "subprocess.Popen[bytes]", port: int, log: Path) -> ClientConnection:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            # A machine that does much else lets Firefox answer a ping late.
            return connect(f"ws://127.0.0.1:{port}/session", max_size=None, proxy=None, ping_interval=None)
        except (OSError, WebSocketException) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"Firefox does not answer: {log.read_text(errors='replace')[-2_000:]}") from error
            time.sleep(0.2)
