"""Commands that make versions: from `create` to `close`, and `sync`, which is all of it at once."""

from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter

from tilth._wiring import open_home
from tilth.base.errors import Invalid, PathNotFound, SessionFenced
from tilth.cli.options import Id, Json, Verbose, Words
from tilth.cli.output import Output, count, size
from tilth.cli.progress import Progress
from tilth.cli.rates import LimitRate, open_limited_home
from tilth.cli.state import current_id, remember_id
from tilth.cli.words import either, one_way
from tilth.datasets.bases import Collision, ConflictRule
from tilth.datasets.taking import AddRequest, Outcome, upload
from tilth.domain.version import DatasetVersion
from tilth.sdk import contents, lifecycle, lookup
from tilth.sdk.cluster import add_on, import_on
from tilth.sdk.finalizing import finalize, without_preview
from tilth.sdk.home import Home
from tilth.sdk.links.registering import LinkRequest, add_links, refuse_secrets
from tilth.sdk.storage import require_storage
from tilth.sdk.syncing import SyncRequest, parents_of, sync_folder
from tilth.sdk.taking import is_worth_looking_at, taking_context

__all__: list[str] = []

Storage = Annotated[
    str | None, Parameter(help="Where the bytes are to be kept: a folder, s3://, gs:// or azure://. Default: in the home's store.")
]
Workers = Annotated[int | None, Parameter(help="How many large files are hashed, or packs stored, at once.")]
Engine = Annotated[
    str | None,
    Parameter(help="Spread the reading over the machines of a Ray cluster: ray://host:10001, or ray for the one that Ray finds itself."),
]
NoPreview = Annotated[bool, Parameter(help="Show no samples of what the version holds.")]
ChunkSize = Annotated[int | None, Parameter(help="Store packs of this many MB; never more than 64.")]


def create_command(
    *,
    name: str,
    project: str | None = None,
    parents: Words = None,
    version: str | None = None,
    output_uri: Annotated[str | None, Parameter(help="The same as --storage.")] = None,
    storage: Storage = None,
    tags: Words = None,
    description: str | None = None,
    on_conflict: Annotated[ConflictRule, Parameter(help="Whose file stands where parents have the same path.")] = ConflictRule.FIRST,
    json: Json = False,
) -> None:
    """Begin a new version: empty, or with what its parents hold."""
    place = either(storage=storage, output_uri=output_uri)
    home = open_home()
    made = lifecycle.create(
        home,
        name=name,
        project=project,
        version=version,
        parents=parents_of(lookup.resolve_all(home, parents or [])),
        tags=tags or [],
        description=description,
        rule=on_conflict,
        storage=place,
    )
    remember_id(home.folder, made.id)
    with home.repository_of(made).peek_draft(made.id) as draft:
        collisions = list(draft.base.collisions()) if len(draft.parents) > 1 else []
    out = Output(json=json)
    out.warn([_collision(collision, made) for collision in collisions])
    document = version_document(made) | {"collisions": [{"path": c.path, "winner": made.parents[c.winner]} for c in collisions]}
    out.result(document, [f"created {title(made)}", f"id={made.id}"])


def add_command(
    files: Words = None,
    *,
    id: Id = None,
    dataset_folder: Annotated[str | None, Parameter(help="The folder of the dataset that the files go into.")] = None,
    wildcard: Annotated[
        list[str] | None, Parameter(consume_multiple=True, negative=(), help="Only files with such names, e.g. '*.jpg'.")
    ] = None,
    links: Annotated[
        list[str] | None,
        Parameter(consume_multiple=True, negative=(), help="Addresses of files, or folders with / at the end, that stay where they are."),
    ] = None,
    non_recursive: Annotated[bool, Parameter(help="Only the files directly in a named folder.")] = False,
    read_hash: Annotated[bool, Parameter(help="Read each of --links once, so that its hash is known.")] = False,
    max_workers: Workers = None,
    engine: Engine = None,
    verbose: Verbose = False,
    json: Json = False,
) -> None:
    """Add files, or folders with all that lies in them. Their bytes are stored by `upload` or `close`, or with `--engine` at once; those of
    --links never are.
    """
    if not (files or links):
        raise Invalid("nothing to add", hint="name files or folders, or addresses with --links")
    refuse_secrets(links or ())
    home = open_home()
    version = lookup.find(home, current_id(home.folder, id))
    outcome = Outcome()
    prefix, recursive = dataset_folder or "", not non_recursive
    with Progress("adding", verbose=verbose) as progress, lifecycle.opened_draft(home, version) as draft:
        context = taking_context(home, version, watcher=progress, workers=max_workers)
        if files:
            request = AddRequest(sources=files, prefix=prefix, wildcards=wildcard or (), recursive=recursive)
            outcome = add_on(engine, home, version, draft, request, context)
        if links:
            wanted = LinkRequest(
                sources=links, prefix=prefix, wildcards=wildcard or (), recursive=recursive, read_hash=read_hash, workers=max_workers
            )
            outcome = outcome.plus(add_links(home.link_sources, draft, wanted, context))
    _tell_outcome(home, version, outcome, json=json)


