"""`tilth data watch`: the cache has the newest versions before anybody asks for them."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from time import monotonic, sleep
from types import FrameType
from typing import Annotated

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from tilth._wiring import open_home
from tilth.base.errors import Invalid, TilthError, Unavailable
from tilth.base.units import readable_duration
from tilth.cli.options import Json
from tilth.cli.output import count, size, stream_lines
from tilth.sdk.following import Follower, News, concerns_versions
from tilth.sdk.listening import Hearing, Listener

__all__: list[str] = []


_LONGEST_PAUSE_S = 60.0
_HEARING_PAUSE_S = 600.0
"""While changes are heard, all is looked at so often all the same: what was removed from the cache by hand is told by nobody."""
_GATHERING_S = 0.5
_LONGEST_GAP_S = 30.0
"""Where changes are many, as much time as a look takes passes until the next one, and no more than this."""


_HEARING = "hearing"
"""Where what was said of the line to the server is kept, beside what was said of versions."""


class _Ended(BaseException):
    """The process was asked to end."""


def watch_command(
    *,
    project: Annotated[str | None, Parameter(help="Datasets of this project, and of those below it.")] = None,
    name: Annotated[list[str] | None, Parameter(help="Only datasets of these names, e.g. 'cats*'.", consume_multiple=True)] = None,
    tags: Annotated[list[str] | None, Parameter(help="Only versions that have all of these.", consume_multiple=True)] = None,
    interval: Annotated[
        float, Parameter(help="How many seconds lie between two looks while no server tells of changes.", validator=Number(gt=0))
    ] = 60.0,
    once: Annotated[bool, Parameter(help="Look once, and end.")] = False,
    json: Json = False,
) -> int:
    """Keep the newest version of each dataset of a project in the cache, until Ctrl-C or SIGTERM. Prints what it fetched.

    A server tells of changes, which are fetched at once; without one, and while the line to it is cut, they are looked for.
    """
    if not (project or name or tags):
        raise Invalid("it is not said which datasets to watch", hint="say --project, --name or --tags")
    home = open_home()
    follower = Follower(home, project=project, names=name or [], tags=tags or [])
    try:
        with _ends_on_signals():
            listener = Listener(home.listen, concerns_versions) if home.listen and not once else None
            return _watch(follower, listener, interval=interval, once=once, json=json)
    except _Ended:
        print("stopped", file=sys.stderr)
        return 0


def _watch(follower: Follower, listener: Listener | None, *, interval: float, once: bool, json: bool) -> int:
    told: dict[str, str] = {}
    failures = looks = 0
    while True:
        failed, begun = 0, monotonic()
        try:
            failed = _look(follower, told, json=json)
        except TilthError as error:
            # What is wrong from the beginning, such as a key, does not mend itself; a server that is away comes back.
            if once or not (looks or isinstance(error, Unavailable)):
                raise
            failures += 1
            if told.get("") != str(error):
                told[""] = str(error)
                print(f"{_now()} {error}; trying again until it works", file=sys.stderr, flush=True)
        else:
            failures, looks = 0, looks + 1
            if told.pop("", None):
                print(f"{_now()} looking works again", file=sys.stderr, flush=True)
        if once:
            return failed
        pause = _pause_s(interval, failures)
        if listener is None:
            sleep(pause)
        else:
            _await_changes(listener, told, took_s=monotonic() - begun, pause_s=pause, is_well=not (failed or failures))


def _await_changes(listener: Listener, told: dict[str, str], *, took_s: float, pause_s: float, is_well: bool) -> None:
    """Return when it is time for the next look: soon after a change that is heard, or after a pause, a long one while they are heard."""
    begun = monotonic()
    while True:
        hearing = listener.hearing
        _tell_hearing(hearing, told, pause_s)
        pause = max(pause_s, _HEARING_PAUSE_S) if hearing.is_heard and is_well else pause_s
        has_news = listener.wait(begun + pause - monotonic(), hearing)
        if has_news:
            sleep(max(_GATHERING_S, min(took_s, _LONGEST_GAP_S) - (monotonic() - begun)))
            listener.wait(0.0, hearing)  # what was told meanwhile, the same look sees
            return
        if monotonic() - begun >= pause:
            return


def _tell_hearing(hearing: Hearing, told: dict[str, str], pause_s: float) -> None:
    """Say once when changes are not heard, and when they are again."""
    before = told.get(_HEARING)
    if hearing.is_heard and before != "":
        told[_HEARING] = ""
        print(f"{_now()} the server tells of changes{' again' if before else ''}", file=sys.stderr, flush=True)
    elif hearing.problem and not before:
        told[_HEARING] = hearing.problem
        every = readable_duration(pause_s)
        print(f"{_now()} no changes are told ({hearing.problem}); looking every {every} until they are", file=sys.stderr, flush=True)


def _look(follower: Follower, told: dict[str, str], *, json: bool) -> int:
    """Tell what one look brought; returns the exit status that it would mean."""
    failed = 0
    for news in follower.look():
        failed = failed or (Unavailable.exit_status if news.problem else 0)
        if news.problem != told.get(news.version.id, ""):  # a problem that lasts is told once
            told[news.version.id] = news.problem
            _tell(news, json=json)
        elif not news.problem:
            _tell(news, json=json)
    return failed


def _pause_s(interval: float, failures: int) -> float:
    """Longer each time while looking fails, up to a minute, unless more lies between two looks anyhow."""
    return max(interval, min(_LONGEST_PAUSE_S, interval * 2.0 ** min(failures, 30)))


def _tell(news: News, *, json: bool) -> None:
    version = news.version
    if json:
        fields = {
            "id": version.id,
            "project": version.project,
            "name": version.name,
            "version": version.version,
            "folder": news.folder,
            "fetched_files": news.fetched_files,
            "fetched_bytes": news.fetched_bytes,
            "seconds": round(news.seconds, 3),
            "problem": news.problem or None,
        }
        stream_lines([msgspec.json.encode(fields).decode()])
        return
    what = f"{version.project}/{version.name} {version.version}"
    if news.problem:
        print(f"{_now()} {what}: {news.problem}", file=sys.stderr, flush=True)
    elif news.fetched_files:
        fetched = f"{count(news.fetched_files, 'new file')}, {size(news.fetched_bytes)}, in {readable_duration(news.seconds)}"
        stream_lines([f"{_now()} {what} is here: {fetched}"])
    else:
        stream_lines([f"{_now()} {what} is here: nothing had to be fetched"])


def _now() -> str:
    return datetime.now().astimezone().strftime("%H:%M:%S")


@contextmanager
def _ends_on_signals() -> Iterator[None]:
    """Let SIGTERM and SIGINT end what is going on as an error would, so that nothing is left half done."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise _Ended

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
