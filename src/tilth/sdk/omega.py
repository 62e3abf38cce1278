"""Configurations of OmegaConf, as a task keeps them. OmegaConf is not imported: whoever has one of its objects has it loaded."""

import copy
import sys
from collections.abc import Callable, Collection, Mapping
from typing import Any

from tilth.base.errors import Invalid

__all__ = ["become", "is_omega", "set_values", "text_of", "values_of", "without"]

_MISSING = "???"


def is_omega(value: object) -> bool:
    """Is this a `DictConfig` or a `ListConfig`?"""
    module = sys.modules.get("omegaconf")
    return module is not None and isinstance(value, (module.DictConfig, module.ListConfig))


def values_of(config: Any) -> Any:
    """The values as dictionaries and lists. References to other values stay references, and what is missing stays `???`."""
    return _omega().OmegaConf.to_container(config, resolve=False, enum_to_str=True)


def text_of(config: Any) -> str:
    """The configuration as YAML."""
    text: str = _omega().OmegaConf.to_yaml(config)
    return text


def become(config: Any, text: str, *, keep: Collection[str] = ()) -> None:
    """Let a configuration hold what YAML says, and nothing else but what to `keep`; the types of its values stay. `Invalid` if it can't."""
    omega = _omega()
    try:
        wanted = omega.OmegaConf.create(text)
        if type(wanted) is not type(config):
            raise Invalid(f"the configuration is no {type(config).__name__} any more", hint="correct it in the task")
        with omega.read_write(config), omega.open_dict(config):
            if omega.OmegaConf.is_list(config):
                config[:] = wanted
            else:
                _drop(config, wanted, keep)
                config.merge_with(wanted)
    except (omega.errors.OmegaConfBaseException, sys.modules["yaml"].YAMLError) as error:
        raise Invalid(f"the configuration can't be read: {error}", hint="correct it in the task") from error


def without(config: Any, is_wanted: Callable[[str], bool], prefix: str = "") -> Any:
    """A copy in which what is not wanted is missing. Names have dots in them."""
    copied = copy.deepcopy(config)
    with _omega().read_write(copied), _omega().open_dict(copied):
        for name in list(copied.keys()):
            node = copied._get_node(name)
            if not is_wanted(f"{prefix}{name}"):
                copied[name] = _MISSING
            elif _is_open_dict(node):
                copied[name] = without(node, is_wanted, f"{prefix}{name}.")
    return copied


def set_values(config: Any, values: Mapping[str, Any]) -> None:
    """Set values by names with slashes, also those that are new, or in a configuration that may not be changed."""
    omega = _omega()
    with omega.read_write(config), omega.open_dict(config):
        for name, value in values.items():
            path = name.split("/")
            inner = config
            for step in path[:-1]:
                if inner._get_node(step) is None or not omega.OmegaConf.is_dict(inner._get_node(step)):
                    inner[step] = {}
                inner = inner._get_node(step)
            inner[path[-1]] = value


def _drop(config: Any, wanted: Any, keep: Collection[str] = ()) -> None:
    """Take away what is not wanted; what the other one only misses stays, and so do the fields of a dataclass."""
    for name in [name for name in config.keys() if name not in keep]:  # noqa: SIM118 - it is no dictionary
        node, other = config._get_node(name), wanted._get_node(name)
        if other is not None:
            if other._is_missing():
                del wanted[name]
            elif _is_open_dict(node) and _is_open_dict(other):
                _drop(node, other)
        elif not config._is_typed():
            del config[name]


def _is_open_dict(node: Any) -> bool:
    return bool(_omega().OmegaConf.is_dict(node)) and not node._is_none() and not node._is_interpolation() and not node._is_missing()


def _omega() -> Any:
    return sys.modules["omegaconf"]
