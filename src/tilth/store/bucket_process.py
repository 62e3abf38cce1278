"""The process that speaks to a bucket for a fork; see `tilth.store.forked`. It is told where the bucket is, and then what to do."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tilth.base.errors import Internal, TilthError
from tilth.store.buckets import BucketStore
from tilth.store.forked import receive, send

__all__ = ["main"]

_THREADS = 8


def main() -> None:
    """Answer until there are no more questions."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what anything prints must not get between the answers
    questions = sys.stdin.buffer
    made_of = receive(questions)
    if made_of is None:
        return
    store = BucketStore(*made_of)
    lock = threading.Lock()

    def answer(number: int, method: str, args: tuple[Any, ...], named: dict[str, Any]) -> None:
        try:
            found = getattr(store, method)(*args, **named)
            said = (number, True, list(found) if method in ("list", "pages") else found)
        except TilthError as error:
            said = (number, False, error)
        except Exception as error:  # noqa: BLE001  the top of a thread: whoever asked must not wait for ever
            said = (number, False, Internal(f"{method} of a bucket failed: {error!r}", hint="report this"))
        with lock:
            send(answers, said)

    with ThreadPoolExecutor(_THREADS) as threads:
        while (question := receive(questions)) is not None:
            threads.submit(answer, *question)


if __name__ == "__main__":
    main()
