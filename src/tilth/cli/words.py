"""How a command is told what it is about: words without an option, `[VERSION] WORD`, and options that name the same in another way."""

from collections.abc import Sequence

from tilth.base.errors import Invalid

__all__ = ["either", "one_way", "version_and"]


def version_and(words: Sequence[str], id: str | None, *, what: str) -> tuple[str | None, str]:
    """The version that is named before the one thing that a command needs, or by --id, or not at all; and that thing."""
    if not words:
        raise Invalid(
            f"no {what} was named", hint=f"name one, and before it a version, if it is not that of the last one: [VERSION] {what.upper()}"
        )
    *before, wanted = words
    if len(before) + bool(id) > 1:
        hint = "quote what has blanks in it" if len(words) > 2 else "leave it out, or --id"
        raise Invalid(f"{words[0 if id else 1]} is one word too many", hint=hint)
    return (before[0] if before else id), wanted


def one_way(id: str | None, **parts: str | None) -> None:
    """Refuse a version that is named as a word or with --id, and by options like --name as well: nobody can say which of them is meant."""
    others = " and ".join(f"--{option} {said}" for option, said in parts.items() if said)
    if id and others:
        raise Invalid(f"{id} is named, and {others} as well", hint=f"leave out {id}, or {others}")


def either(**said: str | None) -> str | None:
    """What one of two options says that mean the same; refused if they say different things."""
    found = {value: f"--{option.replace('_', '-')}" for option, value in said.items() if value}
    if len(found) > 1:
        raise Invalid(f"{' and '.join(found.values())} mean the same and differ", hint="leave one of them out")
    return next(iter(found), None)
