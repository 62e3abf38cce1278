"""`StorageManager`: files by their addresses, wherever they lie, by the names that ClearML's users know."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from time import sleep
from typing import Any, TypeVar
from urllib.parse import quote

from tilth.base.errors import Invalid, NotFound, PathNotFound, TilthError, Unavailable
from tilth.base.units import readable_bytes
from tilth.client.files import Told
from tilth.sdk._current import current_home
from tilth.sdk.archives import is_archive
from tilth.sdk.downloads import download_to, kept_download, kept_folder
from tilth.sdk.fetching import download, fetch, fetch_unpacked, limit_files
from tilth.sdk.home import Home
from tilth.sdk.places import FoundFile, LocalPlace, Place, place_of
from tilth.sdk.recording import warn
from tilth.wire.own_files import OWN_FILES

__all__ = ["StorageManager"]

T = TypeVar("T")

_PIECE = 1024 * 1024
_WORKERS = 8


class StorageManager:
    """Files at addresses: paths, `file://`, the server's own files, `s3://`, `gs://`, `azure://`, `http://` and `https://` (to read).

    What can't be fetched is told and returned as None, as ClearML's users expect; what can't be stored raises.
    """

    _report_mb: float = 0.0
    """How often a download says how far it is; 0 for never."""
    _report_upload_mb: float = 0.0

    @classmethod
    def get_local_copy(
        cls,
        remote_url: str,
        cache_context: str | None = None,
        extract_archive: bool = True,
        name: str | None = None,
        force_download: bool = False,
    ) -> str | None:
        """The path of a copy on this machine, which is shared and read-only; of an archive, of a folder with what is in it.

        What was replaced where it lies is fetched anew. A file of this machine is returned where it is. None if there is none.
        """
        home = current_home()

        def get() -> str:
            get_it = fetch_unpacked if extract_archive and is_archive(place_of(home, remote_url).path) else fetch
            told = cls._progress(remote_url)
            return str(get_it(home, os.fspath(remote_url), force=force_download, name=name, context=cache_context, told=told))

        return _or_none(get, remote_url)

    @classmethod
    def get_stream(cls, remote_url: str, chunk_size: int | None = None) -> Iterator[bytes]:
        """The bytes at an address, `chunk_size` at a time; nothing is kept here."""
        size = chunk_size or _PIECE
        if size < 1:
            raise Invalid(f"chunk_size is {chunk_size}", hint="use 1 or more")
        with place_of(current_home(), remote_url).open() as source:
            while piece := source.read(size):
                yield piece

    @classmethod
    def upload_file(cls, local_file: str | Path, remote_url: str, wait_for_upload: bool = True, retries: int | None = None) -> str:
        """Put a file at an address and return the address. Without waiting, failures are told, and the process ends after the upload."""
        place = place_of(current_home(), remote_url)
        source = Path(local_file).expanduser()
        if not source.is_file():
            raise PathNotFound(f"{source} is no file", hint="check the path")
        if wait_for_upload:
            _put(place, source, retries, cls._upload_progress(place))
        else:
            _uploads().submit(_put_and_tell, place, source, retries, cls._upload_progress(place))
        return _shown(current_home(), place)

    @classmethod
    def upload_folder(cls, local_folder: str | Path, remote_url: str, match_wildcard: str | None = None, retries: int | None = None) -> str:
        """Put the files of a folder, or those that a pattern means, below an address; returns the address."""
        folder = Path(local_folder).expanduser()
        if not folder.is_dir():
            raise PathNotFound(f"{folder} is no folder", hint="check the path")
        place = place_of(current_home(), remote_url)
        for file in [found for found in LocalPlace(folder).below() if _means(match_wildcard, found.name)]:
            _put(place.at(file.name), folder / file.name, retries, cls._upload_progress(place.at(file.name)))
        return _shown(current_home(), place)

    @classmethod
    def download_file(
        cls,
        remote_url: str,
        local_folder: str | Path | None = None,
        overwrite: bool = False,
        skip_zero_size_check: bool = False,
        silence_errors: bool = False,
    ) -> str | None:
        """Copy a file below a folder, at the path that its address has there; returns that path, or None.

        Without a folder it lies in the cache, where it stays as long as this process lives, and goes when it is its turn.
        A file that is there already stays unless `overwrite` is given. An empty file is no file unless `skip_zero_size_check` is given.
        """
        home = current_home()

        def get() -> str:
            return str(cls._download(home, place_of(home, remote_url), local_folder, overwrite=overwrite, empty=skip_zero_size_check))

        return _or_none(get, remote_url, silent=silence_errors)

    @classmethod
    def download_folder(
        cls,
        remote_url: str,
        local_folder: str | Path | None = None,
        match_wildcard: str | None = None,
        overwrite: bool = False,
        skip_zero_size_check: bool = False,
        silence_errors: bool = False,
        max_workers: int | None = None,
    ) -> str | None:
        """Copy the files below an address, or those that a pattern means, below a folder, at the paths that their addresses have there.

        Returns the folder, which lies in the cache if none is named; None if something could not be copied.
        """
        home = current_home()

        def get() -> str:
            place = place_of(home, remote_url)
            found = [place.at(file.name) for file in place.below() if _means(match_wildcard, file.name)]
            if not found:
                raise NotFound("nothing lies there", hint="check the address, or the pattern")
            with ThreadPoolExecutor(max_workers or _WORKERS) as pool:
                done = pool.map(
                    lambda one: cls._download(home, one, local_folder, overwrite=overwrite, empty=skip_zero_size_check, within=place),
                    found,
                )
                list(done)
            return str(kept_folder(home, place) if local_folder is None else Path(local_folder).expanduser())

        return _or_none(get, remote_url, silent=silence_errors)

    @classmethod
    def exists_file(cls, remote_url: str) -> bool:
        """Whether a file lies at an address."""
        try:
            place_of(current_home(), remote_url).size()
        except NotFound:
            return False
        return True

    @classmethod
    def get_file_size_bytes(cls, remote_url: str, silence_errors: bool = False) -> int | None:
        """The size of the file at an address; None if there is none, or nobody says."""
        return _or_none(lambda: place_of(current_home(), remote_url).size(), remote_url, silent=silence_errors)

    @classmethod
    def list(
        cls, remote_url: str, return_full_path: bool = False, with_metadata: bool = False, read_hash: bool = False
    ) -> "list[str] | list[dict[str, Any]] | None":
        """The files below an address: their paths below it, or their addresses; with `with_metadata`, what is known of each.

        None if that fails.
        """
        home = current_home()

        def get() -> "list[Any]":
            place = place_of(home, remote_url)
            found = sorted(place.below(), key=lambda file: file.name)
            if with_metadata:
                return [_described(home, place.at(file.name), file, full=return_full_path, read_hash=read_hash) for file in found]
            return [_shown(home, place.at(file.name)) if return_full_path else file.name for file in found]

        return _or_none(get, remote_url)

    @classmethod
    def get_metadata(cls, remote_url: str, return_full_path: bool = False, read_hash: bool = False) -> dict[str, Any] | None:
        """What is known of the file at an address: name, size and type, with `read_hash` the SHA-256. None if there is none."""
        home = current_home()

        def get() -> dict[str, Any]:
            place = place_of(home, remote_url)
            found = FoundFile(place.path.rpartition("/")[2], place.size() or 0)
            return _described(home, place, found, full=return_full_path, read_hash=read_hash)

        return _or_none(get, remote_url)

    @classmethod
    def set_cache_file_limit(cls, cache_file_limit: int, cache_context: str | None = None) -> int:
        """Keep at most so many copies on this machine, from now on in this process; those not used for longest go first."""
        return limit_files(current_home(), cache_file_limit, cache_context)

    @classmethod
    def get_files_server(cls) -> str:
        """The address of the server's own files."""
        return current_home().files_urls[0] if current_home().files_urls else OWN_FILES

    @classmethod
    def set_report_download_chunk_size(cls, chunk_size_mb: float) -> None:
        """Let a download say how far it is after so many megabytes; 0 for never."""
        cls._report_mb = _megabytes(chunk_size_mb)

    @classmethod
    def set_report_upload_chunk_size(cls, chunk_size_mb: float) -> None:
        """Let an upload say how far it is after so many megabytes; 0 for never."""
        cls._report_upload_mb = _megabytes(chunk_size_mb)

    @classmethod
    def _download(
        cls, home: Home, place: Place, folder: str | Path | None, *, overwrite: bool, empty: bool, within: Place | None = None
    ) -> Path:
        told = cls._progress(place.address)
        if folder is None:
            return kept_download(home, place, overwrite=overwrite, empty=empty, told=told, within=within)
        return download_to(home, place, Path(folder).expanduser(), overwrite=overwrite, empty=empty, told=told)

    @classmethod
    def _progress(cls, address: str) -> Told:
        return _telling(f"of {address} are here", cls._report_mb)

    @classmethod
    def _upload_progress(cls, place: Place) -> Told:
        return _telling(f"are on their way to {place.address}", cls._report_upload_mb)


