"""Which object store an address means, and how it is reached: endpoints and keys, from wherever people keep them.

    s3://bucket/folder                          s3://host:port/bucket/folder
    gs://bucket/folder
    azure://container/folder   az://...         azure://account.blob.core.windows.net/container/folder   https://...

An entry for the bucket in `tilth.toml` stands over one in `clearml.conf`, which stands over the environment, which stands over what
`clearml.conf` says of all buckets, which stands over the files of the AWS command line. What nobody says is left to the roles that
the machine has.
"""

import os
import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from tilth.base.addresses import local_path, refuse_lost_slash, scheme_of
from tilth.base.errors import Invalid
from tilth.config.aws_files import read_aws_profile
from tilth.config.clearml_conf import read_clearml_stores
from tilth.config.settings import clearml_conf_path, tilth_toml_path
from tilth.config.tilth_toml import read_stores

__all__ = ["ENTRIES", "Access", "AzureEntry", "GsEntry", "Place", "S3Entry", "access_to", "parse_storage"]

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,221}")
_FOLDER = re.compile(r"(?!\.{1,2}(?:/|$))[A-Za-z0-9._=+@-]+(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._=+@-]+)*")
_ENDPOINT = re.compile(r"https?://[A-Za-z0-9._-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._/-]*)?|https?://\[[0-9A-Fa-f:]+\](?::[0-9]{1,5})?")
_BLOB = ".blob."
_AZURE_KEYS = ("AZURE_STORAGE_KEY", "AZURE_STORAGE_ACCOUNT_KEY")
_AZURE = ".blob.core.windows.net"


class Place(Struct, frozen=True, kw_only=True):
    """A folder in a bucket."""

    kind: Literal["s3", "gs", "azure"]
    bucket: str
    folder: str = ""
    host: str = ""
    """The server that the address itself names: of S3's with a port, of Azure's with the account."""

    @property
    def url(self) -> str:
        """The address, always written in the same way."""
        parts = [part for part in (self.host, self.bucket, self.folder) if part]
        return f"{self.kind}://{'/'.join(parts)}"


class S3Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[storage.s3]]`: how buckets of Amazon's, or of a server that speaks its protocol, are reached."""

    bucket: Annotated[str, Meta(description="The bucket that this is about; all that have no entry of their own if it is left out.")] = ""
    endpoint: Annotated[str, Meta(description="The server, such as `https://minio.example.org:9000`; Amazon's if it is left out.")] = ""
    public_endpoint: Annotated[str, Meta(description="The same server as clients of `tilth up` know it, if they know it otherwise.")] = ""
    region: Annotated[str, Meta(description="The bucket's region.")] = ""
    access_key: Annotated[str, Meta(description="The access key.")] = ""
    secret_key: Annotated[str, Meta(description="The secret that belongs to it.")] = ""
    session_token: Annotated[str, Meta(description="The token that belongs to keys which expire.")] = ""
    profile: Annotated[str, Meta(description="The profile of the AWS command line that has the keys.")] = ""
    certificate: Annotated[str, Meta(description="A file with the certificate of the authority that the server's is from.")] = ""
    virtual_host: Annotated[bool, Meta(description="Whether the bucket's name stands before the server's, and not behind it.")] = False
    anonymous: Annotated[bool, Meta(description="Whether the bucket is read without any key.")] = False


class GsEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[storage.gs]]`: how buckets of Google's are reached."""

    bucket: Annotated[str, Meta(description="The bucket that this is about; all that have no entry of their own if it is left out.")] = ""
    endpoint: Annotated[str, Meta(description="The server, if it is not Google's.")] = ""
    credentials: Annotated[str, Meta(description="A file with the key of a service account, in JSON.")] = ""
    anonymous: Annotated[bool, Meta(description="Whether the bucket is read without any key.")] = False


class AzureEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[storage.azure]]`: how containers of Azure's are reached."""

    container: Annotated[str, Meta(description="The container that this is about; all without an entry of their own if left out.")] = ""
    account: Annotated[str, Meta(description="The storage account.")] = ""
    endpoint: Annotated[str, Meta(description="The server, if it is not that of the account.")] = ""
    access_key: Annotated[str, Meta(description="The account's key.")] = ""
    sas_token: Annotated[str, Meta(description="A shared access signature, instead of the key.")] = ""


