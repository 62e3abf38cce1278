"""The configurations of a task: texts, files and dictionaries that are more than parameters."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tilth.sdk import beginning, task_artifacts
from tilth.sdk.tasks.record import TaskRecord

__all__ = ["Configuration"]


class Configuration(TaskRecord):
    """Configurations of a task, by name."""

    def connect_configuration(
        self,
        configuration: Mapping[str, Any] | Sequence[Any] | str | Path,
        name: str | None = None,
        description: str | None = None,
        ignore_remote_overrides: bool = False,
    ) -> Any:
        """Record a configuration: a dictionary or list, or a file. Run by an agent, it returns what stands in the task instead."""
        return task_artifacts.connect_configuration(
            self, configuration, name or "General", description, take_over=beginning.is_remote() and not ignore_remote_overrides
        )

    def get_configuration_object(self, name: str) -> str | None:
        """The text of a configuration."""
        found: str | None = ((self._data.get("configuration") or {}).get(name) or {}).get("value")
        return found

    def get_configuration_object_as_dict(self, name: str) -> Any:
        """A configuration that was a dictionary or list."""
        text = self.get_configuration_object(name)
        return None if text is None else task_artifacts.parsed(text)

    def set_configuration_object(
        self, name: str, config_text: str | None = None, description: str | None = None, config_type: str | None = None,
        config_dict: Mapping[str, Any] | Sequence[Any] | None = None,
    ) -> None:  # fmt: skip
        """Set a configuration, as a text or as a dictionary."""
        text = json.dumps(config_dict, indent=2) if config_dict is not None else config_text or ""
        item = {"name": name, "value": text, "type": config_type or ("json" if config_dict is not None else "text")}
        item |= {"description": description} if description else {}
        self._document["configuration"] = (self._data.get("configuration") or {}) | {name: item}
        self._change("tasks.edit_configuration", task=self.id, force=True, configuration=[item])
