"""What can be set, what it is when nobody sets it, and what is in force.

What a program passes to `tilth.configure` stands over the environment, which stands over `tilth.toml` in the home, which stands over
the defaults. A `clearml.conf` makes Tilth work with a server only in a process that ClearML's agent started, whose file it is; elsewhere it
may add what nobody else says of a server that is in force.
`tilth.config` is the one place that reads any of these.
"""

import getpass
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from msgspec import Struct

from tilth.base.errors import Invalid
from tilth.base.units import bytes_of, readable_bytes
from tilth.config.sources import Found, in_clearml_conf, in_environment, in_tilth_toml

__all__ = [
    "DEFAULT_CHUNK_CACHE_BYTES",
    "SETTINGS",
    "ApiSettings",
    "Effective",
    "ServerSettings",
    "Setting",
    "Settings",
    "as_environment",
    "checked_api",
    "clearml_conf_path",
    "environment_values",
    "file_values",
    "home_folder",
    "load_settings",
    "settings_in_force",
    "tilth_toml_path",
]

DEFAULT_CHUNK_CACHE_BYTES = 10_000_000_000
DEFAULT_PREVIEW_BYTES = 500_000_000


class Setting(Struct, frozen=True, kw_only=True):
    """One setting, as the documentation shows it."""

    name: str
    """`[table] name` of `tilth.toml` is `table.name`."""
    variables: tuple[str, ...]
    """Those that may set it; the first that is set counts."""
    default: str = ""
    meaning: str
    in_file: bool = True
    """Whether it may stand in `tilth.toml`."""
    in_clearml_conf: str = ""
    """Its name in `clearml.conf`."""
    type: type = str
    secret: bool = False


