"""Regular expressions that mean the same on every engine: read in Python's notation, written in what Python and PostgreSQL share.

What is written holds only characters, sets of them with each range spelled out, groups, repeats, and conditions on what stands
around. So letters, digits and cases are those of Python's Unicode tables everywhere, whatever locale a database has. What can't be
said that way, as a reference to what a group found, is refused. Only `\\w` and its like stay as they are for Python, which reads
them much faster than seven hundred ranges.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache
from itertools import groupby

from tilth.base.errors import PatternInvalid
from tilth.server.db.engine import Dialect

__all__ = ["containing", "portable"]

Ranges = tuple[tuple[int, int], ...]
"""Code points: first and last of each range, in their order."""

_LONGEST = 10_000
_MOST_REPEATS = 255
_LARGEST = 20_000
"""How many characters and sets a pattern may stand for when its repeats are written out."""
_MOST_CLASSES = 100
"""How many times `\\w` and its like may stand in a pattern: for PostgreSQL each is a text of 14,000 characters."""
_DEEPEST = 50

_ALL: Ranges = ((1, 0xD7FF), (0xE000, 0x10FFFF))
_LAST_CASED = 0x1E943
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}
_CODE_LENGTHS = {"x": 2, "u": 4, "U": 8}
_FLAGS = frozenset("imsu")
_REPEAT = re.compile(r"\{(\d*)(?:(,)(\d*))?\}", re.ASCII)
_NAME = re.compile(r"P<\w+>")
_INLINE = re.compile(r"([a-zA-Z]*)(?:-([a-zA-Z]+))?([:)])")
_AROUND = ("?=", "?!", "?<=", "?<!")


@lru_cache(maxsize=512)
def portable(pattern: str, dialect: Dialect = "sqlite", *, exact_case: bool = True) -> str:
    """What `pattern` means, for one engine; `PatternInvalid` if it is no regular expression, or one that not each can have."""
    _check_length(pattern)
    written = _Reader(pattern, dialect, frozenset() if exact_case else frozenset("i")).whole()
    if dialect != "sqlite":
        portable(pattern, exact_case=exact_case)  # so that Python has its say, on what it reads fast
        return written
    try:
        re.compile(written)
    except (re.error, RecursionError, OverflowError) as error:
        raise PatternInvalid(f"{pattern!r:.100} is not a regular expression: {error}", hint="escape what is meant literally") from error
    return written


def containing(text: str) -> str:
    """The pattern that fits what holds `text`, in any case of its letters."""
    _check_length(text)
    return "".join(_one(ord(character), any_case=True) for character in text if character != "\0")


def _check_length(text: str) -> None:
    if len(text) > _LONGEST:
        raise PatternInvalid("a pattern has to be a text of at most 10,000 characters", hint="write a shorter one")


class _Reader:
    """Reads a pattern once, from its beginning to its end, and writes as it reads."""

    def __init__(self, pattern: str, dialect: Dialect, flags: frozenset[str]) -> None:
        self._pattern = pattern
        self._dialect = dialect
        self._at = 0
        self._flags = flags
        self._depth = 0
        self._size = 0
        self._classes = 0

    def whole(self) -> str:
        while (found := self._inline_flags()) and found.group(3) == ")":
            self._at = found.end()
            self._flags = self._changed(found)
        written = self._alternatives()
        if self._at < len(self._pattern):
            raise self._wrong("a ) is not opened")
        return written

    def _alternatives(self) -> str:
        branches = [self._branch()]
        while self._take("|"):
            branches.append(self._branch())
        return "|".join(branches)

    def _branch(self) -> str:
        parts: list[str] = []
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            before = self._size
            item, repeatable = self._item()
            repeat, times = self._repeat()
            if repeat and not repeatable:
                raise self._wrong("there is nothing to repeat")
            self._size = before + (self._size - before) * times
            if self._size > _LARGEST:
                raise self._wrong("it is too large when its repeats are written out")
            parts.append(item + repeat)
        return "".join(parts)

    def _item(self) -> tuple[str, bool]:
        """The next thing, and whether it can be repeated."""
        character = self._next()
        self._size += 1
        match character:
            case ".":
                return ("(?:[^\\n]|\\n)" if "s" in self._flags else "[^\\n]"), True
            case "^":
                return (r"(?:\A|(?<=\n))" if "m" in self._flags else r"\A"), False
            case "$":
                return (r"(?=\n|\Z)" if "m" in self._flags else r"(?=\n?\Z)"), False
            case "(":
                return self._group(), True
            case "[":
                return self._set(), True
            case "\\":
                return self._escape()
            case "*" | "+" | "?":
                raise self._wrong("there is nothing to repeat")
        return self._character(character), True

    def _repeat(self) -> tuple[str, int]:
        """How often, and how much larger that makes the pattern. Whether as much or as little as can be makes no difference to a search."""
        written, times = self._one_repeat()
        if not written:
            return "", 1
        if not self._take("?") and self._take("+"):
            raise self._refused("a repeat that never gives back")
        if self._one_repeat()[0]:
            raise self._wrong("a repeat is repeated")
        return written, times

    def _one_repeat(self) -> tuple[str, int]:
        if self._pattern.startswith(("*", "+", "?"), self._at):
            return self._next(), 1
        found = _REPEAT.match(self._pattern, self._at)
        if not found or found.group() == "{}":
            return "", 1
        self._at = found.end()
        least, comma, most = int(found.group(1)[:9] or 0), found.group(2), found.group(3)
        last = int(most[:9]) if most else None if comma else least
        if max(least, last or 0) > _MOST_REPEATS:
            raise self._refused(f"more than {_MOST_REPEATS} repeats")
        if last is not None and last < least:
            raise self._wrong("a repeat has its least above its most")
        return f"{{{least},{'' if last is None else last}}}", max(1, least, last or 0)

    def _group(self) -> str:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._refused(f"groups that lie more than {_DEEPEST} deep")
        outside = self._flags
        opening = "(?:"
        around = next((sign for sign in _AROUND if self._pattern.startswith(sign, self._at)), None)
        if around:
            self._at += len(around)
            opening = f"(?:({around}"
        elif self._take("?#"):
            return self._comment()
        elif self._take("?"):
            self._begin_special()
        written = f"{opening}{self._alternatives()}{'))' if around else ')'}"
        if not self._take(")"):
            raise self._wrong("a ( is not closed")
        self._flags = outside
        self._depth -= 1
        return written

    def _comment(self) -> str:
        end = self._pattern.find(")", self._at)
        if end < 0:
            raise self._wrong("a ( is not closed")
        self._at = end + 1
        self._depth -= 1
        return "(?:)"

    def _begin_special(self) -> None:
        """Read what stands behind `(?` as far as the group's content."""
        if self._take(":"):
            return
        name = _NAME.match(self._pattern, self._at)
        if name:
            self._at = name.end()
            return
        found = _INLINE.match(self._pattern, self._at)
        if not found:
            raise self._refused("a group of a kind that only some engines know")
        if found.group(3) == ")":
            raise self._wrong("flags for the whole pattern stand at its beginning")
        self._at = found.end()
        self._flags = self._changed(found)

    def _inline_flags(self) -> re.Match[str] | None:
        return _INLINE.match(self._pattern, self._at + 2) if self._pattern.startswith("(?", self._at) else None

    def _changed(self, found: re.Match[str]) -> frozenset[str]:
        on, off = frozenset(found.group(1)), frozenset(found.group(2) or "")
        if not (on | off) <= _FLAGS:
            raise self._refused("flags other than i, m and s")
        return (self._flags | on) - off

    def _escape(self) -> tuple[str, bool]:
        character = self._next()
        if character in "AZ":
            return f"\\{character}", False
        if character not in "bBdDsSwW":
            return self._character(self._escaped(character)), True
        self._count_classes(4 if character in "bB" else 1)
        if character in "bB":
            return _edge("\\w" if self._dialect == "sqlite" else _written(_class("w")), inside=character == "B"), False
        return (f"\\{character}" if self._dialect == "sqlite" else _written(_class(character))), True

    def _count_classes(self, more: int) -> None:
        self._classes += more
        if self._classes > _MOST_CLASSES:
            raise self._refused(f"more than {_MOST_CLASSES} classes of characters")

    def _escaped(self, character: str) -> str:
        """The character that a backslash and `character` stand for."""
        if character in _CONTROLS:
            return _CONTROLS[character]
        length = _CODE_LENGTHS.get(character)
        if length:
            return self._coded(length)
        if character.isascii() and character.isdecimal():
            raise self._refused("a reference to a group, or a character by its octal number")
        if character.isascii() and character.isalpha():
            raise self._wrong(f"there is no \\{character}")
        return character

    def _coded(self, length: int) -> str:
        digits = self._pattern[self._at : self._at + length]
        try:
            code = int(digits, 16) if len(digits) == length and digits.isalnum() else -1
            self._at += length
            return chr(code)
        except ValueError as error:
            raise self._wrong(f"{digits} is not the number of a character") from error

    def _set(self) -> str:
        negated = self._take("^")
        ranges: list[tuple[int, int]] = []
        classes = ""
        start = self._at
        while self._at == start or not self._take("]"):
            found = self._set_part()
            if isinstance(found, str):
                classes += f"\\{found}"
                ranges += () if self._dialect == "sqlite" else _class(found)
            else:
                ranges.append(found)
        kept = _joined(_folded(ranges) if "i" in self._flags else ranges)
        classes = classes if self._dialect == "sqlite" else ""
        if not kept and not classes:
            raise self._wrong("a set holds no character that a text can hold")
        return _written(kept, classes, negated=negated)

    def _set_part(self) -> tuple[int, int] | str:
        """A range in a set, or the letter of a class."""
        first, is_class = self._set_member()
        if not self._pattern.startswith("-", self._at) or self._pattern.startswith("-]", self._at):
            return first if is_class else (ord(first), ord(first))
        self._at += 1
        last, ends_in_class = self._set_member()
        if is_class or ends_in_class or first > last:
            raise self._wrong("a range in a set has no end, or one before its beginning")
        return ord(first), ord(last)

    def _set_member(self) -> tuple[str, bool]:
        """A character in a set, or the letter of a class and that it is one."""
        character = self._next()
        if character != "\\":
            return character, False
        escaped = self._next()
        is_class = bool(_class(escaped))
        self._count_classes(1 if is_class else 0)
        return ("\b" if escaped == "b" else escaped if is_class else self._escaped(escaped)), is_class

    def _character(self, character: str) -> str:
        code = ord(character)
        if not code or 0xD800 <= code <= 0xDFFF:
            raise self._wrong(f"no text holds the character {code}")
        return _one(code, any_case="i" in self._flags)

    def _next(self) -> str:
        if self._at >= len(self._pattern):
            raise self._wrong("it ends in the middle")
        self._at += 1
        return self._pattern[self._at - 1]

    def _take(self, wanted: str) -> bool:
        """Whether `wanted` comes next; then it is read."""
        found = self._pattern.startswith(wanted, self._at)
        self._at += len(wanted) if found else 0
        return found

    def _wrong(self, why: str) -> PatternInvalid:
        return PatternInvalid(
            f"{self._pattern!r:.100} is not a regular expression: {why} (character {self._at})", hint="escape what is meant literally"
        )

    def _refused(self, what: str) -> PatternInvalid:
        return PatternInvalid(
            f"{self._pattern!r:.100}: {what} can't be searched for (character {self._at})", hint="write a plainer pattern"
        )


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


