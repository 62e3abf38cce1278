"""Previews that a server is to make: rows of its database, which outlive it, and hold up neither calls nor other work."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tilth.server.app.background import Background
from tilth.server.app.serve import Options, make_site
from tilth.server.app.site import Site
from tilth.server.db.sqlite import SqliteDatabase
from tilth.server.services.contents import Contents
from tilth.server.services.setup import prepare
from tilth.server.stores.unit_of_work import Tx
from tilth.testing.catalogs import TickingClock


class Bench:
    """A server whose threads do not run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = TickingClock()
        self.database = SqliteDatabase(folder / "tilth.db")
        self.in_tx(prepare)
        self.start()

    def start(self) -> None:
        site, platform = make_site(Options(home=self.folder), self.database, self.clock)
        self.contents: Contents = platform.contents
        self.background = _background(site)

    def in_tx(self, work: Callable[[Tx], Any]) -> Any:
        return self.database.run(lambda connection: work(Tx(connection, self.clock)), writes=True)

    def finished(self, name: str) -> str:
        version = self.contents.begin(name=name, project="Team", number=None, parents=[], tags=[], description="", author="x")
        given = self.folder / "given"
        given.mkdir(exist_ok=True)
        (given / "a.csv").write_text("a,b\n1,2\n")
        self.contents.take(version.id, given)
        self.contents.finish(version.id)
        return version.id

    def kinds(self) -> list[str]:
        return [kind for _, kind, _, _ in self.in_tx(lambda tx: tx.jobs.pending())]

    def plots(self, id: str) -> set[tuple[str, str]]:
        found = self.contents.home.api.call("events.get_task_plots", task=id, iters=1, no_scroll=True)["plots"]
        return {(plot["metric"], plot["variant"]) for plot in found}


def _background(site: Site) -> Background:
    return site._background


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    with closing(made.database):
        yield made


def test_a_preview_is_made_after_the_call_and_after_a_restart(bench: Bench) -> None:
    ids = [bench.finished(name) for name in ("one", "two", "three")]
    assert bench.kinds() == ["show_version"] * 3
    assert bench.plots(ids[0]) == set()
    bench.start()
    assert not bench.background.work(), "they have a thread of their own"
    assert bench.background.work(previews=True)
    assert ("Tables", "a.csv") in bench.plots(ids[0])
    assert bench.plots(ids[2]) == set()
    while bench.background.work(previews=True):
        pass
    assert bench.kinds() == []
    assert ("Tables", "a.csv") in bench.plots(ids[2])


def test_a_version_that_is_gone_is_not_shown_and_one_that_was_published_meanwhile_is(bench: Bench) -> None:
    gone, published = bench.finished("gone"), bench.finished("published")
    bench.contents.delete(gone)
    bench.contents.home.api.versions.publish(id=published)
    while bench.background.work(previews=True):
        pass
    assert "show_version" not in bench.kinds()
    assert ("Tables", "a.csv") in bench.plots(published)
