"""Documents of the protocol whose fields are read as attributes too, as scripts for ClearML read them."""

from collections.abc import Mapping
from typing import Any

__all__ = ["Attributed"]

_FIELDS = """
active_duration comment completed configuration container created execution hyperparams id last_change last_iteration last_metrics
last_update last_worker last_worker_report models name output parent project published runtime script started status status_changed
status_message status_reason system_tags tags type user
"""
"""What tasks have: None if it was never set."""
_PARTS = """
artifacts binary branch container description diff docker_cmd entry_point image input output parameters queue repository requirements tag
type value version_num working_dir
"""
"""What parts of tasks have."""


class Attributed(dict[str, Any]):
    """A document of a task: `task.data.script.repository` is `task.data["script"]["repository"]`. It is a copy."""

    def __init__(self, document: Mapping[str, Any], fields: str = _FIELDS) -> None:
        super().__init__({name: _attributed(value) for name, value in document.items()})
        self._fields = fields

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        if not name.startswith("_") and name in self._fields.split():
            return None
        raise AttributeError(f"there is no {name!r} here; there are {', '.join(sorted(self)) or 'no fields'}")


def _attributed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return Attributed(value, _PARTS)
    return [_attributed(one) for one in value] if isinstance(value, list) else value
