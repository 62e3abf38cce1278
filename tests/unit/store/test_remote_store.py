"""The store behind a server, with a server that answers at once."""

from types import SimpleNamespace
from typing import Any

import pytest

from tilth.store.api import Key
from tilth.store.bandwidth import Bandwidth, Lane
from tilth.store.remote import RemoteStore

A = Key("packs/0f/a")


class Server:
    """Keeps one object, and reads bodies as HTTP's clients do."""

    def __init__(self) -> None:
        self.body = b""
        self.lengths: list[str] = []

    def request(self, method: str, path: str, *, body: Any = None, headers: Any = None, safe: bool = False) -> Any:
        given = headers or {}
        if method == "PUT":
            self.lengths.append(given.get("content-length", ""))
            self.body = b"".join(iter(lambda: body.read(16_384), b"")) if hasattr(body, "read") else body
            return SimpleNamespace(status=201, headers={}, data=b"")
        if "sign=" in path:
            return SimpleNamespace(status=200, headers={}, data=b"{}")
        first, _, last = given["range"].removeprefix("bytes=").partition("-")
        return SimpleNamespace(status=206, headers={}, data=self.body[int(first) : int(last) + 1])

    def direct(self, method: str, url: str, *, body: Any = None, headers: Any = None) -> Any:
        raise AssertionError("the server signs nothing")


def test_a_limit_is_kept_in_both_directions() -> None:
    sent: list[float] = []
    fetched: list[float] = []
    server, bandwidth = Server(), Bandwidth()
    bandwidth.upload = Lane(100_000, now=lambda: 0.0, sleep=sent.append)
    bandwidth.download = Lane(200_000, now=lambda: 0.0, sleep=fetched.append)
    store = RemoteStore(server, bandwidth)
    data = bytes(range(250)) * 2_000
    store.put(A, [data])
    assert (server.body, server.lengths) == (data, ["500000"])
    assert len(sent) == 500_000 // 16_384  # every block but the first waits
    assert max(sent) == pytest.approx((500_000 - 500_000 % 16_384) / 100_000)
    assert store.get_range(A, 10, 450_000) == data[10:450_010]
    assert fetched == pytest.approx([0.5, 1.0, 1.5, 2.0])  # pieces of 100,000 bytes, the first at once
