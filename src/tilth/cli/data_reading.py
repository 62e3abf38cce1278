"""Commands that read what versions hold."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from tilth._wiring import open_home
from tilth.base.errors import Corrupt, Invalid, NotFound, TilthError
from tilth.cli.checking_links import tell_links
from tilth.cli.file_rows import ELSEWHERE, UNKNOWN, tell_files
from tilth.cli.options import FROM_0, FROM_1, Id, Json, Verbose
from tilth.cli.output import Output, count, size, stream_bytes, stream_lines, table
from tilth.cli.progress import Progress
from tilth.cli.rates import LimitRate, open_limited_home
from tilth.cli.state import current_id
from tilth.cli.words import one_way, version_and
from tilth.domain.version import DatasetVersion, VersionStatus
from tilth.sdk import caching, contents, copies, lookup
from tilth.sdk.changed import changed
from tilth.sdk.home import Home
from tilth.sdk.links.verifying import LinkLevel
from tilth.sdk.listed import in_folder, listed
from tilth.sdk.media.verifying import broken_media
from tilth.sdk.reading import reading_of

__all__: list[str] = []

_MOST_QUOTED = 5

Page = Annotated[int | None, Parameter(help="Which page, from 0, of --page-size rows; all without it.", validator=FROM_0)]


def list_command(
    id: Id = None,
    *,
    project: str | None = None,
    name: str | None = None,
    version: str | None = None,
    patterns: Annotated[
        list[str] | None, Parameter("--filter", consume_multiple=True, negative=(), help="Only such paths, e.g. 'Cat/*'.")
    ] = None,
    modified: Annotated[bool, Parameter(help="Only what this version adds, removes or modifies.")] = False,
    page: Page = None,
    page_size: Annotated[int, Parameter(validator=FROM_1)] = 1_000,
    json: Json = False,
) -> None:
    """Path, size and SHA-256 of a version's files, also before they are stored, and their total."""
    one_way(id, project=project, name=name, version=version)
    if version and not (project or name):
        raise Invalid("--version goes with --name", hint="add --name, or name the version as project/name@version")
    home = open_home()
    found = _one(home, id, project, name, version)
    rows = changed(home, found, patterns or ()) if modified else listed(home, found, patterns or ())
    tell_files(rows, found, page, page_size, json=json)


def ls_command(
    *words: Annotated[
        str, Parameter(name="FOLDER", help="A folder of the version. A word alone that is none of the last version names a version.")
    ],
    id: Id = None,
    json: Json = False,
) -> None:
    """What lies in one folder of a version, or at its top."""
    home = open_home()
    found, folder = _folder(home, words, id)
    rows = list(in_folder(home, found, folder))
    document = [{"name": n, "size": s, "sha256": h or None} | ({"link": link} if link else {}) for n, s, h, link in rows]
    lines = [(name, UNKNOWN if size_bytes is None else size(size_bytes), link or sha256[:12]) for name, size_bytes, sha256, link in rows]
    header = ("name", "size", ELSEWHERE if any(row[-1] for row in rows) else "sha256")
    Output(json=json).result({"id": found.id, "path": folder, "entries": document}, table(lines, header))


def cat_command(
    *words: Annotated[str, Parameter(name="FILE", help="The path of a file in the version.")],
    id: Id = None,
    start: Annotated[int, Parameter(help="The first byte that is wanted.")] = 0,
    length: Annotated[int | None, Parameter(help="How many bytes are wanted; only the chunks that hold them are read.")] = None,
) -> None:
    """Write one file of a version to standard output, checked, without restoring the rest."""
    id, path = version_and(words, id, what="file")
    home = open_home()
    found = lookup.find(home, current_id(home.folder, id))
    stream_bytes(copies.read(home, found, path, start=start, length=length))


