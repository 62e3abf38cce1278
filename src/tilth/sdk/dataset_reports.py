"""What is reported of a dataset version: a version is a task, and its reports go the way that those of a run go."""

from tilth.domain.project import dataset_project
from tilth.domain.version import DatasetVersion
from tilth.sdk.finishing import flush_at_exit
from tilth.sdk.home import Home
from tilth.sdk.logger import Logger
from tilth.sdk.recording import Recording, task_folder

__all__ = ["logger_of", "send_reports"]


def logger_of(home: Home, version: DatasetVersion) -> Logger:
    """What a version's reports go through: one in a process for each version, however often it is looked up."""
    known = home.reports.get(version.id)
    if known is None:
        folder = task_folder(dataset_project(version.project, version.name), version.name, version.id)
        recording = Recording(home, version.id, folder=folder)
        flush_at_exit(recording)
        known = home.reports[version.id] = Logger(recording)
    found: Logger = known
    return found


def send_reports(home: Home, version: DatasetVersion, wait_s: float) -> bool:
    """Wait until what this process reported of a version is where it is kept; False if it is not in time."""
    known = home.reports.get(version.id)
    return known is None or bool(known._sending.flush(wait_s))
