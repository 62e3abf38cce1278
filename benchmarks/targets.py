"""Which targets the project has set itself, and what each run reached."""

from collections.abc import Iterator

from benchmarks.report import Results, Target
from benchmarks.start import START

__all__ = ["judge"]

_TILTH = "Tilth"
_PEAK_LIMIT_MB = 600 * 1.048576


def judge(results: Results, sha256_rate: float) -> Iterator[Target]:
    """Every target whose figures were measured."""
    yield from _start(results)
    yield from _images(results)
    yield from _tiny(results)
    yield from _big(results, sha256_rate)
    yield from _million(results)
    yield from _peaks(results)


def _start(results: Results) -> Iterator[Target]:
    for step, limit_ms in (("import tilth", 150), ("tilth --help", 300), ("tilth data list", 300)):
        if found := results.best(START, step, _TILTH):
            yield Target(START, step, found.seconds * 1000, limit_ms, "ms")


def _images(results: Results) -> Iterator[Target]:
    workload = "images"
    for step, limit in (("first version", 1.5), ("restore", 1.3), ("get, warm cache", 1.5)):
        ratio = results.ratio(workload, step)
        if ratio is not None:
            yield Target(workload, f"{step}, times its floor", ratio, limit)
    unchanged, fixed = results.best(workload, "unchanged", _TILTH), results.best(START, "sync of one unchanged file", _TILTH)
    floor = results.best(workload, "walk + stat", "floor")
    if unchanged and fixed and floor:
        yield Target(workload, "unchanged", unchanged.seconds, 0.6, "s")
        yield Target(
            workload, "unchanged, less the same for one file, times walk + stat", (unchanged.seconds - fixed.seconds) / floor.seconds, 3
        )
    following, restic = results.best(workload, "next version", _TILTH), results.best(workload, "next version", "restic")
    if following and restic:
        yield Target(workload, "next version, times restic", following.seconds / restic.seconds, 0.5)
    stored = _stored(results, workload, "next version")
    if stored is not None:
        yield Target(workload, "next version, bytes stored per byte new or changed", stored / results.new_bytes[workload], 1.02)


def _tiny(results: Results) -> Iterator[Target]:
    workload = "tiny"
    mine = results.best(workload, "first version", _TILTH)
    if not mine:
        return
    for who, limit in (("DVC", 5), ("restic", 2)):
        if other := results.best(workload, "first version", who):
            yield Target(workload, f"first version, times faster than {who}", other.seconds / mine.seconds, limit, at_least=True)
    objects = results.rows[workload, "first version", _TILTH].objects
    if objects is not None:
        gigabytes = results.size_bytes[workload] / 1e9
        # A store holds a few objects however small it is; the target is about what grows with the bytes.
        yield Target(workload, "objects stored", objects, 20 * max(1.0, gigabytes))


def _big(results: Results, sha256_rate: float) -> Iterator[Target]:
    workload = "big"
    first = results.best(workload, "first version", _TILTH)
    if first:
        rate = results.size_bytes[workload] / first.seconds / sha256_rate
        used = max(1.0, first.cpu_s / first.seconds)
        yield Target(workload, f"first version, times one thread of SHA-256 ({used:.1f} cores used)", rate, 0.8, at_least=True)
        yield Target(workload, "the same per core used", rate / used, 0.8, at_least=True)
    stored = _stored(results, workload, "next version")
    if stored is not None:
        yield Target(workload, "next version, share of the bytes stored again", stored / results.new_bytes[workload], 0.2)


def _million(results: Results) -> Iterator[Target]:
    for step, limit in (("ls of one folder", 0.3), ("list of one folder", 0.3), ("finalize", 2)):
        if found := results.best("million", step, _TILTH):
            yield Target("million", step, found.seconds, limit, "s")


def _peaks(results: Results) -> Iterator[Target]:
    for workload in results.size_bytes:
        peaks = [
            spent.peak_bytes for (which, _, who), row in results.rows.items() if (which, who) == (workload, _TILTH) for spent in row.runs
        ]
        if peaks:
            yield Target(workload, "highest peak of memory", max(peaks) / 1e6, round(_PEAK_LIMIT_MB), "MB")


def _stored(results: Results, workload: str, step: str) -> int | None:
    row = results.rows.get((workload, step, _TILTH))
    return row.stored_bytes if row else None
