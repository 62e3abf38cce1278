"""How what a run says becomes events: written down at once, sent by and by."""

import itertools
import json
import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tilth.base.ids import new_id
from tilth.client.outbox import Outbox, in_json
from tilth.domain.event import SINGLE_VALUE, EventKind
from tilth.wire.own_files import address_of

__all__ = ["Reporter"]


class Reporter:
    """What a task or a model reports. Every method returns when the report is written to the outbox; none waits for a server, none raises
    because of one. Safe for threads and forks.
    """

    def __init__(self, outbox: Outbox, entity: str, *, folder: str, worker: str = "", is_model: bool = False, locked: bool = False) -> None:
        """What is `locked` reports also of what is published already, which otherwise takes no more reports."""
        self.outbox = outbox
        self.entity = entity
        self.folder = folder
        """Where the files of this task lie among the server's files, such as `Team/Pets/train.0123…`."""
        self.worker = worker
        self.offset = 0
        """Added to each iteration: a continued run goes on where it was."""
        self.last_iteration = 0
        self.has_iterations = False
        """Whether the run reported anything at an iteration."""
        self._also = ({"model_event": True} if is_model else {}) | ({"allow_locked": True} if locked else {})
        self._heads: dict[tuple[str, str], bytes] = {}
        self._numbered_by, self._writer, self._count = 0, "", itertools.count()

    def scalar(self, metric: str, variant: str, value: float, iteration: int) -> None:
        """One point of a curve; `value` has to be finite."""
        head = self._heads.get((metric, variant)) or self._head(metric, variant)
        iteration += self.offset
        self.last_iteration = max(self.last_iteration, iteration)
        self.has_iterations = True
        self.outbox.event(b'%b%d,"iter":%d,"value":%b}\n' % (head, time.time() * 1_000, iteration, float.__repr__(value).encode()))

    def load(self, metric: str, variant: str, value: float, place: int) -> None:
        """One point of a curve of the machine's load, which says nothing of where the run is: `place` is taken as it is."""
        head = self._heads.get((metric, variant)) or self._head(metric, variant)
        self.outbox.event(b'%b%d,"iter":%d,"value":%b}\n' % (head, time.time() * 1_000, place, float.__repr__(value).encode()))

    def single(self, name: str, value: float) -> None:
        """A value that belongs to no iteration; reporting it again replaces it."""
        self._event(EventKind.SCALAR, "Summary", name, SINGLE_VALUE, value=value)

    def plot(self, metric: str, variant: str, iteration: int, figure: Mapping[str, Any]) -> None:
        """A Plotly figure, `{"data": [...], "layout": {...}}`. Numbers that JSON does not have become null."""
        text = json.dumps(_finite(figure), separators=(",", ":"), default=_plain)
        self._event(EventKind.PLOT, metric, variant, iteration + self.offset, plot_str=text)

    def text(self, message: str, level: str = "info") -> None:
        """Lines for the console."""
        self._event(EventKind.LOG, None, None, None, level=level, msg=message, worker=self.worker, key=self._number())

    def image(self, metric: str, variant: str, iteration: int, url: str) -> None:
        """A picture, sound or page that lies at `url` already."""
        key = url.partition("://")[2].partition("/")[2]
        self._event(EventKind.IMAGE, metric, variant, iteration + self.offset, key=key, url=url)

    def media(self, metric: str, variant: str, iteration: int, source: Path, *, name: str, delete: bool = False) -> None:
        """Upload a file as `name` below the task's folder, and then report it as a debug sample. `delete` gives the file away."""
        address = address_of(f"{self.folder}/{name}")
        key = address.partition("://")[2].partition("/")[2]
        event = self._document(EventKind.IMAGE, metric, variant, iteration + self.offset, key=key, url=address)
        self.outbox.upload(source, name=f"{self.folder}/{name}", delete=delete, event=event)

    def upload(self, source: Path, *, name: str, delete: bool = False) -> str:
        """Upload a file as `name` below the task's folder; returns the address that it will have."""
        self.outbox.upload(source, name=f"{self.folder}/{name}", delete=delete)
        return address_of(f"{self.folder}/{name}")

    def _number(self) -> str:
        """Tells a line from those of other processes that say the same in the same millisecond; it is sent again with a batch."""
        if self._numbered_by != os.getpid():
            self._numbered_by, self._writer, self._count = os.getpid(), new_id()[:12], itertools.count()
        return f"{self._writer}.{next(self._count)}"

    def _head(self, metric: str, variant: str) -> bytes:
        document = {"type": EventKind.SCALAR, "task": self.entity, "metric": metric, "variant": variant, **self._also}
        head = in_json(document)[:-1] + b',"timestamp":'
        self._heads[(metric, variant)] = head
        return head

    def _event(self, kind: str, metric: str | None, variant: str | None, iteration: int | None, **more: Any) -> None:
        self.outbox.event(in_json(self._document(kind, metric, variant, iteration, **more)) + b"\n")

    def _document(self, kind: str, metric: str | None, variant: str | None, iteration: int | None, **more: Any) -> dict[str, Any]:
        document: dict[str, Any] = {"type": kind, "task": self.entity, "timestamp": int(time.time() * 1_000), **self._also}
        if iteration is not None:
            document["iter"] = iteration
            if kind != EventKind.SCALAR:
                self.has_iterations = True
                self.last_iteration = max(self.last_iteration, iteration)
        if metric is not None:
            document |= {"metric": metric, "variant": variant}
        return document | more


def _finite(value: Any) -> Any:
    """The same without NaN and infinities, which JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): _finite(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    return value


def _plain(value: Any) -> Any:
    """What libraries for numbers make, as JSON has it."""
    convert: Callable[[], Any] | None = getattr(value, "tolist", None) or getattr(value, "isoformat", None)
    return _finite(convert()) if convert else str(value)
