"""`Dataset`: versions of data, apart from code, by the names that ClearML's users know."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tilth.base.errors import Invalid, NotFound, TilthError, VersionNotFinal
from tilth.base.ids import VersionId
from tilth.base.paths import normalise_prefix
from tilth.datasets.matching import literally
from tilth.datasets.scanning import scan
from tilth.datasets.taking import AddRequest, upload
from tilth.domain.version import DatasetVersion, VersionStatus
from tilth.sdk import contents, copies, finalizing, lifecycle, lookup
from tilth.sdk import metadata as metadata_module
from tilth.sdk._current import current_home, running
from tilth.sdk.cluster import add_on, import_on, sync_on
from tilth.sdk.contents import FileEntry, LinkEntry
from tilth.sdk.home import Home
from tilth.sdk.links import registering as links
from tilth.sdk.links.syncing import sync_links
from tilth.sdk.offline_mode import is_offline, set_offline
from tilth.sdk.storage import require_storage, storage_of
from tilth.sdk.taking import LoggingWatcher, taking_context

if TYPE_CHECKING:
    import pyarrow as pa
    from fsspec import AbstractFileSystem

    from tilth.sdk.logger import Logger
    from tilth.sdk.media.verifying import BrokenFile
    from tilth.sdk.mounting.mounts import Mount
    from tilth.sdk.reading import Reading

__all__ = ["Dataset", "FileEntry"]

PathLike = str | Path
_LONGEST_FLUSH_S = 30.0


class Dataset:
    """One version of a dataset.

    Made by `create`, found by `get`. While it is being made, files can be added, removed and synchronised; `finalize` makes it
    immutable. Every call is durable when it returns, so a script that is killed goes on where it was when it is run again.
    """

    def __init__(self, home: Home, version: DatasetVersion) -> None:
        self._home = home
        self._version = version

    # --- what it is -------------------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """32 hexadecimal digits that name this version for ever."""
        return self._version.id

    @property
    def name(self) -> str:
        """The dataset's name."""
        return self._version.name

    @property
    def project(self) -> str:
        """The project that the dataset lies in, such as `Team/Pictures`."""
        return self._version.project

    @property
    def version(self) -> str:
        """The version's number, such as `1.0.2`."""
        return self._version.version

    @property
    def tags(self) -> list[str]:
        """The version's tags."""
        return list(self._version.tags)

    @tags.setter
    def tags(self, tags: Iterable[str]) -> None:
        self._version = self._home.api.versions.update(id=self._version.id, tags=_words(tags))

    def add_tags(self, tags: Sequence[str] | str) -> None:
        """Add tags; those that it has already stay as they are."""
        self._version = self._home.api.versions.update(id=self._version.id, add_tags=_words(tags))

    def set_description(self, description: str) -> None:
        """Set the description, also of a final version: it is not part of the content."""
        self._version = self._home.api.versions.update(id=self._version.id, description=description)

    # --- what it holds ----------------------------------------------------------------------------------------------

    @property
    def file_entries(self) -> list[FileEntry]:
        """Every file, in the order of the paths; of a version that is being made, as it stands."""
        return contents.file_entries(self._home, self._version)

    @property
    def link_entries(self) -> list[LinkEntry]:
        """Every file that lies elsewhere, in the order of the paths; of a version that is being made, as it stands."""
        return contents.link_entries(self._home, self._version)

    @property
    def link_entries_dict(self) -> Mapping[str, LinkEntry]:
        """Every file that lies elsewhere by its path."""
        return {entry.relative_path: entry for entry in self.link_entries}

    @property
    def file_entries_dict(self) -> Mapping[str, FileEntry]:
        """Every file by its path."""
        return {entry.relative_path: entry for entry in self.file_entries}

    def list_files(self, dataset_path: str | None = None, recursive: bool = True, dataset_id: str | None = None) -> list[str]:
        """The paths of the files that `dataset_path` means: a file, a folder, or a pattern with wildcards; all without it.

        With `dataset_id`, only those whose bytes that version first stored.
        """
        if dataset_id is None:
            return [path for path, _, _ in contents.matching(self._home, self._version, dataset_path, recursive=recursive)]
        means = contents.matcher_of(dataset_path, recursive=recursive)
        return [entry.relative_path for entry in self.file_entries if entry.parent_dataset_id == dataset_id and means(entry.relative_path)]

    def list_added_files(self, dataset_id: str | None = None) -> list[str]:
        """The paths that are here and not in version `dataset_id`, or not in the parents."""
        return self._compared(dataset_id).added

    def list_removed_files(self, dataset_id: str | None = None) -> list[str]:
        """The paths that are in version `dataset_id`, or in the parents, and not here."""
        return self._compared(dataset_id).removed

    def list_modified_files(self, dataset_id: str | None = None) -> list[str]:
        """The paths that version `dataset_id`, or the parents, have with other contents."""
        return self._compared(dataset_id).modified

    def get_dependency_graph(self) -> dict[str, list[str]]:
        """The ids of this version and all versions it descends from, each with the ids of its parents, in their order."""
        nodes = self._home.api.versions.lineage(id=self._version.id)
        return {node.id: list(node.parents) for node in nodes}

    def get_num_chunks(self, include_parents: bool = True) -> int:
        """The number of stored packs that the version refers to, or of those that it stored itself."""
        return contents.count_packs(self._home, self._version, own_only=not include_parents)

    # --- reading it without a copy ----------------------------------------------------------------------------------

    def open(
        self, path: str, mode: str = "rb", *, encoding: str | None = None, errors: str | None = None, newline: str | None = None
    ) -> IO[Any]:
        """Open the file at exactly `path` for reading: bytes (`rb`) from any place on, or text (`r`), which is UTF-8 unless said otherwise.

        Only the parts that are read are fetched, wherever they are stored, each checked by its hash; those of stores far away stay in the
        cache, within the setting `chunk_cache`. Who reads on gets what follows ahead of time. `Corrupt` names the file, and its part, that
        is damaged or missing. Of a version that is being made, files can be read whose bytes are stored.
        """
        return self._reading.open(path, mode, encoding=encoding, errors=errors, newline=newline)

    def files(self, dataset_path: str | None = None) -> "pa.Table":
        """The files that `dataset_path` means, all without it, as a table of PyArrow, in the order of their paths.

        Its columns are `path`, `size` in bytes, `sha256` in hexadecimal digits, `modified`, `mode` and `link`, the address of a file that
        lies elsewhere. Of a version that is being made, the files as they stand.
        """
        return import_module("tilth.datasets.facts").table_of(self.iter_files(dataset_path))

    def iter_files(self, dataset_path: str | None = None, batch_size: int = 65_536) -> "Iterator[pa.RecordBatch]":
        """The same in record batches of at most `batch_size` files: a listing of any length in bounded memory."""
        return self._reading.facts(dataset_path, batch_rows=batch_size)

    def fs(self) -> "AbstractFileSystem":
        """The version as a file system of fsspec, whose paths are those of the files. It is read only.

        Tools that take addresses instead read `tilth://project/name@version/path`.
        """
        return import_module("fsspec").filesystem("tilth", version=self._version.id, home=self._home)

    def mount(self, folder: PathLike | None = None, allow_other: bool = False) -> "Mount":
        """The version as a folder of the system, read only, for programs that read folders; files are read when they are asked for.

        `with dataset.mount() as folder:` has it as long as the block runs, at an empty `folder` or at one of its own; `close` ends it
        as well. `allow_other` lets other users of the machine read it. Needs FUSE and the extra `mount`.
        """
        if self._home.is_session:  # the process behind it works in the home of the environment
            raise Invalid("a version that was made offline can't be mounted", hint="import it first, or use get_local_copy")
        made: Mount = import_module("tilth.sdk.mounting.mounts").Mount(
            self._home, self._version, None if folder is None else str(folder), allow_other=allow_other
        )
        return made

    def query(self, sql: str, as_texts: bool = False, memory: int | str | None = None) -> "pa.Table":
        """Ask the version's tables in SQL, as DuckDB has it; what is found is a table of PyArrow.

        A table is called by its path, `FROM 'labels/train.csv'`, by a pattern, `FROM 'trips/*.parquet'`, or by its plain name, `FROM
        train`, where only one has it. They are read where they are stored, and a query sees nothing beside them. With `as_texts`, cells
        of CSV and TSV are the texts that stand there. What does not fit into `memory`, 512 MB by default, goes to the disk meanwhile.
        """
        found: pa.Table = import_module("tilth.sdk.tables.asked").query(self._home, self._version, sql, as_texts=as_texts, memory=memory)
        return found

    def compare_rows(
        self,
        other: "str | Dataset",
        path: str | None = None,
        key: Sequence[str] | str | None = None,
        shown: int = 10,
        skip_malformed: bool = False,
        memory: int | str | None = None,
    ) -> list[dict[str, Any]]:
        """How the rows of tables here differ from those of version `other`: of the one at `path`, or of each that differs.

        Rows with the same `key`, one or more columns, belong together; without it a row is all that it says. Each table is a dictionary
        with the numbers of rows `added`, `removed`, `changed` and `same`, in how many of the changed ones which of the `cells` differs,
        and the first `rows` of each kind, at most `shown`.
        """
        found: list[dict[str, Any]] = import_module("tilth.sdk.tables.asked").row_changes(
            self._home,
            _version_of(self._home, other),
            self._version,
            path=path,
            key=_words(key),
            shown=shown,
            skip_malformed=skip_malformed,
            memory=memory,
        )
        return found

    @property
    def _reading(self) -> "Reading":
        found: Reading = import_module("tilth.sdk.reading").reading_of(self._home, self._version)
        return found

    # --- changing it ------------------------------------------------------------------------------------------------

    def add_files(
        self,
        path: PathLike,
        wildcard: str | Sequence[str] | None = None,
        local_base_folder: str | None = None,
        dataset_path: str | None = None,
        recursive: bool = True,
        verbose: bool = False,
        max_workers: int | None = None,
        engine: str | None = None,
    ) -> int:
        """Add a file, or a folder with all that lies in it, and return how many files are new or changed.

        A folder's files get paths relative to `local_base_folder`, or else to the folder itself, below `dataset_path`. Their bytes
        are stored by `upload`; a file that changes before that is told then. Large files are hashed by `max_workers` threads.

        With an `engine`, `ray` or `ray://host:10001`, the machines of that Ray cluster read the files and store them at once.
        """
        request = AddRequest(
            sources=[str(path)], prefix=dataset_path or "", base=local_base_folder, wildcards=_words(wildcard), recursive=recursive
        )
        with lifecycle.opened_draft(self._home, self._version) as draft:
            context = taking_context(self._home, self._version, verbose=verbose, workers=max_workers)
            outcome = add_on(engine, self._home, self._version, draft, request, context)
        return outcome.added + outcome.modified

    def add_external_files(
        self,
        source_url: str | Sequence[str],
        wildcard: str | Sequence[str] | None = None,
        dataset_path: str | None = None,
        recursive: bool = True,
        verbose: bool = False,
        max_workers: int | None = None,
        read_hash: bool = False,
    ) -> int:
        """Register files that stay where they are, and return how many of them are new or changed. Nothing is copied.

        `source_url` is the address of a file, of a folder with all that lies in it, or a list: `s3://`, `gs://`, `azure://`, `file://`,
        a path, or `http(s)://`, where folders end with `/` and need an index page. A file gets its name as its path, what lies in a folder
        its path there, below `dataset_path`. What is kept is the size, the state (`etag`) and the time of each; with `read_hash` they are
        read once, for their hashes. Copies of the version fetch them, and tell of those that were changed since. What a folder shows and
        can't be had is left out, and logged.
        """
        request = links.LinkRequest(
            sources=_words(source_url),
            prefix=dataset_path or "",
            wildcards=_words(wildcard),
            recursive=recursive,
            read_hash=read_hash,
            workers=max_workers,
        )
        with lifecycle.opened_draft(self._home, self._version) as draft:
            context = taking_context(self._home, self._version, watcher=LoggingWatcher(verbose=verbose))
            outcome = links.add_links(self._home.link_sources, draft, request, context)
        return outcome.added + outcome.modified

    def sync_external_files(
        self, source_url: str, dataset_path: str | None = None, wildcard: str | Sequence[str] | None = None, verbose: bool = False
    ) -> tuple[int, int, int]:
        """Make the links to what lies below the address of a folder just what lies there now, costing one listing.

        Returns how many were removed, added and modified. Stored files, and links to other places, stay, and so do those to what is there
        and can't be had, which is logged.
        """
        if self._home.is_session:
            _making().refuse_unknown_parents(self._home, self._version, "sync_external_files")
        with lifecycle.opened_draft(self._home, self._version) as draft:
            context = taking_context(self._home, self._version, watcher=LoggingWatcher(verbose=verbose))
            outcome = sync_links(self._home.link_sources, draft, source_url, context, prefix=dataset_path or "", wildcards=_words(wildcard))
        return outcome.removed, outcome.added, outcome.modified

    def import_external_files(
        self, dataset_path: str | None = None, verbose: bool = False, max_workers: int | None = None, engine: str | None = None
    ) -> int:
        """Store the bytes behind the links that `dataset_path` means, all without it; returns how many. They are no links then.

        `SourceChanged` names those that are not what was registered any more. With an `engine`, the machines of that Ray cluster fetch.
        """
        with lifecycle.opened_draft(self._home, self._version) as draft:
            context = taking_context(self._home, self._version, verbose=verbose, workers=max_workers)
            outcome = import_on(engine, self._home, self._version, draft, context, pattern=dataset_path or "")
        return outcome.modified

    def remove_files(self, dataset_path: str | None = None, recursive: bool = True, verbose: bool = False) -> int:
        """Remove just the files that `dataset_path` means, and return how many there were; nothing is fetched for it.

        A file (`a/b.jpg`), a folder (`./a`, `a/`) with all below it, or a pattern (`*.jpg`, `a/*/c?.txt`). Recursive, a wildcard
        also stands for any number of folders; otherwise it stays within one, and only a folder's own files go.
        """
        if not dataset_path:
            raise Invalid("remove_files needs to know what to remove", hint="name a file, a folder or a pattern; '*' is everything")
        if self._home.is_session:
            _making().note_removal(self._home, self._version, dataset_path, recursive=recursive)
        with lifecycle.opened_draft(self._home, self._version) as draft:
            gone = draft.remove(dataset_path, recursive=recursive)
        if verbose:
            print("\n".join(f"removed {path}" for path in gone))
        return len(gone)

    def sync_folder(
        self, local_path: PathLike, dataset_path: str | None = None, verbose: bool = False, engine: str | None = None
    ) -> tuple[int, int, int]:
        """Make the version, or its folder `dataset_path`, just what `local_path` holds, storing what is new.

        Returns how many files were removed, added and modified. Files that did not change since they were last seen are not opened. With
        an `engine`, the machines of that Ray cluster read them.
        """
        if self._home.is_session:
            _making().note_removal(self._home, self._version, literally(normalise_prefix(dataset_path or "")) or "*")
        with lifecycle.opened_draft(self._home, self._version) as draft:
            folder, prefix = str(local_path), dataset_path or ""
            shown = None if engine else partial(scan, os.path.abspath(folder), normalise_prefix(prefix))
            context = taking_context(self._home, self._version, verbose=verbose, shown=shown)
            outcome = sync_on(engine, self._home, self._version, draft, folder, context, prefix=prefix, checked=False)
        return outcome.removed, outcome.added, outcome.modified

    def is_dirty(self) -> bool:
        """Whether files were added whose bytes are not stored yet."""
        if self.is_final():
            return False
        with self._home.repository_of(self._version).peek_draft(self._version.id) as draft:
            return draft.journal.count_waiting()[0] > 0

    def upload(
        self,
        show_progress: bool = True,
        verbose: bool = False,
        output_url: str | None = None,
        compression: int | None = None,
        chunk_size: int | None = None,
        max_workers: int | None = None,
        retries: int = 3,
        preview: bool = True,
    ) -> None:
        """Store the bytes of all files that were added. What is stored already, in whatever version, is not stored again.

        `output_url` has to be the version's storage. At most `max_workers` packs, of `chunk_size` MB but never more than 64, are
        stored at once. Without `preview`, the version shows no samples of what it holds when it is final. `compression` and `retries`
        are there for the sake of existing scripts: chunks that shrink are always compressed.
        """
        require_storage(self._home, self._version, output_url)
        if not preview:
            finalizing.without_preview(self._home, self._version)
        with lifecycle.opened_draft(self._home, self._version) as draft:
            context = taking_context(
                self._home,
                self._version,
                verbose=verbose,
                workers=max_workers,
                chunk_mb=chunk_size,
                shown=draft.journal.sources,
            )
            upload(draft, context)

    def finalize(self, verbose: bool = False, raise_on_error: bool = True, auto_upload: bool = False) -> bool:
        """Make the version immutable; with `auto_upload` after storing what still waits. True if it is final now.

        A preview of it is then reported in the background: samples of its pictures, sounds, films and texts, the first rows of its tables,
        and how many files its folders have, how large they are and of which types. `get_logger`, `publish` and the end of the process wait
        for it.

        With `raise_on_error=False`, what keeps it from being finalized gives False instead of an error.
        """
        try:
            if auto_upload and not self.is_final():
                self.upload(verbose=verbose)
            self._version = finalizing.finalize(self._home, self._version)
        except VersionNotFinal as error:
            if raise_on_error:
                hint = "call `upload()` first, or `finalize(auto_upload=True)`"
                raise VersionNotFinal(error.message, hint=hint) from error
            return False
        except TilthError:
            if raise_on_error:
                raise
            return False
        return True

    def publish(self, raise_on_error: bool = True) -> bool:
        """Mark a final version as published. True if it is published now."""
        try:
            if "reports" in vars(self._home):  # what was reported before belongs to what is published
                self._home.reports.send(self._version, _LONGEST_FLUSH_S)
            self._version = self._home.api.versions.publish(id=self._version.id)
        except TilthError:
            if raise_on_error:
                raise
            return False
        return True

    def is_final(self) -> bool:
        """Whether the version is immutable."""
        if self._version.status is VersionStatus.UPLOADING:
            self._version = lookup.find(self._home, self._version.id)
        return self._version.status is not VersionStatus.UPLOADING

    # --- copies of it -----------------------------------------------------------------------------------------------

    def get_local_copy(
        self,
        use_soft_links: bool | None = None,
        part: int | None = None,
        num_parts: int | None = None,
        raise_on_error: bool = True,
        max_workers: int | None = None,
        files: Sequence[str] | None = None,
        skip_links: bool = False,
    ) -> str:
        """A read-only folder in the cache that holds the version; only what the cache does not have is fetched.

        With `part` of `num_parts`, only that share of the files; with `files`, only those. The folder must not be changed: its
        files are shared. Unless `max_workers` is 1, a second process helps with many files. `use_soft_links` is for Windows and
        for the sake of existing scripts: links here are always hard ones, or copies where the file system has none.

        Files that lie elsewhere are fetched, unless `skip_links` leaves them out; `SourceChanged` names those that were changed since.
        """
        return copies.local_copy(
            self._home,
            self._version,
            part=part,
            num_parts=num_parts,
            files=files,
            raise_on_error=raise_on_error,
            workers=max_workers,
            skip_links=skip_links,
        )

    def get_mutable_local_copy(
        self,
        target_folder: PathLike,
        overwrite: bool = False,
        part: int | None = None,
        num_parts: int | None = None,
        raise_on_error: bool = True,
        max_workers: int | None = None,
        skip_links: bool = False,
    ) -> str | None:
        """Copy the version, or `part` of `num_parts` of it, to `target_folder`, to be changed at will; returns the folder.

        A folder that holds anything is refused, and with `overwrite` replaced as a whole. None if that fails and `raise_on_error`
        is False. Unless `max_workers` is 1, a second process helps with many files.
        """
        return copies.mutable_copy(
            self._home,
            self._version,
            Path(target_folder),
            overwrite=overwrite,
            part=part,
            num_parts=num_parts,
            raise_on_error=raise_on_error,
            skip_links=skip_links,
        )

    def verify_dataset_hash(self, local_copy_path: str | None = None, skip_hash: bool = False, verbose: bool = False) -> list[str]:
        """The paths of the files in a local copy, the cached one if none is named, that are not what the version holds.

        With `skip_hash` only sizes are compared.
        """
        return copies.wrong_files(self._home, self._version, local_copy_path, skip_hash=skip_hash, verbose=verbose)

    def verify_media(self, dataset_path: str | None = None) -> "list[BrokenFile]":
        """The pictures, sounds and films, all or those in a folder, that are broken in themselves: `path` and `what` is wrong.

        Pictures are decoded, of sounds and films the headers are read. Needs the extra `media`. `remove_files` takes the paths.
        """
        found: list[BrokenFile] = list(import_module("tilth.sdk.media.verifying").broken_media(self._reading, dataset_path or ""))
        return found

    def get_default_storage(self) -> str:
        """Where the version's bytes are kept."""
        return storage_of(self._home, self._version)

    # --- metadata ---------------------------------------------------------------------------------------------------

    def set_metadata(self, metadata: Any, metadata_name: str = "metadata", ui_visible: bool = True) -> None:
        """Attach metadata: anything that JSON can hold, a NumPy array, or a pandas DataFrame, which is kept as a table."""
        metadata_module.put(self._home, self._version, metadata, metadata_name)
        if self._home.is_session:
            _making().note_metadata(self._home, self._version, metadata_name)

    def get_metadata(self, metadata_name: str = "metadata") -> Any:
        """The metadata of this name as it was attached; None if there is none."""
        return metadata_module.get(self._home, self._version, metadata_name)

    # --- reports, and who used it -----------------------------------------------------------------------------------

    def get_logger(self) -> "Logger":
        """What metrics, plots, images, tables and texts about this version are reported through, also when it is final.

        A version that is published takes no more reports.
        """
        return self._home.reports.logger_of(self._version)

    def get_used_by(self) -> dict[str, list[dict[str, Any]]]:
        """The `tasks` that used this version, and the `models` that they made, as dictionaries: the newest thousand of each."""
        found: dict[str, list[dict[str, Any]]] = import_module("tilth.sdk.dataset_uses").users_of(self._home, self._version)
        return found

    # --- making and finding -----------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        dataset_name: str | None = None,
        dataset_project: str | None = None,
        dataset_tags: Sequence[str] | None = None,
        parent_datasets: "Sequence[str | Dataset] | None" = None,
        use_current_task: bool = False,
        dataset_version: str | None = None,
        output_uri: str | None = None,
        description: str | None = None,
    ) -> "Dataset":
        """Begin a new version; the next number of the dataset unless `dataset_version` names one.

        It begins with what the parents hold; where several have the same path, the first named parent's file stands. Without a
        name and a project, the first parent's are taken. `VersionNotFinal` if a parent can still be changed.

        With `use_current_task` no task is made for the version: the one that runs becomes it, under the dataset's name, with what it
        recorded and goes on to record. It is completed when the version is final, however the run ends.
        """
        home = current_home()
        if is_offline():
            if use_current_task:
                raise Invalid("a dataset that is made offline can't be kept in a task", hint="leave use_current_task out")
            making = _making()
            session, version = making.create(
                home,
                name=dataset_name,
                project=dataset_project,
                parents=[making.parent_of(home, parent) for parent in parent_datasets or ()],
                number=dataset_version,
                tags=_words(dataset_tags),
                description=description,
                storage=output_uri,
            )
            return cls(session, version)
        task = import_module("tilth.sdk.dataset_uses").turning(running()) if use_current_task else None
        parents = [_version_of(home, parent) for parent in parent_datasets or ()]
        for parent in parents:
            lifecycle.require_final(parent)
        made = cls(
            home,
            lifecycle.create(
                home,
                name=dataset_name or (parents[0].name if parents else None),
                project=dataset_project or (parents[0].project if parents else None),
                version=dataset_version,
                parents=[parent.id for parent in parents],
                tags=_words(dataset_tags),
                description=description,
                storage=output_uri,
                id=VersionId(task.id) if task else None,
                use_task=task is not None,
            ),
        )
        if task:
            task._version_is_open = True
            task._project_name = None
            task.reload()
        return made

    @classmethod
    def get(
        cls,
        dataset_id: str | None = None,
        dataset_project: str | None = None,
        dataset_name: str | None = None,
        dataset_tags: Sequence[str] | None = None,
        only_completed: bool = False,
        only_published: bool = False,
        include_archived: bool = False,
        auto_create: bool = False,
        writable_copy: bool = False,
        dataset_version: str | None = None,
        alias: str | None = None,
        overridable: bool = False,
        shallow_search: bool = False,
        silence_alias_warnings: bool = False,
    ) -> "Dataset":
        """Find a version by its id, or the newest one that fits the name, project, tags and version. Nothing is downloaded.

        `dataset_id` may also be the beginning of an id, or `project/name@version`. With `auto_create`, one that does not exist is
        begun; with `writable_copy`, a new version is begun with the found one as its parent.

        The task that runs records which version it got; with an `alias` also as its parameter `Datasets/<alias>`. If that is
        `overridable` and an agent runs the task, the version is taken that the parameter names there. `silence_alias_warnings` is for
        code that lets an alias mean several versions in one run.
        """
        home = current_home()
        task = running()
        uses = import_module("tilth.sdk.dataset_uses") if task else None
        said = uses.overriding(task, alias, silent=silence_alias_warnings) if uses and overridable else None

        def look(home: Home) -> DatasetVersion:
            if dataset_id:
                return lookup.find(home, dataset_id)
            return lookup.find_parts(
                home,
                project=dataset_project,
                name=dataset_name,
                version=dataset_version,
                tags=_words(dataset_tags),
                only_final=only_completed,
                only_published=only_published,
                include_archived=include_archived,
            )

        try:
            if said:
                found = _overridden(home, alias, said)
            elif is_offline():
                home, found = _making().find(home, look)
            else:
                found = look(home)
        except NotFound:
            if said or not (auto_create and dataset_name):
                raise
            return cls.create(dataset_name, dataset_project, dataset_tags, dataset_version=dataset_version)
        if uses:
            uses.record_use(task, found, alias, silent=silence_alias_warnings)
        if writable_copy:
            return cls.create(parent_datasets=[found.id])
        return cls(home, found)

    @classmethod
    def list_datasets(
        cls,
        dataset_project: str | None = None,
        partial_name: str | None = None,
        tags: Sequence[str] | None = None,
        ids: Sequence[str] | None = None,
        only_completed: bool = True,
        recursive_project_search: bool = True,
        include_archived: bool = True,
    ) -> list[dict[str, Any]]:
        """The versions that fit, newest first: dictionaries with `id`, `name`, `project`, `version`, `tags`, `created` and `status`."""
        found = lookup.search(
            current_home(),
            project=dataset_project,
            name=partial_name,
            tags=_words(tags),
            ids=_words(ids),
            only_final=only_completed,
            recursive=recursive_project_search,
            include_archived=include_archived,
        )
        return [lookup.summary(version) for version in found]

    @classmethod
    def squash(
        cls,
        dataset_name: str,
        dataset_ids: "Sequence[str | Dataset] | None" = None,
        dataset_project_name_pairs: Sequence[tuple[str, str]] | None = None,
        output_url: str | None = None,
        close_squashed_dataset: bool = True,
    ) -> "Dataset":
        """A new version that stands alone and holds what the given ones hold together, the last one's file where paths are equal.

        No bytes are stored again. The versions may be deleted afterwards.
        """
        home = current_home()
        if dataset_ids:
            versions = [_version_of(home, dataset) for dataset in dataset_ids]
        else:
            versions = [lookup.find_parts(home, project=project, name=name) for project, name in dataset_project_name_pairs or ()]
        squashed = lifecycle.squash(home, dataset_name, versions, storage=output_url)
        return cls(home, finalizing.finalize(home, squashed) if close_squashed_dataset else squashed)

    @classmethod
    def merge_tables(
        cls,
        dataset_ids: "Sequence[str | Dataset]",
        dataset_name: str | None = None,
        dataset_project: str | None = None,
        dataset_version: str | None = None,
        key: Sequence[str] | str | None = None,
        on_conflict: str = "fail",
        drop_duplicates: bool = False,
        columns: str = "all",
        mixed_types: str = "fail",
        tables: Sequence[str] | str | None = None,
        skip_malformed: bool = False,
        memory: int | str | None = None,
        output_uri: str | None = None,
    ) -> "Dataset":
        """A new final version with the given ones as parents, in which equally named tables are one, row by row.

        CSV, TSV, JSON lines (each also as .gz and .zst), Parquet and workbooks of Excel, sheet by sheet; cells stay as they stand. Rows
        follow each other; of those with the same `key` one stands: if they differ, the `first` or `last` one, as `on_conflict` says, or
        that is an error. `drop_duplicates`
        keeps the first of equal rows. Where the tables' `columns` differ, `all` stand, those that are `common`, or that is an error
        (`same`); of Parquet, `mixed_types="text"` makes texts of columns whose types hold no common values. Only `tables` that a pattern
        means are joined, if any is given. Of other files the first version's stands. A row that can't be read is an error that names file
        and line, or left out with `skip_malformed`. What became of each table is told by `get_metadata("merged_tables")`.
        """
        home = current_home()
        found: DatasetVersion = import_module("tilth.sdk.tables.asked").merged(
            home,
            [_version_of(home, dataset) for dataset in dataset_ids],
            name=dataset_name,
            project=dataset_project,
            version=dataset_version,
            key=_words(key),
            on_conflict=on_conflict,
            drop_duplicates=drop_duplicates,
            columns=columns,
            mixed_types=mixed_types,
            tables=_words(tables),
            skip_malformed=skip_malformed,
            memory=memory,
            storage=output_uri,
        )
        return cls(home, found)

    @classmethod
    def delete(
        cls,
        dataset_id: str | None = None,
        dataset_project: str | None = None,
        dataset_name: str | None = None,
        force: bool = False,
        dataset_version: str | None = None,
        entire_dataset: bool = False,
        shallow_search: bool = False,
        delete_files: bool = True,
        delete_external_files: bool = False,
    ) -> None:
        """Delete a version, or all versions of a dataset with `entire_dataset`. Versions that build on it are never harmed.

        A published version, or several at once, needs `force`; one that tasks used is told. Its bytes are freed by the next
        `tilth data gc`, except what others need.
        """
        home = current_home()
        for version in lookup.to_delete(
            home, id=dataset_id, project=dataset_project, name=dataset_name, version=dataset_version, entire=entire_dataset, force=force
        ):
            import_module("tilth.sdk.dataset_uses").warn_of_users(home, version)
            lifecycle.delete(home, version)

    @classmethod
    def rename(cls, new_dataset_name: str, dataset_project: str, dataset_name: str) -> None:
        """Give a dataset another name; ids, versions and lineage stay."""
        current_home().api.versions.rename(project=dataset_project, name=dataset_name, new_name=new_dataset_name)

    @classmethod
    def move_to_project(cls, new_dataset_project: str, dataset_project: str, dataset_name: str) -> None:
        """Move a dataset to another project; ids, versions and lineage stay."""
        current_home().api.versions.move(project=dataset_project, name=dataset_name, new_project=new_dataset_project)

    # --- made offline, and imported later ---------------------------------------------------------------------------

    @classmethod
    def set_offline(cls, offline_mode: bool = False) -> None:
        """Make the datasets that are begun from now on with nobody to ask, each in a session on this machine, until they are imported.

        `create`, and all that is done with what it returns, then needs no server, and `get` finds it. Runs are recorded offline too.
        """
        if running() is not None and offline_mode != is_offline():
            raise Invalid("a task is running", hint="call Dataset.set_offline before Task.init")
        set_offline(offline_mode)

    @classmethod
    def is_offline(cls) -> bool:
        """Whether datasets are made with nobody to ask."""
        return is_offline()

    def get_offline_mode_folder(self) -> Path | None:
        """The folder of the session that a version was made in offline, to be carried somewhere and imported; None of any other.

        Previews that this process is making are in it when this returns: nobody copies a folder into which something is being written.
        """
        if not self._home.is_session:
            return None
        self._home.previews.wait_for_all()
        return self._home.folder

    @classmethod
    def import_offline_session(cls, session_folder_zip: PathLike, upload: bool = True, finalize: bool = False) -> str:
        """Bring what was made offline into this home, or to its server: the versions of a session's folder, or of a zip of it.

        Contents that are stored already are not stored again; descriptions, tags, metadata, reports and previews come along. Versions that
        were final are final, and others with `finalize`. Files that were added and not uploaded are stored now from where they lie, unless
        `upload` is False. Returns the id of the session's last version. Interrupted, or done again, it goes on or does nothing.
        """
        importing = import_module("tilth.sdk.sessions.importing")
        found: str = importing.import_session(current_home(), Path(session_folder_zip), upload=upload, finalize=finalize)
        return found

    def _compared(self, other: str | None) -> "contents.PathChanges":
        return contents.changes(self._home, self._version, lookup.find(self._home, other) if other else None)


def _making() -> Any:
    """What makes datasets offline; loaded only then."""
    return import_module("tilth.sdk.sessions.making")


def _version_of(home: Home, dataset: "str | Dataset") -> DatasetVersion:
    return lookup.find(home, dataset.id if isinstance(dataset, Dataset) else dataset)


def _overridden(home: Home, alias: str | None, said: str) -> DatasetVersion:
    """The version that the parameter of an alias names; an error that names the parameter if there is none."""
    try:
        return lookup.find(home, said)
    except (NotFound, Invalid) as error:
        hint = "set it to the id of a version, or remove it"
        raise type(error)(f"the task's parameter Datasets/{alias} is {said:.200}: {error.message}", hint=hint) from error


def _words(words: Iterable[str] | str | None) -> list[str]:
    if words is None:
        return []
    return [words] if isinstance(words, str) else list(words)
