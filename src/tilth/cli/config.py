"""`tilth config`: every setting in force, and where it comes from."""

import re
from pathlib import Path

from tilth.base.errors import TilthError
from tilth.cli.options import Json
from tilth.cli.output import Output, table
from tilth.config.settings import Effective, clearml_conf_path, settings_in_force
from tilth.config.sources import in_clearml_conf

__all__ = ["config_command"]

_MASK = "********"
_PASSWORD = re.compile(r"(://[^/:@]*:)[^/@]*@")


def config_command(*, json: Json = False) -> None:
    """Show every setting in force and where it comes from; secrets are hidden."""
    found = settings_in_force()
    output = Output(json=json)
    cells = [(row.setting.name, _shown(row) or "-", row.source if row.value else "") for row in found]
    document = [
        {"name": row.setting.name, "value": _shown(row), "source": row.source if row.value else None, "secret": row.setting.secret}
        for row in found
    ]
    output.result({"settings": document, "server": _server(found)}, [*table(cells, ("SETTING", "VALUE", "FROM")), "", _works_with(found)])
    for note in [*_open_to_others(found), *_unused_clearml_conf(found)]:
        output.note(note)


def _shown(row: Effective) -> str | None:
    if not row.value:
        return None
    return _MASK if row.setting.secret else _PASSWORD.sub(rf"\1{_MASK}@", row.value)


def _server(found: list[Effective]) -> str | None:
    return next(row.value for row in found if row.setting.name == "api.server")


def _works_with(found: list[Effective]) -> str:
    server = _server(found)
    return f"works with {server}" if server else "works in the home, without a server; `tilth init` names one"


def _open_to_others(found: list[Effective]) -> list[str]:
    """The files with secrets that others on this machine can read."""
    paths = {Path(row.source) for row in found if row.setting.secret and row.value and row.source.startswith("/")}
    return [f"warning: others can read {path}, which holds a secret; `chmod 600 {path}`" for path in paths if path.stat().st_mode & 0o077]


def _unused_clearml_conf(found: list[Effective]) -> list[str]:
    """A configuration of ClearML that is there, but does not count, is told: somebody may wonder."""
    if _server(found):
        return []
    path = clearml_conf_path()
    try:
        server = in_clearml_conf(path).get("api.server")
    except TilthError as error:
        return [f"warning: {error}"]
    return [f"{path} names {server.value}, which is not used; `tilth init` can take it over"] if server else []
