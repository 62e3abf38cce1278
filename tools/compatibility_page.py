"""The page about ClearML's protocol, out of the registry of calls: `make snapshots` writes it anew."""

from collections.abc import Iterator
from pathlib import Path

from tilth.server.routes.rpc import REGISTRY, Procedure, register_all
from tilth.wire.refused import REFUSED

__all__ = ["PAGE", "page", "write"]

PAGE = Path(__file__).resolve().parent.parent / "docs" / "compatibility.md"
OWN = ("versions", "contents", "files")
"""Services that ClearML's protocol does not have."""
OWN_CALLS = (
    *("events.find_in_log", "events.get_log_lines", "projects.get_roles", "projects.set_role", "server.audit_log"),
    *("tasks.add_dataset", "tasks.using_dataset"),
)

_PAGE = """\
# ClearML's clients and Tilth

<!-- written by tools/compatibility_page.py: `make snapshots` -->

A server that `tilth up` starts answers the protocol of ClearML's server, version 2.34, so that `clearml`, `clearml-data`, `clearml-task`,
`clearml-init` and `clearml-agent` work with it as they are: only the addresses and keys in `clearml.conf` change. Each flow that the
[compatibility tests](../tests/compat) name is run with the official packages against a started server.

What is different, on purpose:

- Two clients that make one project at the same time get the same project, not an error.
- A version of a dataset that ClearML's client finishes is taken into Tilth's repository as well, checked file by file: `tilth data` and
  `tilth.Dataset` read it, and parts that are there already are stored once. A version that Tilth made looks to ClearML's client like one
  of its own. External links of such versions stay links, which the server never fetches.
  All this is so where its files were uploaded to this server. One with an `output_uri` of a bucket is read by ClearML's clients, and not by
  `tilth data`: a server fetches nothing from addresses that its clients name. `tilth data sync` of a copy takes it in.
- Renaming a dataset renames its versions too, so that they are found under the new name.
- A batch of console lines that arrives twice is kept once.
- There is one company, and everybody who may sign in belongs to it; who may see what is said by roles.

## Calls

Any verb, with a JSON body, at `/api/<call>` or `/api/v2.34/<call>`. A call needs the role that is named: to read, any account; to write, a
member; or an administrator.

{calls}

## Calls that are refused

With status 404, which ClearML's clients take for a feature that is not there.

{refused}

## Calls of Tilth's own

{own}
"""


def page() -> str:
    """The page as the code has it now."""
    register_all()
    known = sorted(REGISTRY.values(), key=lambda found: found.name)
    own = [found for found in known if found.name.partition(".")[0] in OWN or found.name in OWN_CALLS]
    calls = [found for found in known if found not in own]
    refused = "\n".join(f"| `{name}` | {reason} |" for name, reason in REFUSED.items())
    return _PAGE.format(calls=_table(calls), own=_table(own), refused=f"| call | why |\n|---|---|\n{refused}")


def write() -> None:
    """Write the page anew."""
    PAGE.write_text(page())


def _table(calls: list[Procedure]) -> str:
    return "\n".join(["| call | needs | what it does |", "|---|---|---|", *_rows(calls)])


def _rows(calls: list[Procedure]) -> Iterator[str]:
    for found in calls:
        yield f"| `{found.name}` | {found.needs.name.lower()} | {found.summary} |"
