"""What is reported of dataset versions: a version is a task, and its reports go the way that those of a run go."""

from collections import OrderedDict
from weakref import WeakValueDictionary

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
        flush_at_exit(self)

    def logger_of(self, version: DatasetVersion) -> Logger:
        """What a version's reports go through: one for each version, however often it is looked up.

        If this process is making the version's preview, it is made when this returns: what is reported now comes after it.
        """
        self.wait_for_preview(version)
        return self._logger_of(version)

    def begin_preview(self, version: DatasetVersion) -> None:
        """Begin to report a preview of a final version, and return."""
        logger = self._logger_of(version)
        recording = self._recordings.get(version.id)
        if recording:
            recording.begin()  # no thread can be started any more when the process ends, which the preview may see
        self.home.previews.begin(version, logger)

    def wait_for_preview(self, version: DatasetVersion) -> None:
        """Wait until the version's preview is made, if this process is making one."""
        if "previews" in vars(self.home):
            self.home.previews.wait(version.id)

    def _logger_of(self, version: DatasetVersion) -> Logger:
        task = running()
        if task is not None and task.id == version.id:
            return task.get_logger()  # type: ignore[no-any-return]
        logger, recording = self._known.get(version.id), self._recordings.get(version.id)
        if logger is None or recording is None:
            folder = task_folder(dataset_project(version.project, version.name), version.name, version.id)
            recording = self._recordings[version.id] = Recording(self.home, version.id, folder=folder)
            logger = self._known[version.id] = Logger(recording)
        self._open[recording] = logger
        self._open.move_to_end(recording)
        if len(self._open) > _MOST_OPEN:
            oldest, _ = self._open.popitem(last=False)
            oldest.close(self.home.exit_wait_s)  # whoever still holds its logger may go on with it
        return logger

    def send(self, version: DatasetVersion, wait_s: float) -> bool:
        """Wait until what this process reported of a version is where it is kept; False if it is not in time."""
        self.wait_for_preview(version)
        task = running()
        recording = task._recording if task is not None and task.id == version.id else self._recordings.get(version.id)
        return recording is None or recording.flush(wait_s)

    def close(self, wait_s: float) -> bool:
        """Make the previews that were begun, and then send what is left, for so long at the most; False, and one line for a person, if
        something stays in the outbox.
        """
        if "previews" in vars(self.home):
            self.home.previews.wait_for_all()
        until = self.home.clock.monotonic() + wait_s
        late = [recording for recording in self._open if not recording.close(max(0.0, until - self.home.clock.monotonic()))]
        if late:
            rest = f"the rest waits in {self.home.folder / 'outbox'}: `tilth sync` sends it"
            warn(f"not all reports of {len(late)} versions were sent; {rest}")
        return not late
