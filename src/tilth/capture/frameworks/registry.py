"""Which frameworks are known, and what of them is patched for a task."""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module

from tilth.capture.arguments import Arguments
from tilth.capture.frameworks import absl, argparse, click, fire, hydra, jsonargparse
from tilth.capture.patching import Patch
from tilth.capture.recorder import Recorder

__all__ = ["FRAMEWORKS", "argument_patches", "file_patterns", "framework_patches", "unknown_names"]

FRAMEWORKS: Mapping[str, tuple[str, str]] = {
    "matplotlib": ("matplotlib", ""),
    "tensorboard": ("tensorboard", ""),
    "pytorch": ("pytorch", "PyTorch"),
    "lightning": ("lightning", "PyTorch"),
    "ignite": ("ignite", "PyTorch"),
    "fastai": ("fastai", "PyTorch"),
    "transformers": ("transformers", "Transformers"),
    "accelerate": ("accelerate", "PyTorch"),
    "joblib": ("joblib", ""),
    "scikit": ("joblib", "ScikitLearn"),
    "xgboost": ("xgboost", "XGBoost"),
    "lightgbm": ("lightgbm", "LightGBM"),
    "catboost": ("catboost", "CatBoost"),
    "keras": ("keras", "Keras"),
    "tensorflow": ("tensorflow", "TensorFlow"),
    "optuna": ("optuna", ""),
}
"""What `auto_connect_frameworks` calls a framework: the module here that knows it, and what its models are called."""

_ALSO_KNOWN = frozenset({"hydra", "absl", "tfdefines", "detect_repository", "gradio", "megengine"})
"""What `auto_connect_frameworks` may name besides: parsers, and what ClearML knows and nothing is recorded of here."""
_MEANT: Mapping[str, str] = {"torch": "pytorch", "sklearn": "scikit", "scikit_learn": "scikit", "pytorch_lightning": "lightning"}
_STREAMS = ("stdout", "stderr", "logging")

Wanted = bool | Mapping[str, object]


def framework_patches(recorder: Recorder, wanted: Wanted) -> list[Patch]:
    """The patches of all frameworks that are wanted; a mapping leaves out those of which it says False.

    Modules of ours that know a framework are small and import nothing of it.
    """
    unwanted = {module for name, (module, _) in FRAMEWORKS.items() if not _is_wanted(name, wanted)}
    made: list[Patch] = []
    for module in dict.fromkeys(module for module, _ in FRAMEWORKS.values() if module not in unwanted):
        patches: Callable[[Recorder], list[Patch]] = import_module(f"tilth.capture.frameworks.{module}").patches
        made += patches(recorder)
    return made


def argument_patches(arguments: Arguments) -> list[Patch]:
    """The patches of what parses the arguments of a command, or composes its configuration."""
    absl.see(arguments)
    return [patch for framework in (argparse, jsonargparse, click, fire, absl, hydra) for patch in framework.patches(arguments)]


def file_patterns(wanted: Wanted) -> dict[str, Sequence[str]]:
    """Which files are models, where the mapping says it by patterns, such as `{"pytorch": "*.pt"}`; for `Recorder(files=...)`."""
    if isinstance(wanted, bool):
        return {}
    named = {FRAMEWORKS[name][1]: said for name, said in wanted.items() if name in FRAMEWORKS and isinstance(said, (str, list, tuple))}
    return {title: [said] if isinstance(said, str) else [str(one) for one in said] for title, said in named.items() if title}


def unknown_names(frameworks: object, streams: object) -> list[str]:
    """What is said of frameworks and of streams that are none, each with what may be meant."""
    asked: tuple[tuple[str, object, Sequence[str]], ...] = (
        ("auto_connect_frameworks", frameworks, (*FRAMEWORKS, *sorted(_ALSO_KNOWN))),
        ("auto_connect_streams", streams, _STREAMS),
    )
    return [
        f"{argument} names {name!r:.60}, which is not known: {_nearest(str(name), known)}"
        for argument, said, known in asked
        for name in (said if isinstance(said, Mapping) else ())
        if name not in known
    ]


def _nearest(name: str, known: Sequence[str]) -> str:
    plain = name.lower().replace("-", "_")
    meant = _MEANT.get(plain) if _MEANT.get(plain) in known else next(iter(get_close_matches(plain, known, n=1)), None)
    return f"{meant!r} may be meant" if meant else f"known are {', '.join(known)}"


def _is_wanted(name: str, wanted: Wanted) -> bool:
    return wanted if isinstance(wanted, bool) else bool(wanted.get(name, True))
