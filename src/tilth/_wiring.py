"""How everything is put together for this process: which home, which catalog, which store."""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import import_module
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilth.base.clock import Clock, SystemClock
from tilth.base.errors import Invalid
from tilth.client.api import Api
from tilth.client.files import Files
from tilth.config.clearml_conf import parse_clearml
from tilth.config.settings import Settings, as_environment, environment_values, file_values, load_settings, tilth_toml_path
from tilth.config.tilth_toml import write_table
from tilth.sdk._current import current_home, set_capture, set_code_looker, set_credentials_taker, set_home_opener
from tilth.sdk.home import Home
from tilth.sdk.recording import warn
from tilth.server.app.embedded import EmbeddedTransport
from tilth.store.bandwidth import Bandwidth
from tilth.store.opening import open_store, open_streams
from tilth.store.remote import RemoteStore

if TYPE_CHECKING:
    from tilth.client.live import Change
    from tilth.datasets.repository import Repository
    from tilth.store.api import ObjectStore

__all__ = ["configure", "open_home"]

_REPORT_TIMEOUT_S = 20.0
"""A server that takes a connection and says nothing counts as away: what is reported waits on disk, and is sent again."""


_bandwidth = Bandwidth()
"""One for the whole process, whichever homes it opens."""


def _open(settings: Settings | None = None) -> Home:
    settings = settings or load_settings()
    _bandwidth.upload.limit, _bandwidth.download.limit = settings.upload_limit_bytes, settings.download_limit_bytes
    clock = SystemClock()
    if settings.api.server:
        return _open_remote(settings, settings.api.server, clock)
    return _open_embedded(settings, settings.home, clock, storage=settings.storage or "")


def _open_embedded(
    settings: Settings, folder: Path, clock: Clock, *, storage: str = "", store: Path | None = None, is_session: bool = False
) -> Home:
    """A home whose catalog lies in `folder`, and so do its objects, unless they are in `storage`, or in another folder, `store`."""
    transport = EmbeddedTransport(folder, clock)
    own = open_store(storage or store or folder / "store", folder, bandwidth=_bandwidth)

    def files() -> Files:
        streams = open_streams(own, spool=folder / "spool")
        embedded: Files = import_module("tilth.server.app.embedded_files").EmbeddedFiles(streams, transport.database, clock)
        return embedded

    return Home(
        folder=folder,
        cache_folder=settings.cache,
        cache_source=settings.cache_source,
        author=settings.author,
        user=settings.author,
        clock=clock,
        api=Api(transport),
        open_repository=partial(_open_repository, own, folder, clock),
        storage=storage,
        open_files=files,
        open_session=partial(_open_session, settings, clock),
        is_session=is_session,
        exit_wait_s=settings.exit_wait_s,
        outbox_limit_gb=settings.outbox_limit_gb,
        preview=settings.preview,
        preview_s=settings.preview_s,
        preview_bytes=settings.preview_bytes,
        announce=settings.announce,
        record_untracked=settings.record_untracked,
        chunk_cache_bytes=settings.chunk_cache_bytes,
        cache_limit_bytes=settings.cache_limit_bytes,
        cache_age_days=settings.cache_age_days,
        open_bucket=partial(open_store, home=settings.home, bandwidth=_bandwidth),
        bandwidth=_bandwidth,
        environment=as_environment(settings),
    )


def _open_session(settings: Settings, clock: Clock, folder: Path, store: Path | None = None) -> Home:
    """The home that a session of datasets made offline is; its objects may lie in another folder than the rest of it."""
    return _open_embedded(settings, folder, clock, store=store, is_session=True)


def _open_repository(own: "ObjectStore", folder: Path, clock: Clock, storage: str) -> "Repository":
    """The repository at an address, or in the home's own store; whoever only records runs never loads it."""
    store = open_store(storage, folder, bandwidth=_bandwidth) if storage else own
    opened: Repository = import_module("tilth.datasets.repository").Repository(store, drafts=folder / "drafts", clock=clock)
    return opened