Entry = S3Entry | GsEntry | AzureEntry
ENTRIES: Mapping[str, type[Entry]] = {"s3": S3Entry, "gs": GsEntry, "azure": AzureEntry}
"""What may stand in `tilth.toml`, by the kind of store."""


class Access(Struct, frozen=True):
    """What is known of how to reach a place; what is empty is left to the machine."""

    entry: Entry
    source: str
    """Who says so."""

    def __repr__(self) -> str:
        """Without secrets, because it gets into logs and tracebacks."""
        return f"Access({self.source!r})"


def parse_storage(said: str) -> Place | Path:
    """The folder on this machine, or the place in an object store, that `said` means; `Invalid` if it can be neither."""
    scheme = scheme_of(said)
    if "://" not in said:
        refuse_lost_slash(said)
        return Path(said).expanduser().absolute()
    if scheme == "file":
        return Path(local_path(said)).absolute()
    parts = urlsplit(said)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise Invalid(
            f"{scheme}://{_shown(parts.netloc)}... holds more than a place", hint="keys belong into the environment or tilth.toml"
        )
    names = [name for name in parts.path.split("/") if name]
    match scheme:
        case "s3" if ":" in parts.netloc:
            return _place("s3", said, names[:1], names[1:], host=parts.netloc)
        case "s3" | "gs":
            return _place("s3" if scheme == "s3" else "gs", said, [parts.netloc], names)
        case "azure" | "az" | "https" if _BLOB in parts.netloc:
            return _place("azure", said, names[:1], names[1:], host=parts.netloc)
        case "azure" | "az":
            return _place("azure", said, [parts.netloc], names)
    raise Invalid(f"{said} is no place to store in", hint="use s3://bucket, gs://bucket, azure://container, or a folder")


def access_to(place: Place, home: Path, environment: Mapping[str, str] | None = None) -> Access:
    """How `place` is reached, as far as anybody says; `Invalid` if what is said can't be right."""
    environment = os.environ if environment is None else environment
    toml = tilth_toml_path(home)
    found = _chosen(place, _entries(place.kind, read_stores(toml), toml))
    if found is None or not _has_keys(found):
        found = _completed(found, place, environment, toml)
    access = found or Access(ENTRIES[place.kind](), "")
    return _checked(_with_server(_with_host(access, place), environment), environment)


def _completed(found: Access | None, place: Place, environment: Mapping[str, str], toml: Path) -> Access | None:
    """An entry without keys, or none at all, with the keys that others know."""
    conf = clearml_conf_path(environment)
    # There, an entry with a server is for addresses that name it, and for no others.
    others = [access for access in _entries(place.kind, read_clearml_stores(conf), conf) if place.host or not access.entry.endpoint]
    candidates = (
        _chosen(place, [access for access in others if _bucket_of(access.entry) or access.entry.endpoint]),
        _from_environment(place, environment),
        _chosen(place, [access for access in others if not (_bucket_of(access.entry) or access.entry.endpoint)]),
        _from_files(place, environment, found),
    )
    keys = next((access for access in candidates if access and _has_keys(access)), None)
    if found is None or keys is None:
        return found or keys
    return Access(_merged(found.entry, keys.entry), f"{toml}, and keys of {keys.source}")


def _entries(kind: str, stores: Mapping[str, Sequence[Mapping[str, Any]]], path: Path) -> list[Access]:
    found = []
    for values in stores.get(kind, ()):
        try:
            found.append(Access(msgspec.convert(values, ENTRIES[kind]), str(path)))
        except msgspec.ValidationError as error:
            raise Invalid(
                f"{path} says something wrong in storage.{kind}: {error}", hint="docs/settings.md lists what may stand there"
            ) from error
    return found


