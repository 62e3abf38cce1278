"""Whether a store really decides races: the one promise that commits rest on, and that servers have broken before."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

from tilth.base.errors import FormatUnsupported, TilthError
from tilth.base.ids import new_id
from tilth.store.api import Key, ObjectStore
from tilth.store.bucket_errors import OTHER_STORES

__all__ = ["address_of", "name_of", "require_put_if_absent"]

_RACERS = 8


def name_of(store: ObjectStore) -> str:
    """What a person calls a store: its address, or its folder."""
    place = getattr(store, "place", None)
    return str(place.url if place is not None else getattr(store, "root", "the store"))


def address_of(store: ObjectStore) -> str:
    """What a store is called towards people who may not know the folders of the machine that it is on."""
    place = getattr(store, "place", None)
    return str(place.url) if place is not None else "the store"


def require_put_if_absent(store: ObjectStore) -> None:
    """Let eight threads create one key at once; `FormatUnsupported` unless exactly one wins and its bytes stay.

    To be called before a repository is created in `store`. The key is removed again.
    """
    key = Key(f"tmp/probe-{new_id()}")
    bodies = [f"{racer}".encode() for racer in range(_RACERS)]
    start = Barrier(_RACERS)

    def race(body: bytes) -> bool:
        start.wait()
        return store.put_if_absent(key, body)

    try:
        with ThreadPoolExecutor(_RACERS, thread_name_prefix="tilth-probe") as racers:
            won = list(racers.map(race, bodies))
        winners = [body for body, success in zip(bodies, won, strict=True) if success]
        good = winners == [store.get(key)]
    except TilthError:
        with suppress(TilthError):  # what went wrong first is what has to be told
            store.delete([key])
        raise
    store.delete([key])
    if not good:
        raise FormatUnsupported(
            f"{name_of(store)} let {len(winners)} of {_RACERS} writers create the same object, so versions could overwrite each other",
            hint=OTHER_STORES,
        )
