"""How what lies in an outbox gets to where it is kept: in order, once, and by one process at a time."""

import fcntl
import os
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Protocol

import msgspec

from tilth.base.atomic_io import describe_os_error
from tilth.base.errors import AlreadyExists, Denied, Internal, TilthError, Unavailable
from tilth.base.forking import renew_after_fork
from tilth.base.ids import is_id
from tilth.client.files import Files
from tilth.client.outbox import CALLS, EVENTS, FILES, PLACES, OutboxCall, OutboxUpload, is_writing, written

__all__ = ["PERIOD_S", "Courier", "Sender"]

_BATCH = 1024 * 1024
PERIOD_S = 0.5
_SHORTEST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0
_TRIES = 3
_REMAINS = ("task.json", "sender.lock")
"""What lies in an outbox beside what is to be sent."""
_MARK = struct.Struct("<QQ")

Warn = Callable[[str], None]
PutElsewhere = Callable[[str, Path], None]
"""Puts a file at an address that is none of the server's; raises `Unavailable` if that may go well later."""


class MakesCalls(Protocol):
    """Makes one call; raises what the call raised."""

    def call_raw(self, name: str, body: bytes) -> Any: ...


class Sender:
    """Sends what lies in one folder. What was sent and not noted, because the process was killed, is sent again the same."""

    def __init__(self, folder: Path, api: MakesCalls, files: Files, *, warn: Warn, put_elsewhere: PutElsewhere | None = None) -> None:
        """Without `put_elsewhere` what is to go elsewhere than to the server stays."""
        self.folder = folder
        self._put_elsewhere = put_elsewhere
        self._api = api
        self._files = files
        self._warn = warn
        self.is_rest_sent = False
        """Whether what could not be sent was only what goes to buckets."""
        self._refused: set[str] = set()
        self._faults = 0
        self._marks: dict[Path, tuple[int, int]] = {}
        """What was acknowledged and could not be noted, because the disk is full; whoever does not know it sends it again."""

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether this is the one process that sends now; the others have to leave it alone."""
        try:
            descriptor = os.open(self.folder / "sender.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            yield False
            return
        try:
            # This kind of lock belongs to the process: a fork does not inherit it.
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            alone = True
        except OSError:
            alone = False
        try:
            yield alone
        finally:
            os.close(descriptor)

    def send(self, *, own: frozenset[Path] = frozenset()) -> bool:
        """Send everything that is written by now; True if there was anything. Raises `Unavailable` or `Denied` if nobody takes it."""
        sent = False
        for path in self._paths(CALLS):
            sent = self._send_calls(path, own, only_first=True) or sent
        sent = self._send_events(own) or sent
        for path in self._paths(CALLS):
            sent = self._send_calls(path, own) or sent
        away = None
        for paths in self._places():  # last, and one bucket after the other: one that is away holds up nothing else
            try:
                for path in paths:
                    sent = self._send_calls(path, own) or sent
            except (Unavailable, Denied) as error:
                away = away or error
        self._sweep(own)
        if away:
            self.is_rest_sent = True
            raise away
        return sent

    def clear(self, *, own: frozenset[Path]) -> None:
        """Remove what was sent of files to which nobody writes any more, and the folder if nothing is left."""
        for kind in (EVENTS, CALLS, PLACES):
            for path in self._paths(kind):
                self._drop(path, own)
        self._sweep(own)

    def left_bytes(self) -> int:
        """How much is written and not acknowledged."""
        return sum(max(0, _size(path) - self._acknowledged(path)[0]) for kind in (EVENTS, CALLS, PLACES) for path in self._paths(kind))

    def _paths(self, kind: str) -> list[Path]:
        return written(self.folder, kind)

    def _places(self) -> Iterable[list[Path]]:
        """The files of what goes to buckets, those of one bucket together."""
        found: dict[str, list[Path]] = {}
        for path in self._paths(PLACES) if self._put_elsewhere is not None else ():
            found.setdefault(path.name.partition(".")[2], []).append(path)
        return found.values()

    def _send_events(self, own: frozenset[Path]) -> bool:
        sent = False
        for path in self._paths(EVENTS):
            while self._send_batch(path):
                sent = True
            self._drop(path, own)
        return sent

    def _send_batch(self, path: Path) -> bool:
        start, stop = self._acknowledged(path)
        if stop == start:
            with path.open("rb") as file:
                file.seek(start)
                data = file.read(_BATCH)
                while data and b"\n" not in data:  # one event that is longer than a batch
                    more = file.read(_BATCH)
                    if not more:
                        return False
                    data += more
            stop = start + data.rfind(b"\n") + 1
            if stop == start:
                return False
            self._note(path, start, stop)
            data = data[: stop - start]
        else:
            with path.open("rb") as file:
                file.seek(start)
                data = file.read(stop - start)
        self._make("events.add_batch", data)
        self._note(path, stop, stop)
        return True

    def _send_calls(self, path: Path, own: frozenset[Path], *, only_first: bool = False) -> bool:
        sent = False
        start, _ = self._acknowledged(path)
        with path.open("rb") as file:
            file.seek(start)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                try:
                    call = msgspec.json.decode(line, type=OutboxCall)
                except (msgspec.MsgspecError, UnicodeDecodeError):
                    call = OutboxCall()
                    if not only_first:
                        self._warn(f"a line in {path} can't be read and is left out; was the disk full, or the machine cut off?")
                if only_first and not call.first:
                    break
                self._act(call, own)
                start += len(line)
                self._note(path, start, start)
                sent = True
        self._drop(path, own)
        return sent

    def _act(self, call: OutboxCall, own: frozenset[Path]) -> None:
        if call.last:
            self._send_events(own)
        if call.upload is not None:
            kept = self.folder / FILES / call.upload.path
            if not is_id(call.upload.path) or kept.is_symlink() or kept.parent.is_symlink():
                where = self.folder / FILES
                self._tell_once("path", f"the upload of {call.upload.path!r:.100} is left out: it is no file of {where}")
                return
            # Without its file the upload was done before somebody was killed, or a newer one stands in for it.
            if not kept.exists() or not self._put(call.upload, kept):
                return
        if call.event is not None:
            self._make("events.add_batch", msgspec.json.encode(call.event) + b"\n")
        if call.call:
            self._make(call.call, msgspec.json.encode(call.fields))
        if call.upload is not None:
            (self.folder / FILES / call.upload.path).unlink(missing_ok=True)

    def _put(self, upload: OutboxUpload, kept: Path) -> bool:
        """Upload a file; False if a newer one came to stand in for it meanwhile, or if the place where it was to go refuses it."""
        try:
            if upload.address:
                return self._put_away(upload.address, kept)
            self._attempt(lambda: self._files.put(upload.name, kept, content_type=upload.content_type))
        except FileNotFoundError:
            if kept.exists():
                raise
            return False
        return True

    def _put_away(self, address: str, kept: Path) -> bool:
        assert self._put_elsewhere is not None
        try:
            self._put_elsewhere(address, kept)
        except (Unavailable, Denied):
            raise
        except TilthError as error:
            kept.unlink(missing_ok=True)
            self._tell(f"{address:.200}", error)
            return False
        return True

    def _make(self, name: str, body: bytes) -> None:
        answer = self._attempt(lambda: self._api.call_raw(name, body), name)
        reasons = answer.get("errors_info") if isinstance(answer, dict) else None
        for reason, count in (reasons or {}).items():
            self._tell_once(reason, f"{count} of the reports were refused and are left out: {reason}")

    def _attempt(self, act: Callable[[], Any], name: str = "an upload") -> Any:
        try:
            answer = act()
            self._faults = 0
        except (Unavailable, Denied):
            raise
        except AlreadyExists:
            pass  # it was made before the answer was lost
        except Internal as error:
            self._faults += 1
            if self._faults < _TRIES:
                raise Unavailable(str(error), hint="it is tried again") from error
            self._faults = 0
            self._tell(name, error)
        except TilthError as error:
            self._tell(name, error)
        else:
            return answer
        return None

    def _tell(self, name: str, error: TilthError) -> None:
        self._tell_once(error.message, f"{name} was refused and is left out: {error}")

    def _tell_once(self, reason: str, message: str) -> None:
        """Say once why something was refused; sending it again would not help."""
        if reason not in self._refused and len(self._refused) < 20:
            self._refused.add(reason)
            self._warn(message)

    def _acknowledged(self, path: Path) -> tuple[int, int]:
        """How far a file was acknowledged, and how far the batch goes that is on its way."""
        return max(_noted(path), self._marks.get(path, (0, 0)))

    def _note(self, path: Path, start: int, stop: int) -> None:
        try:
            _write_mark(path, start, stop)
            self._marks.pop(path, None)
        except OSError as error:
            self._marks[path] = (start, stop)
            self._tell_once("mark", f"{describe_os_error(error, self.folder)}; what is sent meanwhile may be sent again")

    def _drop(self, path: Path, own: frozenset[Path]) -> None:
        """Remove a file of which everything was acknowledged, if nobody writes to it any more."""
        if path not in own and not is_writing(path) and self._acknowledged(path)[0] >= _size(path):
            path.unlink(missing_ok=True)
            _sent_path(path).unlink(missing_ok=True)
            self._marks.pop(path, None)

    def _sweep(self, own: frozenset[Path]) -> None:
        """Remove the whole folder if nothing is left and nobody writes."""
        if not own and not any(self._paths(kind) for kind in (EVENTS, CALLS, PLACES)):
            with suppress(OSError):  # somebody began to write again
                (self.folder / FILES).rmdir()
            with suppress(OSError):
                if not any(path.name not in _REMAINS for path in self.folder.iterdir()):
                    for name in _REMAINS:
                        (self.folder / name).unlink(missing_ok=True)
                    self.folder.rmdir()


class _Bell:
    """Wakes whoever waits. Unlike an event's, ringing it is safe in a signal's handler, whatever the thread was doing just then."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[None] = SimpleQueue()
        self._is_rung = False

    def ring(self) -> None:
        if not self._is_rung:
            self._is_rung = True
            self._queue.put(None)

    def wait(self, seconds: float) -> None:
        """Wait until it was rung since the last time, or for so long."""
        with suppress(Empty):
            self._queue.get(timeout=seconds)
        self._is_rung = False


