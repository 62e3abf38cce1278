"""What Tilth does, shown on real files: `make demo`, or `make demo FOLDER=...` for a folder of one's own.

Everything is done with the commands that a user types, each printed before it runs. The folder that is named is copied first
and stays as it is. All that is made lies in build/demo (or --work), with a home of its own there unless TILTH_HOME names one.
"""

import argparse
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import tilth
from tools import pictures

START = Path.cwd()
COMMAND = Path(sys.executable).parent / "tilth"
COLOURED = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def main() -> None:
    """Run the demo; any command that fails ends it with that command's exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="version a copy of this folder instead of drawn pictures")
    parser.add_argument("--work", type=Path, default=Path("build/demo"), help="where everything is made; emptied first")
    given = parser.parse_args()
    work = given.work.resolve()
    started = time.perf_counter()
    project = prepare(given.folder, work)
    count = show(project)
    say(f"All of it took {time.perf_counter() - started:.1f} s: 3 datasets, 4 versions, {count} restored files, all equal bit for bit.")
    print(f"It lies in {shown(work)}; `make clean` removes it. Next: docs/README.md, or `.venv/bin/tilth data --help`.")


def prepare(folder: Path | None, work: Path) -> str:
    """Lay out the folder to version and a home; returns the project to work in."""
    source = folder.expanduser().resolve() if folder else None
    if source and not source.is_dir():
        sys.exit(f"{source} is no folder; name one with FOLDER=...")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    os.chdir(work)
    if source:
        shutil.copytree(source, "pictures")
        say(f"A copy of {source}")
    else:
        pictures.draw_folder(Path("pictures"), 60)
        say("Sixty small pictures, drawn just now")
    files = files_of("pictures")
    if len(files) < 6:
        sys.exit("the demo needs a folder with at least 6 files")
    print(f"{len(files)} files, {sum(path.stat().st_size for path in files):,} bytes in {shown(work / 'pictures')}")
    if "TILTH_HOME" in os.environ:
        print(f"TILTH_HOME is {os.environ['TILTH_HOME']}")
        return f"Demo/{datetime.now().astimezone():%Y-%m-%d %H:%M:%S}"
    os.environ["TILTH_HOME"] = str(work / "home")
    os.environ.pop("TILTH_CACHE", None)
    print(f"This once everything lies under a throw-away home, TILTH_HOME={shown(work / 'home')}; usually that is ~/.tilth")
    return "Demo"


def show(project: str) -> int:
    """Go through the steps; returns how many files were restored and compared."""
    where = ("--project", project)

    say("1. A version of the folder")
    first = made(run("sync", "--folder", "pictures", *where, "--name", "Pets", "--version", "1.0.0"))
    keep("first")

    say("2. The folder changes")
    sample = change()
    say("   and becomes the next version, with the first as parent: only what is new is stored")
    second = made(run("sync", "--folder", "pictures", *where, "--name", "Pets", "--parents", first))
    keep("second")

    say("3. What was added, removed, modified and moved")
    run("compare", "--source", first, "--target", second)

    say("4. A second dataset, and both merged: where paths are equal, the first parent's file stands")
    write_labels()
    labels = made(run("sync", "--folder", "labels", *where, "--name", "Labels"))
    merged = made(run("create", *where, "--name", "Training", "--parents", second, labels))
    run("close")
    run("log", "--id", merged)

    say("5. One file out of the first version, without restoring the rest")
    read_one(first, sample)

    say("6. Both versions, restored")
    run("get", "--id", first, "--copy", "restored/first")
    run("get", "--id", second, "--copy", "restored/second")
    count = compare("kept/first", "restored/first") + compare("kept/second", "restored/second")
    print(f"compared {count} files with the copies that were kept: all equal")

    say("7. The same from Python")
    dataset = tilth.Dataset.get(dataset_id=merged)
    print(">>> from tilth import Dataset")
    print(f">>> dataset = Dataset.get(dataset_id={merged!r})")
    print(f">>> dataset.version, len(dataset.list_files())\n{(dataset.version, len(dataset.list_files()))}")
    return count


def run(*arguments: str) -> str:
    """Print and run `tilth data ...`; its standard output, which is shown too."""
    print(emphasised(f"$ tilth data {shlex.join(arguments)}"), flush=True)
    done = subprocess.run([COMMAND, "data", *arguments], stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout, end="", flush=True)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


def made(output: str) -> str:
    """The id that a command printed."""
    found = re.search(r"\bid=([0-9a-f]{32})\b", output)
    if not found:
        sys.exit("the command printed no id")
    return found.group(1)


def change() -> Path:
    """Modify, remove, add and move a few files; returns one of the modified ones."""
    files = files_of("pictures")
    few = max(1, len(files) // 20)
    modified, removed, moved = files[:few], files[few : 2 * few], files[2 * few : 3 * few]
    for path in modified:
        if not pictures.mirror(path):
            path.write_bytes(path.read_bytes() + b"\n")
    for path in removed:
        path.unlink()
    for number in range(few):
        pictures.draw(Path("pictures/New") / f"new-{number:03d}.jpg", pictures.CLASSES[number % 2], seed=1_000 + number)
    Path("pictures/Reviewed").mkdir(exist_ok=True)
    for path in moved:
        path.rename(Path("pictures/Reviewed") / path.name)
    print(f"{few} files modified, {few} removed, {few} added, {few} moved to Reviewed/")
    return modified[0].relative_to("pictures")


def write_labels() -> None:
    """A small dataset about the other one, with one path that the other has too."""
    folder = Path("labels")
    folder.mkdir()
    rows = [f"{path.relative_to('pictures')},{path.parent.name},{path.stat().st_size}\n" for path in files_of("pictures")]
    (folder / "labels.csv").write_text("path,class,bytes\n" + "".join(rows))
    shared = folder / files_of("pictures")[0].relative_to("pictures")
    shared.parent.mkdir(parents=True, exist_ok=True)
    shared.write_text("not the picture\n")


def read_one(version: str, path: Path) -> None:
    """`cat` one file and compare it with the kept copy."""
    print(emphasised(f"$ tilth data cat {shlex.quote(str(path))} --id {version} | sha256sum"), flush=True)
    data = subprocess.run([COMMAND, "data", "cat", str(path), "--id", version], stdout=subprocess.PIPE, check=True).stdout
    print(f"{hashlib.sha256(data).hexdigest()}  ({len(data):,} bytes)")
    if data != (Path("kept/first") / path).read_bytes():
        sys.exit(f"{path} is not what was stored")
    print("the same as before it was modified")


def keep(name: str) -> None:
    """Keep a plain copy of the folder, to compare with later."""
    shutil.copytree("pictures", Path("kept") / name)


def compare(kept: str, restored: str) -> int:
    """Compare two folders bit for bit; ends the demo if they differ, returns how many files they hold."""
    before = {path.relative_to(kept): path for path in files_of(kept)}
    after = {path.relative_to(restored): path for path in files_of(restored)}
    wrong = sorted(before.keys() ^ after.keys()) or [path for path in before if before[path].read_bytes() != after[path].read_bytes()]
    if wrong:
        sys.exit(f"{restored} differs from {kept}: {', '.join(map(str, wrong[:5]))}")
    return len(before)


def files_of(folder: str) -> list[Path]:
    """Every file below `folder`, in order."""
    return sorted(path for path in Path(folder).rglob("*") if path.is_file())


def shown(path: Path) -> str:
    """`path` from where `make` was called."""
    return os.path.relpath(path, START)


def say(words: str) -> None:
    """A heading."""
    print(f"\n{emphasised(words)}", flush=True)


def emphasised(words: str) -> str:
    """`words` in bold, on a terminal."""
    return f"\x1b[1m{words}\x1b[0m" if COLOURED else words


if __name__ == "__main__":
    main()