def import_command(
    files: Words = None,
    *,
    id: Id = None,
    max_workers: Workers = None,
    engine: Engine = None,
    verbose: Verbose = False,
    json: Json = False,
) -> None:
    """Store the bytes behind the links of a version that can still be changed: all, or those of the named files, folders or patterns."""
    home = open_home()
    version = lookup.find(home, current_id(home.folder, id))
    outcome = Outcome()
    with Progress("storing", verbose=verbose) as progress, lifecycle.opened_draft(home, version) as draft:
        context = taking_context(home, version, watcher=progress, workers=max_workers)
        for pattern in files or [""]:
            outcome = outcome.plus(import_on(engine, home, version, draft, context, pattern=pattern))
    remember_id(home.folder, version.id)
    Output(json=json).result(
        version_document(version) | {"imported": outcome.modified, "stored_bytes": outcome.stored_bytes},
        [f"imported {count(outcome.modified, 'file')}, {size(outcome.stored_bytes)} of them new", f"id={version.id}"],
    )


def remove_command(
    files: Words = None, *, id: Id = None, non_recursive: bool = False, verbose: Verbose = False, json: Json = False
) -> None:
    """Remove just the named files, folders or patterns from a version that can still be changed."""
    if not files:
        raise Invalid("nothing to remove", hint="name files, folders or patterns")
    home = open_home()
    version = lookup.find(home, current_id(home.folder, id))
    gone: list[str] = []
    missed: list[str] = []
    with lifecycle.opened_draft(home, version) as draft:
        for pattern in files:
            found = draft.remove(pattern, recursive=not non_recursive)
            gone += found
            missed += [] if found else [pattern]
    out = Output(json=json)
    if verbose:
        for path in gone:
            out.note(f"removed {path}")
    remember_id(home.folder, version.id)
    if missed and not gone:
        raise PathNotFound(f"nothing in the version matches {', '.join(missed)}", hint="`tilth data ls` shows what it holds")
    out.warn([f"nothing in the version matches {pattern}" for pattern in missed])
    out.result({"id": version.id, "removed": len(gone), "unmatched": missed}, [f"removed {count(len(gone), 'file')}", f"id={version.id}"])


