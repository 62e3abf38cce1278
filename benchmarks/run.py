"""How fast Tilth is beside other tools, and beside what the machine can do at all: `make bench`.

Each workload is laid out once, as a first and a next tree whose unchanged files are the same inodes. In every round the first
tree takes the place `arena/source`, all tools store it in turn, store it again unchanged and restore it; then the next tree
takes its place. A tool that is not installed is left out, with the reason.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contenders import ClearML, Contender, Dvc, Restic, Tilth, delete, remove
from benchmarks.floors import floors, sha256_rate, warm
from benchmarks.generate import FIRST, NEXT
from benchmarks.listing import bench_listing
from benchmarks.measure import Failed, Spent, let_python_compile, measured
from benchmarks.report import Results, page
from benchmarks.start import bench_start
from benchmarks.targets import judge
from benchmarks.trees import Tree, tree_of

HERE = Path(__file__).resolve().parent
SCRATCH = HERE.parent / "build"
ALONE = {"million"}  # workloads about the length of a listing, which say nothing about other tools
ROUNDS = 3
TRUSTED_AGE_S = 3  # files that were written just now are read again by tools that are careful


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", default=",".join(FIRST), help=f"some of {','.join(FIRST)}")
    parser.add_argument("--scale", type=float, default=1.0, help="the fraction of the full size")
    parser.add_argument("--repeat", type=int, default=ROUNDS, help="rounds; the best counts")
    parser.add_argument("--only-tilth", action="store_true", help="leave the other tools out")
    parser.add_argument("--scratch", type=Path, default=SCRATCH, help="a folder to work in; all is made in tilth-bench below it")
    parser.add_argument("--write", action="store_true", help="write benchmarks/results.md")
    given = parser.parse_args()
    workloads = given.workloads.split(",")
    if unknown := set(workloads) - FIRST.keys():
        parser.error(f"no such workload: {', '.join(sorted(unknown))}")
    results = Results()
    scratch = given.scratch.resolve() / "tilth-bench"
    prepare(scratch)
    tilth = Tilth(scratch)
    others = [] if given.only_tilth else present([Restic(scratch), Dvc(scratch), ClearML(scratch)], results)
    rate = sha256_rate()
    results.facts["SHA-256, one thread, in memory"] = f"{rate / 1e6:,.0f} MB/s"
    try:
        bench_start(tilth, results, rounds=max(3, given.repeat))
        for workload in workloads:
            bench = Bench(workload, given.scale, given.repeat, scratch, results)
            bench.run(tilth, [] if workload in ALONE else others)
    except Failed as error:
        sys.exit(f"{error}")
    results.targets += judge(results, rate)
    text = page(results, command_of(given), given.scale)
    print(text)
    if given.write:
        (HERE / "results.md").write_text(text)
    delete(scratch)


def command_of(given: argparse.Namespace) -> str:
    """How to run this again."""
    words = ["make bench"]
    words += [f"WORKLOADS={given.workloads}"] if given.workloads != ",".join(FIRST) else []
    words += [f"SCALE={given.scale:g}"] if given.scale != 1 else []
    words += [f"REPEAT={given.repeat}"] if given.repeat != ROUNDS else []
    return " ".join(words)


def prepare(scratch: Path) -> None:
    """Empty the scratch folder."""
    delete(scratch)
    for name in ("arena", "user", "tmp", "trash"):
        (scratch / name).mkdir(parents=True)


def present(contenders: list[Contender], results: Results) -> list[Contender]:
    """Those that can take part; the others are noted with the reason."""
    for contender in contenders:
        if reason := contender.missing():
            results.skipped[contender.name] = reason
            tell(f"{contender.name} is left out: {reason}")
    return [contender for contender in contenders if contender.name not in results.skipped]


@dataclass
class Bench:
    """One workload, at one scale, in a scratch folder."""

    workload: str
    scale: float
    rounds: int
    scratch: Path
    results: Results

    def __post_init__(self) -> None:
        self.source = self.scratch / "arena" / "source"
        self.trees = [self.scratch / "first", self.scratch / "next"]
        self.out = self.scratch / "out"
        self.has_next = f"{self.workload}-next" in NEXT

    def run(self, tilth: Tilth, others: list[Contender]) -> None:
        """Lay the workload out and measure all rounds."""
        tell(f"\n{self.workload}: writing files")
        first, following = self.lay_out()
        for number in range(self.rounds):
            tell(f"{self.workload}: round {number + 1} of {self.rounds}")
            self.trees[0].rename(self.source)
            self.first_half(tilth, others, first)
            if self.workload == "million":
                bench_listing(tilth, self.note)
            self.source.rename(self.trees[0])
            if following:
                self.trees[1].rename(self.source)
                self.second_half(tilth, others)
                self.source.rename(self.trees[1])
        for tree in self.trees:
            remove(tree)
        remove(tilth.home)

    def lay_out(self) -> tuple[Tree, Tree | None]:
        """Write the first tree, and the next as links to it with its changes."""
        self.generated(self.workload, self.trees[0])
        first = tree_of(self.trees[0])
        self.results.size_bytes[self.workload] = first.size_bytes
        self.results.facts[self.workload] = f"{first.files:,} files, {first.size_bytes / 1e6:,.1f} MB"
        if not self.has_next:
            return first, None
        subprocess.run(["cp", "-al", self.trees[0], self.trees[1]], check=True)
        self.generated(f"{self.workload}-next", self.trees[1])
        following = tree_of(self.trees[1])
        new_bytes = int(run_module("benchmarks.trees", *map(str, self.trees)))
        self.results.facts[f"{self.workload}-next"] = f"{following.files:,} files, {new_bytes / 1e6:,.1f} MB in new and changed ones"
        self.results.new_bytes[self.workload] = new_bytes
        return first, following

    def generated(self, workload: str, folder: Path) -> None:
        """Write a workload by another process, so that this one stays small."""
        run_module("benchmarks.generate", workload, str(folder), "--scale", str(self.scale))

    def first_half(self, tilth: Tilth, others: list[Contender], tree: Tree) -> None:
        """Floors; then all tools store, store again, and restore."""
        warm(self.source)
        for name, spent in floors(self.source, self.scratch, walk_only=self.workload in ALONE):
            self.note(name, "floor", spent)
        time.sleep(TRUSTED_AGE_S)  # linking a file has touched its inode
        for contender in self.playing(tilth, others):
            with self.dropping(contender):
                contender.reset()
                self.note("first version", contender.name, contender.first(), stored=contender.stored())
        for contender in self.playing(tilth, others):
            with self.dropping(contender):
                self.note("unchanged", contender.name, contender.unchanged())
        if self.workload not in ALONE:
            self.restores(tilth, others, tree)

    def restores(self, tilth: Tilth, others: list[Contender], tree: Tree) -> None:
        """All tools restore what they stored; Tilth also shows it read-only."""
        for contender in self.playing(tilth, others):
            with self.dropping(contender):
                self.note("restore", contender.name, contender.restore(self.out))
                self.check_restored(contender.name, tree)
            remove(self.out)
        for name, forget in (("get, cold cache", tilth.forget_cache), ("get, warm cache", tilth.forget_views)):
            forget()
            self.note(name, tilth.name, tilth.view())
        tilth.forget_cache()

    def second_half(self, tilth: Tilth, others: list[Contender]) -> None:
        """All tools store the next version."""
        warm(self.source)
        for contender in self.playing(tilth, others):
            with self.dropping(contender):
                before = contender.stored()
                spent = contender.next()
                self.note("next version", contender.name, spent, stored=growth(before, contender.stored()))

    def playing(self, tilth: Tilth, others: list[Contender]) -> list[Contender]:
        """Tilth, and the others that have not failed."""
        return [tilth, *(contender for contender in others if contender.name not in self.results.skipped)]

    @contextmanager
    def dropping(self, contender: Contender) -> Iterator[None]:
        """Leave another tool out from where it fails; a failure of Tilth itself ends the benchmark."""
        try:
            yield
        except Failed as error:
            if isinstance(contender, Tilth):
                raise
            self.results.skipped[contender.name] = f"it failed with {self.workload}"
            tell(f"{contender.name} is left out from here on: {error}")

    def check_restored(self, who: str, tree: Tree) -> None:
        """What was restored must be as many files and bytes as were stored."""
        restored = tree_of(self.out)
        if (restored.files, restored.size_bytes) != (tree.files, tree.size_bytes):
            raise Failed(f"{who} restored {restored.files} files of {tree.files}, {restored.size_bytes} bytes of {tree.size_bytes}")

    def note(self, step: str, who: str, spent: Spent, *, stored: tuple[int, int] | None = None) -> None:
        """Keep one figure, and tell it."""
        self.results.add(self.workload, step, who, spent, stored=stored)
        tell(f"  {step:22} {who:8} {measured(spent)}")


def run_module(name: str, *arguments: str) -> str:
    """Run one of our own modules in a process of its own; what it printed."""
    return subprocess.run([sys.executable, "-m", name, *arguments], check=True, cwd=HERE.parent, stdout=subprocess.PIPE, text=True).stdout


def growth(before: tuple[int, int], after: tuple[int, int]) -> tuple[int, int]:
    """What a store grew by."""
    return after[0] - before[0], after[1] - before[1]


def tell(words: str) -> None:
    """Progress, beside the results."""
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    let_python_compile()
    os.umask(0o022)
    main()
