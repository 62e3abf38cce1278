"""How everything is put together for this process: which home, which catalog, which store."""

from tilth.base.clock import SystemClock
from tilth.client.api import Api
from tilth.config.settings import load_settings
from tilth.datasets.repository import Repository
from tilth.sdk._current import current_home, set_home_opener
from tilth.sdk.dataset import Dataset
from tilth.sdk.home import Home
from tilth.server.app.embedded import EmbeddedTransport
from tilth.store.local import LocalStore

__all__ = ["Dataset", "open_home"]


def _open() -> Home:
    settings = load_settings()
    clock = SystemClock()
    return Home(
        folder=settings.home,
        cache_folder=settings.cache,
        author=settings.author,
        clock=clock,
        api=Api(EmbeddedTransport(settings.home, clock)),
        repository=Repository(LocalStore(settings.home / "store"), drafts=settings.home / "drafts", clock=clock),
    )


set_home_opener(_open)


def open_home() -> Home:
    """The home of this process."""
    return current_home()
