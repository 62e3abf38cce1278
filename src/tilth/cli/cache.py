"""`tilth cache`: what lies in the cache of this machine, what stays there, and what goes."""

import time
from typing import Annotated, Any

from cyclopts import App, Parameter

from tilth._wiring import open_home
from tilth.base.errors import Corrupt, Invalid
from tilth.base.units import bytes_of, readable_duration
from tilth.cli.options import FROM_0, Json
from tilth.cli.output import Output, count, size, table
from tilth.cli.progress import Progress
from tilth.datasets.cache.blobs import DOWNLOADS
from tilth.datasets.cache.inventory import CachedView, files_in, views_in, weigh
from tilth.datasets.cache.notes import Limits
from tilth.sdk import caching

__all__ = ["app"]

_DAY_S = 86_400.0

app = App(
    name="cache",
    help="The cache of local copies, which all processes, and all users that its folder lets in, share.",
    default_parameter=Parameter(negative=()),
)

What = Annotated[
    list[str], Parameter(help="An id or its beginning, a name, project/name, project/name@version, files/CONTEXT, downloads, or chunks.")
]
Days = Annotated[float | None, Parameter(help="Days.", validator=FROM_0)]


@app.command(name="ls")
def list_cache(*, json: Json = False) -> None:
    """What lies in the cache: versions and their sizes, when they were asked for last, and why they stay."""
    home = open_home()
    with home.cache.changed():
        cache, weights, limits = home.cache, weigh(home.cache), home.cache.limits
    views = list(reversed(views_in(cache)))
    contexts: dict[str, tuple[int, int, int]] = {}
    for file in files_in(cache):
        name = caching.context_name(file)
        files, taken, used = contexts.get(name, (0, 0, 0))
        contexts[name] = files + 1, taken + file.size_bytes, used + bool(file.users)
    chunk_bytes = home.chunk_cache.size_bytes()
    document = {
        "folder": str(cache.root),
        "total_bytes": weights.total_bytes,
        "unused_bytes": weights.unused_bytes,
        "limit_bytes": limits.size_bytes,
        "age_days": limits.age_s / _DAY_S,
        "views": [_document(view, *weights.views.get(view.name, (0, 0, 0))) for view in views],
        "files": [
            {"context": name.partition("/")[2], "files": files, "size_bytes": taken, "in_use": used}
            for name, (files, taken, used) in sorted(contexts.items())
            if name != DOWNLOADS
        ],
        "downloads": dict(zip(("files", "size_bytes", "in_use"), contexts.get(DOWNLOADS, (0, 0, 0)), strict=True)),
        "chunks": {"size_bytes": chunk_bytes, "limit_bytes": home.chunk_cache.limit_bytes},
    }
    rows = []
    for view in views:
        files, taken, frees = weights.views.get(view.name, (0, 0, 0))
        ago = readable_duration(max(0.0, time.time() - view.used_s))
        rows.append(
            (caching.shown(view), view.version[:12], f"{files:,}", size(taken), size(frees), f"{ago} ago", "; ".join(view.reasons()))
        )
    lines = table(rows, ("version", "id", "files", "size", "frees", "asked for", "stays because"))
    for name, (files, taken, used) in sorted(contexts.items()):
        lines.append(f"{name}: {count(files, 'file')} by their addresses, {size(taken)}{f', {used:,} in use' if used else ''}")
    if chunk_bytes:
        lines.append(
            f"chunks: {size(chunk_bytes)} of files that were read without downloading them, of at most {size(home.chunk_cache.limit_bytes)}"
        )
    unused = f", {size(weights.unused_bytes)} of it in no version" if weights.unused_bytes else ""
    lines.append(f"total {size(weights.total_bytes)}{unused}; {_limits_told(limits)}")
    Output(json=json).result(document, lines)


@app.command(name="rm")
def remove_command(
    what: What = [],  # noqa: B006  cyclopts makes a new one each time
    /,
    *,
    older_than: Annotated[float | None, Parameter(help="All that nobody asked for in so many days.", validator=FROM_0)] = None,
    unused: Annotated[bool, Parameter(help="All that nobody uses.")] = False,
    force: Annotated[bool, Parameter(help="Remove what is named even if it is in use or pinned.")] = False,
    json: Json = False,
) -> None:
    """Remove versions from the cache, which are in the store all the same; what is in use is refused."""
    if not what and older_than is None and not unused:
        raise Invalid("nothing was named", hint="name a version, or say --older-than or --unused; `tilth cache ls` shows what there is")
    home = open_home()
    with home.cache.changed():
        before = weigh(home.cache).total_bytes
    older_than_s = None if older_than is None else older_than * _DAY_S
    removed = caching.remove(home, what, older_than_s=older_than_s, unused=unused, force=force)
    freed = max(0, before - weigh(home.cache).total_bytes) + removed.chunk_bytes
    parts = [count(len(removed.views), "version")] if removed.views or not (removed.files or removed.chunk_bytes) else []
    parts += [count(removed.files, "file")] if removed.files else []
    parts += ["chunks"] if removed.chunk_bytes else []
    lines = [*removed.kept, f"{' and '.join(parts)} removed, {size(freed)} free"]
    document = {"views": removed.views, "files": removed.files, "freed_bytes": freed, "kept": removed.kept}
    Output(json=json).result(document, lines)