def get_command(
    id: Id = None,
    *,
    copy: Annotated[str | None, Parameter(help="Copy to this folder, to be changed at will.")] = None,
    link: Annotated[str | None, Parameter(help="Make this name a link to the read-only copy.")] = None,
    part: Annotated[int | None, Parameter(help="Only this part, from 0, of --num-parts.")] = None,
    num_parts: int | None = None,
    overwrite: Annotated[bool, Parameter(help="Replace what --copy or --link names.")] = False,
    skip_links: Annotated[bool, Parameter(help="Leave out the files that lie elsewhere.")] = False,
    max_workers: Annotated[int | None, Parameter(help="1: no second process helps with many files.")] = None,
    limit_rate: LimitRate = None,
    verbose: Verbose = False,
    json: Json = False,
) -> None:
    """A local copy: read-only in the cache, or with --copy a folder of one's own. Prints where it is."""
    if copy and link:
        raise Invalid("--copy and --link exclude each other", hint="choose one")
    home = open_limited_home(limit_rate)
    found = lookup.find(home, current_id(home.folder, id))
    with Progress("restoring", verbose=verbose) as progress:
        if copy:
            folder = copies.mutable_copy(
                home,
                found,
                Path(copy),
                overwrite=overwrite,
                part=part,
                num_parts=num_parts,
                workers=max_workers,
                skip_links=skip_links,
                watcher=progress,
            )
        else:
            folder = copies.local_copy(
                home, found, part=part, num_parts=num_parts, workers=max_workers, skip_links=skip_links, watcher=progress
            )
            caching.keep_for_caller(home, folder)
    if link:
        made = copies.link_to(Path(link), str(folder), overwrite=overwrite)
        caching.keep_link(home, made, str(folder))
        folder = made
    Output(json=json).result({"id": found.id, "folder": folder}, [str(folder)])


def export_command(
    *words: Annotated[str, Parameter(name="FILE", help="The file to write.")],
    id: Id = None,
    path: Annotated[str, Parameter(help="Only this folder of the version.")] = "",
    kind: Annotated[Literal["zip", "tar"] | None, Parameter("--format", help="Default: what the file's name says.")] = None,
    skip_links: Annotated[bool, Parameter(help="Leave out the files that lie elsewhere.")] = False,
    json: Json = False,
) -> None:
    """Write a version as a zip or tar file."""
    id, file = version_and(words, id, what="file")
    home = open_home()
    found = lookup.find(home, current_id(home.folder, id))
    with Progress("exporting") as progress:
        written = copies.export(home, found, Path(file), prefix=path, kind=kind, skip_links=skip_links, watcher=progress)
    Output(json=json).result({"id": found.id, "file": file, "size_bytes": written}, [f"{file}: {size(written)}"])


def verify_command(
    id: Id = None,
    *,
    folder: Annotated[
        str | None, Parameter(help="A local copy to compare with the version; without it, the stored bytes are checked.")
    ] = None,
    filesize: Annotated[bool, Parameter(help="Compare sizes only.")] = False,
    links: Annotated[bool, Parameter(help="Check what lies elsewhere, instead of what is stored.")] = False,
    level: Annotated[
        Literal["structure", "presence", "content"] | None,
        Parameter(
            help="How deep to check. Default: content; with --links presence, which asks for sizes and states, while content reads what is "
            "known by its hash."
        ),
    ] = None,
    report: Annotated[
        str | None,
        Parameter(
            help="With --links: a file that gets a line of JSON for each link. Of a check that ended early, the same command goes on."
        ),
    ] = None,
    media: Annotated[bool, Parameter(help="Look for pictures, sounds and films that are broken in themselves.")] = False,
    path: Annotated[str, Parameter(help="With --media: only this file or folder.")] = "",
    names: Annotated[bool, Parameter(help="With --media: print the paths of what is broken and nothing else, for `xargs`.")] = False,
    sample: Annotated[float, Parameter(help="The share of the bytes to read, from 0 to 1.", validator=Number(gte=0, lte=1))] = 1.0,
    verbose: Verbose = False,
    json: Json = False,
) -> int:
    """Check a local copy against its version, or what is stored of it, or, with --media, whether pictures, sounds and films are whole."""
    if ((path or names) and not media) or (media and (folder or filesize)):
        raise Invalid("--path and --names go with --media, and --media without --folder and --filesize", hint="leave one of them out")
    if report and not links:
        raise Invalid("--report goes with --links", hint="leave it out, or add --links")
    if sample < 1 and (media or folder or (level or ("presence" if links else "content")) != "content"):
        raise Invalid("--sample goes with reading what is stored, or links", hint="leave it out, or use --level content")
    if links and level == "structure":
        raise Invalid("links have no structure to check", hint="use --level presence, or content")
    home = open_home()
    found = lookup.find(home, current_id(home.folder, id))
    if media:
        return _verify_media(home, found, path, names=names, json=json)
    if folder:
        wrong = copies.wrong_files(home, found, folder, skip_hash=filesize, verbose=verbose and not json)
        lines = [*wrong, f"{count(len(wrong), 'file')} differ from the version" if wrong else "every file is what the version holds"]
        Output(json=json).result({"id": found.id, "errors": wrong}, lines)
        return Corrupt.exit_status if wrong else 0
    if links:
        deep: LinkLevel = "content" if level == "content" else "presence"
        return tell_links(home, found, level=deep, sample=sample, report=Path(report) if report else None, json=json)
    level = level or "content"
    with Progress("verifying") as progress:
        problems = copies.check_stored(home, found, level=level, sample=sample, watcher=progress)
    lines = [line for problem in problems for line in (problem.what, *(f"  {path}" for path in problem.paths))]
    Output(json=json).result(
        {"id": found.id, "level": level, "errors": problems}, lines or [f"{found.id}: {level} verified, nothing wrong"]
    )
    return Corrupt.exit_status if problems else 0