class Courier:
    """The thread that sends what a process and its children write, as long as no other process does."""

    def __init__(self, sender: Sender, *, own: Callable[[], frozenset[Path]], warn: Warn, where: str) -> None:
        self._sender = sender
        self._own = own
        self._warn = warn
        self._where = where
        self.period_s = PERIOD_S
        """How long lines may gather, unless somebody waits for them."""
        self._rounds = 0
        self._pause_s = _SHORTEST_PAUSE_S
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._renew()
        renew_after_fork(self._renew)
        self._away = False
        self._started_in = 0
        self.failure: TilthError | None = None
        """Why the last round did not go well."""

    def _renew(self) -> None:
        # In a fork nothing of the parent's threads is left but what they may have locked.
        self._new, self._asked, self._idle = _Bell(), False, threading.Condition()
        self._starting = threading.Lock()
        self._is_late = False

    def wake(self) -> None:
        """Say that there is something to send."""
        if self._started_in != os.getpid():
            self._start()
        self._new.ring()

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until everything that was written is acknowledged; False if it is not in time, or the server is away."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while self._sender.left_bytes():
            with self._idle:
                seen = self._rounds
            self.wake()
            self._asked = True
            if self._is_late:  # nobody else will
                self._round()
                if self.failure is not None:
                    return False
                time.sleep(0.02)
            with self._idle:
                left = None if until is None else until - time.monotonic()
                if left is not None and left <= 0:
                    return False
                self._idle.wait_for(lambda seen=seen: self._rounds > seen, timeout=0.05 if left is None else min(left, 0.05))  # type: ignore[misc]
            if self.failure is not None and until is None:
                return False
        return True

    def stop(self) -> None:
        """End the thread; what is left stays."""
        self._stopped.set()
        self._new.ring()
        if self._thread is None or self._started_in != os.getpid() or self._thread is threading.current_thread():
            return
        self._thread.join(timeout=5)
        if not self._thread.is_alive() and not self._sender.left_bytes():
            # The last round may have sent all of a file before it was closed, and left it to a later one.
            with self._sender.alone() as alone:
                if alone:
                    self._sender.clear(own=self._own())

    def _start(self) -> None:
        with self._starting:
            if self._started_in == os.getpid() or self._stopped.is_set():
                return
            self._thread = threading.Thread(target=self._run, name="tilth-courier", daemon=True)
            self._started_in = os.getpid()
            try:
                self._thread.start()
            except RuntimeError:  # the interpreter ends, and nobody can start threads: whoever waits sends
                self._thread, self._is_late = None, True

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._new.wait(5.0)
            if self._stopped.is_set():
                return
            self._rest(self._round())

    def _round(self) -> float:
        """Send what is there; returns how long to wait before the next time."""
        self._asked = False
        try:
            with self._sender.alone() as alone:
                if alone:
                    self._sender.send(own=self._own())
                    self._back()
                else:
                    self.failure = None  # whether the server is back is known by whoever sends
            self._pause_s = _SHORTEST_PAUSE_S
            wait = self.period_s
        except (Unavailable, Denied) as error:
            self._lost(error)
            wait, self._pause_s = self._pause_s, min(self._pause_s * 2, _LONGEST_PAUSE_S)
            self._new.ring()
        except (TilthError, OSError) as error:
            self._warn(f"what was reported could not be sent: {error}")
            wait = _LONGEST_PAUSE_S
        with self._idle:
            self._rounds += 1
            self._idle.notify_all()
        return wait

    def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._stopped.is_set() and time.monotonic() < until and not (self.failure is None and self._asked):
            time.sleep(min(0.02, seconds))

    def _lost(self, error: TilthError) -> None:
        self.failure = error
        if not self._away:
            self._away = True
            self._warn(f"{error.message}; the run goes on, and what it reports waits in {self._where}")

    def _back(self) -> None:
        self.failure = None
        if self._away:
            self._away = False
            self._warn("the server is back: what waited was sent")


def _sent_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.sent")


def _noted(path: Path) -> tuple[int, int]:
    try:
        return _MARK.unpack(_sent_path(path).read_bytes())
    except (FileNotFoundError, struct.error):
        return 0, 0


def _write_mark(path: Path, start: int, stop: int) -> None:
    """Write down both at once: one write of sixteen bytes is not torn by a kill."""
    descriptor = os.open(_sent_path(path), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(descriptor, _MARK.pack(start, stop), 0)
    finally:
        os.close(descriptor)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
