"""What stands without an option behind a command: `[VERSION] WORD`."""

from collections.abc import Sequence

from tilth.base.errors import Invalid

__all__ = ["version_and"]


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
