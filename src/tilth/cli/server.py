"""`tilth up` and what belongs to it: the server, its accounts, and links that sign in."""

import logging
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from cyclopts import App, Parameter

from tilth import __version__
from tilth.base.clock import SystemClock
from tilth.base.errors import Invalid
from tilth.base.logs import configure_logging
from tilth.cli.options import Json
from tilth.cli.output import Output, table
from tilth.config.settings import load_settings
from tilth.domain.access import OWNER, Role
from tilth.server.app.serve import OpenIdOptions, Options, Started, addresses, serve
from tilth.server.db.opening import open_database
from tilth.server.routes.openid_provider import Client
from tilth.server.services import access
from tilth.server.services.openid import Rules
from tilth.server.stores.unit_of_work import Tx

__all__ = ["link_command", "up_command", "user"]

user = App(name="user", help="Accounts of the server: who may sign in, and what they may do.")

HomeFolder = Annotated[Path | None, Parameter(help="The home to serve; TILTH_HOME if it is not given.")]
DatabaseUrl = Annotated[str | None, Parameter(help="postgresql://user:password@host/name; a file in the home if it is not given.")]


def up_command(
    *,
    host: str | None = None,
    port: int | None = None,
    home: HomeFolder = None,
    database: DatabaseUrl = None,
    storage: Annotated[str | None, Parameter(help="A folder or s3://, gs://, azure://; in the home if it is not given.")] = None,
    direct: Annotated[bool, Parameter(help="Send clients to the bucket themselves, by signed addresses.", negative="--no-direct")] = True,
    clearml_ports: Annotated[bool, Parameter(help="Listen on 8008, 8080 and 8081 besides, as a ClearML server does.")] = False,
    certificate: Annotated[Path | None, Parameter(help="A file with the certificate, for HTTPS.")] = None,
    private_key: Annotated[Path | None, Parameter(help="A file with the certificate's key.")] = None,
    public_url: Annotated[str, Parameter(help="The address that people use, such as https://example.org/tilth, if a proxy has it.")] = "",
    root_path: Annotated[str, Parameter(help="The path under which a proxy shows this server; that of --public-url if not given.")] = "",
    trusted_proxies: Annotated[str, Parameter(help="Addresses of proxies whose X-Forwarded headers are believed.")] = "127.0.0.1",
    oidc_issuer: Annotated[str | None, Parameter(help="The address of an OpenID provider that people sign in with.")] = None,
    oidc_client_id: Annotated[str | None, Parameter(help="The provider's name for this server.")] = None,
    oidc_client_secret_file: Annotated[Path | None, Parameter(help="A file with the secret that the provider knows.")] = None,
    oidc_role: Annotated[str, Parameter(help="The role of accounts that come in so for the first time.")] = "member",
    oidc_domain: Annotated[str, Parameter(help="Whose mail addresses may sign in: example.org, or several with commas.")] = "",
    oidc_name: Annotated[str | None, Parameter(help="What the button calls the provider.")] = None,
    log_format: Annotated[str, Parameter(help="How the server's log is written: text or json.")] = "text",
) -> None:
    """Serve a home: the API, files, live changes and the web page, until it is stopped with Ctrl-C or SIGTERM."""
    configure_logging(json=log_format == "json", level=logging.INFO)
    if (certificate is None) != (private_key is None):
        raise Invalid("HTTPS needs both --certificate and --private-key", hint="give both, or none")
    settings = load_settings()
    options = Options(
        home=(home or settings.home).expanduser().absolute(),
        host=host or settings.server.host,
        port=settings.server.port if port is None else port,
        database=database or settings.server.database,
        storage=storage or settings.server.storage,
        direct=direct,
        clearml_ports=clearml_ports,
        certificate=certificate,
        private_key=private_key,
        root_path=root_path,
        public_url=_address(public_url),
        trusted_proxies=trusted_proxies,
        preview=settings.preview,
        preview_s=settings.preview_s,
        preview_bytes=settings.preview_bytes,
        upload_limit_bytes=settings.upload_limit_bytes,
        download_limit_bytes=settings.download_limit_bytes,
        openid=_openid(oidc_issuer, oidc_client_id, oidc_client_secret_file, oidc_role, oidc_domain, oidc_name),
    )
    serve(options, when_ready=lambda started: _show(options, started))


def link_command(*, home: HomeFolder = None, database: DatabaseUrl = None, name: str | None = None, json: Json = False) -> None:
    """Print a link that signs a browser in to a running server, once, within a quarter of an hour."""
    place = _home(home)

    def work(tx: Tx) -> str:
        account = access.account_named(tx, name or OWNER.id)
        return access.make_link(tx, account.id)

    secret = _run(place, database, work)
    address = f"{_web_server(place)}/login?link={secret}"
    Output(json=json).result({"link": address}, [address])


