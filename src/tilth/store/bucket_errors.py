"""What an object store's refusals mean, in words that say what to do.

The library below tells most of them apart by nothing but the text, which holds HTTP's status and the server's own code.
"""

import re
from collections.abc import Callable, Mapping

from msgspec import Struct

from tilth.base.errors import (
    Corrupt,
    DiskFull,
    FormatUnsupported,
    ObjectNotFound,
    PathInvalid,
    StoreMissing,
    StoreRefused,
    TilthError,
    Unavailable,
)
from tilth.store.api import Key

__all__ = ["OTHER_STORES", "Refusal", "broke_off", "is_silent", "is_timeout", "refusal_of", "translated"]

_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>([A-Za-z]+)</Code>")
_MESSAGE = re.compile(r"<Message>([^<]{1,300})</Message>")
_NETWORK = re.compile(r"HttpError|HTTP error|reqwest")
_NO_PATH = re.compile(r'invalid path: Path "([^"]*)"')
_REGION = re.compile(r"expecting '([a-z0-9-]+)'|<Region>([a-z0-9-]+)</Region>")
_ROLES = ("169.254.169.254", "169.254.170.2", "metadata.google.internal", "fd00:ec2::254")
"""Where a machine in a cloud asks for keys: whoever gets there has none from anywhere else."""
OTHER_STORES = "use a store that honours `If-None-Match: *`, as S3, Google, Azure, Ceph and newer MinIO do, or a folder"
_KEYS: Mapping[str, str] = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or [[storage.s3]] in tilth.toml",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS, or [[storage.gs]] in tilth.toml",
    "azure": "AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY, or [[storage.azure]] in tilth.toml",
}


class Refusal(Struct, frozen=True, kw_only=True):
    """What a server said."""

    status: int | None
    code: str
    said: str
    text: str
    """The library's first line, without secrets: it has addresses and times."""


class Asked(Struct, frozen=True, kw_only=True):
    """What was wanted of which store."""

    store: str
    kind: str
    endpoint: str
    key: Key | str


def is_silent(error: TilthError) -> bool:
    """Whether the answer had a status alone, as all that fail have which are asked for no body."""
    cause = error.__cause__
    found = refusal_of(cause) if isinstance(cause, Exception) else None
    return found is not None and found.status is not None and not found.code


def broke_off(error: TilthError) -> bool:
    """Whether the answer had begun."""
    return "response body" in str(error.__cause__)


def is_timeout(error: TilthError) -> bool:
    """Whether there was no whole answer in time."""
    return "TimedOut" in str(error.__cause__)


def refusal_of(error: Exception) -> Refusal:
    """Read the library's error."""
    whole = str(error)
    text = whole.partition("\n\nDebug source")[0].strip()
    status, code, said = (pattern.search(text) for pattern in (_STATUS, _CODE, _MESSAGE))
    return Refusal(
        status=int(status.group(1)) if status else None,
        code=code.group(1) if code else "",
        said=said.group(1).strip() if said else "",
        text=" ".join(text.split())[:400],
    )


def translated(error: Exception, *, store: str, kind: str, endpoint: str, key: Key | str, writes: bool) -> TilthError:
    """The Tilth error that tells a person what went wrong."""
    found, asked = refusal_of(error), Asked(store=store, kind=kind, endpoint=endpoint, key=key)
    if found.code in _BY_CODE:
        return _BY_CODE[found.code](found, asked)
    if isinstance(error, FileNotFoundError):
        return ObjectNotFound(f"object {key} does not exist")
    if any(place in found.text for place in _ROLES):
        return StoreRefused(f"there are no keys for {store}", hint=f"set {_KEYS[kind]}")
    if "StartTooLarge" in str(error):
        return _too_short(found, asked)
    if found.status is None and "redirect without LOCATION" not in found.text:
        return _unanswered(str(error), found, asked)
    return _by_status(found, asked, writes=writes)


def _by_status(found: Refusal, asked: Asked, *, writes: bool) -> TilthError:
    match found.status:
        case None | 301 | 307 | 308:
            return _other_region(found, asked)
        case 401 | 403:
            return _denied(found, asked, writes=writes)
        case 416:
            return _too_short(found, asked)
        case 501:
            what = found.code or found.text
            return FormatUnsupported(f"{asked.store} does not do what is needed of a store: {what}", hint=OTHER_STORES)
    plainly = f"{found.code or f'status {found.status}'}{f' ({found.said})' if found.said else ''}"
    return Unavailable(f"{asked.store} answers {plainly} for {asked.key}", hint="run the same command again")


def _too_short(found: Refusal, asked: Asked) -> TilthError:
    return Corrupt(f"object {asked.key} is too short for what was asked of it", hint="run `tilth data verify`")