SETTINGS = (
    Setting(name="home", variables=("TILTH_HOME",), default="~/.tilth", in_file=False, meaning="The folder that everything lies in."),
    Setting(
        name="cache", variables=("TILTH_CACHE",), default="cache, in the home", meaning="The folder of the shared cache of local copies."
    ),
    Setting(
        name="cache_source",
        variables=("TILTH_CACHE_SOURCE",),
        default="none",
        meaning="The folder of another cache, which others may write to: contents that it has are copied from there, each compared "
        "with its hash, instead of being fetched.",
    ),
    Setting(
        name="chunk_cache",
        variables=("TILTH_CHUNK_CACHE",),
        default="10 GB",
        meaning="How much of the files that are read without downloading them stays in the cache, such as `500 MB`; 0 keeps nothing.",
    ),
    Setting(
        name="cache_limit",
        variables=("TILTH_CACHE_LIMIT",),
        default="0",
        meaning="How much of local copies and fetched files stays in the cache, such as `500 GB`; 0 is no limit. "
        "`tilth cache limit` sets it for all who share the cache.",
    ),
    Setting(
        name="cache_age",
        variables=("TILTH_CACHE_AGE",),
        default="0",
        meaning="For how many days what nobody asks for stays in the cache; 0 is no limit. `tilth cache limit` stands over it.",
        type=int,
    ),
    Setting(
        name="author",
        variables=("TILTH_AUTHOR",),
        default="the account on a server, and without one the name of the user of the system",
        meaning="Who is recorded as the author of versions.",
    ),
    Setting(
        name="storage.url",
        variables=("TILTH_STORAGE",),
        default="store, in the home",
        meaning="Where versions and files are kept: a folder, `s3://bucket/folder`, `gs://bucket/folder` or `azure://container/folder`.",
    ),
    Setting(
        name="api.server",
        variables=("TILTH_API_SERVER", "CLEARML_API_HOST"),
        meaning="The address of the server's API. If it is set, data and runs are kept by that server; if not, in the home.",
        in_clearml_conf="api.api_server",
    ),
    Setting(
        name="api.web_server",
        variables=("TILTH_API_WEB_SERVER", "CLEARML_WEB_HOST"),
        meaning="The address of the server's web page, for the links that are printed.",
        in_clearml_conf="api.web_server",
    ),
    Setting(
        name="api.files_server",
        variables=("TILTH_API_FILES_SERVER", "CLEARML_FILES_HOST"),
        meaning="The address that the server's files have.",
        in_clearml_conf="api.files_server",
    ),
    Setting(
        name="api.access_key",
        variables=("TILTH_API_ACCESS_KEY", "CLEARML_API_ACCESS_KEY"),
        meaning="The key that the server knows you by.",
        in_clearml_conf="api.credentials.access_key",
    ),
    Setting(
        name="api.secret_key",
        variables=("TILTH_API_SECRET_KEY", "CLEARML_API_SECRET_KEY"),
        meaning="The secret that belongs to the key.",
        in_clearml_conf="api.credentials.secret_key",
        secret=True,
    ),
    Setting(
        name="api.token",
        variables=("TILTH_API_TOKEN", "CLEARML_AUTH_TOKEN"),
        meaning="A token of the server, instead of a key and its secret. It expires, so it has no place in a file.",
        in_file=False,
        secret=True,
    ),
    Setting(
        name="upload_limit",
        variables=("TILTH_UPLOAD_LIMIT",),
        meaning="How much a process sends to a bucket or a server a second at the most, such as `5 MB`; without it, what the line takes.",
    ),
    Setting(
        name="download_limit",
        variables=("TILTH_DOWNLOAD_LIMIT",),
        meaning="How much a process takes from a bucket or a server a second at the most, such as `20 MB`.",
    ),
    Setting(
        name="exit_wait",
        variables=("TILTH_EXIT_WAIT",),
        default="10",
        meaning="How many seconds a recorded process waits at its end for what is not sent yet. The rest stays in the home.",
        type=int,
    ),
    Setting(
        name="outbox_limit",
        variables=("TILTH_OUTBOX_LIMIT",),
        default="20",
        meaning="How many gigabytes of copies of models' files wait for a server that is away. With more, the oldest are given up.",
        type=int,
    ),
    Setting(
        name="preview",
        variables=("TILTH_PREVIEW",),
        default="true",
        meaning="Whether a version that becomes final shows samples of what it holds, and how its files lie: true or false.",
        type=bool,
    ),
    Setting(
        name="preview_time",
        variables=("TILTH_PREVIEW_TIME",),
        default="10",
        meaning="After how many seconds a preview begins nothing new.",
        type=int,
    ),
    Setting(
        name="preview_limit",
        variables=("TILTH_PREVIEW_LIMIT",),
        default="500 MB",
        meaning="How much of a version's files a preview reads at the most, such as `100 MB`.",
    ),
    Setting(
        name="announce",
        variables=("TILTH_ANNOUNCE",),
        default="true",
        meaning="Whether `Task.init` prints the id of the run and where it is seen, to standard error: true or false.",
        type=bool,
    ),
    Setting(
        name="record_untracked",
        variables=("TILTH_RECORD_UNTRACKED",),
        default="false",
        meaning="Whether the recorded changes hold the text files that git neither tracks nor ignores, too: true or false.",
        type=bool,
    ),
    Setting(name="server.host", variables=("TILTH_SERVER_HOST",), default="127.0.0.1", meaning="The address that `tilth up` listens on."),
    Setting(name="server.port", variables=("TILTH_SERVER_PORT",), default="8008", meaning="The port of `tilth up`.", type=int),
    Setting(
        name="server.database",
        variables=("TILTH_SERVER_DATABASE",),
        default="tilth.db, in the home",
        meaning="Where `tilth up` keeps what it knows: a file, or `postgresql://user:password@host/name`.",
    ),
    Setting(
        name="server.storage",
        variables=("TILTH_SERVER_STORAGE",),
        default="what storage.url says",
        meaning="Where `tilth up` keeps versions and files, if elsewhere than commands without a server do.",
    ),
    Setting(
        name="clearml_conf",
        variables=("CLEARML_CONFIG_FILE",),
        default="~/clearml.conf",
        in_file=False,
        meaning="A configuration of ClearML. `tilth init` offers to take it over.",
    ),
)

_VARIABLES: Mapping[str, tuple[str, ...]] = {setting.name: setting.variables for setting in SETTINGS}
_IN_FILE: Mapping[str, type] = {setting.name: setting.type for setting in SETTINGS if setting.in_file}
_IN_CLEARML_CONF = frozenset(setting.name for setting in SETTINGS if setting.in_clearml_conf)
_LAST_PORT = 65_535
_TRUTHS: Mapping[str, bool] = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
_AGENTS_TASK = "CLEARML_TASK_ID"
"""Set by ClearML's agent in the process that runs a task."""


