"""The command for datasets that were made offline."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tilth._wiring import open_home
from tilth.cli.data_making import title, version_document
from tilth.cli.options import Json
from tilth.cli.output import Output, count, size
from tilth.cli.state import remember_id
from tilth.sdk import lookup
from tilth.sdk.sessions.importing import import_session

__all__: list[str] = []


def import_session_command(
    session: Annotated[
        str, Parameter(name="FOLDER_OR_ZIP", help="What was made offline: the folder `offline/...` of that home, or a zip of it.")
    ],
    /,
    *,
    no_upload: Annotated[bool, Parameter(help="Leave what was added and not uploaded where it lies, for `upload` or `close`.")] = False,
    finalize: Annotated[bool, Parameter(help="Make final what was not final there.")] = False,
    json: Json = False,
) -> None:
    """Bring versions that were made offline into this home, or to its server. Interrupted, or done again, it goes on or does nothing."""
    home = open_home()
    last = lookup.find(home, import_session(home, Path(session), upload=not no_upload, finalize=finalize))
    remember_id(home.folder, last.id)
    held = f": {count(last.entries, 'file')}, {size(last.size_bytes)}" if last.root else ""
    Output(json=json).result(version_document(last), [f"{title(last)} ({last.status}) is here{held}", f"id={last.id}"])
