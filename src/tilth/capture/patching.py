"""How the attributes of others are changed and given back: the one module that does it.

A replacement belongs to a run that has to go on. What the original returned or raised is what its caller gets, whatever our part does.
"""

import functools
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from inspect import getattr_static
from types import ModuleType
from typing import Any

from msgspec import Struct

from tilth.capture.guarding import Guard

__all__ = ["Patch", "Patches", "replace_attribute"]

_ABSENT = object()
Function = Callable[..., Any]


class Patch(Struct, frozen=True):
    """One change: in `module`, `attribute` (such as `Figure.savefig`) becomes what `wrapper` makes of the original."""

    module: str
    attribute: str
    wrapper: Callable[[Function], Function]


def replace_attribute(owner: Any, name: str, value: object) -> Callable[[], None]:
    """Set an attribute; the answer puts back what was there, unless somebody else has set it since."""
    own = vars(owner) if hasattr(owner, "__dict__") else {}
    before = own.get(name, _ABSENT)
    setattr(owner, name, value)
    ours = _own(owner, name)

    def undo() -> None:
        if _own(owner, name) is not ours:
            return
        if before is _ABSENT:
            delattr(owner, name)
        else:
            setattr(owner, name, before)

    return undo


class Patches:
    """Patches of one run. Each is applied when its module has been imported, at once if it is imported already. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._wanted: dict[str, list[Patch]] = {}
        self._applied: dict[Patch, tuple[Guard, list[Callable[[], None]]]] = {}
        self._finder = _Finder(self._wanted, self._apply_to)

    def install(self, patches: Iterable[Patch]) -> None:
        """Want these too. A patch that is wanted already is not applied twice."""
        with self._lock:
            new = [patch for patch in patches if patch not in self._wanted.get(patch.module, ())]
            for patch in new:
                self._wanted.setdefault(patch.module, []).append(patch)
            if new and self._finder not in sys.meta_path:
                sys.meta_path.insert(0, self._finder)
        for name in {patch.module for patch in new}:
            if name in sys.modules:
                self._apply_to(name)

    def undo_all(self) -> None:
        """Give everything back. What a script holds of ours, such as a function that it imported by name, only calls the original."""
        with self._lock:
            self._wanted.clear()
            if self._finder in sys.meta_path:
                sys.meta_path.remove(self._finder)
            for guard, undos in reversed(self._applied.values()):
                guard.off = True
                for undo in undos:
                    undo()
            self._applied.clear()

    def _apply_to(self, name: str) -> None:
        for patch in list(self._wanted.get(name, ())):
            Guard(f"{patch.module}.{patch.attribute}").run(self._apply, patch)

    def _apply(self, patch: Patch) -> None:
        # Outside of the lock: a module that loads its parts when they are asked for imports here.
        owner, name = _find(patch)
        with self._lock:
            if patch in self._applied or patch not in self._wanted.get(patch.module, ()):
                return
            guard = Guard(f"{patch.module}.{patch.attribute}")
            original, replacement = getattr(owner, name), _replacement(owner, name, patch, guard)
            undos = [replace_attribute(owner, name, replacement)]
            if isinstance(owner, ModuleType):
                _exchange(owner, name, original, replacement)
                undos.append(functools.partial(_exchange, owner, name, replacement, original))
            self._applied[patch] = guard, undos


class _Call:
    """What became of the original in one call of its replacement."""

    def __init__(self) -> None:
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None


class _Calls(threading.local):
    def __init__(self) -> None:
        self.open: list[_Call] = []


def _guarded(original: Function, wrapper: Callable[[Function], Function], guard: Guard) -> Function:
    calls = _Calls()

    @functools.wraps(original)
    def watched(*args: Any, **kwargs: Any) -> Any:
        call = calls.open[-1] if calls.open else _Call()
        call.error = None
        try:
            call.result = original(*args, **kwargs)
        except BaseException as error:
            call.error = error
            raise
        call.done = True
        return call.result

    replacement = wrapper(watched)

    @functools.wraps(original)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if guard.off:
            return original(*args, **kwargs)
        call = _Call()
        calls.open.append(call)
        try:
            return replacement(*args, **kwargs)
        except Exception as error:
            if call.error is error:
                raise
            guard.turn_off(error)
        finally:
            calls.open.pop()
        if call.error is not None:
            raise call.error
        return call.result if call.done else original(*args, **kwargs)

    return guarded


def _find(patch: Patch) -> tuple[Any, str]:
    *path, name = patch.attribute.split(".")
    owner: Any = sys.modules[patch.module]
    for step in path:
        owner = getattr(owner, step)
    getattr(owner, name)
    return owner, name


def _exchange(owner: ModuleType, name: str, there: object, value: object) -> None:
    """Set what modules of the same package, and the script, have imported from `owner` under this name."""
    package = owner.__name__.partition(".")[0]
    for title, module in list(sys.modules.items()):
        near = title == "__main__" or title.partition(".")[0] == package
        if near and getattr(module, "__dict__", {}).get(name) is there:
            setattr(module, name, value)


def _own(owner: Any, name: str) -> object:
    return vars(owner).get(name, _ABSENT) if hasattr(owner, "__dict__") else getattr(owner, name)


def _replacement(owner: Any, name: str, patch: Patch, guard: Guard) -> object:
    """The value to set: of the same kind as what is there, so that it is bound in the same way."""
    there = getattr_static(owner, name) if isinstance(owner, type) else getattr(owner, name)
    if isinstance(there, (staticmethod, classmethod)):
        return type(there)(_guarded(there.__func__, patch.wrapper, guard))
    if not callable(there) or isinstance(there, type):
        raise TypeError(f"it is no function but a {type(there).__name__}")
    replacement = _guarded(there, patch.wrapper, guard)
    return staticmethod(replacement) if isinstance(owner, type) and not hasattr(there, "__get__") else replacement


class _Finder(MetaPathFinder):
    """Lets the other finders find a module, and has it patched after it was executed."""

    def __init__(self, wanted: dict[str, list[Patch]], imported: Callable[[str], None]) -> None:
        self._wanted = wanted
        self._imported = imported

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname not in self._wanted:
            return None
        for finder in list(sys.meta_path):
            spec = None if isinstance(finder, _Finder) else finder.find_spec(fullname, path, target)
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader, self._imported)
                return spec
        return None


class _Loader(Loader):
    """Stands in for the module's own loader until the module is executed, and is seen by nobody afterwards."""

    def __init__(self, loader: Any, imported: Callable[[str], None]) -> None:
        self._loader = loader
        self._imported = imported

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._imported(module.__name__)