def _chosen(place: Place, entries: Sequence[Access]) -> Access | None:
    """The entry that means this place most closely."""
    fitting = [access for access in entries if _fits(access.entry, place)]
    return max(fitting, key=lambda access: bool(_bucket_of(access.entry)), default=None)


def _fits(entry: Entry, place: Place) -> bool:
    if _bucket_of(entry) not in ("", place.bucket):
        return False
    if isinstance(entry, AzureEntry):
        return not place.host or entry.account in ("", place.host.partition(".")[0])
    named = urlsplit(entry.endpoint).netloc
    return not place.host or not named or named == place.host


def _bucket_of(entry: Entry) -> str:
    return entry.container if isinstance(entry, AzureEntry) else entry.bucket


def _has_keys(access: Access) -> bool:
    match access.entry:
        case S3Entry() as entry:
            return bool(entry.access_key or entry.anonymous)
        case GsEntry() as entry:
            return bool(entry.credentials or entry.anonymous)
        case AzureEntry() as entry:
            return bool(entry.access_key or entry.sas_token)


def _merged(entry: Entry, keys: Entry) -> Entry:
    said = {name: value for name, value in msgspec.structs.asdict(entry).items() if value}
    return msgspec.structs.replace(keys, **said)


def _from_environment(place: Place, environment: Mapping[str, str]) -> Access | None:
    """Keys in the variables that everybody's tools know. The library knows them, too, but not what stands over what."""
    match place.kind:
        case "s3" if environment.get("AWS_ACCESS_KEY_ID"):
            names = {"access_key": "AWS_ACCESS_KEY_ID", "secret_key": "AWS_SECRET_ACCESS_KEY", "session_token": "AWS_SESSION_TOKEN"}
            values: Any = {name: environment.get(variable, "") for name, variable in names.items()}
            return Access(S3Entry(**values), "AWS_ACCESS_KEY_ID")
        case "gs" if environment.get("GOOGLE_APPLICATION_CREDENTIALS"):
            return Access(GsEntry(credentials=environment["GOOGLE_APPLICATION_CREDENTIALS"]), "GOOGLE_APPLICATION_CREDENTIALS")
        case "azure" if environment.get("AZURE_STORAGE_CONNECTION_STRING"):
            return Access(_connection(environment["AZURE_STORAGE_CONNECTION_STRING"]), "AZURE_STORAGE_CONNECTION_STRING")
        case "azure":
            account = environment.get("AZURE_STORAGE_ACCOUNT") or environment.get("AZURE_STORAGE_ACCOUNT_NAME", "")
            key = next((environment[name] for name in _AZURE_KEYS if environment.get(name)), "")
            token = environment.get("AZURE_STORAGE_SAS_TOKEN", "")
            return Access(AzureEntry(account=account, access_key=key, sas_token=token), "AZURE_STORAGE_ACCOUNT") if account else None
    return None


def _from_files(place: Place, environment: Mapping[str, str], found: Access | None) -> Access | None:
    """What `aws configure` wrote, unless the environment names a role."""
    if place.kind != "s3":
        return None
    asked = found.entry.profile if found and isinstance(found.entry, S3Entry) else ""
    if not asked and any(environment.get(name) for name in _ROLES):
        return None
    profile = read_aws_profile(environment, asked)
    return Access(msgspec.convert(profile.values, S3Entry), profile.source) if profile else None


_ROLES = ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")


def _connection(said: str) -> AzureEntry:
    """The parts of a connection string, as Azure's portal shows it."""
    parts = dict(part.split("=", 1) for part in said.split(";") if "=" in part)
    account = parts.get("AccountName", "")
    if not account:
        raise Invalid("AZURE_STORAGE_CONNECTION_STRING names no account", hint="copy it whole, with AccountName=...")
    suffix = parts.get("EndpointSuffix", "core.windows.net")
    usual = f"{parts.get('DefaultEndpointsProtocol', 'https')}://{account}.blob.{suffix}"
    return AzureEntry(
        account=account,
        endpoint=parts.get("BlobEndpoint", usual).rstrip("/"),
        access_key=parts.get("AccountKey", ""),
        sas_token=parts.get("SharedAccessSignature", ""),
    )