@app.command(name="verify")
def verify_command(*, json: Json = False) -> int:
    """Compare all that lies in the cache with its hashes; what is damaged is fetched again, or removed."""
    home = open_home()
    with Progress("verifying") as progress:
        found = caching.verify(home, progress)
    lines = [f"damaged content {name}: removed" for name in found.damaged_blobs]
    lines += [f"damaged chunk {name}: removed" for name in found.damaged_chunks]
    lines += [f"version {name}: mended" for name in found.mended]
    lines += [f"version {name}: removed, because it could not be mended" for name in found.removed]
    lines += [f"version {broken}; it stays, because it is in use" for broken in found.broken]
    Output(json=json).result(_fields(found), lines or [f"{count(found.blobs, 'content')} verified, nothing wrong"])
    return 0 if found.is_sound else Corrupt.exit_status


@app.command(name="pin")
def pin_command(version: str, /, *, note: Annotated[str, Parameter(help="Why it stays.")] = "", json: Json = False) -> None:
    """Keep a version in the cache until it is unpinned; it is fetched if it is not there."""
    home = open_home()
    with Progress("restoring") as progress:
        folder = caching.pin(home, version, note=note, watcher=progress)
    Output(json=json).result({"folder": folder}, [folder])


@app.command(name="unpin")
def unpin_command(version: str, /, *, json: Json = False) -> None:
    """Let a version that was pinned go when it is its turn."""
    gone = caching.unpin(open_home(), version)
    Output(json=json).result({"versions": gone}, [f"{id} is not pinned any more" for id in gone])


@app.command(name="limit")
def limit_command(
    *,
    size: Annotated[str | None, Parameter(help="How much may lie there, such as '500 GB'; 0 is no limit.")] = None,
    age: Annotated[float | None, Parameter(help="For how many days what nobody asks for stays; 0 is no limit.", validator=FROM_0)] = None,
    json: Json = False,
) -> None:
    """Show the limits of the cache, or set them for all who use it; they hold from the next download on."""
    try:
        wanted = None if size is None else bytes_of(size)
    except ValueError:
        raise Invalid(f"{size} is no size", hint="use a number with a unit, such as 500 MB or 10 GB") from None
    limits = caching.set_limits(open_home(), size_bytes=wanted, age_s=None if age is None else age * _DAY_S)
    Output(json=json).result({"limit_bytes": limits.size_bytes, "age_days": limits.age_s / _DAY_S}, [_limits_told(limits)])


@app.command(name="clean")
def clean_command(*, json: Json = False) -> None:
    """Bring the cache within its limits now; what is in use or pinned stays."""
    freed = caching.clean_up(open_home())
    lines = [f"{count(len(freed.views), 'version')} and {count(freed.files, 'file')} removed, {size(freed.size_bytes)} free"]
    Output(json=json).result(_fields(freed), lines)


@app.command(name="share")
def share_command(
    *,
    group: Annotated[str | None, Parameter(help="The group whose members may use it.")] = None,
    everybody: Annotated[bool, Parameter(help="Let every user of this machine use it.")] = False,
    json: Json = False,
) -> None:
    """Open the cache to a group, or to everybody: whatever is added from now on belongs to them too."""
    if bool(group) == everybody:
        raise Invalid("it is not said who may use the cache", hint="say --group or --everybody")
    home = open_home()
    changed = caching.share(home, group=group)
    who = f"the group {group}" if group else "everybody"
    lines = [f"{who} may use {home.cache_folder} now; set TILTH_CACHE, or cache in tilth.toml, to it for each of them"]
    Output(json=json).result({"folder": str(home.cache_folder), "changed": changed}, lines)


def _document(view: CachedView, files: int, size_bytes: int, frees_bytes: int) -> dict[str, Any]:
    about = view.about
    return {
        "id": view.version,
        "view": view.name,
        "project": about.project if about else None,
        "name": about.name if about else None,
        "version": about.number if about else None,
        "is_whole": about.is_whole if about else None,
        "files": files,
        "size_bytes": size_bytes,
        "frees_bytes": frees_bytes,
        "used": view.used_s,
        "pinned_by": view.pin.by if view.pin else None,
        "users": [
            {"name": user.name, "host": user.host, "pid": user.pid, "program": user.program, "since": user.since} for user in view.users
        ],
        "links": list(view.links),
    }


def _limits_told(limits: Limits) -> str:
    told = [f"at most {size(limits.size_bytes)}"] if limits.size_bytes else []
    told += [f"at most {limits.age_s / _DAY_S:g} days after it was asked for"] if limits.age_s else []
    return ", ".join(told) or "no limit"


def _fields(found: Any) -> dict[str, Any]:
    return {name: getattr(found, name) for name in found.__struct_fields__}