_TESTS: Mapping[str, Callable[[str], bool]] = {"w": _is_word, "d": str.isdecimal, "s": str.isspace}


@cache
def _class(letter: str) -> Ranges:
    """The characters that `\\w` and its like stand for; none if `letter` has no such meaning."""
    test = _TESTS.get(letter.lower())
    return _all_that(test, negated=letter.isupper()) if test else ()


def _all_that(test: Callable[[str], bool], *, negated: bool) -> Ranges:
    found: list[tuple[int, int]] = []
    for first, last in _ALL:
        for fits, run in groupby(range(first, last + 1), key=lambda code: test(chr(code)) != negated):
            if fits:
                codes = list(run)
                found.append((codes[0], codes[-1]))
    return tuple(found)


def _edge(word: str, *, inside: bool) -> str:
    """Where a word begins or ends, or where neither is."""
    if inside:
        return f"(?:(?<={word})(?={word})|(?<!{word})(?!{word}))"
    return f"(?:(?<={word})(?!{word})|(?<!{word})(?={word}))"


@cache
def _cases() -> dict[int, frozenset[int]]:
    """The other forms of each character that differs from another by its case alone."""
    found: dict[int, frozenset[int]] = {}
    for code in range(_LAST_CASED + 1):
        character = chr(code)
        for other in (character.lower(), character.upper()):
            if len(other) == 1 and other != character:
                together = found.get(code, frozenset({code})) | found.get(ord(other), frozenset({ord(other)}))
                found.update(dict.fromkeys(together, together))
    return found


@cache
def _cased() -> list[int]:
    return sorted(_cases())


def _folded(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """`ranges` with every case of what is in them."""
    found = list(ranges)
    for first, last in tuple(found):
        for code in _cased()[bisect_right(_cased(), first - 1) : bisect_right(_cased(), last)]:
            found += [(other, other) for other in _cases()[code]]
    return found


def _one(code: int, *, any_case: bool) -> str:
    """One character, or any case of it."""
    codes = _cases().get(code) if any_case else None
    return _written(_joined((other, other) for other in codes)) if codes else _sign(code)


def _joined(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Ranges in their order, without overlaps and without what no text holds."""
    found: list[tuple[int, int]] = []
    for first, last in sorted((max(low, first), min(high, last)) for first, last in ranges for low, high in _ALL):
        if last < first:
            continue
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return tuple(found)


def _written(ranges: Ranges, classes: str = "", *, negated: bool = False) -> str:
    inside = classes + "".join(_sign(first) if first == last else f"{_sign(first)}-{_sign(last)}" for first, last in ranges)
    return f"[{'^' if negated else ''}{inside}]"


def _sign(code: int) -> str:
    character = chr(code)
    if character.isascii() and character.isalnum():
        return character
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