def _with_host(access: Access, place: Place) -> Access:
    """What the address itself says of the server."""
    if not place.host:
        return access
    entry = access.entry
    if isinstance(entry, AzureEntry):
        account = place.host.partition(".")[0]
        endpoint = entry.endpoint or ("" if place.host.endswith(_AZURE) else f"https://{place.host}")
        return Access(msgspec.structs.replace(entry, account=account, endpoint=endpoint), access.source)
    # A server of one's own speaks plain HTTP unless an entry says otherwise, as ClearML's clients have it for such addresses.
    return Access(msgspec.structs.replace(entry, endpoint=entry.endpoint or f"http://{place.host}"), access.source)


def _with_server(access: Access, environment: Mapping[str, str]) -> Access:
    """Where the environment says that servers are, unless somebody said more."""
    entry, said = access.entry, dict[str, str]()
    for name, variables in _SERVERS[type(entry)].items():
        if not getattr(entry, name):
            said |= {name: next((environment[variable] for variable in variables if environment.get(variable)), "")}
    if isinstance(entry, GsEntry) and said.get("endpoint") and "://" not in said["endpoint"]:
        said["endpoint"] = f"http://{said['endpoint']}"  # Google's own clients take both
    return Access(msgspec.structs.replace(entry, **said), access.source)


_SERVERS: Mapping[type, Mapping[str, Sequence[str]]] = {
    S3Entry: {
        "endpoint": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
        "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
    },
    GsEntry: {"endpoint": ("STORAGE_EMULATOR_HOST",)},
    AzureEntry: {"endpoint": ("AZURE_STORAGE_ENDPOINT",)},
}


def _checked(access: Access, environment: Mapping[str, str]) -> Access:
    entry = access.entry
    for endpoint in (entry.endpoint, entry.public_endpoint if isinstance(entry, S3Entry) else ""):
        if endpoint and not _ENDPOINT.fullmatch(endpoint):
            variables = _SERVERS[type(entry)]["endpoint"]
            source = next((name for name in variables if environment.get(name) == endpoint), access.source)
            raise Invalid(f"{endpoint} ({source}) is no endpoint", hint="write it like https://minio.example.org:9000")
    if isinstance(entry, S3Entry) and entry.access_key and not entry.secret_key:
        raise Invalid(f"the access key {entry.access_key} ({access.source}) comes without its secret key", hint="say both")
    if isinstance(entry, AzureEntry) and entry.access_key and not _is_base64(entry.access_key):
        source = next((name for name in _AZURE_KEYS if environment.get(name) == entry.access_key), access.source)
        raise Invalid(f"the access key of {source} is not in base64, as Azure's are", hint="copy it whole, with its = at the end")
    return access


def _is_base64(text: str) -> bool:
    try:
        b64decode(text, validate=True)
    except ValueError:
        return False
    return True


def _place(kind: Literal["s3", "gs", "azure"], said: str, bucket: Sequence[str], folder: Sequence[str], *, host: str = "") -> Place:
    name, below = "".join(bucket), "/".join(folder)
    if not _BUCKET.fullmatch(name):
        called = "container" if kind == "azure" else "bucket"
        raise Invalid(f"{said} names no {called}", hint=f"write it like {kind}://{called}/folder")
    if below and not _FOLDER.fullmatch(below):
        raise Invalid(f"{said} can't be stored in: its folder has other signs than A-Z a-z 0-9 . _ = + @ -", hint="use a plain name")
    return Place(kind=kind, bucket=name, folder=below, host=host)


def _shown(netloc: str) -> str:
    return netloc.rpartition("@")[2]
