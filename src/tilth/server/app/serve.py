"""How a server starts and ends: a home, a database, a store, sockets, and what a person has to know to use it."""

import asyncio
import errno
import os
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import uvicorn
from jwt.algorithms import has_crypto
from msgspec import Struct

from tilth.base.atomic_io import replace_durably
from tilth.base.clock import Clock, SystemClock
from tilth.base.errors import Invalid, Unavailable
from tilth.client.api import Api
from tilth.datasets.repository import Repository
from tilth.domain.access import OWNER
from tilth.sdk.home import Home
from tilth.server.app.adopting import Adopting
from tilth.server.app.background import Background
from tilth.server.app.embedded_files import EmbeddedFiles
from tilth.server.app.holding import held
from tilth.server.app.showing import Showing
from tilth.server.app.site import Site
from tilth.server.db.engine import Database
from tilth.server.db.opening import is_shared, open_database
from tilth.server.db.sqlite import SqliteDatabase
from tilth.server.routes.http_oidc import LOGIN, OpenId
from tilth.server.routes.openid_provider import Client, OpenIdProvider
from tilth.server.routes.platform import Platform
from tilth.server.routes.rpc import Dispatcher, register_all
from tilth.server.services.access import make_link
from tilth.server.services.contents import Contents
from tilth.server.services.openid import Rules
from tilth.server.services.setup import ensure_key, prepare
from tilth.server.stores.unit_of_work import Tx
from tilth.store.api import ObjectStore
from tilth.store.bandwidth import Bandwidth
from tilth.store.opening import open_store, open_streams
from tilth.store.streams import Streams

__all__ = ["CLEARML_PORTS", "OpenIdOptions", "Options", "Started", "addresses", "make_site", "serve"]

CLEARML_PORTS: Mapping[int, str] = {8008: "api", 8080: "web", 8081: "files"}
"""The ports that a ClearML server has, and what is on them."""

_GRACE_S = 10


class OpenIdOptions(Struct, frozen=True, kw_only=True):
    """Where people sign in by OpenID Connect, and who may."""

    client: Client
    name: str
    rules: Rules


class Options(Struct, frozen=True, kw_only=True):
    """How a server is to run."""

    home: Path
    host: str = "127.0.0.1"
    port: int = 8008
    database: str | None = None
    storage: str | None = None
    direct: bool = True
    """Whether clients may get to a bucket by themselves, and are given signed addresses."""
    clearml_ports: bool = False
    certificate: Path | None = None
    private_key: Path | None = None
    root_path: str = ""
    public_url: str = ""
    """The address under which people know the server, if it is another than that of its port."""
    trusted_proxies: str = "127.0.0.1"
    openid: OpenIdOptions | None = None
    preview: bool = True
    """Whether versions that become final in a browser show samples of what they hold."""
    preview_s: float = 10.0
    """After so many seconds a preview begins nothing new."""
    preview_bytes: int = 500_000_000
    """How much a preview reads at the most."""
    upload_limit_bytes: int = 0
    """How much the server sends to a bucket in a second at the most; 0 for no limit."""
    download_limit_bytes: int = 0
    """How much it takes from there."""

    @property
    def path(self) -> str:
        """The path under which a proxy shows the server, without a slash at its end."""
        return (self.root_path or urlsplit(self.public_url).path).rstrip("/")


class Started(Struct, frozen=True, kw_only=True):
    """What a person has to know of a server that runs."""

    web_server: str
    api_server: str
    files_server: str
    access_key: str
    secret_key: str
    link: str
    """Signs a browser in, once."""


def make_site(options: Options, database: Database, clock: Clock) -> tuple[Site, Platform]:
    """The application of a server, and what its routes work with."""
    register_all()
    ports = {} if not options.clearml_ports else {port: role for port, role in CLEARML_PORTS.items() if port != options.port}
    bandwidth = Bandwidth(upload=options.upload_limit_bytes, download=options.download_limit_bytes)
    store = open_store(options.storage or options.home / "store", options.home, bandwidth=bandwidth)
    objects = open_streams(store, spool=options.home / "spool", direct=options.direct)
    showing = Showing(database, clock)
    home = _home(options, store, objects, database, clock, showing)
    contents = Contents(home)
    openid = _openid(options)
    place = options.storage or str(options.home / "store")
    services = {"contents": contents, "place": place, "sign_in_providers": [{"name": openid.name, "url": LOGIN}] if openid else []}
    platform = Platform(Dispatcher(database, clock, services=services), objects, contents, extra_ports=ports)
    background = Background(database, clock, objects, Adopting(database, clock, objects, home), showing, home)
    return Site(platform, background, openid), platform


