"""Configurations that Hydra composes, and what was said otherwise on the command line."""

import copy
import inspect
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tilth.capture.arguments import Arguments, texts_of
from tilth.capture.patching import Patch
from tilth.sdk import finishing, task_store
from tilth.sdk._current import running
from tilth.sdk.arguments import Argument, is_tracked, kind_of
from tilth.sdk.omega import become, text_of, without

__all__ = ["patches"]

_SECTION, _CONFIGURATION, _KIND = "Hydra", "OmegaConf", "OmegaConf YAML"
_EDITED = "_allow_omegaconf_edit_"
_ABOUT = f"The composed configuration. An agent composes it anew, unless {_SECTION}/{_EDITED} is True: then it takes what stands here"


def patches(arguments: Arguments) -> list[Patch]:
    """Recorded when a job begins. What an agent was told is said to Hydra after the command line, or is the configuration."""

    def around_run(original: Callable[..., Any]) -> Callable[..., Any]:
        def run(hydra: Any, *args: Any, **kwargs: Any) -> Any:
            told = texts_of(arguments.told(_SECTION))
            if not told or _is_edited(told):
                return original(hydra, *args, **kwargs)
            bound = inspect.signature(original).bind(hydra, *args, **kwargs)
            bound.arguments["overrides"] = _overrides(hydra, bound.arguments["config_name"], list(bound.arguments["overrides"]), told)
            return original(*bound.args, **bound.kwargs)

        return run

    def around_job(original: Callable[..., Any]) -> Callable[..., Any]:
        def run_job(*args: Any, **kwargs: Any) -> Any:
            bound = inspect.signature(original).bind(*args, **kwargs)
            config, before = bound.arguments["config"], running()
            if _is_edited(texts_of(arguments.told(_SECTION))):
                become(config, arguments.told_configuration(_CONFIGURATION) or "", keep={"hydra"})
            _see(arguments, config)
            done = original(*bound.args, **bound.kwargs)
            if before is None and getattr(config.hydra.mode, "name", "") == "MULTIRUN":
                _end(done)
            return done

        return run_job

    return [Patch("hydra._internal.hydra", "Hydra.run", around_run), Patch("hydra.core.utils", "run_job", around_job)]


def _is_edited(told: Mapping[str, str]) -> bool:
    return told.get(_EDITED, "").strip().lower() in ("true", "1")


def _see(arguments: Arguments, config: Any) -> None:
    own = copy.deepcopy(config)
    with _omega().read_write(own), _omega().open_dict(own):
        del own["hydra"]
    edited = Argument(
        _EDITED, _is_edited(texts_of(arguments.told(_SECTION))), "bool", "whether an agent takes the configuration as it stands"
    )
    said = [_argument(word, own) for word in config.hydra.overrides.task]

    def tell(task: Any) -> None:
        wanted = task._arguments_wanted
        task._put_arguments(_SECTION, [*said, edited])
        text = text_of(own if isinstance(wanted, bool) else without(own, lambda name: is_tracked(name, wanted)))
        task.set_configuration_object(_CONFIGURATION, text, description=_ABOUT, config_type=_KIND)

    arguments.seen("hydra", tell, key=_SECTION)


def _argument(word: str, config: Any) -> Argument:
    value = _select(config, _name(word))
    kind = kind_of(value) if isinstance(value, (bool, int, float)) else "str"
    return Argument(_name(word), word.partition("=")[2], kind)


def _name(word: str) -> str:
    """What an override is about; one that takes something away begins with `~`."""
    return word.partition("=")[0].lstrip("+")


def _overrides(hydra: Any, config_name: str | None, overrides: Sequence[str], told: Mapping[str, str]) -> list[str]:
    """The overrides of a command line with those that an agent was told in place of them, in the form that each needs."""
    words = [word for word in overrides if _name(word) not in told]
    loader, mode = hydra.config_loader, sys.modules["hydra.types"].RunMode.RUN
    composed = loader.load_configuration(config_name=config_name, overrides=words, run_mode=mode)
    chosen = composed.hydra.runtime.choices
    for name, text in told.items():
        own = name.removeprefix("~")
        if name == _EDITED:
            continue
        if own != name:
            words += [f"{name}={text}" if text else name] if own in chosen or _select(composed, own) is not None else []
        elif name in chosen:
            words.append(f"{name}={text}")
        else:
            words.append(f"{'+' if loader.get_group_options(name.partition('@')[0]) else '++'}{name}={text}")
    return words


def _end(done: Any) -> None:
    """Each job of several has a task of its own, if it began one."""
    task = running()
    if task is None:
        return
    task_store.forget_last(task._home, task.get_project_name() or "", task.name, task.task_type)
    if done.status.name == "FAILED":
        error = done._return_value
        reason = f"{type(error).__name__}: {error}"
        finishing.finish(task, status="failed", reason=reason[:200], message="".join(traceback.format_exception(error)))
    else:
        finishing.finish(task)


def _select(config: Any, name: str) -> Any:
    try:
        return _omega().OmegaConf.select(config, name)
    except _omega().errors.OmegaConfBaseException:  # it is missing, or refers to what is
        return None


def _omega() -> Any:
    return sys.modules["omegaconf"]