def _verify_media(home: Home, version: DatasetVersion, path: str, *, names: bool, json: bool) -> int:
    with Progress("looking at media") as progress:
        checked = 0

        def seen(files: int, size: int) -> None:
            nonlocal checked
            checked += files
            progress.done(files, size)

        broken = list(broken_media(reading_of(home, version), path.strip("/"), on_done=seen))
    if names and not json:
        stream_lines(found.path for found in broken)
        return Corrupt.exit_status if broken else 0
    said = f"{len(broken):,} of {count(checked, 'media file')}" if broken else f"{count(checked, 'media file')}, nothing is broken"
    lines = [*map(str, broken), f"{said} are broken; {_ways_out(version, [found.path for found in broken])}" if broken else said]
    errors = [{"path": found.path, "what": found.what} for found in broken]
    Output(json=json).result({"id": version.id, "checked": checked, "errors": errors}, lines)
    return Corrupt.exit_status if broken else 0


def _ways_out(version: DatasetVersion, broken: Sequence[str]) -> str:
    """How broken files are removed: from this version while it can be changed, or in one that comes after it."""
    if len(broken) <= _MOST_QUOTED:
        remove = f"tilth data remove {' '.join(shlex.quote(path) for path in broken)}"
    else:
        remove = f"tilth data verify --media --names --id {version.id} | xargs -d '\\n' tilth data remove"
    if version.status is VersionStatus.UPLOADING:
        return f"`{remove}` removes them"
    create = f"tilth data create --project {shlex.quote(version.project)} --name {shlex.quote(version.name)} --parents {version.id}"
    return f"`{create} && {remove}` removes them in a new version"


def _folder(home: Home, words: Sequence[str], id: str | None) -> tuple[DatasetVersion, str]:
    """The version and the folder in it that are named; one word may be either."""
    id, path = version_and(words or ("",), id, what="folder")
    if id or not path:
        found = lookup.find(home, current_id(home.folder, id))
        return found, contents.existing_folder(home, found, path)
    try:
        found = lookup.find(home, current_id(home.folder, None))
        return found, contents.existing_folder(home, found, path)
    except (Invalid, NotFound) as missing:  # there is no last version, or it is deleted, or has no such folder
        try:
            return lookup.find(home, path), ""
        except TilthError:
            raise missing from None


def _one(home: Home, id: str | None, project: str | None, name: str | None, version: str | None) -> DatasetVersion:
    if not id and (project or name):
        return lookup.find_parts(home, project=project, name=name, version=version)
    return lookup.find(home, current_id(home.folder, id))
