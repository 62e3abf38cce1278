"""Metrics of Ignite's engines, and the files of its checkpoints."""

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from tilth.capture.patching import Patch
from tilth.capture.recorder import Recorder

__all__ = ["patches"]


class _Run:
    """An engine that runs. `told` are the metrics of its epoch that a handler of the script writes itself."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.told: set[str] = set()
        self.evaluations = 0


class _Open(threading.local):
    def __init__(self) -> None:
        self.runs: list[_Run] = []


def patches(recorder: Recorder) -> list[Patch]:
    """Metrics of a trainer after each epoch; those of an engine that it runs, such as an evaluator, are curves beside them."""
    engines = _Engines(recorder)
    return [
        Patch("ignite.engine.engine", "Engine.run", engines.around_run),
        Patch("ignite.engine.engine", "Engine._fire_event", engines.around_event),
        Patch("ignite.engine", "create_supervised_evaluator", engines.around_evaluator),
        Patch("ignite.handlers.tensorboard_logger", "OutputHandler.__call__", engines.around_board),
        Patch("ignite.handlers.checkpoint", "DiskSaver.__call__", _around_saver(recorder)),
    ]


class _Engines:
    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._open = _Open()
        self._evaluators: WeakSet[Any] = WeakSet()
        self._trainers: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
        self._epoch = 0
        self._alone = 0

    def around_run(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def run(engine: Any, *args: Any, **kwargs: Any) -> Any:
            one, runs = _Run(engine), self._open.runs
            if runs:
                self._evaluators.add(engine)
            runs.append(one)
            try:
                result = original(engine, *args, **kwargs)
            finally:
                runs.pop()
            if engine in self._evaluators:
                self._report_evaluation(one, runs[0] if runs else None)
            return result

        return run

    def around_event(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def fire_event(engine: Any, event: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(engine, event, *args, **kwargs)
            if getattr(event, "name", "") == "EPOCH_COMPLETED" and engine not in self._evaluators:
                self._report_epoch(engine)
            return result

        return fire_event

    def around_evaluator(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def create_supervised_evaluator(*args: Any, **kwargs: Any) -> Any:
            engine = original(*args, **kwargs)
            self._evaluators.add(engine)
            return engine

        return create_supervised_evaluator

    def around_board(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def write(handler: Any, engine: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(handler, engine, *args, **kwargs)
            names = handler.metric_names or ()
            for run in self._open.runs:
                if run.engine is engine:
                    run.told.update(engine.state.metrics if names == "all" else names)
            return result

        return write

    def _report_epoch(self, engine: Any) -> None:
        if not self._open.runs:
            return
        run = self._open.runs[0]
        self._epoch = engine.state.epoch
        if engine not in self._trainers:
            self._trainers[engine] = f"training {len(self._trainers) + 1}" if self._trainers else "training"
        self._report(run, self._trainers[engine])
        run.told.clear()
        run.evaluations = 0

    def _report_evaluation(self, run: _Run, trainer: _Run | None) -> None:
        """Evaluations are told apart by their order in an epoch of the trainer; outside of it they have names of their own."""
        if trainer is not None:
            trainer.evaluations += 1
            self._epoch, name, count = trainer.engine.state.epoch, "evaluation", trainer.evaluations
        else:
            self._alone += 1
            name, count = "single evaluation", self._alone
        self._report(run, name if count == 1 else f"{name} {count}")

    def _report(self, run: _Run, series: str) -> None:
        logger = self._recorder.logger
        # Of several ranks, which have the same metrics, one reports.
        if logger is None or sys.modules["ignite.distributed"].get_rank() != 0:
            return
        for title, value in run.engine.state.metrics.items():
            if title in run.told:
                continue
            for name, number in _numbers(series, value):
                logger.report_scalar(title, name, number, self._epoch)
            if getattr(value, "ndim", 0) == 2:
                logger.report_confusion_matrix(title, series, value.tolist(), iteration=self._epoch)


def _numbers(series: str, value: Any) -> Iterator[tuple[str, float]]:
    """The points of one metric: a number, or one for each class."""
    if isinstance(value, (int, float)):
        yield series, float(value)
    elif getattr(value, "ndim", None) == 0:
        yield series, float(value.item())
    elif getattr(value, "ndim", None) == 1:
        yield from ((f"{series} {at}", float(number)) for at, number in enumerate(value.tolist()))


def _around_saver(recorder: Recorder) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def save(saver: Any, checkpoint: Any, filename: str, *args: Any, **kwargs: Any) -> Any:
            # It writes to another name first.
            with recorder.inside():
                result = original(saver, checkpoint, filename, *args, **kwargs)
            if saver.save_on_rank == sys.modules["ignite.distributed"].get_rank():
                recorder.model_saved("PyTorch", saver.dirname / filename)
            return result

        return save

    return wrap
