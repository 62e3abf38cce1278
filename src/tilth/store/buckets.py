"""A store that is a folder in a bucket: of S3's and of whatever speaks its protocol, of Google's, of Azure's.

Only this module knows the library that speaks to them. Each request is repeated for a bounded time when the network or the server
fails; what a lost answer leaves open is decided by reading. Large objects travel in parts and appear when the last one is there.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from datetime import timedelta
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import msgspec
import obstore
from msgspec import Struct
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import AzureStore, GCSStore, S3Store

from tilth import __version__
from tilth.base.errors import Corrupt, FormatUnsupported, Invalid, ObjectNotFound, TilthError, Unavailable
from tilth.config.storage import Access, AzureEntry, Entry, GsEntry, Place, S3Entry
from tilth.store.api import Buffer, Key, ObjectInfo, OtherObject, Signed
from tilth.store.bandwidth import Bandwidth, paced_blocks
from tilth.store.bucket_errors import broke_off, is_silent, is_timeout, refusal_of, translated
from tilth.store.forked import OtherProcess, elsewhere_in_forks, is_fork

__all__ = ["BucketStore"]

_ONE_REQUEST_BYTES = 32 << 20
"""What is larger is sent in parts."""
_PART_BYTES = 16 << 20
_SMALLEST_PART_BYTES = 5 << 20
"""What every server takes as a part."""
_MOST_PARTS = 9_000
_PARTS_AT_ONCE = 4
_DELETED_AT_ONCE = 1_000
_SINGLE_DELETIONS = 16
"""At once, where a request deletes a single object."""
_LISTED_AT_ONCE = 1_000
_LISTED_AGAIN = 5
_CHECKED = Key("tmp/ready")
_NEAR_END_BYTES = 64 << 10
_RANGE_BYTES = 16 << 20
"""What is asked for at once at the most, if there is a limit."""
_SLOW_RANGE_BYTES = 1 << 20
"""The same on a line that is too slow for what is asked for otherwise."""
_BLOCK_BYTES = 4 << 20
_CONNECT = timedelta(seconds=10)
_REQUEST = timedelta(minutes=2)
"""For one request with its body: a part of 16 MiB has to get through."""
_BACKOFF = {"init_backoff": timedelta(seconds=0.2), "max_backoff": timedelta(seconds=5), "base": 2}
_PATIENT: Mapping[str, Any] = {"max_retries": 8, "retry_timeout": timedelta(minutes=1), "backoff": _BACKOFF}
_QUICK: Mapping[str, Any] = {"max_retries": 2, "retry_timeout": timedelta(seconds=20), "backoff": _BACKOFF}
"""Before anything was ever answered: an address that is wrong does not get better."""

RawStore = S3Store | GCSStore | AzureStore


class BucketStore:
    """Objects in a folder of a bucket. Any number of processes on any number of machines may use it at once."""

    def __init__(self, place: Place, access: Access, bandwidth: Bandwidth | None = None) -> None:
        self.place = place
        self._bandwidth = bandwidth or Bandwidth()
        entry = access.entry
        self._endpoint = entry.endpoint or _USUAL[place.kind]
        self._quick, self._patient = _raw_store(place, entry, entry.endpoint, _QUICK), _raw_store(place, entry, entry.endpoint, _PATIENT)
        public = entry.public_endpoint if isinstance(entry, S3Entry) else ""
        self._signing = _raw_store(place, entry, public, _PATIENT) if public else self._patient
        self._answered = False
        self._slow = False
        """Whether a request timed out that was on its way among others: from then on, small ones go one after the other."""
        self._turn = Lock()
        self.elsewhere = OtherProcess("tilth.store.bucket_process", (place, access, self._bandwidth))

    def put(self, key: Key, parts: Sequence[Buffer]) -> None:
        if is_fork():
            self._put_bytes(key, b"".join(parts))
        else:
            self._send(key, lambda: iter(parts), sum(map(len, parts)))

    @elsewhere_in_forks
    def _put_bytes(self, key: Key, data: bytes) -> None:
        self.put(key, [data])

    def put_file(self, key: Key, file: BinaryIO, size_bytes: int) -> None:
        """Write what is left of `file` at `key`, as `put` does, holding a few parts of it in memory; in a fork, the whole."""
        if is_fork():
            self._put_bytes(key, file.read())
            return
        begin = file.tell()

        def blocks() -> Iterator[bytes]:
            file.seek(begin)
            return iter(lambda: file.read(_BLOCK_BYTES), b"")

        self._send(key, blocks, size_bytes)

    def _send(self, key: Key, blocks: Callable[[], Iterator[Buffer]], size_bytes: int) -> None:
        """Write what `blocks` yields, whenever it is called; a second time if the line is too slow for several parts at once."""
        try:
            if not self._slow:
                self._send_once(key, blocks(), size_bytes, gently=False)
                return
        except TilthError as error:
            if size_bytes <= _SMALLEST_PART_BYTES or not is_timeout(error):
                raise
            self._slow = True
        with self._turn:
            self._send_once(key, blocks(), size_bytes, gently=True)

    def _send_once(self, key: Key, blocks: Iterator[Buffer], size_bytes: int, *, gently: bool) -> None:
        lane = self._bandwidth.upload
        least = _SMALLEST_PART_BYTES if gently else lane.piece_bytes(least=_SMALLEST_PART_BYTES, most=_PART_BYTES)
        part = max(least, size_bytes // _MOST_PARTS)
        in_parts = size_bytes > (part if gently or lane.limit else _ONE_REQUEST_BYTES)
        paced = paced_blocks(blocks, lane)
        try:
            with self._asking(key, writes=True) as raw:
                if in_parts:  # the library asks for blocks when it has room for a part, and in this thread, which may wait
                    obstore.put(raw, key, paced, use_multipart=True, chunk_size=part, max_concurrency=1 if gently else _PARTS_AT_ONCE)
                else:
                    obstore.put(raw, key, b"".join(paced), use_multipart=False)
        except TilthError as error:
            # The answer to the last request was lost, and the repeated one found the upload gone: it had been completed.
            cause = error.__cause__
            ended = in_parts and isinstance(cause, Exception) and refusal_of(cause).code == "NoSuchUpload"
            found = self.head(key) if ended else None
            if found is None or found.size_bytes != size_bytes:
                raise

    @elsewhere_in_forks
    def put_if_absent(self, key: Key, data: Buffer) -> bool:
        # An answer that was lost looks as if somebody else had been first; whoever commits compares what is there.
        self._bandwidth.upload.take(len(data))
        with self._asking(key, writes=True) as raw:
            try:
                obstore.put(raw, key, bytes(data), mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
        return True

    @elsewhere_in_forks
    def get(self, key: Key) -> bytes:
        with self._asking(key) as raw:
            found = obstore.get(raw, key)
            size = found.meta["size"]
            if size <= self._most_at_once(size):
                self._bandwidth.download.take(size)
                return bytes(found.bytes())
        return self.get_range(key, 0, size)

    @elsewhere_in_forks
    def get_range(self, key: Key, start: int, length: int) -> bytes:
        if length == 0:
            return b""
        if start < 0:
            return self._get_tail(key, -start, length)
        most = self._most_at_once(length)
        if length > most:
            return b"".join(self.get_range(key, start + at, min(most, length - at)) for at in range(0, length, most))
        try:
            with self._turn if self._slow else nullcontext():
                return self._get_once(key, start, length)
        except TilthError as error:
            if self._slow or length <= _SLOW_RANGE_BYTES or not is_timeout(error):
                raise
        self._slow = True
        return self.get_range(key, start, length)

    def _get_once(self, key: Key, start: int, length: int) -> bytes:
        self._bandwidth.download.take(length)
        try:
            with self._asking(key) as raw:
                data = bytes(obstore.get_range(raw, key, start=start, length=length))
        except Corrupt:
            raise self._too_short(key, start, length) from None
        if len(data) != length:
            raise self._too_short(key, start, length)
        return data

    @elsewhere_in_forks
    def head(self, key: Key) -> ObjectInfo | None:
        try:
            with self._asking(key) as raw:
                return _info(obstore.head(raw, key))
        except ObjectNotFound:
            return None
        except TilthError as error:
            if not is_silent(error):
                raise
        with suppress(ObjectNotFound):
            self.get_range(key, 0, 1)  # refused as well, but with the reason
        return None

    @elsewhere_in_forks
    def version(self, key: Key) -> str | None:
        """A text that changes whenever the object is replaced, or None if it does not exist. Times are too coarse for that."""
        if self.head(key) is None:
            return None
        with self._asking(key) as raw:
            found = obstore.head(raw, key)
        return " ".join(str(found.get(name)) for name in ("e_tag", "version", "last_modified", "size"))

    @elsewhere_in_forks
    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        left = _LISTED_AGAIN
        while True:
            try:
                for info in self._listed(prefix, after):
                    yield info
                    after, left = info.key, _LISTED_AGAIN
            except Unavailable as error:  # the library repeats requests, and not what it was told half of
                left -= 1
                if not left or not broke_off(error):
                    raise
            else:
                return

    def _listed(self, prefix: str, after: str) -> Iterator[ObjectInfo]:
        with self._asking(prefix) as raw:
            pages = iter(obstore.list(raw, prefix.rstrip("/") or None, offset=after or None, chunk_size=_LISTED_AT_ONCE))
        while True:
            with self._asking(prefix):
                page = next(pages, None)
            if page is None:
                return
            # Some servers take no notice of where to begin.
            yield from (info for info in map(_info, page) if info.key > after)

    @elsewhere_in_forks
    def pages(self, prefix: str, *, after: str = "") -> Iterator[Sequence[OtherObject]]:
        """The objects whose keys start with the folder `prefix` and are greater than `after`, in key order, a request's worth at a time."""
        with self._asking(prefix) as raw:
            pages = iter(obstore.list(raw, prefix.rstrip("/") or None, offset=after or None, chunk_size=_LISTED_AT_ONCE))
        while True:
            with self._asking(prefix):
                page = next(pages, None)
            if page is None:
                return
            if found := [one for one in map(_other, page) if one.key > after]:
                yield found

    @elsewhere_in_forks
    def right_in(self, prefix: str) -> Sequence[OtherObject]:
        """The objects right in the folder `prefix`, in key order, without those in folders of its own."""
        with self._asking(prefix) as raw:
            found = obstore.list_with_delimiter(raw, prefix.rstrip("/") or None)
        return sorted(map(_other, found["objects"]), key=lambda one: one.key)

    @elsewhere_in_forks
    def other(self, key: str) -> OtherObject | None:
        """The state of an object, or None if it does not exist."""
        if self.head(Key(key)) is None:
            return None
        with self._asking(key) as raw:
            return _other(obstore.head(raw, key))

    @elsewhere_in_forks
    def get_other(self, key: str, start: int, length: int) -> tuple[bytes, OtherObject]:
        """At most `length` bytes of an object from `start`, and the state that it was in when they were read."""
        with self._asking(key) as raw:
            if length == 0:
                return b"", _other(obstore.head(raw, key))
            found = obstore.get(raw, key, options={"range": (start, start + length)})
            return bytes(found.bytes()), _other(found.meta)

    def delete(self, keys: Iterable[Key]) -> None:
        if is_fork():
            self.elsewhere.ask("delete", (list(keys),), {})
            return
        pending = iter(keys)
        while batch := list(islice(pending, _DELETED_AT_ONCE)):
            if self.place.kind == "gs":  # the library would send one request after the other
                self._delete_each(batch)
                continue
            try:
                with self._asking(batch[0], writes=True) as raw:
                    obstore.delete(raw, batch)
            except (ObjectNotFound, FormatUnsupported):  # some servers mind, and leave the rest as it is; some can't do it at once
                self._delete_each(batch)

    def local_path(self, key: Key) -> Path | None:
        return None

    @elsewhere_in_forks
    def sign(self, method: str, key: Key, *, expires_s: int) -> Signed | None:
        """An address by which anybody may read (GET) or write (PUT) one object for some time; None if nothing here can sign."""
        try:
            with self._asking(key):
                url = obstore.sign(self._signing, "PUT" if method == "PUT" else "GET", key, timedelta(seconds=expires_s))
        except TilthError:
            return None
        return Signed(url=url, headers=_UPLOAD_HEADERS.get(self.place.kind, {}) if method == "PUT" else {})

    @elsewhere_in_forks
    def check(self) -> None:
        """Raise, soon, unless objects can be written."""
        with self._asking(_CHECKED, writes=True, quickly=True) as raw:
            obstore.put(raw, _CHECKED, b"?", use_multipart=False)

    def _most_at_once(self, wanted: int) -> int:
        """How many of so many bytes to ask for in one request."""
        if self._slow:
            return min(wanted, _SLOW_RANGE_BYTES)
        lane = self._bandwidth.download
        return min(wanted, lane.piece_bytes(most=_RANGE_BYTES)) if lane.limit else wanted

    def _get_tail(self, key: Key, from_end: int, length: int) -> bytes:
        if self.place.kind == "azure" or from_end > length + _NEAR_END_BYTES:  # Azure has no ranges that count from the end
            found = self.head(key)
            if found is None:
                raise ObjectNotFound(f"object {key} does not exist")
            return self.get_range(key, max(found.size_bytes - from_end, 0), length)
        self._bandwidth.download.take(from_end)
        try:
            with self._asking(key) as raw:
                data = bytes(obstore.get(raw, key, options={"range": {"suffix": from_end}}).bytes())
        except Corrupt:
            raise self._too_short(key, -from_end, length) from None
        if len(data) < length:
            raise self._too_short(key, -from_end, length)
        return data[:length]

    def _too_short(self, key: Key, start: int, length: int) -> TilthError:
        found = self.head(key)
        if found is None:
            return ObjectNotFound(f"object {key} does not exist")
        begin = max(found.size_bytes + start, 0) if start < 0 else start
        if begin + length <= found.size_bytes:
            return Unavailable(f"{self.place.url} sent less of object {key} than was asked for", hint="run the same command again")
        said = f"object {key} is {found.size_bytes} bytes long and can't hold {length} bytes from {start}"
        return Corrupt(said, hint="run `tilth data verify`")

    def _delete_each(self, keys: Sequence[Key]) -> None:
        pool = ThreadPoolExecutor(_SINGLE_DELETIONS, thread_name_prefix="tilth-delete")
        try:
            list(pool.map(self._delete_one, keys))
        finally:
            pool.shutdown(cancel_futures=True)

    def _delete_one(self, key: Key) -> None:
        with suppress(ObjectNotFound), self._asking(key, writes=True) as raw:
            obstore.delete(raw, key)

    @contextmanager
    def _asking(self, key: Key | str, *, writes: bool = False, quickly: bool = False) -> Iterator[RawStore]:
        """The store to ask; raises refusals as Tilth errors."""
        try:
            yield self._patient if self._answered and not quickly else self._quick
        except AlreadyExistsError:
            raise
        except (BaseError, OSError, ValueError) as error:
            described = translated(error, store=self.place.url, kind=self.place.kind, endpoint=self._endpoint, key=key, writes=writes)
            self._answered = self._answered or isinstance(described, ObjectNotFound)
            raise described from error
        self._answered = True


