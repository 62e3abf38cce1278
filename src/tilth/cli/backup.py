"""`tilth backup` and `tilth restore`: a server in one file, and back."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tilth.base.clock import SystemClock
from tilth.cli.options import Json
from tilth.cli.output import Output, count, size
from tilth.cli.progress import Progress
from tilth.config.settings import Settings, load_settings
from tilth.config.storage import Place, parse_storage
from tilth.server.app.backup import BackupPlan, make_backup
from tilth.server.app.restore import Restored, check_backup, restore_backup
from tilth.store.opening import open_store

__all__ = ["backup_command", "restore_command"]

_SHOWN = 5


def backup_command(
    file: Path,
    /,
    *,
    home: Annotated[Path | None, Parameter(help="The home to keep; TILTH_HOME if it is not given.")] = None,
    database: Annotated[str | None, Parameter(help="The address of the database, as for `tilth up`.")] = None,
    storage: Annotated[str | None, Parameter(help="Where files are, as for `tilth up`; what lies in a bucket stays there.")] = None,
    with_data: Annotated[bool, Parameter(help="Put the contents of datasets in, too.")] = False,
    overwrite: Annotated[bool, Parameter(help="Replace FILE if it is there.")] = False,
    json: Json = False,
) -> None:
    """Keep a server in one file: its database, its files, its keys and settings. The server may go on meanwhile."""
    settings = load_settings()
    place = _folder(home, settings)
    said = storage or settings.server.storage
    kept_in = parse_storage(said) if said else place / "store"
    bucket = kept_in if isinstance(kept_in, Place) else None
    plan = BackupPlan(
        target=file.expanduser().absolute(),
        home=place,
        store=kept_in if isinstance(kept_in, Path) else None,
        bucket=open_store(bucket.url, place) if bucket else None,
        storage=bucket.url if bucket else "",
        database=database or settings.server.database,
        with_data=with_data,
        overwrite=overwrite,
    )
    with Progress("keeping") as progress:
        made = make_backup(plan, SystemClock(), progress.done)
    output = Output(json=json)
    output.warn([f"{key} is named by the database, and not in the store" for key in made.lost], shown=_SHOWN)
    document = {
        "file": str(plan.target),
        "files": made.files,
        "size_bytes": made.size_bytes,
        "versions": made.versions,
        "with_data": with_data,
        "lost": made.lost,
    }
    lines = [f"{plan.target} holds {count(made.files, 'file')}, {size(made.size_bytes)}; keep it to yourself: it has keys in it"]
    if bucket:
        lines.append(f"files and the contents of datasets are not in it: they stay in {bucket.url}")
    elif made.versions and not with_data:
        left_out = f"the contents of {count(made.versions, 'version')} of datasets are not in it"
        lines.append(f"{left_out}; --with-data puts them in")
    output.result(document, lines)


def restore_command(
    file: Path,
    /,
    *,
    home: Annotated[Path | None, Parameter(help="The home to make; TILTH_HOME if it is not given.")] = None,
    database: Annotated[str | None, Parameter(help="postgresql://user:password@host/name, empty; a file in the home if not given.")] = None,
    check: Annotated[bool, Parameter(help="Only read FILE and compare its checksums.")] = False,
    json: Json = False,
) -> None:
    """Make a home out of what `tilth backup` wrote. Nothing is put into place before all of it was checked."""
    settings = load_settings()
    source, place, address = file.expanduser().absolute(), _folder(home, settings), database or settings.server.database
    with Progress("checking" if check else "restoring") as progress:
        done = check_backup(source, progress.done) if check else restore_backup(source, place, address, progress.done)
    document = {
        "files": done.files,
        "size_bytes": done.size_bytes,
        "created": done.head.created,
        "versions": done.head.versions,
        "with_data": done.head.with_data,
        "storage": done.head.storage or None,
        "home": None if check else str(place),
    }
    Output(json=json).result(document, _words(done, source, None if check else place, database))


def _words(done: Restored, source: Path, home: Path | None, database: str | None) -> list[str]:
    held = f"{count(done.files, 'file')}, {size(done.size_bytes)}, of {done.head.created}"
    lines = [f"{home} holds {held}" if home else f"{source} is whole: {held}"]
    if done.head.storage:
        lines.append(f"files and the contents of datasets are not in the backup: they are in {done.head.storage}")
    elif done.head.versions and not done.head.with_data:
        missing = f"the contents of {count(done.head.versions, 'version')} of datasets are not in the backup"
        lines.append(f"{missing}; copy the old store's other folders into {home / 'store'}" if home else missing)
    if home:
        options = f"{' --database ...' if database else ''}{f' --storage {done.head.storage}' if done.head.storage else ''}"
        lines.append(f"start it: `tilth up --home {home}{options}`")
    return lines


def _folder(given: Path | None, settings: Settings) -> Path:
    return (given or settings.home).expanduser().absolute()
