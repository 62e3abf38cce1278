"""The check of a version's links: how deep it goes, which of them are read, and the report that it goes on from."""

from collections.abc import Callable, Generator
from contextlib import nullcontext
from pathlib import Path
from typing import Literal

from tilth.datasets.verify import is_sampled
from tilth.domain.version import DatasetVersion
from tilth.sdk.contents import links_of
from tilth.sdk.home import Home
from tilth.sdk.links.checking import CheckedLink, check_links
from tilth.sdk.links.reporting import LinkReport, ReportHead, open_report

__all__ = ["LinkLevel", "verify_links"]

LinkLevel = Literal["presence", "content"]
"""Asked for, or read as far as their hashes are known."""


def verify_links(
    home: Home,
    version: DatasetVersion,
    *,
    level: LinkLevel = "presence",
    sample: float = 1.0,
    report: Path | None = None,
    told: Callable[[int, int], None] = lambda files, size: None,
    resumed: Callable[[int, str], None] = lambda links, path: None,
) -> Generator[CheckedLink]:
    """What comes of each link of a version, in the order of their paths; memory stays the same however many there are.

    At the level `content`, those whose hash is known are read, or the share `sample` of them, evenly spread. With a `report`, each result
    is written to that file; if it holds those of a check that ended early, they come first, `resumed` is told how many there are and which
    path is the last, and the check goes on behind that.
    """
    fetcher = home.link_fetcher()
    head = ReportHead(version.id, level, sample)
    with open_report(report, head) if report else nullcontext() as written:
        after, earlier = "", 0
        for found in written.earlier() if written else ():
            after, earlier = found.path, earlier + 1
            yield found
        if earlier:
            resumed(earlier, after)
        for found in check_links(
            home.link_sources,
            (link for link in links_of(home, version) if link.path > after),
            read=lambda entry: level == "content" and is_sampled(entry.sha256, sample),
            content_of=lambda entry: fetcher.content_of(entry) if fetcher.knows(entry) else None,
            told=told,
        ):
            _tell(written, found)
            yield found
        if written:
            written.end()


def _tell(report: LinkReport | None, found: CheckedLink) -> None:
    if report:
        report.add(found)
