"""Which fields the documents of ClearML's protocol have, and in which columns they stand."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from msgspec import Struct

__all__ = ["MODELS", "PROJECTS", "QUEUES", "TASKS", "WORKERS", "Column", "Kind", "Table"]

Kind = Literal["text", "pattern", "list", "json", "time", "integer", "flag"]
"""How a field is filtered: by equality, by regular expression, as a list of words, by what lies in it, as a time, as a number."""


class Column(Struct, frozen=True):
    """One field: its column, and what a new document has in it."""

    name: str
    kind: Kind
    default: Any = None


class Table(Struct, frozen=True):
    """The documents of one kind."""

    name: str
    columns: Mapping[str, Column]
    """By the name of the field."""
    searched: tuple[str, ...] = ()
    """The fields that a search for free text looks in."""


def _columns(**kinds: str) -> Mapping[str, Column]:
    """Columns by their fields; `=` tells the default as JSON would, `@` another name of the column."""
    found: dict[str, Column] = {}
    for field, said in kinds.items():
        kind, _, name = said.partition("@")
        defaults: dict[str, Any] = {"list": [], "json": {}, "integer": 0, "flag": False}
        found[field] = Column(name or field, kind, defaults.get(kind))  # type: ignore[arg-type]
    return MappingProxyType(found)


TASKS = Table(
    "task",
    _columns(
        id="text",
        name="pattern",
        type="text",
        status="text",
        project="text",
        user="text@author",
        comment="pattern",
        parent="text",
        created="time",
        started="time",
        completed="time",
        published="time",
        status_changed="time",
        last_update="time",
        last_change="time",
        last_worker_report="time",
        last_worker="text",
        last_changed_by="text",
        last_iteration="integer",
        active_duration="integer",
        status_message="pattern",
        status_reason="pattern",
        tags="list",
        system_tags="list",
        hyperparams="json",
        configuration="json",
        runtime="json",
        execution="json",
        script="json",
        container="json",
        models="json",
        output="json",
        input="json",
        enqueue_status="text",
        report="pattern",
        report_assets="list",
    ),
    searched=("id", "name", "comment", "tags", "hyperparams", "report"),
)
PROJECTS = Table(
    "project",
    _columns(
        id="text",
        name="pattern",
        parent="text",
        description="pattern",
        user="text@author",
        tags="list",
        system_tags="list",
        created="time",
        last_update="time",
        default_output_destination="text",
    ),
    searched=("id", "name", "description", "tags"),
)
MODELS = Table(
    "model",
    _columns(
        id="text",
        name="pattern",
        user="text@author",
        created="time",
        last_update="time",
        last_change="time",
        task="text",
        parent="text",
        project="text",
        comment="pattern",
        tags="list",
        system_tags="list",
        framework="text",
        design="json",
        labels="json",
        uri="text",
        ready="flag",
        ui_cache="json",
        metadata="json",
        last_iteration="integer",
    ),
    searched=("id", "name", "comment", "tags", "uri"),
)
QUEUES = Table(
    "queue",
    _columns(
        id="text",
        name="pattern",
        display_name="pattern",
        user="text@author",
        created="time",
        last_update="time",
        tags="list",
        system_tags="list",
        metadata="json",
    ),
    searched=("id", "name", "tags"),
)
WORKERS = Table(
    "worker",
    _columns(
        id="pattern",
        user="text@author",
        ip="text",
        register_time="time",
        last_activity_time="time",
        last_report_time="time",
        timeout="integer",
        task="text",
        queue="text",
        queues="list",
        tags="list",
        system_tags="list",
        expires="time",
    ),
)
