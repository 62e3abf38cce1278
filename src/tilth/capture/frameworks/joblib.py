"""Models that a script saves and loads with joblib, which is how scikit-learn's are kept."""

from collections.abc import Callable
from typing import Any

from tilth.capture.patching import Patch
from tilth.capture.recorder import Recorder

__all__ = ["patches"]


def patches(recorder: Recorder) -> list[Patch]:
    """Only what can be fitted, predict or transform is a model; other objects are data."""

    def around_dump(original: Callable[..., Any]) -> Callable[..., Any]:
        def dump(value: Any, filename: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(value, filename, *args, **kwargs)
            if _is_model(value):
                recorder.model_saved(_framework(value), filename)
            return result

        return dump

    def around_load(original: Callable[..., Any]) -> Callable[..., Any]:
        def load(filename: Any, *args: Any, **kwargs: Any) -> Any:
            value = original(filename, *args, **kwargs)
            if _is_model(value):
                recorder.model_loaded(_framework(value), filename)
            return value

        return load

    return [Patch("joblib.numpy_pickle", "dump", around_dump), Patch("joblib.numpy_pickle", "load", around_load)]


def _is_model(value: Any) -> bool:
    return any(callable(getattr(value, name, None)) for name in ("fit", "predict", "transform"))


def _framework(value: Any) -> str:
    package = type(value).__module__.partition(".")[0]
    return {"xgboost": "XGBoost", "lightgbm": "LightGBM", "catboost": "CatBoost"}.get(package, "ScikitLearn")
