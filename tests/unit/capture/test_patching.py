"""Attributes of others are changed, and given back as they were."""

import importlib
import inspect
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tilth.capture.patching import Patch, Patches

CODE = '''
class Base:
    def inherited(self): return "inherited"

class Model(Base):
    """A model."""
    def fit(self, rows): return f"fit {rows}"
    @staticmethod
    def load(path): return f"load {path}"
    @classmethod
    def make(cls, name): return f"{cls.__name__} {name}"
    size = 3
    upper = len

def save(value, *, path="p"):
    """Saves."""
    if value is None:
        raise KeyError("nothing to save")
    return f"saved {value} {path}"
'''


@pytest.fixture
def name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module that can be imported, and was not yet."""
    name = f"patched_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(CODE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield name
    sys.modules.pop(name, None)


@pytest.fixture
def patches() -> Iterator[Patches]:
    patches = Patches()
    yield patches
    patches.undo_all()


class Noting:
    """Wraps functions so that calls are noted."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def __call__(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def noting(*args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            self.calls.append((*args, result))
            return result

        return noting


def load(name: str) -> Any:
    return importlib.import_module(name)


@pytest.mark.parametrize("imported", [True, False])
def test_a_patch_works_before_and_after_the_import(name: str, patches: Patches, imported: bool) -> None:
    if imported:
        load(name)
    noting = Noting()
    patches.install([Patch(name, "save", noting)])
    module = load(name)
    assert module.save(1, path="x") == "saved 1 x"
    assert noting.calls == [(1, "saved 1 x")]
    assert module.save.__doc__ == "Saves."
    assert inspect.getsource(module.Model).startswith("class Model")
    assert type(module.__loader__).__name__ == "SourceFileLoader"
    assert module.__spec__ is not None
    assert module.__spec__.loader is module.__loader__


def test_every_kind_of_method_is_patched_and_given_back_exactly(name: str, patches: Patches) -> None:
    module = load(name)
    before = dict(vars(module.Model)), module.save, list(sys.meta_path)
    noting = Noting()
    attributes = ["Model.fit", "Model.load", "Model.make", "Model.inherited", "Model.upper", "save"]
    patches.install(Patch(name, attribute, noting) for attribute in attributes)
    model = module.Model()
    assert [model.fit(2), model.load("a"), module.Model.load("b"), module.Model.make("c"), model.inherited(), model.upper("four")] == [
        "fit 2", "load a", "load b", "Model c", "inherited", 4,
    ]  # fmt: skip
    assert len(noting.calls) == 6
    held = module.save
    patches.undo_all()
    assert (dict(vars(module.Model)), module.save, list(sys.meta_path)) == before
    assert held(1) == "saved 1 p"
    assert len(noting.calls) == 6


def test_the_same_patch_is_applied_once(name: str, patches: Patches) -> None:
    noting = Noting()
    for _ in range(2):
        patches.install([Patch(name, "save", noting)])
        load(name).save(1)
    assert len(noting.calls) == 2


def test_threads_that_import_and_install_apply_each_patch_once(name: str, patches: Patches) -> None:
    noting = Noting()
    together = threading.Barrier(8)

    def work() -> None:
        together.wait()
        patches.install([Patch(name, "save", noting)])
        load(name)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load(name).save(1)
    assert len(noting.calls) == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_our_error_is_told_once_and_the_original_runs_once(
    name: str, patches: Patches, when: str, caplog: pytest.LogCaptureFixture
) -> None:
    ran: list[object] = []

    def failing(original: Callable[..., Any]) -> Callable[..., Any]:
        def replacement(value: object) -> Any:
            if when == "before":
                raise ValueError("ours")
            original(value)
            raise ValueError("ours")

        return replacement

    def inner(value: object) -> str:
        ran.append(value)
        return f"result {value}"

    module = load(name)
    module.inner = inner
    patches.install([Patch(name, "inner", failing)])
    assert [module.inner(1), module.inner(2)] == ["result 1", "result 2"]
    assert ran == [1, 2]
    assert [record.getMessage() for record in caplog.records] == [
        f"Tilth no longer records {name}.inner, the run goes on: ValueError: ours"
    ]


def test_errors_of_the_original_are_its_own(name: str, patches: Patches, caplog: pytest.LogCaptureFixture) -> None:
    def hiding(original: Callable[..., Any]) -> Callable[..., Any]:
        def replacement(value: object) -> Any:
            try:
                return original(value)
            except KeyError:
                raise ValueError("ours, while we looked at theirs") from None

        return replacement

    noting = Noting()
    patches.install([Patch(name, "save", noting)])
    module = load(name)
    with pytest.raises(KeyError, match="nothing to save"):
        module.save(None)
    assert caplog.records == []
    patches.undo_all()
    patches.install([Patch(name, "save", hiding)])
    with pytest.raises(KeyError, match="nothing to save"):
        module.save(None)
    assert len(caplog.records) == 1


def test_a_recursive_original_keeps_its_results(name: str, patches: Patches) -> None:
    module = load(name)
    module.count = lambda n: n if n == 0 else 1 + module.count(n - 1)
    noting = Noting()
    patches.install([Patch(name, "count", noting)])
    assert module.count(3) == 3
    assert noting.calls == [(0, 0), (1, 1), (2, 2), (3, 3)]


@pytest.mark.parametrize("attribute", ["nowhere", "Model.nowhere", "Model.size", "Model"])
def test_what_a_version_does_not_have_is_one_warning(name: str, patches: Patches, attribute: str, caplog: pytest.LogCaptureFixture) -> None:
    patches.install([Patch(name, attribute, Noting())])
    assert load(name).save(1) == "saved 1 p"
    assert len(caplog.records) == 1
    assert f"{name}.{attribute}" in caplog.text


def test_who_imported_it_by_name_has_the_replacement_too(
    name: str, tmp_path: Path, patches: Patches, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / f"package_of_{name}"
    package.mkdir()
    (package / "__init__.py").write_text("from .inner import save\n")
    (package / "inner.py").write_text(CODE)
    for imported_before in (True, False):
        before = load(package.name).save if imported_before else None
        noting = Noting()
        patches.install([Patch(f"{package.name}.inner", "save", noting)])
        module = load(package.name)
        assert module.save is module.inner.save
        module.save(1)
        assert len(noting.calls) == 1
        patches.undo_all()
        assert module.save is module.inner.save
        assert before is None or module.save is before
        for title in [title for title in sys.modules if title.startswith(package.name)]:
            monkeypatch.delitem(sys.modules, title)


def test_what_somebody_else_set_later_stays(name: str, patches: Patches) -> None:
    noting = Noting()
    patches.install([Patch(name, "save", noting)])
    module = load(name)
    ours = module.save

    def theirs(value: object) -> str:
        return f"theirs {ours(value)}"

    module.save = theirs
    patches.undo_all()
    assert module.save(1) == "theirs saved 1 p"
    assert noting.calls == []


def test_a_module_that_fails_to_import_fails_as_before(tmp_path: Path, patches: Patches, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_module.py").write_text("raise LookupError('no driver')")
    monkeypatch.syspath_prepend(str(tmp_path))
    patches.install([Patch("broken_module", "save", Noting())])
    with pytest.raises(LookupError, match="no driver"):
        load("broken_module")
    with pytest.raises(ModuleNotFoundError):
        load("module_that_nobody_has")