def _open_remote(settings: Settings, server: str, clock: Clock) -> Home:
    """A home whose catalog and objects a server keeps; drafts and the cache lie on this machine."""
    http = import_module("tilth.client.http")  # whoever works without a server does not wait for it
    api = settings.api
    session = http.HttpSession(server, access_key=api.access_key, secret_key=api.secret_key, token=api.token, tell=warn)
    address = api.files_server or f"{server.removesuffix('/api')}/files"

    def files(over: Any = session) -> Files:
        kept: Files = import_module("tilth.client.http_files").HttpFiles(over, address, _bandwidth)
        return kept

    given = {"access_key": api.access_key, "secret_key": api.secret_key, "token": api.token}

    def listen() -> "Iterator[Change | None]":
        # Over a session of its own, which never waits for a server that is away: whoever listens tries again.
        other = http.HttpSession(server, **given, patience_s=0.0)
        heard: Iterator[Change | None] = import_module("tilth.client.live").changes(other, f"{server.removesuffix('/api')}/live")
        return heard

    def reporting() -> tuple[Api, Files]:
        other = http.HttpSession(server, **given, patience_s=0.0, call_timeout_s=_REPORT_TIMEOUT_S)
        return Api(http.HttpTransport(other)), files(other)

    return Home(
        folder=settings.home,
        cache_folder=settings.cache,
        cache_source=settings.cache_source,
        author=settings.author if settings.is_author_said else "",
        user=settings.author,
        clock=clock,
        api=Api(http.HttpTransport(session)),
        open_repository=partial(_open_repository, RemoteStore(session, _bandwidth), settings.home, clock),
        open_files=files,
        exit_wait_s=settings.exit_wait_s,
        outbox_limit_gb=settings.outbox_limit_gb,
        preview=settings.preview,
        preview_s=settings.preview_s,
        preview_bytes=settings.preview_bytes,
        announce=settings.announce,
        record_untracked=settings.record_untracked,
        chunk_cache_bytes=settings.chunk_cache_bytes,
        cache_limit_bytes=settings.cache_limit_bytes,
        cache_age_days=settings.cache_age_days,
        open_bucket=partial(open_store, home=settings.home, bandwidth=_bandwidth),
        bandwidth=_bandwidth,
        environment=as_environment(settings),
        open_session=partial(_open_session, settings, clock),
        open_reporting=reporting,
        listen=listen,
        files_urls=(address,),
        web_url=api.web_server or server.removesuffix("/api"),
    )


def _begin_capture(task: Any, asked: Any) -> Callable[[], None]:
    """Begin to record what runs by itself; its parts are not loaded before a task begins."""
    arguments = import_module("tilth._watching").ARGUMENTS
    end: Callable[[], None] = import_module("tilth.capture.starting").start(task, asked, arguments)
    return end


def _look_at_code(**what: Any) -> Any:
    return import_module("tilth.capture.describing").look(**what)


def _take_credentials(said: Mapping[str, str], *, store: bool) -> None:
    """Put what is said of a server into the environment, which what this process starts has too."""
    for name, value in said.items():
        known = environment_values()
        if name in ("access_key", "secret_key") or f"api.{name}" not in known:
            os.environ[f"TILTH_API_{name.upper()}"] = value
    settings = load_settings(given=_given)
    if store:
        path = tilth_toml_path(settings.home)
        if any(name.startswith("api.") for name in file_values(settings.home)):
            warn(f"{path} names a server already; it stays as it is")
        else:
            known_api = {name: getattr(settings.api, name) for name in ("server", "web_server", "files_server", "access_key", "secret_key")}
            write_table(path, "api", {name: value for name, value in known_api.items() if value})
    set_home_opener(partial(_open, settings))


_given: dict[str, str] = {}
"""What a program said with `configure`."""

set_home_opener(_open)
set_capture(_begin_capture)
set_code_looker(_look_at_code)
set_credentials_taker(_take_credentials)


def open_home() -> Home:
    """The home of this process."""
    return current_home()


def configure(
    block: str | None = None,
    *,
    home: str | PathLike[str] | None = None,
    cache: str | PathLike[str] | None = None,
    author: str | None = None,
    api_server: str | None = None,
    web_server: str | None = None,
    files_server: str | None = None,
    access_key: str | None = None,
    secret_key: str | None = None,
    token: str | None = None,
) -> None:
    """Say in a program or a notebook what is otherwise said in the environment or in `tilth.toml`; this stands over both.

    `block` is the text that a server's web page or `tilth up` shows for pasting. Nothing is written, and nothing is sent to the server yet.
    Each call forgets what an earlier one said. Datasets that were opened before stay in the home they came from.
    """
    pasted = parse_clearml(block, called="the block", hint="copy it whole, from `api {` to the last `}`") if block else {}
    if block and not pasted:
        raise Invalid("the block names neither a server nor a key", hint="copy it whole, from `api {` to the last `}`")
    api = {"server": api_server, "web_server": web_server, "files_server": files_server, "access_key": access_key}
    said = {"home": home, "cache": cache, "author": author} | {f"api.{name}": value for name, value in pasted.items()}
    for name, value in (api | {"secret_key": secret_key, "token": token}).items():
        said |= {f"api.{name}": value} if value else {}
    settings = load_settings(given={name: fspath(value) for name, value in said.items() if value})
    _given.clear()
    _given.update({name: fspath(value) for name, value in said.items() if value})
    set_home_opener(partial(_open, settings))