@user.command(name="add")
def add_user(
    name: str,
    /,
    *,
    role: Annotated[str, Parameter(help="admin, member or viewer.")] = "member",
    password: Annotated[str | None, Parameter(help="At least 8 characters; without one the account signs in by link or key.")] = None,
    email: str | None = None,
    service: Annotated[bool, Parameter(help="An account for a program.")] = False,
    key: Annotated[bool, Parameter(help="Make an access key and a secret for it, and print both.")] = False,
    home: HomeFolder = None,
    database: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Make an account."""
    chosen = _role(role)

    def work(tx: Tx) -> dict[str, Any]:
        kind = "service" if service else "personal"
        account = access.add_account(tx, name, role=chosen, password=password, kind=kind, email=email)
        tx.audit("tilth user", "user.created", account.name, "")
        made = access.create_credential(tx, account.id, label="made by tilth user add") if key else None
        return {"id": account.id, "name": account.name, "role": role} | ({"access_key": made[0], "secret_key": made[1]} if made else {})

    found = _run(_home(home), database, work)
    lines = [f"{name} is a {role} now"] + ([f"access_key {found['access_key']}", f"secret_key {found['secret_key']}"] if key else [])
    Output(json=json).result(found, lines)


@user.command(name="list")
def list_users(*, home: HomeFolder = None, database: DatabaseUrl = None, json: Json = False) -> None:
    """List the accounts."""
    found = _run(_home(home), database, lambda tx: tx.accounts.all())
    shown = ("id", "name", "role", "kind", "email", "active", "created", "last_login")
    rows = [{field: getattr(account, field) for field in shown} for account in found]
    cells = [
        (row["name"], row["role"], row["kind"], "yes" if row["active"] else "no", (row["last_login"] or "never")[:19], row["id"])
        for row in rows
    ]
    Output(json=json).result(rows, table(cells, ("NAME", "ROLE", "KIND", "ACTIVE", "SIGNED IN", "ID")))


@user.command(name="edit")
def edit_user(
    name: str,
    /,
    *,
    role: str | None = None,
    password: str | None = None,
    active: Annotated[bool | None, Parameter(help="Whether the account may come in.", negative="--inactive")] = None,
    home: HomeFolder = None,
    database: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Change an account's role or password, or lock it out."""

    def work(tx: Tx) -> dict[str, Any]:
        account = access.account_named(tx, name)
        values: dict[str, Any] = {"role": _role(role)} if role else {}
        account = access.update_account(tx, account, **values, **({"active": active} if active is not None else {}))
        if password:
            access.set_password(tx, account, password)
        tx.audit("tilth user", "user.edited", account.name, "")
        return {"id": account.id, "name": account.name, "role": str(account.role), "active": account.active}

    found = _run(_home(home), database, work)
    state = "" if found["active"] else ", locked out"
    Output(json=json).result(found, [f"{found['name']} is a {found['role']}{state}"])


@user.command(name="delete")
def delete_user(name: str, /, *, home: HomeFolder = None, database: DatabaseUrl = None, json: Json = False) -> None:
    """Delete an account with its keys; what it made stays."""

    def work(tx: Tx) -> str:
        account = access.account_named(tx, name)
        access.delete_account(tx, account)
        tx.audit("tilth user", "user.deleted", account.name, "")
        return account.name

    found = _run(_home(home), database, work)
    Output(json=json).result({"deleted": found}, [f"{found} is gone, and so are its keys"])


def _show(options: Options, started: Started) -> None:
    where = options.database.rpartition("@")[2] if options.database else options.home
    lines = [
        f"Tilth {__version__} serves {where}",
        "",
        f"  open      {started.link}",
        "            (signs in once, within 15 minutes; `tilth link` prints another)",
        f"  scripts   {options.home / 'credentials.json'}",
        "  stop      Ctrl-C",
        "",
        "Paste this into `tilth init`, `clearml-init` or clearml.conf:",
        "",
        *addresses(started),
    ]
    Output(json=False).result({}, lines)


def _address(said: str) -> str:
    if said and (urlsplit(said).scheme not in ("http", "https") or not urlsplit(said).hostname):
        raise Invalid(f"{said!r} is no address of a server", hint="name it whole: https://example.org/tilth")
    return said


def _openid(
    issuer: str | None, client: str | None, secret_file: Path | None, role: str, domain: str, name: str | None
) -> OpenIdOptions | None:
    if issuer is None and client is None:
        return None
    if issuer is None or client is None:
        raise Invalid("OpenID Connect needs both --oidc-issuer and --oidc-client-id", hint="give both, or none")
    _address(issuer)
    try:
        secret = secret_file.read_text().strip() if secret_file else None
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{secret_file} can't be read ({error})", hint="check --oidc-client-secret-file") from error
    return OpenIdOptions(
        client=Client(issuer=issuer, id=client, secret=secret),
        name=name or urlsplit(issuer).netloc,
        rules=Rules(role=_role(role), domains=tuple(part.strip().removeprefix("@") for part in domain.split(",") if part.strip())),
    )


def _role(said: str) -> Role:
    if said not in set(Role) or said == Role.NONE:
        raise Invalid(f"{said!r} is no role", hint="use admin, member or viewer")
    return Role(said)


def _home(given: Path | None) -> Path:
    return (given or load_settings().home).expanduser().absolute()


def _run(home: Path, address: str | None, work: Any) -> Any:
    database = open_database(address or load_settings().server.database, home)
    try:
        return database.run(lambda connection: work(Tx(connection, SystemClock())), writes=True)
    finally:
        database.close()


def _web_server(home: Path) -> str:
    try:
        found = msgspec.json.decode((home / "credentials.json").read_bytes(), type=dict[str, str])
    except (OSError, msgspec.MsgspecError) as error:
        raise Invalid(f"{home} was never served", hint="start the server first: `tilth up`") from error
    return found.get("web_server", "")
