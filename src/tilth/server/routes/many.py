"""How calls on many things answer: what was done, and what could not be."""

from collections.abc import Callable, Sequence
from typing import Any

from tilth.base.errors import TilthError
from tilth.wire.envelope import status_of, subcode_of

__all__ = ["each"]


def each(ids: Sequence[str], work: Callable[[str], dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Do something with each of `ids`; one that fails does not keep the others back. `work` checks before it writes."""
    succeeded, failed = [], []
    for id in dict.fromkeys(ids):
        try:
            succeeded.append({"id": id} | work(id))
        except TilthError as error:
            failed.append({"id": id, "error": {"codes": [status_of(error), subcode_of(error)], "msg": error.message, "data": {}}})
    return {"succeeded": succeeded, "failed": failed}