def sync_command(
    folder: str = "",
    *,
    links: Annotated[str, Parameter(help="Instead of --folder: the address of a folder whose files stay where they are.")] = "",
    id: Id = None,
    dataset_folder: Annotated[str | None, Parameter(help="The folder of the dataset that is to be what --folder is.")] = None,
    parents: Words = None,
    project: str | None = None,
    name: str | None = None,
    version: str | None = None,
    output_uri: Annotated[str | None, Parameter(help="The same as --storage.")] = None,
    tags: Words = None,
    storage: Storage = None,
    skip_close: Annotated[bool, Parameter(help="Leave the version open for more changes.")] = False,
    chunk_size: ChunkSize = None,
    limit_rate: LimitRate = None,
    engine: Engine = None,
    no_preview: NoPreview = False,
    verbose: Verbose = False,
    json: Json = False,
) -> None:
    """Make a version of a folder, storing what is new. Interrupted, the same command goes on; without a change, no version is made."""
    if bool(folder) == bool(links):
        raise Invalid("sync needs one folder", hint="name it, or its address with --links if its files are to stay where they are")
    if engine and (links or limit_rate):
        other = "links are listed by one machine" if links else "the machines of a cluster keep to the limits of their own settings"
        raise Invalid(f"--engine can't be given with {'--links' if links else '--limit-rate'}: {other}", hint="leave one of them out")
    place = either(storage=storage, output_uri=output_uri)
    one_way(id, project=project, name=name, version=version, parents=" ".join(parents or []), tags=" ".join(tags or []))
    if not (parents or name) and (project or version or tags):
        raise Invalid("--project, --version and --tags go with a new version", hint="add --name, or --parents")
    home = open_limited_home(limit_rate)
    if not (parents or name):
        version_id = current_id(home.folder, id)
        require_storage(home, lookup.find(home, version_id), place)
        version_of_id = lookup.find(home, version_id)
        with Progress("storing", verbose=verbose) as progress:
            is_shown = not no_preview and (not skip_close or is_worth_looking_at(home, version_of_id))
            outcome = lifecycle.sync_into(
                home,
                version_of_id,
                folder,
                dataset_folder or "",
                progress,
                links=links,
                engine=engine,
                preview=is_shown,
                chunk_mb=chunk_size,
            )
            if not skip_close:
                version_of_id = finalize(home, version_of_id, preview=not no_preview)
        _tell_outcome(home, version_of_id, outcome, json=json)
        return
    found = lookup.resolve_all(home, parents or [])
    request = SyncRequest(
        folder=folder,
        links=links,
        project=project or (found[0].project if found else None),
        name=name or found[0].name,
        version=version,
        parents=parents_of(found),
        tags=tuple(tags or ()),
        dataset_path=dataset_folder or "",
        storage=place,
    )
    with Progress("storing", verbose=verbose) as progress:
        synced = sync_folder(home, request, progress, close=not skip_close, chunk_mb=chunk_size, preview=not no_preview, engine=engine)
    if not synced.changed:
        Output(json=json).note("nothing changed: no version was made")
    _tell_outcome(home, synced.version, synced.outcome, json=json, changed=synced.changed)


def upload_command(
    id: Id = None,
    *,
    storage: Storage = None,
    chunk_size: ChunkSize = None,
    max_workers: Workers = None,
    limit_rate: LimitRate = None,
    no_preview: NoPreview = False,
    verbose: Verbose = False,
    json: Json = False,
) -> None:
    """Store the bytes of all files that were added. The version can still be changed."""
    home = open_limited_home(limit_rate)
    version = lookup.find(home, current_id(home.folder, id))
    require_storage(home, version, storage)
    if no_preview:
        without_preview(home, version)
    outcome = _upload(home, version, verbose=verbose, workers=max_workers, chunk_mb=chunk_size)
    remember_id(home.folder, version.id)
    Output(json=json).result(
        {"id": version.id, "files": outcome.added, "stored_bytes": outcome.stored_bytes},
        [f"uploaded {count(outcome.added, 'file')}, {size(outcome.stored_bytes)} of them new", f"id={version.id}"],
    )


def close_command(
    id: Id = None,
    *,
    storage: Storage = None,
    disable_upload: Annotated[bool, Parameter(help="Fail instead of storing what was added.")] = False,
    chunk_size: ChunkSize = None,
    max_workers: Workers = None,
    limit_rate: LimitRate = None,
    no_preview: NoPreview = False,
    verbose: Verbose = False,
    json: Json = False,
) -> None:
    """Store what was added and make the version immutable."""
    home = open_limited_home(limit_rate)
    version = lookup.find(home, current_id(home.folder, id))
    require_storage(home, version, storage)
    if not disable_upload:
        lifecycle.require_open(version)
        _upload(home, version, verbose=verbose, workers=max_workers, chunk_mb=chunk_size, preview=not no_preview)
    _finalize(home, version, preview=not no_preview, json=json)


def finalize_command(id: Id = None, *, no_preview: NoPreview = False, json: Json = False) -> None:
    """Make a version immutable whose files are all stored."""
    home = open_home()
    _finalize(home, lookup.find(home, current_id(home.folder, id)), preview=not no_preview, json=json)


