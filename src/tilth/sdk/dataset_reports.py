"""What is reported of dataset versions: a version is a task, and its reports go the way that those of a run go."""

from collections import OrderedDict
from collections.abc import Iterable
from functools import partial
from threading import Lock
from weakref import WeakValueDictionary

from tilth.base.forking import renew_after_fork
from tilth.datasets.scanning import SourceFile
from tilth.domain.project import dataset_project
from tilth.domain.version import DatasetVersion
from tilth.sdk._current import running
from tilth.sdk.finishing import flush_at_exit
from tilth.sdk.home import Home
from tilth.sdk.logger import Logger
from tilth.sdk.recording import Recording, task_folder, warn

__all__ = ["DatasetReports"]

_MOST_OPEN = 8


class DatasetReports:
    """What versions of one home are reported through in this process: the last few are open, and sent when it ends."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._open: OrderedDict[Recording, Logger] = OrderedDict()
        self._known: WeakValueDictionary[str, Logger] = WeakValueDictionary()
        self._recordings: WeakValueDictionary[str, Recording] = WeakValueDictionary()
        self._renew()
        renew_after_fork(self._renew)
        flush_at_exit(self)

    def _renew(self) -> None:
        self._lock = Lock()  # previews open loggers as well

    def logger_of(self, version: DatasetVersion) -> Logger:
        """What a version's reports go through: one for each version, however often it is looked up.

        If this process is making the version's preview, it is made when this returns: what is reported now comes after it.
        """
        self.wait_for_preview(version)
        return self._logger_of(version)

    def look_ahead(self, version: DatasetVersion, files: Iterable[SourceFile]) -> None:
        """Begin to look at files that are being stored for a version. What was seen is kept at the end, if nobody made it final."""
        self.home.previews.look_ahead(version, files)

    def begin_preview(self, version: DatasetVersion, *, seen: bytes = b"") -> None:
        """Let a preview of a final version be reported when it is its turn, and return; another process may have `seen` some of it."""
        self.home.previews.begin(version, partial(self._logger_of, version), seen=seen)

    def wait_for_preview(self, version: DatasetVersion) -> None:
        """Wait until the version's preview is made, if this process is making one."""
        if "previews" in vars(self.home):
            self.home.previews.wait(version.id)

    def _logger_of(self, version: DatasetVersion) -> Logger:
        task = running()
        if task is not None and task.id == version.id:
            return task.get_logger()  # type: ignore[no-any-return]
        with self._lock:
            logger, recording = self._known.get(version.id), self._recordings.get(version.id)
            if logger is None or recording is None:
                folder = task_folder(dataset_project(version.project, version.name), version.name, version.id)
                ways = {"offline": self.home.is_session, "locked": self.home.shows_published}
                recording = self._recordings[version.id] = Recording(self.home, version.id, folder=folder, **ways)
                logger = self._known[version.id] = Logger(recording)
            self._open[recording] = logger
            self._open.move_to_end(recording)
            oldest = self._open.popitem(last=False)[0] if len(self._open) > _MOST_OPEN else None
        if oldest:
            oldest.close(self.home.exit_wait_s)  # whoever still holds its logger may go on with it
        return logger

    def send(self, version: DatasetVersion, wait_s: float) -> bool:
        """Wait until what this process reported of a version is where it is kept; False if it is not in time."""
        self.wait_for_preview(version)
        task = running()
        recording = task._recording if task is not None and task.id == version.id else self._recordings.get(version.id)
        return recording is None or recording.flush(wait_s)

    def close(self, wait_s: float) -> bool:
        """Make the previews that wait, and then send what is left, for so long at the most; False, and one line for a person, if
        something stays in the outbox.
        """
        if "previews" in vars(self.home):
            self.home.previews.keep()
            self.home.previews.wait_for_all()
        until = self.home.clock.monotonic() + wait_s
        late = [recording for recording in self._open if not recording.close(max(0.0, until - self.home.clock.monotonic()))]
        if self.home.is_session:  # they wait for somebody to import them
            return True
        if late:
            rest = f"the rest waits in {self.home.folder / 'outbox'}: `tilth sync` sends it"
            warn(f"not all reports of {len(late)} versions were sent; {rest}")
        return not late
