"""The configurations of a task: texts, files and dictionaries that are more than parameters."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tilth.base.errors import Invalid
from tilth.sdk import beginning, task_artifacts
from tilth.sdk.model_records import checked_labels, parsed_design
from tilth.sdk.tasks.record import TaskRecord

__all__ = ["Configuration"]

_MODEL = "General"
"""The configuration that stands for a model's, where nobody named one."""


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

    def get_configuration_objects(self) -> dict[str, str]:
        """The texts of all configurations by name."""
        return {name: item.get("value") or "" for name, item in (self._data.get("configuration") or {}).items()}

    # --- models that are not made yet -------------------------------------------------------------------------------

    def set_model_config(self, config_text: str | None = None, config_dict: Mapping[str, Any] | None = None) -> None:
        """Set the configuration that models of this task begin with, as a text or as a dictionary."""
        if config_text is not None and config_dict is not None:
            raise Invalid("both config_text and config_dict are given", hint="give one of them")
        self.set_configuration_object(_MODEL, config_text, config_dict=config_dict)

    def get_model_config_text(self) -> str:
        """The text of that configuration; of the first one by name, if none is called `General`; empty without any."""
        known = self.get_configuration_objects()
        return known.get(_MODEL) or (known[min(known)] if known else "")

    def get_model_config_dict(self) -> dict[str, Any]:
        """The same as a dictionary; empty if it is none."""
        try:
            return parsed_design(self.get_model_config_text())
        except Invalid:
            return {}

    def set_model_label_enumeration(self, enumeration: Mapping[str, int] | None = None) -> None:
        """Set which number stands for which label, for the models that this task makes."""
        self._edit_part("execution", {"model_labels": checked_labels(enumeration or {})})

    def connect_label_enumeration(self, enumeration: dict[str, int], ignore_remote_overrides: bool = False) -> dict[str, int]:
        """Record which number stands for which label. Run by an agent, the dictionary holds what stands in the task instead."""
        if not isinstance(enumeration, dict):
            raise Invalid(f"a {type(enumeration).__name__} is no dictionary of labels", hint='give one such as {"cat": 0, "dog": 1}')
        known = self.get_labels_enumeration()
        if beginning.is_remote() and known and not ignore_remote_overrides:
            enumeration.clear()
            enumeration.update(known)
        else:
            self.set_model_label_enumeration(enumeration)
        return enumeration

    def get_labels_enumeration(self) -> dict[str, int]:
        """Which number stands for which label."""
        return dict((self._data.get("execution") or {}).get("model_labels") or {})

    def get_label_num_description(self) -> dict[int, str]:
        """Which label a number stands for."""
        return {number: label for label, number in self.get_labels_enumeration().items()}

    def get_num_of_classes(self) -> int:
        """How many labels there are."""
        return len(self.get_label_num_description())
