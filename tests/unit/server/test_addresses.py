"""Which path a request means, and under which address people know a server, with and without a proxy before it."""

from pathlib import Path

import pytest

from tilth.base.errors import Invalid
from tilth.cli.server import _address
from tilth.server.app.serve import Options
from tilth.server.app.site import _path_of
from tilth.server.routes import http_page
from tilth.server.routes.http_page import is_file_of_page


@pytest.mark.parametrize(
    ("path", "prefix", "expected"),
    [
        ("/health", "", "/health"),
        ("/", "", "/"),
        ("/tilth/health", "/tilth", "/health"),
        ("/tilth/", "/tilth", "/"),
        ("/tilth/tilth/health", "/tilth", "/health"),
        ("/tilth/tilth/", "/tilth", "/"),
        ("/tilth/tilthy", "/tilth", "/tilthy"),
        ("/files/files/x", "/files", "/files/x"),
    ],
    ids=["plain", "root", "stripped", "stripped root", "not stripped", "not stripped root", "alike", "a path of the server's own"],
)
def test_a_proxy_may_take_its_path_away_or_leave_it(path: str, prefix: str, expected: str) -> None:
    assert _path_of({"path": path, "root_path": prefix}) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/", False), ("/auth.login", False), ("/../site.py", False), (f"/{'a' * 5_000}", False)],
    ids=["root", "call", "outside", "long"],
)
def test_what_is_no_file_of_the_page_is_told(path: str, *, expected: bool) -> None:
    assert is_file_of_page(path) is expected


@pytest.mark.parametrize("kind", [".html", ".js"])
def test_files_of_the_page_are_told_from_calls(kind: str) -> None:
    names = [file.name for file in http_page._root().iterdir() if file.name.endswith(kind)]
    assert names
    assert all(is_file_of_page(f"/{name}") for name in names)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ""),
        ({"root_path": "/tilth/"}, "/tilth"),
        ({"public_url": "https://example.org"}, ""),
        ({"public_url": "https://example.org/tilth/"}, "/tilth"),
        ({"public_url": "https://example.org/a", "root_path": "/b"}, "/b"),
    ],
)
def test_the_path_of_the_public_address_is_that_of_the_server(options: dict[str, str], expected: str) -> None:
    assert Options(home=Path(), **options).path == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("said", ["example.org", "ftp://example.org", "https://"])
def test_an_address_that_is_none_is_told(said: str) -> None:
    with pytest.raises(Invalid, match="no address of a server"):
        _address(said)