_USUAL: Mapping[str, str] = {"s3": "Amazon S3", "gs": "Google Cloud Storage", "azure": "Azure"}
_UPLOAD_HEADERS: Mapping[str, Mapping[str, str]] = {"azure": {"x-ms-blob-type": "BlockBlob"}}
"""What has to come with a signed upload."""


class _Credentials(Struct):
    type: str = ""


def _info(found: Any) -> ObjectInfo:
    # Listings tell parts of a second, and answers about one object do not.
    return ObjectInfo(Key(found["path"]), found["size"], float(int(found["last_modified"].timestamp())))


def _other(found: Any) -> OtherObject:
    modified_ns = int(found["last_modified"].timestamp()) * 1_000_000_000
    etag = (found.get("e_tag") or str(modified_ns)).removeprefix("W/").strip('"')
    return OtherObject(found["path"], found["size"], etag, modified_ns)


def _raw_store(place: Place, entry: Entry, endpoint: str, retry: Mapping[str, Any]) -> RawStore:
    client: dict[str, Any] = {
        "connect_timeout": _CONNECT,
        "timeout": _REQUEST,
        "allow_http": endpoint.startswith("http://"),
        "user_agent": f"tilth/{__version__}",
    }
    shared: dict[str, Any] = {"prefix": place.folder or None, "client_options": client, "retry_config": dict(retry)}
    try:
        match entry:
            case S3Entry():
                return _s3(place, entry, endpoint, shared)
            case GsEntry():
                return _gs(place, entry, endpoint, shared)
            case AzureEntry():
                return _azure(place, entry, endpoint, shared)
    except (BaseError, ValueError, OSError) as error:
        said = refusal_of(error).text
        raise Invalid(f"{place.url} can't be used: {said}", hint="check the store's keys and settings") from error


