"""Paths that some system could not restore are refused or told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.base.errors import PathInvalid
from tilth.base.paths import check_path, normalise_prefix, portability_problems


@pytest.mark.parametrize("path", ["a", "a/b.jpg", "ü/ß 漢字", "...", ".hidden/x", "a" * 255, "/".join(["x" * 100] * 40)])
def test_ordinary_paths_are_fine(path: str) -> None:
    check_path(path)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "empty"),
        ("/etc/passwd", "absolute"),
        ("../x", r"\.\."),
        ("a/../b", r"\.\."),
        ("a//b", "component"),
        ("a/", "component"),
        ("./a", "component"),
        ("a\0", "NUL"),
        ("a" * 256, "255"),
        ("ü" * 128, "255"),
        ("/".join(["x" * 100] * 41), "4096"),
        ("\udcff", "UTF-8"),
    ],
)
def test_other_paths_are_refused_with_the_reason(path: str, reason: str) -> None:
    with pytest.raises(PathInvalid, match=reason):
        check_path(path)


def test_a_very_long_path_is_not_shown_whole() -> None:
    with pytest.raises(PathInvalid) as caught:
        check_path("x" * 10_000)
    assert len(str(caught.value)) < 250
    assert "10000 characters" in str(caught.value)


@pytest.mark.parametrize(("text", "prefix"), [("", ""), (".", ""), ("./", ""), ("a", "a"), ("./a/b/", "a/b"), ("a//b", "a/b"), ("/a", "a")])
def test_prefixes_as_people_write_them(text: str, prefix: str) -> None:
    assert normalise_prefix(text) == prefix


@pytest.mark.parametrize("name", ["CON", "nul.txt", "com1", "a:b", "what?", "tab\there", "dot.", "space ", 'quo"te'])
def test_names_that_one_system_refuses_are_told(name: str) -> None:
    assert len(portability_problems(["fine.txt", name, "also-fine"])) == 1


@given(
    st.lists(
        st.from_regex(r"[a-z][a-z0-9_-]{0,8}\.(jpg|txt)", fullmatch=True).filter(
            lambda n: not n.startswith(("con.", "prn.", "aux.", "nul.", "com", "lpt"))
        )
    )
)
def test_plain_names_are_not(names: list[str]) -> None:
    assert portability_problems(names) == []
