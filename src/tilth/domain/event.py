"""What a Task reports while it runs."""

from hashlib import md5

from msgspec import Struct

__all__ = ["MONITOR", "SINGLE_VALUE", "EventKind", "Line", "Point", "ReportedEvent", "name_hash"]

SINGLE_VALUE = -(2**31)
"""The iteration of a value that belongs to no iteration."""
MONITOR = ":monitor:"
"""How metrics begin that say something about the machine, not about the run."""


class EventKind:
    """The kinds of events, by their names in the protocol."""

    SCALAR = "training_stats_scalar"
    VECTOR = "training_stats_vector"
    IMAGE = "training_debug_image"
    PLOT = "plot"
    LOG = "log"


class ReportedEvent(Struct, kw_only=True):
    """One event as clients send it; what its kind does not use is not given."""

    type: str
    task: str = ""
    model: str | None = None
    timestamp: float | None = None
    iter: float | None = None
    metric: str | None = None
    variant: str | None = None
    value: float | None = None
    values: list[float] | None = None
    x_axis_label: str | None = None
    worker: str | None = None
    level: str | None = None
    msg: str | None = None
    key: str | None = None
    url: str | None = None
    plot_str: str | None = None
    skip_validation: bool | None = None
    allow_locked: bool | None = None
    model_event: bool | None = None


class Point(Struct, frozen=True, array_like=True):
    """One point of a Series; its timestamp is in milliseconds."""

    iter: int
    timestamp: int
    value: float


class Line(Struct, frozen=True, array_like=True):
    """What was written to the console at once: one line or more."""

    timestamp: int
    level: str
    worker: str
    msg: str


def name_hash(name: str) -> str:
    """How the protocol names a metric or a variant in paths."""
    return md5(name.encode(), usedforsecurity=False).hexdigest()
