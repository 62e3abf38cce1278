"""Where versions keep their bytes: in the home's own store, or in one that was named when they were begun."""

from collections.abc import Sequence
from pathlib import Path

from tilth.base.errors import Invalid
from tilth.base.ids import VersionId
from tilth.config.storage import Place, parse_storage
from tilth.domain.version import DatasetVersion
from tilth.sdk.home import Home

__all__ = ["address_in", "chosen_storage", "own_folders", "require_storage", "storage_of"]


def storage_of(home: Home, version: DatasetVersion) -> str:
    """The address of the store that holds a version."""
    return version.storage or _address(_own(home))


def address_in(home: Home, wanted: str) -> str:
    """The address that `wanted` means, as versions are marked with it: empty for the home's own store."""
    if any(wanted.rstrip("/") == known.rstrip("/") for known in home.files_urls):
        return ""
    place = parse_storage(wanted)
    return "" if place == _own(home) else _address(place)


def chosen_storage(home: Home, wanted: str | None, bases: Sequence[VersionId]) -> str:
    """Where a version is to be kept that begins with what `bases` hold, which has to be where they are: they share their bytes."""
    named = address_in(home, wanted) if wanted else None
    held = sorted({home.api.versions.get(base).storage for base in bases})
    if not held:
        return named or ""
    shown = " and ".join(place or _address(_own(home)) for place in held)
    if len(held) > 1:
        raise Invalid(f"these versions lie in {shown}, and one that builds on them can't be in both", hint=_COPY)
    if named not in (None, held[0]):
        raise Invalid(f"what the version builds on lies in {shown}, and so does the version", hint=f"leave the storage out; or {_COPY}")
    return held[0]


def require_storage(home: Home, version: DatasetVersion, wanted: str | None) -> None:
    """Refuse to store anything of a version elsewhere than where it was begun."""
    if wanted and address_in(home, wanted) != version.storage:
        raise Invalid(f"version {version.id} is kept in {storage_of(home, version)}", hint="name another storage when a version is begun")


def own_folders(home: Home, *storages: str) -> list[str]:
    """The folders of this machine that hold what is known of versions, and the bytes of those that are kept at `storages`."""
    places = [parse_storage(storage) if storage else _own(home) for storage in storages]
    return [str(folder) for folder in (home.folder, *places) if isinstance(folder, Path)]


_COPY = "copy one out with `tilth data get --copy`, and make a version of the copy with `tilth data sync --storage`"


def _own(home: Home) -> Place | Path:
    return parse_storage(home.storage) if home.storage else (home.folder / "store").absolute()


def _address(place: Place | Path) -> str:
    return place.as_uri() if isinstance(place, Path) else place.url
