"""A pattern means the same whether a whole listing is tested, or only what begins like it."""

import pytest

from tilth.datasets.matching import literal_prefix, matcher

PATHS = ["a/b/1.txt", "a/b/2.txt", "a/c.txt", "b/1.txt", "top.txt"]


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [
        ("a\\b\\1.txt", ["a/b/1.txt"]),
        ("a\\*.txt", ["a/b/1.txt", "a/b/2.txt", "a/c.txt"]),
        (".\\a\\b", ["a/b/1.txt", "a/b/2.txt"]),
        ("a//b/", ["a/b/1.txt", "a/b/2.txt"]),
        ("./*/1.txt", ["a/b/1.txt", "b/1.txt"]),
        ("", PATHS),
    ],
)
def test_all_that_a_pattern_means_lies_below_its_literal_prefix(pattern: str, meant: list[str]) -> None:
    means, prefix = matcher(pattern), literal_prefix(pattern)
    assert [path for path in PATHS if means(path)] == meant
    assert [path for path in PATHS if means(path) and (not prefix or path == prefix or path.startswith(f"{prefix}/"))] == meant