def _telling(what: str, every_mb: float) -> Told:
    step = int(every_mb * 1_000_000)
    said = 0

    def told(done: int) -> None:
        nonlocal said
        said = min(said, done)  # it begins again
        if done - said >= step:
            said = done
            print(f"{readable_bytes(done)} {what}", flush=True)

    return told if step else lambda _: None


def _megabytes(given: float) -> float:
    if not 0 <= given < 1e9:
        raise Invalid(f"{given!r:.60} is no number of megabytes", hint="use 0 or more")
    return given


def _or_none(get: Callable[[], T], address: str, *, silent: bool = False) -> T | None:
    """What `get` returns; None, and a word about why, if the file can't be had. What can't be an address at all raises."""
    try:
        return get()
    except Invalid:
        raise
    except TilthError as error:
        if not silent:
            warn(f"{address}: {error}")
        return None


def _put(place: Place, source: Path, retries: int | None, told: Told) -> None:
    """Upload, and once more for each of `retries` if the other side does not answer."""
    for attempt in range((retries or 0) + 1):
        try:
            place.put(source, told)
            return
        except Unavailable:
            if attempt == (retries or 0):
                raise
            sleep(min(0.5 * 2**attempt, 10.0))


def _put_and_tell(place: Place, source: Path, retries: int | None, told: Told) -> None:
    try:
        _put(place, source, retries, told)
    except (TilthError, OSError) as error:
        warn(f"{source} was not uploaded to {place.address}: {error}")


@cache
def _uploads() -> ThreadPoolExecutor:
    """Uploads that nobody waits for; Python waits for them when it ends."""
    return ThreadPoolExecutor(2, thread_name_prefix="tilth-upload")


def _means(pattern: str | None, name: str) -> bool:
    return not pattern or fnmatch(name, pattern)


def _shown(home: Home, place: Place) -> str:
    """The address as others may use it: over HTTP if a server keeps the file."""
    if home.files_urls and place.address.startswith(OWN_FILES):
        return f"{home.files_urls[0].rstrip('/')}/{quote(place.path)}"
    return place.address


def _described(home: Home, place: Place, file: FoundFile, *, full: bool, read_hash: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"name": _shown(home, place) if full else file.name, "size": file.size, "type": file.content_type}
    if read_hash:
        with home.cache.scratch() as scratch:
            found["hash"] = download(place, scratch / "file")
    return found
