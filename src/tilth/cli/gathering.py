"""Which server somebody means, and with which key: by options, in the environment, on standard input, or by answering on a terminal."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from getpass import getpass
from pathlib import Path

from msgspec import Struct

from tilth.base.errors import Invalid, TilthError
from tilth.config.clearml_conf import parse_clearml
from tilth.config.sources import Found, in_clearml_conf

__all__ = ["Person", "at_terminal", "gather", "read_block"]

Said = Mapping[str, Found]

_NEEDED: Mapping[str, tuple[str, str]] = {
    "api.server": ("API server", "--api-server"),
    "api.access_key": ("access key", "--access-key"),
    "api.secret_key": ("secret key", "--secret-key"),
}
_COPY = "copy the whole block, from `api {` to the last `}`"


class Person(Struct, frozen=True):
    """Somebody at a terminal.

    `ask` shows a question and returns the line that is typed, `ask_secret` does not show it; both raise `EOFError` when there is no more.
    """

    ask: Callable[[str], str]
    ask_secret: Callable[[str], str]


def at_terminal() -> Person | None:
    """The person at this process's terminal, if it has one."""
    if sys.stdin is None or not sys.stdin.isatty():
        return None
    return Person(ask=_ask, ask_secret=lambda question: getpass(question, stream=sys.stderr))


def gather(options: Said, around: Said, *, person: Person | None, clearml_conf: Path) -> dict[str, Found]:
    """What was said of a server, by name of the setting; `Invalid` if that is not enough to sign in.

    Options stand over what was pasted, and that over the environment, which is what is said `around`. Nobody is asked, and standard input
    is left alone, if options and environment say all.
    """
    said = {**around, **options}
    if _missing(said) and person:
        try:
            said = _answered(options, around, person, clearml_conf)
        except EOFError as error:
            raise Invalid("nothing more was typed, and nothing was written", hint="run `tilth init` again") from error
    elif _missing(said):
        text = sys.stdin.read() if sys.stdin is not None else ""
        said = _over(options, _parsed(text, "standard input") if text.strip() else {}, around)
    if missing := _missing(said):
        raise _not_enough(missing, said, clearml_conf)
    return _with_neighbours(said)


def read_block(lines: Iterable[str]) -> str:
    """As many lines as belong to a block: up to the brace that closes it, or an empty line where none is open."""
    taken, open_braces = "", 0
    for line in lines:
        if not line.strip() and not open_braces:
            if taken:
                break
            continue
        taken += line
        open_braces += line.count("{") - line.count("}")
        if open_braces <= 0 and ("}" in line or _is_address(taken)):
            break
    return taken


def _answered(options: Said, around: Said, person: Person, clearml_conf: Path) -> dict[str, Found]:
    said = {**around, **options}
    if not said:
        said |= _taken_over(person, clearml_conf)
    if "api.server" not in options and _missing(said):
        question = "Paste the block that the server's web page or `tilth up` shows, or type the address of its API:\n"
        text = read_block(_lines(person, question)).strip()
        typed = {"api.server": Found(text, "what was typed")} if _is_address(text) else _parsed(text, "what was pasted")
        said = _over(options, typed, around)
    for name in _missing(said):
        asks = person.ask_secret if name == "api.secret_key" else person.ask
        said[name] = Found(_insist(asks, f"{_NEEDED[name][0].capitalize()}: "), "what was typed")
    return said


def _taken_over(person: Person, path: Path) -> dict[str, Found]:
    try:
        found = in_clearml_conf(path)
    except TilthError as error:
        print(f"warning: {error}", file=sys.stderr)
        return {}
    if _missing(found):
        return {}
    question = f"{path} names {found['api.server'].value} with the key {found['api.access_key'].value}. Take that over? [Y/n] "
    return found if person.ask(question).strip().lower() in ("", "y", "yes") else {}


def _over(options: Said, pasted: Said, around: Said) -> dict[str, Found]:
    """One over the other; what the environment says of a server is not mixed with what was pasted of another."""
    return {**({} if "api.server" in pasted else around), **pasted, **options}


def _parsed(text: str, called: str) -> dict[str, Found]:
    found = parse_clearml(text, called=called, hint=_COPY)
    if not found:
        raise Invalid(f"{called} names neither a server nor a key", hint=_COPY)
    return {f"api.{name}": Found(value, called) for name, value in found.items()}


def _missing(said: Said) -> list[str]:
    return [name for name in _NEEDED if name not in said]


def _not_enough(missing: list[str], said: Said, clearml_conf: Path) -> Invalid:
    *others, last = [f"the {_NEEDED[name][0]}" for name in missing]
    what = f"{', '.join(others)} and {last}" if others else last
    known = f" for {said['api.server'].value}" if "api.server" in said else ""
    hint = f"say {' and '.join(_NEEDED[name][1] for name in missing)}, or pass the block of the server's web page: `tilth init < block`"
    if clearml_conf.exists():
        hint += f"; `tilth init < {clearml_conf}` takes over what ClearML uses"
    return Invalid(f"{what} {'are' if others else 'is'} missing{known}", hint=hint)


def _with_neighbours(said: dict[str, Found]) -> dict[str, Found]:
    """Add where the page and the files of a `tilth up` are, if only its API was named."""
    server = said["api.server"]
    address = server.value.rstrip("/")
    if not address.endswith("/api"):
        return said
    base = address.removesuffix("/api")
    return {"api.web_server": Found(base, server.source), "api.files_server": Found(f"{base}/files", server.source), **said}


def _lines(person: Person, question: str) -> Iterator[str]:
    with suppress(EOFError):
        while True:
            yield person.ask(question)
            question = ""


def _insist(asks: Callable[[str], str], question: str) -> str:
    while not (line := asks(question).strip()):
        pass
    return line


def _is_address(text: str) -> bool:
    return text.strip().startswith(("http://", "https://")) and len(text.split()) == 1


def _ask(question: str) -> str:
    print(question, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line
