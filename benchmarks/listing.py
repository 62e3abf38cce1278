"""What a very long listing costs: one folder of a version of a million files, and a change of ten of them."""

from typing import Protocol

from benchmarks.contenders import Tilth, found_id
from benchmarks.measure import Spent

__all__ = ["bench_listing"]

_FOLDER = "500"


class Note(Protocol):
    """Keeps a figure."""

    def __call__(self, step: str, who: str, spent: Spent) -> None: ...


def bench_listing(tilth: Tilth, note: Note) -> None:
    """Measure, on the version that was stored last."""
    note("ls of one folder", tilth.name, tilth.run("ls", _FOLDER, "--id", tilth.id))
    note("list of one folder", tilth.name, tilth.run("list", "--id", tilth.id, "--filter", f"{_FOLDER}/*"))
    changed = sorted((tilth.arena / "source" / _FOLDER).iterdir())[:10]
    names = [str(path.relative_to(tilth.arena)) for path in changed]
    made = tilth.run("create", "--project", "Bench", "--name", "Source", "--parents", tilth.id)
    note("create on it", tilth.name, made)
    draft = found_id(made)
    note("add 10 files", tilth.name, tilth.run("add", "--id", draft, "--dataset-folder", "001", "--files", *names))
    note("upload them", tilth.name, tilth.run("upload", "--id", draft))
    note("finalize", tilth.name, tilth.run("finalize", "--id", draft))
