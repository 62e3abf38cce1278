"""How a version becomes final for whoever asks for it: committed, registered, and then shown in the background."""

from tilth.domain.version import DatasetVersion
from tilth.sdk import lifecycle
from tilth.sdk._current import running
from tilth.sdk.home import Home
from tilth.sdk.taking import NO_PREVIEW, SEEN

__all__ = ["finalize", "without_preview"]


def finalize(home: Home, version: DatasetVersion, *, preview: bool = True) -> DatasetVersion:
    """Make `version` immutable, as `lifecycle.finalize` does, and then report a preview of it, unless it, the home or its draft does not
    want one. The preview can't keep it from being final, and nobody waits for it here.
    """
    repository = home.repository_of(version)
    # The draft is forgotten last: while it is there, nobody has finalized the version to the end.
    wanted = preview and home.preview and repository.has_draft(version.id) and not repository.has_mark(version.id, NO_PREVIEW)
    seen = repository.kept_with_draft(version.id, SEEN) if wanted else b""
    final = lifecycle.finalize(home, version)
    task = running()
    if task is not None and task.id == final.id:
        task._version_is_open = False
    if wanted and home.show_later:
        home.show_later(final)
    elif wanted:
        home.reports.begin_preview(final, seen=seen)
    elif "previews" in vars(home):
        home.previews.forget(final)
    return final


def without_preview(home: Home, version: DatasetVersion) -> None:
    """Let a version that is being made have no preview, whoever finalizes it."""
    home.repository_of(version).mark_draft(version.id, NO_PREVIEW)
