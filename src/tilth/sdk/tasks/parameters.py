"""The parameters of a task: connected to objects of a program, read, and set."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tilth.base.errors import Invalid
from tilth.sdk import beginning, connecting, parameters
from tilth.sdk.arguments import Argument, is_tracked
from tilth.sdk.tasks.record import TaskRecord

__all__ = ["PROPERTIES", "Parameters"]

PROPERTIES = "properties"
"""The section of what may be changed at any time, also after the run."""


class Parameters(TaskRecord):
    """Parameters and user properties of a task."""

    def connect(self, mutable: Any, name: str | None = None, ignore_remote_overrides: bool = False) -> Any:
        """Record the values of a dictionary, a dataclass, a model or any object as parameters in section `name` (`General`).

        When an agent runs the task, the values that somebody changed there are set in the object first. Returns the object.
        """
        section = name or "General"
        if beginning.is_remote() and not ignore_remote_overrides:
            known = (self._data.get("hyperparams") or {}).get(section) or {}
            if known:
                return connecting.write_object(mutable, {key: item.get("value") or "" for key, item in known.items()})
        values = connecting.read_object(mutable)
        self._put_parameters([parameters.parameter(section, key, value) for key, value in values.items()])
        return mutable

    def get_parameters(self, *, cast: bool = False) -> dict[str, Any]:
        """Every parameter as `section/name`: text, or with `cast` what it was."""
        known = self._data.get("hyperparams") or {}
        if not cast:
            return dict(parameters.flat(known))
        return {f"{section}/{key}": parameters.typed(item) for section, items in known.items() for key, item in items.items()}

    def get_parameters_as_dict(self, cast: bool = False) -> dict[str, Any]:
        """The same with a dictionary for each section and for each slash in a name."""
        return parameters.nested(self.get_parameters(cast=cast))

    def get_parameter(self, name: str, default: Any = None, cast: bool = False) -> Any:
        """One parameter, by `section/name`."""
        return self.get_parameters(cast=cast).get(name, default)

    def set_parameters(self, *args: Mapping[str, Any], **kwargs: Any) -> None:
        """Replace every parameter by these, given as `section/name`: value. Properties of users stay."""
        values = {name: value for given in (*args, kwargs) for name, value in given.items()}
        properties = ((self._data.get("hyperparams") or {}).get(PROPERTIES) or {}).values()
        self._put_parameters([*properties, *(parameters.parameter(*found) for found in parameters.grouped(values))], replace="all")

    def update_parameters(self, *args: Mapping[str, Any], **kwargs: Any) -> None:
        """Set some parameters and keep the others."""
        values = {name: value for given in (*args, kwargs) for name, value in given.items()}
        self._put_parameters([parameters.parameter(*found) for found in parameters.grouped(values)])

    def set_parameter(self, name: str, value: Any, description: str | None = None) -> None:
        """Set one parameter, by `section/name`."""
        section, key, _ = next(parameters.grouped({name: value}))
        self._put_parameters([parameters.parameter(section, key, value, description=description)])

    def set_parameters_as_dict(self, dictionary: Mapping[str, Any]) -> None:
        """Replace every parameter by what stands in a dictionary of sections."""
        try:
            values = dict(parameters.flatten(dictionary))
        except RecursionError as error:
            raise Invalid("the dictionary holds itself, or is nested too deep", hint="give a part that does not") from error
        self.set_parameters(values)

    def delete_parameter(self, name: str) -> bool:
        """Remove one parameter, by `section/name`; False if there is none."""
        section, key, _ = next(parameters.grouped({name: None}))
        items = (self._data.get("hyperparams") or {}).get(section) or {}
        if key not in items:
            return False
        del items[key]
        self._change("tasks.delete_hyper_params", task=self.id, force=True, hyperparams=[{"section": section, "name": key}])
        return True

    def get_user_properties(self, value_only: bool = False) -> dict[str, Any]:
        """What `set_user_properties` set: by name, whole, or the value alone."""
        known = (self._data.get("hyperparams") or {}).get(PROPERTIES) or {}
        return {name: item.get("value") for name, item in known.items()} if value_only else dict(known)

    def set_user_properties(self, *iterables: Mapping[str, Any] | Iterable[Mapping[str, Any]], **properties: Any) -> bool:
        """Set properties that may be changed at any time, also after the run: `name=value`, or dictionaries with name and value."""
        items: list[Mapping[str, Any]] = []
        for given in iterables:
            found = [{"name": name, **_property(value)} for name, value in given.items()] if isinstance(given, Mapping) else list(given)
            items += found
        items += [{"name": name, **_property(value)} for name, value in properties.items()]
        self._put_parameters([_property_parameter(item) for item in items])
        return True

    def delete_user_properties(self, *iterables: Iterable[tuple[str, str] | str]) -> bool:
        """Remove properties by name."""
        groups = [[given] if isinstance(given, str) else given for given in iterables]
        names = [found if isinstance(found, str) else found[-1] for group in groups for found in group]
        for name in names:
            self.delete_parameter(f"{PROPERTIES}/{name}")
        return True

    def _put_arguments(self, section: str, found: Iterable[Argument]) -> None:
        """Record what the process was called with, as far as `auto_connect_arg_parser` wants it."""
        wanted = [one for one in found if is_tracked(one.name, self._arguments_wanted)]
        self._put_parameters(
            [parameters.parameter(section, one.name, one.text, kind=one.type, description=one.description) for one in wanted]
        )

    def _put_parameters(self, items: Sequence[dict[str, Any]], replace: str = "none") -> None:
        known = {} if replace == "all" else {name: dict(section) for name, section in (self._data.get("hyperparams") or {}).items()}
        for item in items:
            known.setdefault(item["section"], {})[item["name"]] = item
        self._document["hyperparams"] = known
        if items or replace == "all":
            self._change("tasks.edit_hyper_params", task=self.id, force=True, hyperparams=list(items), replace_hyperparams=replace)


def _property(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {"value": value}


def _property_parameter(item: Mapping[str, Any]) -> dict[str, Any]:
    kind, description = item.get("type"), item.get("description")
    return parameters.parameter(PROPERTIES, str(item["name"]), item.get("value"), kind=kind, description=description)
