"""What joining, comparing and querying tables costs, beside pandas in memory: `python -m benchmarks.tables [ROWS]` prints it.

Two tables of ROWS rows (300,000 unless said otherwise) with seven columns, half of whose keys both have, as CSV and as Parquet. Each
measurement is a process of its own, and its peak is that of the process. Times are those of the processor, of all threads together; the
best of the rounds counts.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import let_python_compile

_ROUNDS = 2

_MAKE = """
import random, sys
import pyarrow as pa, pyarrow.csv, pyarrow.parquet
folder, rows = sys.argv[1], int(sys.argv[2])
for number in range(2):
    chance = random.Random(number)
    first = number * rows // 2
    table = pa.table({
        "id": [f"{at:09}" for at in range(first, first + rows)],
        "user": [chance.randrange(10**6) for _ in range(rows)],
        "price": [round(chance.uniform(0, 1000), 2) for _ in range(rows)],
        "day": [f"2026-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}" for _ in range(rows)],
        "city": [chance.choice(["Bern", "Zürich", "Genève, Plainpalais", "Basel"]) for _ in range(rows)],
        "note": [f"text of row {at} " * 3 for at in range(rows)],
        "flag": [at % 3 == 0 for at in range(rows)],
    })
    pa.csv.write_csv(table, f"{folder}/{number}.csv")
    pa.parquet.write_table(table, f"{folder}/{number}.parquet")
"""

_MEASURE = """
import json, resource, sys, time
from pathlib import Path
folder, kind = Path(sys.argv[1]), sys.argv[2]
files = [folder / f"{n}.{kind}" for n in range(2)]
def sources():
    from tilth.sdk.tables.formats import Source
    return [Source(f"t.{kind}", str(n), lambda file=file: file.open("rb")) for n, file in enumerate(files)]
def ours(**rules):
    from tilth.sdk.tables.merging import JoinRules, RowConflict, join_tables
    with (folder / f"out.{kind}").open("wb") as out:
        rules = JoinRules(on_conflict=RowConflict.FIRST, memory_bytes=256_000_000, **rules)
        return join_tables(sources(), rules, out, folder, lambda rows: None, skip_malformed=False).rows
def frames():
    import pandas
    read = (lambda file: pandas.read_csv(file, dtype=str)) if kind == "csv" else pandas.read_parquet
    return [read(file) for file in files]
def write(frame):
    frame.to_csv(folder / "out.csv", index=False) if kind == "csv" else frame.to_parquet(folder / "out.parquet", index=False)
    return len(frame)
def concat():
    import pandas
    return write(pandas.concat(frames()))
def by_key():
    import pandas
    return write(pandas.concat(frames()).drop_duplicates("id", keep="first"))
def compare():
    from tilth.sdk.tables.row_changes import compare_rows
    found = compare_rows(*sources(), key=["id"], shown=10, scratch=folder, skip_malformed=False, memory_bytes=256_000_000)
    return found.added + found.removed + found.changed + found.same
def compared():
    old, new = frames()
    both = old.merge(new, on="id", how="outer", indicator=True)
    names = [name for name in old.columns if name != "id"]
    was, now = (both[[f"{name}_{side}" for name in names]].to_numpy() for side in "xy")
    changed = (both["_merge"] == "both") & (was != now).any(axis=1)
    return len(both) if changed.sum() else 0
work = {"concatenated": (ours, concat), "by key": (lambda: ours(key=["id"]), by_key), "compared by key": (compare, compared)}
begun = time.process_time()
rows = work[sys.argv[3]][int(sys.argv[4])]()
print(json.dumps([time.process_time() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, rows]))
"""


def main() -> None:
    """Print the table of results."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
    with TemporaryDirectory(prefix="tilth-tables-", dir="build" if Path("build").is_dir() else None) as folder:
        subprocess.run([sys.executable, "-c", _MAKE, folder, str(rows)], check=True)
        sizes = {kind: sum(path.stat().st_size for path in Path(folder).glob(f"?.{kind}")) / 1e6 for kind in ("csv", "parquet")}
        print(f"two tables of {rows:,} rows: {sizes['csv']:.0f} MB of CSV, {sizes['parquet']:.0f} MB of Parquet\n")
        print("| what | Tilth | peak | pandas | peak |\n|---|---|---|---|---|")
        for kind in ("csv", "parquet"):
            for what in ("concatenated", "by key", "compared by key"):
                ours, theirs = (_best(folder, kind, what, whose) for whose in (0, 1))
                assert ours[2] == theirs[2], (kind, what, ours, theirs)
                print(f"| {kind}, {what} | {ours[0]:.1f} s | {ours[1]:.0f} MB | {theirs[0]:.1f} s | {theirs[1]:.0f} MB |", flush=True)


def _best(folder: str, kind: str, what: str, whose: int) -> list[float]:
    found = []
    for _ in range(_ROUNDS):
        command = [sys.executable, "-c", _MEASURE, folder, kind, what, str(whose)]
        found.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    return min(found)


if __name__ == "__main__":
    let_python_compile()
    main()