def _unanswered(whole: str, found: Refusal, asked: Asked) -> TilthError:
    if "certificate" in whole.lower():
        hint = "name the authority's certificate in [[storage.s3]], or correct the endpoint"
        return StoreRefused(f"{asked.store}: the certificate of {asked.endpoint} is not trusted", hint=hint)
    if "InvalidContentType" in whole or "corrupt message" in whole:
        return StoreRefused(f"{asked.store}: {asked.endpoint} speaks no TLS", hint="write the endpoint with http:// instead of https://")
    if "dns error" in whole:
        hint = "check the endpoint, and the network"
        return Unavailable(f"{asked.store}: nobody knows the server of {asked.endpoint} by this name", hint=hint)
    if _NETWORK.search(whole):
        why = "timed out" if "TimedOut" in whole else "can't be reached, or breaks off"
        hint = "check the network and the endpoint, and run the same command again"
        return Unavailable(f"{asked.store}: {asked.endpoint} {why}", hint=hint)
    if odd := _NO_PATH.search(whole):
        return PathInvalid(
            f"{asked.store} can't be listed at {asked.key or 'its top'}: it holds an object with a key that is no path, {odd[1]!r:.200}",
            hint="rename or remove that object, or name folders beside it",
        )
    return Unavailable(f"{asked.store}: {found.text}", hint="check the store's settings")


def _missing(found: Refusal, asked: Asked) -> TilthError:
    called = "container" if asked.kind == "azure" else "bucket"
    return StoreMissing(f"{asked.store}: there is no such {called} at {asked.endpoint}", hint="make it first, or correct the address")


def _wrong_key(found: Refusal, asked: Asked) -> TilthError:
    return StoreRefused(f"{asked.store}: {asked.endpoint} does not know the access key", hint=f"check {_KEYS[asked.kind]}")


def _wrong_secret(found: Refusal, asked: Asked) -> TilthError:
    # Azure has one code for all of these, and tells them apart in words.
    if "time frame" in found.text or "xpired" in found.text:
        return _expired(found, asked)
    if "date header too old" in found.text:
        return _clock(found, asked)
    return StoreRefused(f"{asked.store}: the secret key does not fit the access key", hint=f"check {_KEYS[asked.kind]}")


def _not_authorised(found: Refusal, asked: Asked) -> TilthError:
    return StoreRefused(f"{asked.store}: the secret key does not fit, or it may not do this", hint=f"check {_KEYS[asked.kind]}")


def _expired(found: Refusal, asked: Asked) -> TilthError:
    return StoreRefused(f"{asked.store}: the token has expired, or is not good", hint="get a new one, and run the same command again")


def _clock(found: Refusal, asked: Asked) -> TilthError:
    return StoreRefused(f"{asked.store}: the clock of this machine and that of {asked.endpoint} differ too much", hint="set the clock")


def _other_region(found: Refusal, asked: Asked) -> TilthError:
    region = _REGION.search(found.text)
    named = (region.group(1) or region.group(2)) if region else None
    hint = f"set the region to {named}" if named else "set the bucket's own region"
    return StoreMissing(f"{asked.store}: the bucket lies in another region", hint=f"{hint}: AWS_REGION, or region in [[storage.s3]]")


def _full(found: Refusal, asked: Asked) -> TilthError:
    hint = "raise its quota and run the same command again; nothing that was stored is lost"
    return DiskFull(f"{asked.store} is full ({found.code})", hint=hint)


def _denied(found: Refusal, asked: Asked, *, writes: bool = False) -> TilthError:
    what = "written or deleted" if writes else "read or listed"
    only = "the key may be allowed to read only; it has to read, write, list and delete"
    hint = only if writes else "let it read and list them, and write and delete where versions are to lie; or use another key"
    said = found.code or found.status
    return StoreRefused(f"{asked.store}: {asked.key or 'its objects'} can't be {what} with this key ({said})", hint=hint)


_BY_CODE: Mapping[str, Callable[[Refusal, Asked], TilthError]] = {
    "NoSuchBucket": _missing,
    "ContainerNotFound": _missing,
    "InvalidBucketName": _missing,
    "InvalidAccessKeyId": _wrong_key,
    "SignatureDoesNotMatch": _wrong_secret,
    "AuthenticationFailed": _wrong_secret,
    "InvalidAuthenticationInfo": _wrong_secret,
    "AuthorizationFailure": _not_authorised,
    "ExpiredToken": _expired,
    "InvalidToken": _expired,
    "TokenRefreshRequired": _expired,
    "RequestTimeTooSkewed": _clock,
    "AuthorizationHeaderMalformed": _other_region,
    "PermanentRedirect": _other_region,
    "IllegalLocationConstraintException": _other_region,
    "QuotaExceeded": _full,
    "InsufficientCapacity": _full,
}
