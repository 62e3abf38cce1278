"""How the server is: alive, ready, how busy, and what its API looks like."""

import resource

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from tilth import __version__
from tilth.base.errors import TilthError
from tilth.domain.access import Permission
from tilth.server.routes.metrics import METRICS
from tilth.server.routes.openapi import describe
from tilth.server.routes.packing import packed
from tilth.server.routes.platform import Platform, base_url, identity_of
from tilth.server.stores.unit_of_work import Tx
from tilth.wire.envelope import status_of

__all__ = ["health", "metrics", "openapi", "ready"]


async def health(platform: Platform, request: Request) -> Response:
    """Whether the process answers."""
    return JSONResponse({"status": "stopping" if platform.stopping else "ok", "version": __version__})


async def ready(platform: Platform, request: Request) -> Response:
    """Whether the database and the store can be used."""
    try:
        await platform.in_thread(_try_database, platform)
    except TilthError as error:
        return JSONResponse({"status": "unavailable", "reason": str(error)}, 503)
    if platform.stopping:
        return JSONResponse({"status": "stopping"}, 503)
    return JSONResponse({"status": "ready"})


async def metrics(platform: Platform, request: Request) -> Response:
    """The counters of this process, for callers who signed in, or on this machine."""
    try:
        gauges = await platform.in_thread(_gauges, platform, request)
    except TilthError as error:
        return JSONResponse({"msg": error.message}, status_of(error))
    assert isinstance(gauges, dict)
    return PlainTextResponse(METRICS.render(gauges), media_type="text/plain; version=0.0.4")


async def openapi(platform: Platform, request: Request) -> Response:
    """The description of the API, OpenAPI 3.1."""
    return await packed(request, JSONResponse(describe(f"{base_url(request)}/api")))


def _try_database(platform: Platform) -> None:
    platform.dispatcher.database.run(lambda connection: Tx(connection, platform.dispatcher.clock).setting("uid"), writes=False)
    platform.objects.check()


def _gauges(platform: Platform, request: Request) -> dict[str, float]:
    def read(tx: Tx) -> dict[str, float]:
        if request.client is None or request.client.host not in ("127.0.0.1", "::1"):
            identity_of(request)(tx).check(Permission.READ, "see the server's metrics")
        states = tx.documents.tasks.grouped("status")
        return {"tilth_jobs_pending": float(len(tx.jobs.pending()))} | {
            f"tilth_tasks_{name}": float(count) for name, count in states.items()
        }

    found = platform.dispatcher.database.run(lambda connection: read(Tx(connection, platform.dispatcher.clock)), writes=False)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return found | {
        "process_cpu_seconds_total": usage.ru_utime + usage.ru_stime,
        "process_max_resident_bytes": float(usage.ru_maxrss * 1024),
    }