class ApiSettings(Struct, frozen=True):
    """The server that is worked with: none, unless `server` is set."""

    server: str | None = None
    web_server: str | None = None
    files_server: str | None = None
    access_key: str | None = None
    secret_key: str | None = None
    token: str | None = None

    def __repr__(self) -> str:
        """Without secrets, because it gets into logs and tracebacks."""
        return f"ApiSettings(server={self.server!r}, access_key={self.access_key!r})"


class ServerSettings(Struct, frozen=True):
    """What `tilth up` does unless its flags say otherwise."""

    host: str
    port: int
    database: str | None
    """None is the file in the home that is served."""
    storage: str | None
    """None is the folder in the home that is served."""


class Settings(Struct, frozen=True):
    """The settings in force."""

    home: Path
    cache: Path
    author: str
    storage: str | None
    """None is the folder in the home."""
    api: ApiSettings
    server: ServerSettings
    exit_wait_s: int = 10
    """How long a recorded process waits at its end for what is not sent yet."""
    outbox_limit_gb: int = 20
    """How much of copies of models' files may wait to be sent, of each process."""
    preview: bool = True
    """Whether versions that become final show samples of what they hold."""
    preview_s: int = 10
    """After so many seconds a preview begins nothing new."""
    preview_bytes: int = DEFAULT_PREVIEW_BYTES
    """How much a preview reads at the most."""
    announce: bool = True
    """Whether a run that begins says where it is seen."""
    record_untracked: bool = False
    """Whether the changes that a run records hold files that git does not track."""
    cache_source: Path | None = None
    """A cache of others, whose contents are compared before they are taken."""
    chunk_cache_bytes: int = DEFAULT_CHUNK_CACHE_BYTES
    """How much of the files that are read piece by piece stays in the cache."""
    cache_limit_bytes: int = 0
    """How much of local copies stays in the cache; 0 is no limit."""
    cache_age_days: int = 0
    """For how long what nobody asks for stays in the cache; 0 is no limit."""
    upload_limit_bytes: int = 0
    """How much is sent to far stores in a second at the most; 0 for no limit."""
    download_limit_bytes: int = 0
    """How much is taken from them."""
    is_author_said: bool = False
    """Whether somebody set `author`: where nobody did, a server that knows whose key it is given knows better than the system."""


class Effective(Struct, frozen=True):
    """One setting, the value that counts, and who says so."""

    setting: Setting
    value: str | None
    """None if nobody says anything and there is no default."""
    source: str
    """A variable's name, a file's path, `tilth.configure` or `default`."""


def load_settings(environment: Mapping[str, str] = os.environ, *, given: Mapping[str, str] = MappingProxyType({})) -> Settings:
    """The settings of this process, with what a program has `given` by name; `Invalid` if any can't be understood."""
    said = _said(environment, given)
    home = home_folder(environment, given)
    return Settings(
        home=home,
        cache=_path(said["cache"].value) if "cache" in said else home / "cache",
        author=said["author"].value if "author" in said else _user_name(),
        is_author_said="author" in said,
        storage=said["storage.url"].value if "storage.url" in said else None,
        api=checked_api(said),
        server=_server(said),
        exit_wait_s=_whole("exit_wait", "seconds", said.get("exit_wait", Found("10", "default"))),
        outbox_limit_gb=_whole("outbox_limit", "gigabytes", said.get("outbox_limit", Found("20", "default"))),
        preview=_truth("preview", said.get("preview", Found("true", "default"))),
        preview_s=_whole("preview_time", "seconds", said.get("preview_time", Found("10", "default"))),
        preview_bytes=_size("preview_limit", said.get("preview_limit"), DEFAULT_PREVIEW_BYTES),
        announce=_truth("announce", said.get("announce", Found("true", "default"))),
        record_untracked=_truth("record_untracked", said.get("record_untracked", Found("false", "default"))),
        cache_source=_path(said["cache_source"].value) if "cache_source" in said else None,
        chunk_cache_bytes=_size("chunk_cache", said.get("chunk_cache"), DEFAULT_CHUNK_CACHE_BYTES),
        upload_limit_bytes=_size("upload_limit", said.get("upload_limit"), 0),
        download_limit_bytes=_size("download_limit", said.get("download_limit"), 0),
        cache_limit_bytes=_size("cache_limit", said.get("cache_limit"), 0),
        cache_age_days=_whole("cache_age", "days", said.get("cache_age", Found("0", "default"))),
    )


