"""Commands that read what versions hold."""

import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from tilth._wiring import open_home
from tilth.base.addresses import shown_address
from tilth.base.errors import Corrupt, Invalid, SourceChanged
from tilth.cli.options import FROM_0, FROM_1, Id, Json, Verbose, Words
from tilth.cli.output import Output, count, size, stream_bytes, stream_json, stream_lines, table
from tilth.cli.progress import Progress
from tilth.cli.rates import LimitRate, open_limited_home
from tilth.cli.state import current_id
from tilth.domain.dataset import Link
from tilth.domain.version import DatasetVersion, VersionStatus
from tilth.sdk import caching, contents, copies, lookup
from tilth.sdk.home import Home
from tilth.sdk.links.checking import check_links
from tilth.sdk.media.verifying import broken_media
from tilth.sdk.reading import reading_of

__all__: list[str] = []

_MOST_QUOTED = 5
_ELSEWHERE = "sha256, or where it lies"

Page = Annotated[int | None, Parameter(help="Which page, from 0, of --page-size rows; all without it.", validator=FROM_0)]


def list_command(
    *,
    id: Id = None,
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
    home = open_home()
    found = _one(home, id, project, name, version)
    if modified:
        means = [contents.matcher_of(pattern, recursive=True) for pattern in patterns or [""]]
        changed = [row for row in contents.changed_digests(home, found) if any(test(row[1]) for test in means)]
        _tell_files(home, found, lambda: changed, page, page_size, header=("change", "path", "bytes", "sha256"), json=json)
    else:
        _tell_files(home, found, lambda: _listed(home, found, patterns), page, page_size, header=("path", "bytes", "sha256"), json=json)


def ls_command(path: str = "", /, *, id: Id = None, json: Json = False) -> None:
    """What lies in one folder of a version."""
    home = open_home()
    found = lookup.find(home, current_id(home.folder, id))
    folder = contents.existing_folder(home, found, path)
    rows = list(contents.folder_of(contents.digests(home, found, folder), folder))
    skip = len(folder) + 1 if folder else 0
    links = {entry.path: entry.link for entry in contents.links_of(home, found, folder)}
    names = [
        (name if name.endswith("/") else name[skip:], size_bytes, *_content(sha256, links.get(name))) for name, size_bytes, sha256 in rows
    ]
    document = [{"name": n, "size": s, "sha256": h or None} | ({"link": link} if link else {}) for n, s, h, link in names]
    lines = [(name, size(size_bytes), link or sha256[:12]) for name, size_bytes, sha256, link in names]
    header = ("name", "size", _ELSEWHERE if links else "sha256")
    Output(json=json).result({"id": found.id, "path": folder, "entries": document}, table(lines, header))


def cat_command(
    path: str,
    /,
    *,
    id: Id = None,
    start: Annotated[int, Parameter(help="The first byte that is wanted.")] = 0,
    length: Annotated[int | None, Parameter(help="How many bytes are wanted; only the chunks that hold them are read.")] = None,
) -> None:
    """Write one file of a version to standard output, checked, without restoring the rest."""
    home = open_home()
    found = lookup.find(home, current_id(home.folder, id))
    stream_bytes(copies.read(home, found, path, start=start, length=length))


def get_command(
    *,
    id: Id = None,
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
    file: str,
    /,
    *,
    id: Id = None,
    path: Annotated[str, Parameter(help="Only this folder of the version.")] = "",
    kind: Annotated[Literal["zip", "tar"] | None, Parameter("--format", help="Default: what the file's name says.")] = None,
    skip_links: Annotated[bool, Parameter(help="Leave out the files that lie elsewhere.")] = False,
    json: Json = False,
) -> None:
    """Write a version as a zip or tar file."""
    home = open_home()
    found = lookup.find(home, current_id(home.folder, id))
    with Progress("exporting") as progress:
        written = copies.export(home, found, Path(file), prefix=path, kind=kind, skip_links=skip_links, watcher=progress)
    Output(json=json).result({"id": found.id, "file": file, "size_bytes": written}, [f"{file}: {size(written)}"])


def verify_command(
    *,
    id: Id = None,
    folder: Annotated[
        str | None, Parameter(help="A local copy to compare with the version; without it, the stored bytes are checked.")
    ] = None,
    filesize: Annotated[bool, Parameter(help="Compare sizes only.")] = False,
    links: Annotated[bool, Parameter(help="Ask for the state of what lies elsewhere, instead of checking what is stored.")] = False,
    level: Annotated[Literal["structure", "presence", "content"], Parameter(help="How deep to check what is stored.")] = "content",
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
        with Progress("asking") as progress:
            changed = check_links(home.link_sources, contents.links_of(home, found), told=progress.done)
        lines = [*changed, f"{count(len(changed), 'link')} can't be had as registered" if changed else "every link is what was registered"]
        Output(json=json).result({"id": found.id, "errors": changed}, lines)
        return SourceChanged.exit_status if changed else 0
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
        remove = f"tilth data remove --files {' '.join(shlex.quote(path) for path in broken)}"
    else:
        remove = f"tilth data verify --media --names --id {version.id} | xargs -d '\\n' tilth data remove --files"
    if version.status is VersionStatus.UPLOADING:
        return f"`{remove}` removes them"
    create = f"tilth data create --project {shlex.quote(version.project)} --name {shlex.quote(version.name)} --parents {version.id}"
    return f"`{create} && {remove}` removes them in a new version"


def _one(home: Home, id: str | None, project: str | None, name: str | None, version: str | None) -> DatasetVersion:
    if not id and (project or name):
        return lookup.find_parts(home, project=project, name=name, version=version)
    return lookup.find(home, current_id(home.folder, id))


def _listed(home: Home, version: DatasetVersion, patterns: Words) -> Iterator[tuple[str, int, bytes]]:
    means = [contents.matcher_of(pattern, recursive=True) for pattern in patterns or []]
    if len(means) == 1 and patterns:
        return contents.matching(home, version, patterns[0])
    return (digest for digest in contents.digests(home, version) if not means or any(test(digest[0]) for test in means))


def _content(sha256: bytes, link: Link | None) -> tuple[str, str]:
    """The hash of a file and its address, if it lies elsewhere; nothing for what is not known, or not so."""
    return (sha256.hex() if link is None or link.is_hashed else "", shown_address(link.address) if link else "")


def _with_links(home: Home, version: DatasetVersion, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Rows that end with path, size and SHA-256, in the order of the paths, with the hash in hexadecimal digits and the address."""
    links = contents.links_of(home, version)
    link = next(links, None)
    for row in rows:
        while link is not None and link.path < row[-3]:
            link = next(links, None)
        yield (*row[:-1], *_content(row[-1], link.link if link is not None and link.path == row[-3] else None))


def _tell_files(
    home: Home,
    version: DatasetVersion,
    rows: Callable[[], Iterable[tuple[Any, ...]]],
    page: int | None,
    page_size: int,
    *,
    header: Sequence[str],
    json: bool,
) -> None:
    """Print files row by row, each ending with path, size and SHA-256: a listing may have millions, so it is walked twice, not kept."""
    files = total = largest = width = 0
    for row in rows():
        files, total, largest, width = files + 1, total + row[-2], max(largest, row[-2]), max(width, len(row[-3]))
    first = 0 if page is None else page * page_size
    shown = _with_links(home, version, islice(rows(), first, None if page is None else first + page_size))
    has_links = next(contents.links_of(home, version), None) is not None
    if json:
        head = {"id": version.id, "total_files": files, "total_bytes": total}
        names = ["size" if name == "bytes" else name for name in header]
        files_shown = (
            dict(zip(names, (*row[:-2], row[-2] or None), strict=True)) | ({"link": row[-1]} if row[-1] else {}) for row in shown
        )
        stream_json(head, "files", files_shown)
        return
    if has_links:  # their hashes, as far as they are known, are told by --json
        header = (*header[:-1], _ELSEWHERE)
    total_line = f"total {count(files, 'file')}, {size(total)} ({total} bytes)"
    widths = [*(len("modified") for _ in header[:-3]), max(width, len("path")), max(len(str(largest)), len("bytes")), 0]
    lines = ((*row[:-3], str(row[-3]), row[-1] or row[-2]) for row in shown)
    stream_lines(
        "  ".join(cell.ljust(cells) for cell, cells in zip(line, widths, strict=True)).rstrip()
        for line in chain([header] if files else [], lines)
    )
    stream_lines([total_line])