def resume_command(id: Id = None, *, limit_rate: LimitRate = None, verbose: Verbose = False, json: Json = False) -> None:
    """Go on with an interrupted upload; under a new id, if it was interrupted for so long that it was given up."""
    home = open_limited_home(limit_rate)
    version = lookup.find(home, current_id(home.folder, id))
    try:
        outcome = _upload(home, version, verbose=verbose)
    except SessionFenced:
        version = lifecycle.rescue(home, version)
        outcome = _upload(home, version, verbose=verbose)
    remember_id(home.folder, version.id)
    Output(json=json).result(
        version_document(version) | {"stored_bytes": outcome.stored_bytes},
        [f"{title(version)}: everything that was added is stored; `tilth data close` makes it final", f"id={version.id}"],
    )


def squash_command(
    ids: Words = None, *, name: str, storage: Storage = None, no_preview: NoPreview = False, verbose: Verbose = False, json: Json = False
) -> None:
    """Unite versions into one that stands alone; where paths are equal, the last one's file stands. No bytes are stored again."""
    home = open_home()
    if not ids:
        raise Invalid("nothing to squash", hint="name versions: ids, or project/name@version")
    squashed = lifecycle.squash(home, name, lookup.resolve_all(home, ids or []), storage=storage)
    made = finalize(home, squashed, preview=not no_preview)
    remember_id(home.folder, made.id)
    out = Output(json=json)
    if verbose:
        for path, _, _ in contents.digests(home, made):
            out.note(path)
    out.result(version_document(made), [f"squashed into {title(made)}", f"id={made.id}"])


def title(version: DatasetVersion) -> str:
    """`project/name 1.0.0`."""
    return f"{version.project}/{version.name} {version.version}"


def version_document(version: DatasetVersion) -> dict[str, Any]:
    """A version as scripts get it."""
    return lookup.summary(version) | {"parents": list(version.parents), "files": version.entries, "size_bytes": version.size_bytes}


def _upload(
    home: Home,
    version: DatasetVersion,
    *,
    verbose: bool,
    workers: int | None = None,
    chunk_mb: int | None = None,
    preview: bool = False,
) -> Outcome:
    """Store what waits; some of it is looked at meanwhile, if this process shows a `preview` afterwards, or another one that is far."""
    with Progress("storing", verbose=verbose) as progress, lifecycle.opened_draft(home, version) as draft:
        shown = draft.journal.sources if preview or is_worth_looking_at(home, version) else None
        return upload(draft, taking_context(home, version, watcher=progress, workers=workers, chunk_mb=chunk_mb, shown=shown))


def _finalize(home: Home, version: DatasetVersion, *, preview: bool, json: bool) -> None:
    version = finalize(home, lifecycle.require_open(version), preview=preview)
    remember_id(home.folder, version.id)
    Output(json=json).result(
        version_document(version) | {"changes": version.changes},
        [f"{title(version)} is final: {count(version.entries, 'file')}, {size(version.size_bytes)}", f"id={version.id}"],
    )


def _tell_outcome(home: Home, version: DatasetVersion, outcome: Outcome, *, json: bool, changed: bool | None = None) -> None:
    remember_id(home.folder, version.id)
    numbers = {"added": outcome.added, "modified": outcome.modified, "removed": outcome.removed, "unchanged": outcome.unchanged}
    if changed and version.changes:  # it is final: what only moved is known, and counts as that
        totals = version.changes
        numbers = {what: getattr(totals, what).files for what in ("added", "modified", "removed", "moved", "unchanged")}
    document = version_document(version) | numbers | {"stored_bytes": outcome.stored_bytes}
    said = ", ".join(f"{number:,} {what}" for what, number in numbers.items() if number)
    stored = f"; {size(outcome.stored_bytes)} stored" if outcome.stored_bytes else ""
    if outcome.left_out:
        document |= {"left_out": outcome.left_out}
        said = f"{said}{', ' if said else ''}{len(outcome.left_out):,} left out"
    Output(json=json).result(
        document | ({} if changed is None else {"changed": changed}),
        [f"{title(version)} ({version.status}): {said}{stored}", f"id={version.id}"],
    )


def _collision(collision: Collision, version: DatasetVersion) -> str:
    owners: Sequence[str] = [version.parents[number][:8] for number in collision.parents]
    return (
        f"{collision.path} is in parents {' and '.join(owners)} with different contents; {version.parents[collision.winner][:8]}'s stands"
    )