def as_environment(settings: Settings) -> dict[str, str]:
    """The variables by which another process of this machine works in the same home, with the same store, server and cache."""
    api = settings.api
    values: dict[str, str | None] = {
        "home": str(settings.home),
        "cache": str(settings.cache),
        "cache_source": str(settings.cache_source) if settings.cache_source else None,
        "chunk_cache": str(settings.chunk_cache_bytes),
        "storage.url": settings.storage,
        "api.server": api.server,
        "api.web_server": api.web_server,
        "api.files_server": api.files_server,
        "api.access_key": api.access_key,
        "api.secret_key": api.secret_key,
        "api.token": api.token,
    }
    return {_VARIABLES[name][0]: value for name, value in values.items() if value}


def settings_in_force(environment: Mapping[str, str] = os.environ) -> list[Effective]:
    """Every setting with its value and source, in the order of the documentation; `Invalid` as `load_settings`."""
    settings, said = load_settings(environment), _said(environment, {})
    api, server = settings.api, settings.server
    values = {
        "home": str(settings.home),
        "cache": str(settings.cache),
        "cache_source": str(settings.cache_source) if settings.cache_source else "none",
        "chunk_cache": readable_bytes(settings.chunk_cache_bytes),
        "cache_limit": readable_bytes(settings.cache_limit_bytes) if settings.cache_limit_bytes else "0",
        "cache_age": str(settings.cache_age_days),
        "author": settings.author,
        "storage.url": settings.storage or str(settings.home / "store"),
        "api.server": api.server,
        "api.web_server": api.web_server,
        "api.files_server": api.files_server,
        "api.access_key": api.access_key,
        "api.secret_key": api.secret_key,
        "api.token": api.token,
        "upload_limit": readable_bytes(settings.upload_limit_bytes) if settings.upload_limit_bytes else None,
        "download_limit": readable_bytes(settings.download_limit_bytes) if settings.download_limit_bytes else None,
        "exit_wait": str(settings.exit_wait_s),
        "outbox_limit": str(settings.outbox_limit_gb),
        "preview": str(settings.preview).lower(),
        "preview_time": str(settings.preview_s),
        "preview_limit": readable_bytes(settings.preview_bytes),
        "announce": str(settings.announce).lower(),
        "record_untracked": str(settings.record_untracked).lower(),
        "server.host": server.host,
        "server.port": str(server.port),
        "server.database": server.database or str(settings.home / "tilth.db"),
        "server.storage": server.storage or str(settings.home / "store"),
        "clearml_conf": str(clearml_conf_path(environment)),
    }
    sources = {name: found.source for name, found in said.items()}
    return [Effective(setting, values[setting.name], sources.get(setting.name, "default")) for setting in SETTINGS]


def home_folder(environment: Mapping[str, str] = os.environ, given: Mapping[str, str] = MappingProxyType({})) -> Path:
    """Where everything lies."""
    return _path(given.get("home") or environment.get("TILTH_HOME") or "~/.tilth")


def tilth_toml_path(home: Path) -> Path:
    """Where the settings of a home stand."""
    return home / "tilth.toml"


def clearml_conf_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Where ClearML's configuration is, if there is one."""
    return _path(os.path.expandvars(environment.get("CLEARML_CONFIG_FILE") or "~/clearml.conf"))


def environment_values(environment: Mapping[str, str] = os.environ) -> dict[str, Found]:
    """What the environment alone says."""
    return in_environment(environment, _VARIABLES)


def file_values(home: Path) -> dict[str, Found]:
    """What the home's `tilth.toml` alone says."""
    return in_tilth_toml(tilth_toml_path(home), _IN_FILE)