def _s3(place: Place, entry: S3Entry, endpoint: str, shared: dict[str, Any]) -> S3Store:
    config: Any = {"region": entry.region or "us-east-1", "skip_signature": entry.anonymous}
    if not endpoint.startswith("http://"):
        config["unsigned_payload"] = True  # TLS sees to it that what is sent arrives: no need to hash it once more
    if endpoint:
        config["endpoint"] = endpoint
    if entry.virtual_host:
        parts = urlsplit(endpoint)
        config["virtual_hosted_style_request"] = True
        config |= {"endpoint": f"{parts.scheme}://{place.bucket}.{parts.netloc}"} if endpoint else {}
    if entry.certificate:
        shared["client_options"]["root_certificate"] = _certificate(entry.certificate)
    if entry.access_key:
        # Given so, and not among the settings, no part of another key can come from the environment.
        keys: Any = {"access_key_id": entry.access_key, "secret_access_key": entry.secret_key, "expires_at": None}
        keys["token"] = entry.session_token or None
        shared["credential_provider"] = lambda: keys
    return S3Store(place.bucket, config=config, **shared)


def _gs(place: Place, entry: GsEntry, endpoint: str, shared: dict[str, Any]) -> GCSStore:
    config: Any = {"skip_signature": entry.anonymous}
    if endpoint.startswith("http://") and not entry.credentials:
        # Google's own servers speak TLS alone. Emulators want no keys, and the library never writes without a token.
        shared["credential_provider"] = lambda: {"token": "none", "expires_at": None}
    config |= {"base_url": endpoint} if endpoint else {}
    if entry.credentials:
        path = Path(entry.credentials).expanduser()
        config["service_account" if _kind_of(path) == "service_account" else "application_credentials"] = str(path)
    return GCSStore(place.bucket, config=config, **shared)


def _kind_of(path: Path) -> str:
    """What a file with credentials of Google's says it is."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Credentials).type
    except (OSError, msgspec.MsgspecError) as error:
        raise Invalid(f"the credentials {path} can't be read ({error})", hint="name a file of Google's, in JSON") from error


def _azure(place: Place, entry: AzureEntry, endpoint: str, shared: dict[str, Any]) -> AzureStore:
    if not entry.account:
        hint = "set AZURE_STORAGE_ACCOUNT, or account in [[storage.azure]], or write azure://ACCOUNT.blob.core.windows.net/CONTAINER"
        raise Invalid(f"{place.url} names no account", hint=hint)
    config: Any = {"account_name": entry.account}
    config |= {"endpoint": endpoint} if endpoint else {}
    config |= {"account_key": entry.access_key} if entry.access_key else {}
    config |= {"sas_key": entry.sas_token.removeprefix("?")} if entry.sas_token and not entry.access_key else {}
    return AzureStore(place.bucket, config=config, **shared)


def _certificate(said: str) -> str:
    path = Path(said).expanduser()
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"the certificate {path} can't be read ({error})", hint="name a file in PEM format") from error
