"""A PostgreSQL of its own for tests: in a temporary folder, on this machine only, gone afterwards."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from tilth.testing.servers import free_port

__all__ = ["INSTALLED", "running_postgres"]

_PROGRAMS = Path("/usr/lib/postgresql/15/bin")
INSTALLED = (_PROGRAMS / "initdb").exists()
"""Whether PostgreSQL 15 is there, as Debian's package `postgresql-15` puts it."""

_PATIENCE_S = "300"
_SMALL = "-c fsync=off -c wal_level=minimal -c max_wal_senders=0 -c min_wal_size=32MB -c max_wal_size=64MB"
"""Nothing has to outlive a crash, or to be copied elsewhere: no more of a log than the smallest."""


@contextmanager
def running_postgres() -> Iterator[str]:
    """The address of a PostgreSQL that answers, with one empty database."""
    folder = Path(mkdtemp(prefix="tilth-postgres-"))  # not in the folder of a test, which PostgreSQL's user may not enter
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
    port = free_port()
    data = str(folder / "data")
    _run("initdb", "-D", data, "-A", "trust", "-U", "tilth", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 {_SMALL}"
    _run("pg_ctl", "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "-t", _PATIENCE_S, "start")
    try:
        yield f"postgresql://tilth@127.0.0.1:{port}/postgres"
    finally:
        _run("pg_ctl", "-D", data, "-m", "immediate", "-w", "-t", _PATIENCE_S, "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _run(program: str, *words: str) -> None:
    """Run a program of PostgreSQL's, which refuses to run as root."""
    user = pwd.getpwnam("postgres").pw_uid if os.geteuid() == 0 else None
    words = (str(_PROGRAMS / program), *words)
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/", user=user)  # noqa: S603 - a program of the system's
