"""Patterns mean to Python what they meant in its own notation, and the same to PostgreSQL."""

import re

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tilth.base.errors import PatternInvalid
from tilth.server.db.engine import Database
from tilth.server.stores.patterns import containing, portable

# ruff: noqa: RUF001 - letters of several scripts are what this is about

LETTERS = "aAbZ09_ -.$\nßéÉſK漢٣²\U0001d7ce"
TEXTS = st.text(st.sampled_from(LETTERS), max_size=8)
SET_PARTS = st.sampled_from(("a", "A-Z", "0-9", "é", r"\w", r"\d", r"\S", r"\n", r"\-", r"\u00e9", "^", "ſ", r"\b", "漢-龍"))
SETS = st.builds(
    lambda negated, parts: f"[{negated}{''.join(parts)}]", st.sampled_from(("", "^")), st.lists(SET_PARTS, min_size=1, max_size=3)
)
ATOMS = st.one_of(
    st.sampled_from(("a", "B", "é", "ß", "k", "s", ".", r"\w", r"\W", r"\d", r"\s", r"\.", r"\$", r"\x41", r"\n", "{", "]", "漢", " ")),
    SETS,
)
PLACES = st.sampled_from(("^", "$", r"\b", r"\B", r"\A", r"\Z", "(?#note)", "(?=a)", "(?!A)", "(?<=b)", "(?<!_)"))
REPEATS = st.sampled_from(("", "", "", "*", "+", "?", "+?", "{2}", "{1,}", "{,2}", "{0,3}?"))


def _longer(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    groups = st.builds(lambda kind, inside, repeat: f"({kind}{inside}){repeat}", st.sampled_from(("", "?:", "?i:", "?-i:")), parts, REPEATS)
    branches = st.builds(lambda first, second: f"{first}|{second}", parts, parts)
    return st.one_of(st.lists(parts, max_size=3).map("".join), branches, groups)


PATTERNS = st.builds(
    lambda flags, body: f"{flags}{body}",
    st.sampled_from(("", "", "(?i)", "(?s)", "(?m)", "(?im)")),
    st.recursive(st.one_of(st.builds(lambda atom, repeat: atom + repeat, ATOMS, REPEATS), PLACES), _longer, max_leaves=6),
)


def _python(pattern: str, text: str, *, exact_case: bool) -> bool | None:
    """What Python's own engine says; None if it takes no such pattern."""
    try:
        return re.search(pattern, text, 0 if exact_case else re.IGNORECASE) is not None
    except re.error:
        return None


@given(PATTERNS, st.lists(TEXTS, min_size=1, max_size=4), st.booleans())
@settings(max_examples=300)
def test_a_pattern_means_what_it_meant(pattern: str, texts: list[str], exact_case: bool) -> None:
    assume(r"\B" not in pattern or all(texts))  # versions of Python differ in whether an empty text has a place inside
    meant = [_python(pattern, text, exact_case=exact_case) for text in texts]
    if meant[0] is None:
        with pytest.raises(PatternInvalid):
            portable(pattern, exact_case=exact_case)
        return
    assert [re.search(portable(pattern, exact_case=exact_case), text) is not None for text in texts] == meant


def test_postgres_means_the_same(postgres_database: Database) -> None:
    @given(PATTERNS, st.lists(TEXTS, min_size=1, max_size=4), st.booleans())
    @settings(max_examples=300, suppress_health_check=list(HealthCheck))
    def check(pattern: str, texts: list[str], exact_case: bool) -> None:
        try:
            plain = portable(pattern, exact_case=exact_case)
            written = portable(pattern, "postgres", exact_case=exact_case)
        except PatternInvalid:
            return
        with postgres_database.reading() as connection:
            rows = [connection.one("SELECT fits(?, ?)", (written, text)) for text in texts]
        assert rows == [(re.search(plain, text) is not None,) for text in texts]

    check()


@given(st.text(max_size=20), st.text(max_size=10), st.text(max_size=10))
def test_a_part_is_found_in_any_case(part: str, before: str, after: str) -> None:
    part, before, after = (text.replace("\0", "") for text in (part, before, after))
    found = re.compile(containing(part)).search
    assert found(f"{before}{part}{after}")
    assert not part or not found("")


@pytest.mark.parametrize(("text", "part"), [("TÉST", "tést"), ("ΑΒΓ", "αβγ"), ("Москва", "МОСКВА"), ("a.c", "A.C"), ("[x]", "[X]")])
def test_letters_of_all_scripts_have_cases(text: str, part: str) -> None:
    assert re.search(containing(part), text)


def test_engines_answer_alike_to_what_they_cannot_do(postgres_database: Database) -> None:
    largest = portable("(?:a{200}){90}", "postgres")
    with postgres_database.reading() as connection:
        assert connection.one("SELECT fits(?, ?)", (largest, "a" * 18_000)) == (True,)
        assert connection.one("SELECT fits(?, ?)", (portable(r"\w{1,255}\b" * 20, "postgres"), "é")) == (False,)
        assert connection.one("SELECT fits(?, ?)", (containing("\\漢" * 4_000), "é")) == (False,)


@pytest.mark.parametrize(
    "pattern",
    [
        *(
            "(",
            ")",
            "a)",
            "[",
            "[a",
            "*",
            "a**",
            "a{2}{3}",
            "^*",
            "a{3,2}",
            "\\",
            r"\q",
            "[b-a]",
            r"[\d-x]",
            r"\xg1",
            r"\u12",
            "(?",
            "(?P<1",
        ),
        *(r"(a)\1", r"(?P<n>a)(?P=n)", "(?>a)", "a++", "(?x)a", "(?a)a", "(?L)a", r"\012", "a{256}", "(?(1)a)", r"\N{BULLET}", "a(?i)"),
        *("(a{255}){255}", "(" * 60 + ")" * 60, "x" * 10_001, "(?<=a+)b", r"\b" * 26, "[\\x00]", "\\ud800"),
    ],
)
def test_what_not_every_engine_can_do_is_refused(pattern: str) -> None:
    with pytest.raises(PatternInvalid) as caught:
        portable(pattern)
    assert caught.value.hint