class _OwnTransport:
    """Calls that the server itself makes, as its owner, outside of any transaction."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    def call(self, name: str, body: bytes) -> bytes:
        return self._dispatcher.call(name, body).body

    def close(self) -> None:
        """The database is closed by whoever opened it."""


def _home(options: Options, store: ObjectStore, objects: Streams, database: Database, clock: Clock, showing: Showing) -> Home:
    api = Api(_OwnTransport(Dispatcher(database, clock)))
    repository = Repository(store, drafts=options.home / "drafts", clock=clock)
    repository.prepare()

    def open_repository(storage: str) -> Repository:
        if storage:
            raise Invalid(f"what lies in {storage} is not read here", hint="read it with `tilth data` on a machine that has its keys")
        return repository

    return Home(
        folder=options.home,
        cache_folder=options.home / "cache",
        author=OWNER.name,
        clock=clock,
        api=api,
        open_repository=open_repository,
        storage=options.storage or "",
        open_files=lambda: EmbeddedFiles(objects, database, clock),
        preview=options.preview,
        preview_s=options.preview_s,
        preview_bytes=options.preview_bytes,
        show_later=showing.add,
        shows_published=True,
    )


def serve(options: Options, *, when_ready: Callable[[Started], None]) -> None:
    """Serve until the process is told to stop (SIGTERM, SIGINT); calls that were begun are answered first."""
    with held(options.home, alone=not is_shared(options.database)) as say_address:
        _serve(options, when_ready=when_ready, say_address=say_address)


def _serve(options: Options, *, when_ready: Callable[[Started], None], say_address: Callable[[str], None]) -> None:
    clock = SystemClock()
    sockets = _sockets(options)
    database = open_database(options.database, options.home)
    if isinstance(database, SqliteDatabase):  # it holds what the server signs with
        for name in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                database.path.with_name(f"{database.path.name}{name}").chmod(0o600)
    site, platform = make_site(options, database, clock)
    port = sockets[0].getsockname()[1]
    started = _prepare(options, database, clock, port)
    say_address(started.web_server)
    _save_credentials(options.home, started)
    config = uvicorn.Config(
        site,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
        timeout_keep_alive=75,
        backlog=2_048,
        root_path=options.path,
        proxy_headers=True,
        forwarded_allow_ips=options.trusted_proxies,
        ssl_certfile=options.certificate,
        ssl_keyfile=options.private_key,
    )
    server = _Server(config, platform, lambda: when_ready(started))
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(server.serve(sockets))


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, platform: Platform, when_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._platform = platform
        self._when_ready = when_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._when_ready()

    def handle_exit(self, sig: int, frame: Any) -> None:
        # Not raised again when all is done, as uvicorn would: a server that was asked to stop, and did, has not failed.
        self._platform.stopping = True
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def _openid(options: Options) -> OpenId | None:
    asked = options.openid
    if asked is None:
        return None
    if not has_crypto:
        raise Invalid("OpenID Connect needs a library that is not installed", hint="install it: pip install 'tilth[oidc]'")
    return OpenId(name=asked.name, provider=OpenIdProvider(asked.client), rules=asked.rules, public_url=options.public_url)


def _sockets(options: Options) -> list[socket.socket]:
    wanted = [options.port]
    if options.clearml_ports:
        wanted += [port for port in CLEARML_PORTS if port != options.port]
    return [_listen(options.host, port) for port in wanted]


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65_535:  # the system would take it modulo 65,536
        raise Invalid(f"{port} is no port", hint="use 1 to 65535, or 0 for any that is free")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        found = socket.socket(family, socket.SOCK_STREAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            hint = f"stop what listens there, or choose another port: `tilth up --port {port + 1}`"
            raise Unavailable(f"port {port} of {host} is in use", hint=hint) from error
        if error.errno in (errno.EACCES, errno.EPERM):
            raise Unavailable(f"port {port} needs the rights of root", hint="choose a port above 1023") from error
        raise Invalid(f"{host}:{port} can't be listened on ({error.strerror or error})", hint="check --host and --port") from error
    return found


def _prepare(options: Options, database: Database, clock: Clock, port: int) -> Started:
    """Set up what is missing, and find the key that scripts use."""
    known = _known_key(options.home)

    def work(tx: Tx) -> tuple[tuple[str, str] | None, str]:
        prepare(tx)
        owner = tx.accounts.get(OWNER.id) or next(account for account in tx.accounts.all() if account.role == OWNER.role)
        return ensure_key(tx, known.get("access_key") if known.get("secret_key") else None), make_link(tx, owner.id)

    made, link = database.run(lambda connection: work(Tx(connection, clock)), writes=True)
    access_key, secret_key = made or (known["access_key"], known["secret_key"])
    web = _web_address(options, port)
    return Started(
        web_server=web,
        api_server=f"{web}/api",
        files_server=f"{web}/files",
        access_key=access_key,
        secret_key=secret_key,
        link=f"{web}/login?link={link}",
    )


def _web_address(options: Options, port: int) -> str:
    if options.public_url:
        return options.public_url.rstrip("/")
    host = options.host if options.host not in ("0.0.0.0", "::", "") else socket.gethostname()  # noqa: S104 - it was asked for
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if options.certificate else 'http'}://{shown}:{port}{options.path}"


def _known_key(home: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode((home / "credentials.json").read_bytes(), type=dict[str, str])
    except (OSError, msgspec.MsgspecError):
        return {}


def _save_credentials(home: Path, started: Started) -> None:
    fields = ("access_key", "secret_key", "api_server", "files_server", "web_server")
    text = msgspec.json.format(msgspec.json.encode({name: getattr(started, name) for name in fields}), indent=2)
    before = os.umask(0o077)
    try:
        replace_durably(home / "credentials.json", [text + b"\n"], scratch=home)
    finally:
        os.umask(before)
    (home / "credentials.json").chmod(0o600)


def addresses(started: Started) -> Sequence[str]:
    """The lines to paste into `tilth init`, `clearml-init` or `clearml.conf`."""
    return (
        "api {",
        f"  web_server: {started.web_server}",
        f"  api_server: {started.api_server}",
        f"  files_server: {started.files_server}",
        "  credentials {",
        f'    "access_key" = "{started.access_key}"',
        f'    "secret_key" = "{started.secret_key}"',
        "  }",
        "}",
    )
