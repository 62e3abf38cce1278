"""`tilth init`: which server to work with, and the key that it knows you by."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tilth.cli.gathering import at_terminal, gather
from tilth.cli.login import verify_login
from tilth.cli.options import Json
from tilth.cli.output import Output
from tilth.config.settings import (
    ApiSettings,
    checked_api,
    clearml_conf_path,
    environment_values,
    file_values,
    home_folder,
    settings_in_force,
    tilth_toml_path,
)
from tilth.config.sources import Found
from tilth.config.tilth_toml import write_table

__all__ = ["init_command", "take"]

Verify = Callable[[str, str, str], None]
"""Raises unless the API server knows the key and its secret."""

_FIELDS = ("server", "web_server", "files_server", "access_key", "secret_key")

SecretKey = Annotated[
    str | None, Parameter(help="Others on this machine can see what is typed here; TILTH_API_SECRET_KEY and standard input are private.")
]


def init_command(
    *,
    api_server: Annotated[str | None, Parameter(help="The address of the server's API, such as http://host:8008/api.")] = None,
    web_server: Annotated[str | None, Parameter(help="The address of its web page.")] = None,
    files_server: Annotated[str | None, Parameter(help="The address of its files.")] = None,
    access_key: Annotated[str | None, Parameter(help="The key that the server knows you by.")] = None,
    secret_key: SecretKey = None,
    json: Json = False,
) -> None:
    """Take a server's address and a key, check them, and write them to `tilth.toml` in the home."""
    values = (api_server, web_server, files_server, access_key, secret_key)
    words = ("--api-server", "--web-server", "--files-server", "--access-key", "--secret-key")
    options = {f"api.{name}": Found(value, word) for name, word, value in zip(_FIELDS, words, values, strict=True) if value}
    around = {name: found for name, found in environment_values().items() if name.removeprefix("api.") in _FIELDS}
    home = home_folder()
    # Before anybody is asked anything: a file that can't be understood is told at once.
    before = file_values(home).get("api.server")
    api = take(gather(options, around, person=at_terminal(), clearml_conf=clearml_conf_path()), home=home, verify=verify_login)
    path = tilth_toml_path(home)
    known = {name: getattr(api, name) for name in _FIELDS if name != "secret_key"}
    replaced = f"; it named {before.value} before" if before and before.value != api.server else ""
    lines = [
        f"{api.server} knows the key {api.access_key}",
        f"written to {path}, which only you can read{replaced}",
        "`tilth` works with this server from now on; to work in the home again, take [api] out of that file",
    ]
    output = Output(json=json)
    output.result({"file": path, **known}, lines)
    output.warn(_overruled(api))


def take(said: Mapping[str, Found], *, home: Path, verify: Verify) -> ApiSettings:
    """Check what was said of a server, write it to the home's `tilth.toml`, and return it; nothing is written unless all is right."""
    api = checked_api(said)
    verify(api.server or "", api.access_key or "", api.secret_key or "")
    values = {name: getattr(api, name) for name in _FIELDS}
    write_table(tilth_toml_path(home), "api", {name: value for name, value in values.items() if value})
    return api


def _overruled(api: ApiSettings) -> list[str]:
    """What was written, but does not count for now."""
    found = {row.setting.name: row for row in settings_in_force()}
    rows = [found[f"api.{name}"] for name in _FIELDS if found[f"api.{name}"].value != getattr(api, name)]
    return [f"{row.source} is set and says something else of {row.setting.name}; that counts as long as it is" for row in rows]
