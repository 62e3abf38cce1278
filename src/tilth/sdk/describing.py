"""How a task is made that does not run here: out of code in a repository or in one file, of a module, or of another task's data."""

import ast
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from tilth.base.errors import Invalid, PathNotFound
from tilth.sdk.home import Home
from tilth.sdk.wishes import requirement

__all__ = ["CodeAsked", "LocalCode", "container", "described", "import_document", "requirements_text"]

_BEGINS = ("from {sdk} import Task", '(__name__ != "__main__") or Task.init()', "")
_SDKS = ("tilth", "clearml")


class CodeAsked(Struct, frozen=True, kw_only=True):
    """What is said of the code of a task, by the names of `Task.create`."""

    repo: str | None = None
    branch: str | None = None
    commit: str | None = None
    script: str | None = None
    working_directory: str | None = None
    packages: bool | Sequence[str] | None = None
    requirements_file: str | Path | None = None
    binary: str | None = None
    module: str | None = None
    single_file: bool = False
    add_init: bool = False
    """Whether the code is changed so that it records itself, if it does not already."""
    detect_repository: bool = True


class LocalCode(Struct, frozen=True):
    """What was found out about a script, or a module of a folder, on this machine."""

    script: Mapping[str, Any]
    """As a task has it; without a repository, `diff` is the text."""
    requirements: Mapping[str, str]


Look = Callable[..., LocalCode]
"""Looks at `file` or `module` in `folder`; with `standalone` as if there were no repository."""


def described(asked: CodeAsked, look: Look) -> dict[str, Any]:
    """The `script` of a task; nothing if nothing was said of it."""
    if asked.script and asked.module:
        raise Invalid("both script and module are given", hint="give one of them")
    said = {"repository": asked.repo, "branch": asked.branch, "version_num": asked.commit, "binary": asked.binary}
    said |= {"working_dir": asked.working_directory}
    code: dict[str, Any] = {}
    file = Path(asked.script).expanduser() if asked.script else None
    here = not asked.repo and (file.is_file() if file else bool(asked.module and asked.working_directory))
    if here:
        folder = Path(asked.working_directory).expanduser() if asked.working_directory else Path.cwd()
        standalone = asked.single_file or not asked.detect_repository
        found = look(file=file, module=asked.module, folder=folder, standalone=standalone)
        code |= found.script
        said["working_dir"] = None
        if asked.packages in (None, True) and asked.requirements_file is None and (file is not None or asked.packages):
            code["requirements"] = dict(found.requirements)
    elif asked.module:
        code["entry_point"] = f"-m {asked.module}"
    elif asked.script:
        code["entry_point"] = asked.script
        if asked.single_file or not asked.repo:
            raise PathNotFound(f"{asked.script} is no file", hint="give a file that is here, or the repository that holds it")
    if asked.requirements_file is not None and not Path(asked.requirements_file).is_file():
        raise PathNotFound(f"{asked.requirements_file} is no file", hint="give a file of requirements")
    required = asked.requirements_file if asked.requirements_file is not None else asked.packages
    if required is not None and not isinstance(required, bool):
        code["requirements"] = {"pip": requirements_text(required)}
    code |= {name: value for name, value in said.items() if value is not None}
    if not code:
        return {}
    code = {"binary": "python", **code}
    return _with_init(code, file if here else None) if asked.add_init and asked.script else code


def _with_init(code: dict[str, Any], file: Path | None) -> dict[str, Any]:
    """The same code with the lines that record it, as text or as one more patch."""
    entry = str(code.get("entry_point") or "")
    text = code.get("diff") or "" if not code.get("repository") else file.read_text(encoding="utf-8") if file else ""
    if not entry.endswith(".py") or "Task.init(" in text:
        return code
    sdk = "clearml" if _imports(text, "clearml") else "tilth"
    lines = [line.format(sdk=sdk) for line in _BEGINS]
    at = _beginning(text)
    if code.get("repository"):
        path = _path(str(code.get("working_dir") or "."), entry)
        changes = str(code.get("diff") or "")
        changes += "\n" if changes and not changes.endswith("\n") else ""
        changes += "" if code.get("requirements") else _patch("requirements.txt", 0, [sdk])
        code = code | {"diff": changes + _patch(path, at, lines)}
    else:
        before = text.splitlines(keepends=True)
        code = code | {"diff": "".join([*before[:at], *(f"{line}\n" for line in lines), *before[at:]])}
    if code.get("requirements"):
        code = code | {"requirements": _with_sdk(code["requirements"], sdk)}
    elif not code.get("repository"):
        code = code | {"requirements": {"pip": f"{sdk}\n"}}
    return code


def _with_sdk(requirements: Mapping[str, str], sdk: str) -> dict[str, str]:
    lines = requirements.get("pip", "").splitlines()
    there = any(line.replace("-", "_").startswith(_SDKS) for line in lines)
    return dict(requirements) if there else {**requirements, "pip": "\n".join([*lines, requirement(sdk, None)]) + "\n"}


def _patch(path: str, after: int, lines: Sequence[str]) -> str:
    """A patch that adds lines after one of a file, without any around them."""
    added = "".join(f"+{line}\n" for line in lines)
    return f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -{after},0 +{after + 1},{len(lines)} @@\n{added}"


def _path(folder: str, entry: str) -> str:
    parts: list[str] = []
    for part in f"{folder}/{entry}".split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _tree(text: str) -> list[ast.stmt]:
    try:
        return ast.parse(text).body
    except (SyntaxError, ValueError):
        return []


def _beginning(text: str) -> int:
    """After which line the first statement may stand: the docstring, and what has to come from the future, stay first."""
    at = 0
    for place, statement in enumerate(_tree(text)):
        is_docstring = place == 0 and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if not is_docstring and not (isinstance(statement, ast.ImportFrom) and statement.module == "__future__"):
            break
        at = statement.end_lineno or at
    return at


def _imports(text: str, package: str) -> bool:
    for statement in _tree(text):
        names = [alias.name for alias in statement.names] if isinstance(statement, ast.Import) else []
        names += [statement.module or ""] if isinstance(statement, ast.ImportFrom) else []
        if any(name.partition(".")[0] == package for name in names):
            return True
    return False


def requirements_text(given: str | Path | Sequence[str]) -> str:
    """Requirements as pip reads them: out of a file, or one a line."""
    if isinstance(given, (str, Path)):
        path = Path(given)
        if len(str(given)) < 1_000 and "\n" not in str(given) and path.is_file():
            return path.read_text(encoding="utf-8")
        return str(given)
    return "\n".join(given)


def container(image: str | None, arguments: str | Sequence[str] | None, setup: str | Sequence[str] | None) -> dict[str, str]:
    """An image and how it is run, as the protocol has it."""
    words = arguments if isinstance(arguments, str) or arguments is None else " ".join(arguments)
    lines = setup if isinstance(setup, str) or setup is None else "\n".join(setup)
    return {"image": image or "", "arguments": words or "", "setup_shell_script": lines or ""}


def import_document(home: Home, data: Mapping[str, Any], target: Any, *, update: bool) -> str:
    """Make a task out of everything that is known of another; returns its id."""
    names = ("name", "type", "comment", "tags", "hyperparams", "configuration", "script", "container", "execution", "models")
    fields = {name: data[name] for name in names if data.get(name) is not None}
    if update and target is not None:
        id = target if isinstance(target, str) else target.id
        home.api.call("tasks.edit", task=id, force=True, **fields)
        return str(id)
    project = fields.get("project") or data.get("project")
    return str(home.api.call("tasks.create", **({"name": "task", "type": "training", "project": project} | fields))["id"])
