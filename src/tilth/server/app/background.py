"""The thread that does what calls left to be done, and looks after tasks that fell silent."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import Event, Thread

from tilth.base.clock import Clock
from tilth.base.errors import Corrupt, Invalid, TilthError
from tilth.sdk.home import Home
from tilth.server.app.adopting import JOB_KINDS, Adopting
from tilth.server.app.showing import JOB_KIND, Showing
from tilth.server.db.engine import Database
from tilth.server.services.jobs import JOBS, look_after, objects_to_delete
from tilth.server.stores.jobs import Job
from tilth.server.stores.unit_of_work import Tx
from tilth.store.streams import Streams

__all__ = ["Background"]

_PAUSE_S = 1.0
_LOOK_S = 60.0
_LEASE = timedelta(minutes=10)
_MOST_PATIENCE_S = 3_600
_MOST_PATIENCE_AT_STOP_S = 30.0
_log = logging.getLogger("tilth.server.jobs")


class Background:
    """Runs jobs until it is stopped; what it was at then is done again by whoever comes next. Previews have a thread of their own."""

    def __init__(self, database: Database, clock: Clock, objects: Streams, adopting: Adopting, showing: Showing, home: Home) -> None:
        self._database = database
        self._adopting = adopting
        self._showing = showing
        self._home = home
        self._clock = clock
        self._objects = objects
        self._stop = Event()
        self._threads = [
            Thread(target=self._run, name="tilth-jobs", daemon=True),
            Thread(target=self._run_previews, name="tilth-shows", daemon=True),
        ]
        self._looked: float | None = None

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._showing.due.set()
        until = time.monotonic() + _MOST_PATIENCE_AT_STOP_S
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=max(0.0, until - time.monotonic()))

    def work(self, *, previews: bool = False) -> bool:
        """Do one job that is due, one of the `previews` or any other; False if there is none."""
        which = {"kind": JOB_KIND} if previews else {"but": JOB_KIND}
        job = self._database.run(lambda connection: self._take(Tx(connection, self._clock), which), writes=True)
        if job is None:
            return False
        try:
            with self._kept(job):
                self._do(job)
        except (Invalid, Corrupt) as error:
            _log.warning("a job can't be done", extra={"job": job.kind, "reason": str(error)})
            self._database.run(lambda connection: Tx(connection, self._clock).jobs.done(job.id), writes=True)
        except TilthError as error:
            reason = str(error)
            _log.warning("a job failed and will be tried again", extra={"job": job.kind, "attempt": job.attempts + 1, "reason": reason})
            self._database.run(lambda connection: self._failed(Tx(connection, self._clock), job, reason), writes=True)
        return True

    @contextmanager
    def _kept(self, job: Job) -> Iterator[None]:
        """Renew the lease of a job as long as it is at work, so that no other process takes it for lost."""
        ended = Event()

        def keep() -> None:
            while not ended.wait(_LEASE.total_seconds() / 3):
                with suppress(TilthError):  # tried again in a third of the lease, and the job may be done twice
                    self._database.run(lambda connection: self._renew(Tx(connection, self._clock), job), writes=True)

        thread = Thread(target=keep, name="tilth-lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                while not self._stop.is_set() and self.work():
                    pass
                self._look()
            except Exception:  # noqa: BLE001 - the top of a thread that has to go on
                _log.exception("the background thread stumbled and goes on")
            self._stop.wait(_PAUSE_S)

    def _run_previews(self) -> None:
        while not self._stop.is_set():
            self._showing.due.clear()
            try:
                while not self._stop.is_set() and self.work(previews=True):
                    pass
            except Exception:  # noqa: BLE001 - the top of a thread that has to go on
                _log.exception("the thread that makes previews stumbled and goes on")
                self._stop.wait(_PAUSE_S)
            self._showing.due.wait(_LOOK_S)

    def _look(self) -> None:
        now = self._clock.now().timestamp()
        if self._looked is None or now - self._looked >= _LOOK_S:
            self._looked = now
            self._database.run(lambda connection: look_after(Tx(connection, self._clock)), writes=True)

    def _take(self, tx: Tx, which: dict[str, str]) -> Job | None:
        return tx.jobs.take(tx.now, _lease_end(tx), **which)

    def _renew(self, tx: Tx, job: Job) -> None:
        tx.jobs.renew(job.id, _lease_end(tx))

    def _do(self, job: Job) -> None:
        if job.kind == "drop_objects":
            keys = self._database.run(lambda connection: objects_to_delete(Tx(connection, self._clock), job.payload["keys"]), writes=False)
            self._objects.delete(keys)
        elif job.kind in JOB_KINDS:
            getattr(self._adopting, job.kind)(job.payload)
        elif job.kind == JOB_KIND:
            self._showing.show(self._home, job.payload["version"])
        self._database.run(lambda connection: self._done(Tx(connection, self._clock), job), writes=True)

    def _done(self, tx: Tx, job: Job) -> None:
        if job.kind in JOBS:
            JOBS[job.kind](tx, job.payload)
        tx.jobs.done(job.id)

    def _failed(self, tx: Tx, job: Job, reason: str) -> None:
        patience = timedelta(seconds=min(_MOST_PATIENCE_S, 2 ** min(job.attempts, 12)))
        tx.jobs.failed(job.id, reason, (tx.time + patience).isoformat(timespec="microseconds").replace("+00:00", "Z"))


def _lease_end(tx: Tx) -> str:
    return (tx.time + _LEASE).isoformat(timespec="microseconds").replace("+00:00", "Z")
