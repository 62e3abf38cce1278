"""Which paths of a version a person means: a file, a folder, or a pattern with `*`, `?` and `[...]`."""

import re
from collections.abc import Callable
from fnmatch import translate

from tilth.base.paths import normalise_prefix

__all__ = ["has_wildcard", "literal_prefix", "literally", "matcher", "portable_expression"]

_WILD = re.compile(r"[*?\[]")


def has_wildcard(pattern: str) -> bool:
    """Whether `pattern` may mean several names."""
    return _WILD.search(pattern) is not None


def literal_prefix(pattern: str) -> str:
    """The folder, or whole path, that everything `pattern` matches lies in; empty if it may lie anywhere."""
    cleaned = _cleaned(pattern)
    wild = _WILD.search(cleaned)
    return normalise_prefix(cleaned if wild is None else cleaned[: cleaned.rfind("/", 0, wild.start()) + 1])


def literally(path: str) -> str:
    """The pattern that means exactly `path`, whatever characters it has."""
    return _WILD.sub(lambda found: f"[{found[0]}]", path)


def matcher(pattern: str, *, recursive: bool = True) -> Callable[[str], bool]:
    """A test for paths: what `pattern` names itself, and what lies in the folders it names.

    Recursive, a wildcard also stands for any number of folders, and all that lies below a folder is in it. Otherwise a
    wildcard stays within one folder, and only a folder's own files are in it.
    """
    cleaned = _cleaned(pattern)
    if not cleaned:
        return (lambda path: True) if recursive else (lambda path: "/" not in path)
    if recursive:
        expression = re.compile(f"(?:{translate(cleaned)}|{translate(cleaned + '/*')})")
        return lambda path: expression.match(path) is not None
    parts = [re.compile(translate(part)) for part in cleaned.split("/")]

    def same_depth(path: str) -> bool:
        names = path.split("/")
        if len(names) not in (len(parts), len(parts) + 1):
            return False
        return all(part.match(name) for part, name in zip(parts, names, strict=False))

    return same_depth


def portable_expression(pattern: str) -> str:
    """What `matcher` means by `pattern`, recursively, as an expression that other engines than Python's read too."""
    cleaned = _cleaned(pattern)
    parts: list[str] = []
    at = 0
    while at < len(cleaned):
        character = cleaned[at]
        at += 1
        if character == "[" and (found := _CLASS.match(cleaned, at)):
            at = found.end()
            parts.append(_class(found[1], found[2]))
        else:
            parts.append({"*": ".*", "?": "."}.get(character) or _escaped(character))
    return rf"\A{''.join(parts)}(?:/.*)?\z" if cleaned else ".*"


_CLASS = re.compile(r"(!?+)(\]?+[^\]]*)\]")  # as Python reads it: a bracket that comes first is one of the characters
_NOTHING = r"[^\x00-\x{10FFFF}]"


def _class(negated: str, inside: str) -> str:
    """One of several characters; a range that runs backwards holds none."""
    members: list[str] = []
    at = 0
    while at < len(inside):
        if inside[at + 1 : at + 2] == "-" and at + 2 < len(inside):
            if inside[at] <= inside[at + 2]:
                members.append(f"{_escaped(inside[at])}-{_escaped(inside[at + 2])}")
            at += 3
        else:
            members.append(_escaped(inside[at]))
            at += 1
    if not members:
        return "." if negated else _NOTHING
    return f"[{'^' if negated else ''}{''.join(members)}]"


def _escaped(character: str) -> str:
    return f"\\x{{{ord(character):x}}}" if not character.isalnum() else character


def _cleaned(pattern: str) -> str:
    parts = [part for part in pattern.replace("\\", "/").split("/") if part not in ("", ".")]
    return "/".join(parts)
