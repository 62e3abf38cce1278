"""What `tilth data verify --links` tells: which links are not as they were registered, and what of the others was compared."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from tilth.base.errors import SourceChanged
from tilth.cli.output import Output, count, size, stream_lines
from tilth.cli.progress import Progress
from tilth.domain.version import DatasetVersion
from tilth.sdk.contents import count_links
from tilth.sdk.home import Home
from tilth.sdk.links.checking import CheckedLink, Compared
from tilth.sdk.links.verifying import LinkLevel, verify_links

__all__ = ["tell_links"]

_RIGHT = {
    Compared.CONTENT: "the contents of {links} ({bytes})",
    Compared.STATE: "size and state of {links}",
    Compared.SIZE: "only the size of {links}",
    Compared.NOTHING: "the mere presence of {links}",
}


def tell_links(home: Home, version: DatasetVersion, *, level: LinkLevel, sample: float, report: Path | None, json: bool) -> int:
    """Check the links of a version and tell what comes of it; returns the command's status."""
    out = Output(json=json)
    seen = _Seen(sample)

    def resumed(links: int, path: str) -> None:
        progress.found(-links, 0)
        out.note(f"{report} tells of {count(links, 'link')} already, the last of which is {path}: the check goes on behind it")

    with Progress("reading" if level == "content" else "asking", unit="links") as progress:
        if progress.visible:
            progress.found(count_links(home, version), 0)
        found = verify_links(home, version, level=level, sample=sample, report=report, told=progress.done, resumed=resumed)
        problems = seen.problems(found)
        if json:
            out.result({"id": version.id, "level": level, "errors": list(problems)} | seen.document(), ())
        else:
            stream_lines(problems)
    if not json:
        stream_lines(seen.summary(level))
    return SourceChanged.exit_status if seen.wrong else 0


class _Seen:
    """How many links were compared by what."""

    def __init__(self, sample: float) -> None:
        self._sample = sample
        self.wrong = 0
        self._right: Counter[Compared] = Counter()
        self._read_bytes = 0

    def problems(self, found: Iterable[CheckedLink]) -> Iterator[str]:
        for one in found:
            if one.problem:
                self.wrong += 1
                yield one.problem
                continue
            self._right[one.compared] += 1
            self._read_bytes += one.size if one.compared is Compared.CONTENT else 0

    def document(self) -> dict[str, object]:
        links = self.wrong + self._right.total()
        return {"links": links, "as_registered": {kind.value: self._right[kind] for kind in Compared}, "read_bytes": self._read_bytes}

    def summary(self, level: LinkLevel) -> Iterator[str]:
        told = [
            words.format(links=count(self._right[kind], "link"), bytes=size(self._read_bytes))
            for kind, words in _RIGHT.items()
            if self._right[kind]
        ]
        if told:
            yield f"compared, and as registered: {', '.join(told)}"
        if level == "presence" and self._right[Compared.SIZE]:
            yield "`--level content` reads what is known by its hash, and compares that"
        unread = self._right.total() - self._right[Compared.CONTENT]
        if level == "content" and unread:
            why = "without a hash" if self._sample == 1 else "without a hash, or not of the sample"
            yield f"not read, since {why}: {count(unread, 'link')}; `tilth data add --links --read-hash` registers hashes"
        if self.wrong:
            yield f"{count(self.wrong, 'link')} can't be had as registered"
        elif not told:
            yield "the version has no links"
        elif self._right[Compared.SIZE] + self._right[Compared.NOTHING]:
            yield "no link is known to have changed"
        else:
            yield "every link is what was registered"
