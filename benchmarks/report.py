"""How results read: a Markdown table for each workload, and the targets with what was reached."""

import os
import platform
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from benchmarks.measure import Spent

__all__ = ["Results", "Target", "machine", "page"]

# The floor that a step is compared with, and what the step is called.
FLOOR_OF = {
    "first version": "cp -r",
    "unchanged": "walk + stat",
    "restore": "cp -r",
    "get, cold cache": "cp -r",
    "get, warm cache": "cp -rl",
}

_LONGEST = 120


@dataclass
class Measured:
    """All runs of one step by one tool."""

    runs: list[Spent] = field(default_factory=list)
    stored_bytes: int | None = None
    objects: int | None = None

    @property
    def best(self) -> Spent:
        return min(self.runs, key=lambda spent: spent.seconds)


@dataclass(frozen=True)
class Target:
    """What is to be reached, and what was: `value` may be at most `limit`, or at least if `at_least` is set."""

    workload: str
    text: str
    value: float
    limit: float
    unit: str = ""
    at_least: bool = False

    @property
    def reached(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit


class Results:
    """What was measured, by workload, step and tool."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str], Measured] = {}
        self.targets: list[Target] = []
        self.facts: dict[str, str] = {}
        self.skipped: dict[str, str] = {}
        self.new_bytes: dict[str, int] = {}
        self.size_bytes: dict[str, int] = {}

    def add(self, workload: str, step: str, who: str, spent: Spent, *, stored: tuple[int, int] | None = None) -> None:
        """Note one run."""
        row = self.rows.setdefault((workload, step, who), Measured())
        row.runs.append(spent)
        if stored is not None:
            row.objects, row.stored_bytes = stored

    def best(self, workload: str, step: str, who: str) -> Spent | None:
        """The fastest run of a step, or None if it did not run."""
        row = self.rows.get((workload, step, who))
        return row.best if row else None

    def ratio(self, workload: str, step: str, who: str = "Tilth") -> float | None:
        """How many times its floor a step took."""
        spent, floor = self.best(workload, step, who), self.best(workload, FLOOR_OF.get(step, ""), "floor")
        return spent.seconds / floor.seconds if spent and floor else None


def page(results: Results, command: str, scale: float) -> str:
    """The whole page."""
    return "\n".join([*_head(results, command), *_targets(results, scale), *_tables(results), ""])


def machine() -> str:
    """What kind of machine this is, without naming it."""
    name = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists() and (found := re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text())):
        name = found.group(1)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores ({name}), {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


def _head(results: Results, command: str) -> Iterator[str]:
    yield "# Benchmark results"
    yield ""
    yield f"`{command}` on {datetime.now().astimezone():%d %B %Y}: {machine()}."
    yield "Whole commands, warm page cache, stores on the same local disk;"
    yield "the tools take turns, and each figure is the best of its runs. Compare ratios within one run, not seconds between machines."
    yield ""
    for name, fact in results.facts.items():
        yield f"- {name}: {fact}"
    for name, reason in results.skipped.items():
        yield f"- {name} did not take part: {reason}"


def _targets(results: Results, scale: float) -> Iterator[str]:
    if not results.targets:
        return
    yield from ("", "## Targets", "")
    if scale != 1:
        yield from (f"They are set for the full size; at {scale:g} of it the start of a command outweighs its work.", "")
    yield from ("| workload | target | limit | reached | |", "|---|---|---|---|---|")
    for target in results.targets:
        sign = "≥" if target.at_least else "≤"
        verdict = "yes" if target.reached else f"**missed** ({_missed(target)})"
        figures = f"{sign} {target.limit:g} {target.unit} | {target.value:.3g} {target.unit}"
        yield f"| {target.workload} | {target.text} | {figures} | {verdict} |"


def _missed(target: Target) -> str:
    share = target.value / target.limit if target.limit else 0.0
    return f"{share:.2f} times the limit"


def _tables(results: Results) -> Iterator[str]:
    for workload in dict.fromkeys(workload for workload, _, _ in results.rows):
        yield from ("", f"## {workload}", "")
        yield "| step | tool | best s | others s | x floor | cpu s | peak MB | objects | stored MB | command |"
        yield "|---|---|---:|---|---:|---:|---:|---:|---:|---|"
        for (which, step, who), row in results.rows.items():
            if which == workload:
                yield _row(step, who, row, results.ratio(workload, step, who))


def _row(step: str, who: str, row: Measured, ratio: float | None) -> str:
    best = row.best
    others = " ".join(f"{spent.seconds:.2f}" for spent in row.runs if spent is not best)
    cells = [
        step,
        who,
        f"{best.seconds:.3f}",
        others,
        f"{ratio:.2f}" if ratio is not None else "",
        f"{best.cpu_s:.2f}" if best.cpu_s else "",
        f"{best.peak_bytes / 1e6:.0f}" if best.peak_bytes else "",
        f"{row.objects:,}" if row.objects is not None else "",
        f"{row.stored_bytes / 1e6:,.1f}" if row.stored_bytes is not None else "",
        f"`{_shown(best)}`",
    ]
    return f"| {' | '.join(cells)} |"


def _shown(spent: Spent) -> str:
    """The command as anybody could type it: ids and folders of this run are nobody's business."""
    words = [word if word == "&&" or " " in word else re.sub(r"^/.*/", "", word) for word in spent.command]
    text = " ".join(word if word == "&&" else shlex.quote(word) for word in words) if len(words) > 1 else "".join(words)
    text = re.sub(r"\b[0-9a-f]{32}\b", "ID", text).replace("|", "\\|")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
