"""What a mounted version of a million files costs: `python -m benchmarks.mounting [FILES]`, or `HOME VERSION`, prints it.

The files are links, so that the version is made without their bytes, or those of a version that is there. Beside each figure stands a local
folder that holds the same names.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from benchmarks.links import version_of_links
from benchmarks.measure import let_python_compile
from tilth import _wiring
from tilth.config.settings import load_settings
from tilth.sdk._current import set_home

__all__: list[str] = []

_FILES = 1_000_000
_ROUNDS = 3
_FOLDERS = 20
"""So many of its folders are listed, one after the other."""
_OTHERS = 5
"""And so many before that, because the kernel remembers what it listed."""


def main() -> None:
    """Measure and print."""
    words = sys.argv[1:]
    with TemporaryDirectory() as folder:
        if len(words) == 2:
            home, version = words
        else:
            home = str(Path(folder) / "home")
            version = _made(home, int(words[0]) if words else _FILES)
        _measure(home, version, Path(folder))


def _made(folder: str, files: int) -> str:
    home = _wiring._open(load_settings({}, given={"home": folder}))
    set_home(home)
    try:
        return version_of_links(home, files).id
    finally:
        set_home(None)
        home.close()


def _measure(home: str, version: str, folder: Path) -> None:
    environment = os.environ | {"TILTH_HOME": home}
    place = folder / "mounted"

    def tilth(*words: str) -> bytes:
        return subprocess.run(
            [sys.executable, "-m", "tilth.cli.main", "data", *words], env=environment, check=True, stdout=subprocess.PIPE
        ).stdout

    times, told = [], b""
    for number in range(_ROUNDS):
        if number:
            tilth("unmount", str(place))
        begun = time.perf_counter()
        told = tilth("mount", version, str(place), "--json")
        times.append(time.perf_counter() - begun)
    try:
        server = psutil.Process(json.loads(told)["pid"])
        print(f"mounted in {min(times):.2f} s, the process takes {_megabytes(server)} MB and {_cpu(server):.2f} s of CPU")
        names = sorted(os.listdir(place))
        print(f"{len(names):,} names at the top; {_megabytes(server)} MB")
        spread = [names[len(names) * number // (_FOLDERS + _OTHERS)] for number in range(_FOLDERS + _OTHERS)]
        plain = _plain(place, spread, folder / "plain")
        for name in spread[:_OTHERS]:
            os.listdir(place / name)
        print("| a folder, of the version and local | ms | local ms | CPU ms of who answers | its MB |\n|---|---:|---:|---:|---:|")
        for what, words in (("`ls`", ["ls"]), ("`ls -l`, afterwards", ["ls", "-l"]), ("`ls -l` again", ["ls", "-l"])):
            before = _cpu(server)
            took = _seconds(lambda words=words: _listed(words, place, spread[_OTHERS:]))  # type: ignore[misc]
            local = _seconds(lambda words=words: _listed(words, plain, spread[_OTHERS:]))  # type: ignore[misc]
            cpu = (_cpu(server) - before) / _FOLDERS
            print(f"| {what} | {took / _FOLDERS * 1e3:.1f} | {local / _FOLDERS * 1e3:.1f} | {cpu * 1e3:.1f} | {_megabytes(server)} |")
    finally:
        tilth("unmount", str(place), "--lazy")


def _plain(place: Path, names: list[str], plain: Path) -> Path:
    count = 0
    for name in names:
        (plain / name).mkdir(parents=True)
        for file in os.listdir(place / name):
            (plain / name / file).touch()
            count += 1
    print(f"{count / len(names):,.0f} files in each of {len(names)} of its folders\n")
    return plain


def _listed(words: list[str], top: Path, names: list[str]) -> None:
    for name in names:
        subprocess.run([*words, str(top / name)], check=True, stdout=subprocess.DEVNULL)


def _seconds(run: Callable[[], None]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def _cpu(process: psutil.Process) -> float:
    found = process.cpu_times()
    return float(found.user + found.system)


def _megabytes(process: psutil.Process) -> int:
    return round(float(process.memory_info().rss) / 1e6)


if __name__ == "__main__":
    let_python_compile()
    main()