def checked_api(said: Mapping[str, Found]) -> ApiSettings:
    """The server that `said` describes; `Invalid` if its addresses can't be right."""
    addresses = {name: _address(name, said[name]) for name in ("api.server", "api.web_server", "api.files_server") if name in said}
    names = list(addresses)
    for place, name in enumerate(names):
        for other in names[place + 1 :]:
            if addresses[name] == addresses[other]:
                both = f"{name} ({said[name].source}) and {other} ({said[other].source}) are both {addresses[name]}"
                hint = "each has an address of its own: with `tilth up` the API's ends in /api and that of files in /files"
                raise Invalid(both, hint=hint)
    return ApiSettings(
        server=addresses.get("api.server"),
        web_server=addresses.get("api.web_server"),
        files_server=addresses.get("api.files_server"),
        **{name: said[f"api.{name}"].value for name in ("access_key", "secret_key", "token") if f"api.{name}" in said},
    )


def _said(environment: Mapping[str, str], given: Mapping[str, str]) -> dict[str, Found]:
    """What anybody says, of each setting what counts."""
    said = file_values(home_folder(environment, given))
    said |= environment_values(environment)
    said |= {name: Found(value, "tilth.configure") for name, value in given.items()}
    if "api.server" not in said and environment.get(_AGENTS_TASK):
        return in_clearml_conf(clearml_conf_path(environment)) | said
    if "api.server" not in said or said.keys() >= _IN_CLEARML_CONF:
        return said
    return _with_clearml_conf(said, clearml_conf_path(environment))


def _with_clearml_conf(said: dict[str, Found], path: Path) -> dict[str, Found]:
    """`said`, and what `clearml.conf` knows of the same server: keys of another one must not be sent to this one."""
    known = in_clearml_conf(path)
    server = said["api.server"]
    same = "api.server" in known and known["api.server"].value.rstrip("/") == server.value.rstrip("/")
    return known | said if same or server.source == "CLEARML_API_HOST" else said


def _server(said: Mapping[str, Found]) -> ServerSettings:
    port = said.get("server.port", Found("8008", "default"))
    if not port.value.isdecimal() or int(port.value) > _LAST_PORT:
        raise Invalid(f"server.port is {port.value} ({port.source}), which is no port", hint=f"use a number up to {_LAST_PORT}")
    values = {name: said[f"server.{name}"].value if f"server.{name}" in said else None for name in ("host", "database", "storage")}
    storage = values["storage"] or (said["storage.url"].value if "storage.url" in said else None)
    return ServerSettings(host=values["host"] or "127.0.0.1", port=int(port.value), database=values["database"], storage=storage)


def _whole(name: str, unit: str, found: Found) -> int:
    if not found.value.isdecimal():
        raise Invalid(f"{name} is {found.value} ({found.source}), which is no number of {unit}", hint="use a whole number, 0 or more")
    return int(found.value)


def _size(name: str, found: Found | None, default: int) -> int:
    try:
        return bytes_of(found.value) if found else default
    except ValueError:
        said = f"{name} is {found.value} ({found.source})" if found else name
        raise Invalid(f"{said}, which is no size", hint="use a number with a unit, such as 500 MB or 10 GB") from None


def _truth(name: str, found: Found) -> bool:
    said = found.value.strip().lower()
    if said not in _TRUTHS:
        raise Invalid(f"{name} is {found.value} ({found.source}), which is neither true nor false", hint="use true or false")
    return _TRUTHS[said]


def _address(name: str, found: Found) -> str:
    # Files may be kept elsewhere than on a server, such as in s3://bucket.
    schemes = {"http", "https"} if name != "api.files_server" else None
    try:
        parts = urlsplit(found.value)
        whole = bool(parts.scheme and parts.netloc and (schemes is None or parts.scheme in schemes) and parts.port != 0)
    except ValueError:
        whole = False
    if not whole or any(letter.isspace() for letter in found.value):
        raise Invalid(f"{name} is {found.value} ({found.source}), which is no address", hint="write it like http://host:8008/api")
    return found.value.rstrip("/")


def _path(said: str) -> Path:
    return Path(said).expanduser().absolute()


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
