"""Where versions keep their bytes."""

from pathlib import Path

from tilth.base.errors import Invalid
from tilth.config.storage import Place, parse_storage
from tilth.sdk.home import Home

__all__ = ["require_own_storage", "storage_of"]


def storage_of(home: Home) -> str:
    """The URL of the home's own store."""
    place = _place(home)
    return place.as_uri() if isinstance(place, Path) else place.url


def require_own_storage(home: Home, storage: str | None) -> None:
    """Refuse any storage but the home's own, which is the only one that its versions can be kept in for now."""
    if storage and parse_storage(storage) != _place(home):
        own = _place(home)
        shown = own if isinstance(own, Path) else own.url
        raise Invalid(
            f"{storage} can't keep versions of this home: it keeps them in {shown}",
            hint="leave the storage out, or set TILTH_STORAGE, or storage.url in tilth.toml, for a home that has none yet",
        )


def _place(home: Home) -> Place | Path:
    return parse_storage(home.storage) if home.storage else (home.folder / "store").absolute()
