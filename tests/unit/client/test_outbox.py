"""What is reported arrives once and in order, whatever becomes of the processes and of the server in between."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tilth.base.errors import AlreadyExists, Denied, EventsRefused, Internal, Invalid, TilthError, Unavailable
from tilth.client.files import Told
from tilth.client.outbox import CALLS, EVENTS, FILES, Outbox, is_writing, outboxes_in
from tilth.client.sending import Courier, Sender
from tilth.sdk.reporting import Reporter

SCRIPT = """
import os, sys
from pathlib import Path
from tilth.client.outbox import Outbox
outbox = Outbox(Path(sys.argv[1]), warn=print)
for number in range(int(sys.argv[2])):
    outbox.event(b'{"n":%d}\\n' % number)
    if number == 5 and sys.argv[3] == "fork" and os.fork() == 0:
        outbox.event(b'{"n":-1}\\n')
        os._exit(0)
if sys.argv[3] == "kill":
    os.kill(os.getpid(), 9)
"""


class Kept:
    """What a server took, and what it answers with."""

    def __init__(self) -> None:
        self.batches: list[bytes] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.files: dict[str, bytes] = {}
        self.raises: list[Exception] = []
        self.loses_answers = 0
        self.answer: dict[str, Any] | None = None

    def call_raw(self, name: str, body: bytes) -> Any:
        if self.raises:
            raise self.raises.pop(0)
        if name == "events.add_batch":
            self.batches.append(body)
        else:
            self.calls.append((name, msgspec.json.decode(body)))
        if self.loses_answers:
            self.loses_answers -= 1
            raise Unavailable("the answer was lost", hint="")
        return self.answer

    def put(self, name: str, source: Path, *, content_type: str | None = None, told: Told | None = None) -> None:
        self.files[name] = source.read_bytes()
        self.calls.append(("put", {"name": name, "type": content_type}))

    @contextmanager
    def open(self, name: str) -> Iterator[BytesIO]:
        yield BytesIO(self.files[name])

    def size(self, name: str) -> int | None:
        return len(self.files[name]) if name in self.files else None

    def version(self, name: str) -> str | None:
        return str(hash(self.files[name])) if name in self.files else None

    def delete(self, name: str) -> bool:
        return self.files.pop(name, None) is not None

    @property
    def numbers(self) -> list[int]:
        return [msgspec.json.decode(line)["n"] for batch in self.batches for line in batch.splitlines()]


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def outbox(tmp_path: Path, said: list[str]) -> Outbox:
    return Outbox(tmp_path / "outbox" / "task", warn=said.append)


@pytest.fixture
def sender(outbox: Outbox, kept: Kept, said: list[str]) -> Sender:
    return Sender(outbox.folder, kept, kept, warn=said.append)


def write(outbox: Outbox, *numbers: int) -> None:
    for number in numbers:
        outbox.event(b'{"n":%d}\n' % number)


def test_a_file_that_is_begun_while_files_are_listed_is_no_error(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o", warn=print)
    outbox.event(b"{}\n")

    folder = outbox.folder

    class Busy:
        def __truediv__(self, name: str) -> Path:
            outbox.folder = folder
            outbox.call("c", {})  # as another thread may at this moment
            return folder / name

    outbox.folder = Busy()  # type: ignore[assignment]
    assert {path.suffix for path in outbox.own_files()} == {EVENTS}
    assert {path.suffix for path in outbox.own_files()} == {EVENTS, CALLS}
    outbox.close()


def test_what_is_written_is_sent_once_and_in_order(outbox: Outbox, sender: Sender, kept: Kept) -> None:
    write(outbox, *range(1_000))
    assert sender.send(own=outbox.own_files())
    write(outbox, 1_000)
    assert sender.send(own=outbox.own_files())
    assert not sender.send(own=outbox.own_files())
    assert kept.numbers == list(range(1_001))


def test_a_long_event_is_one_batch_with_what_is_around_it(outbox: Outbox, sender: Sender, kept: Kept) -> None:
    write(outbox, 1)
    outbox.event(b'{"n":2,"long":"%b"}\n' % (b"x" * 3_000_000))
    write(outbox, 3)
    sender.send(own=outbox.own_files())
    assert kept.numbers == [1, 2, 3]


def test_a_batch_whose_answer_was_lost_is_sent_again_the_same(outbox: Outbox, sender: Sender, kept: Kept) -> None:
    write(outbox, 1, 2)
    kept.loses_answers = 1
    with pytest.raises(Unavailable):
        sender.send(own=outbox.own_files())
    write(outbox, 3)
    sender.send(own=outbox.own_files())
    assert kept.batches == [b'{"n":1}\n{"n":2}\n', b'{"n":1}\n{"n":2}\n', b'{"n":3}\n']


def test_half_a_line_waits_for_its_other_half(outbox: Outbox, sender: Sender, kept: Kept) -> None:
    write(outbox, 1)
    (path,) = outbox.own_files()
    with path.open("ab") as file:
        file.write(b'{"n"')
        file.flush()
        sender.send(own=outbox.own_files())
        file.write(b":2}\n")
        file.flush()
    sender.send(own=outbox.own_files())
    assert kept.numbers == [1, 2]


def test_calls_go_out_in_order_and_the_last_one_after_all_events(outbox: Outbox, sender: Sender, kept: Kept, tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"png")
    outbox.call("tasks.edit", {"n": 1})
    outbox.upload(picture, name="t/a.png", content_type="image/png", event={"n": 7}, call="models.edit", fields={"n": 2})
    picture.write_bytes(b"changed afterwards")
    outbox.call("tasks.completed", {"n": 3}, last=True)
    write(outbox, 1, 2)
    sender.send(own=outbox.own_files())
    put = {"name": "t/a.png", "type": "image/png"}
    assert kept.calls == [("tasks.edit", {"n": 1}), ("put", put), ("models.edit", {"n": 2}), ("tasks.completed", {"n": 3})]
    assert kept.files == {"t/a.png": b"png"}
    assert kept.numbers == [1, 2, 7]
    assert not list((outbox.folder / "files").iterdir())


def test_what_events_belong_to_is_made_before_they_are_sent(outbox: Outbox, sender: Sender, kept: Kept) -> None:
    write(outbox, 1)
    outbox.call("tasks.create", {"n": 1}, first=True)
    outbox.call("tasks.edit", {"n": 2})
    kept.raises = [Unavailable("nobody answers", hint="x")]
    with pytest.raises(Unavailable):
        sender.send(own=outbox.own_files())
    assert kept.batches == []
    sender.send(own=outbox.own_files())
    assert [name for name, _ in kept.calls] == ["tasks.create", "tasks.edit"]
    assert kept.numbers == [1]


def test_a_file_that_may_be_deleted_is_moved(outbox: Outbox, sender: Sender, kept: Kept, tmp_path: Path) -> None:
    given = tmp_path / "b"
    given.write_bytes(b"b")
    outbox.upload(given, name="b", delete=True)
    assert not given.exists()
    sender.send(own=outbox.own_files())
    assert kept.files == {"b": b"b"}


def test_of_files_that_newer_ones_stand_in_for_only_the_newest_waits(outbox: Outbox, sender: Sender, kept: Kept, tmp_path: Path) -> None:
    given = tmp_path / "weights"
    for number in range(5):
        given.write_bytes(b"w%d" % number)
        outbox.upload(given, name="m/weights", call="models.edit", fields={"n": number}, replaces=True)
        outbox.upload(given, name="t/artifact", call="tasks.edit", fields={"n": number})
    assert len(list((outbox.folder / FILES).iterdir())) == 6
    sender.send(own=outbox.own_files())
    assert [fields["n"] for name, fields in kept.calls if name == "models.edit"] == [4]
    assert [fields["n"] for name, fields in kept.calls if name == "tasks.edit"] == [0, 1, 2, 3, 4]
    assert kept.files == {"m/weights": b"w4", "t/artifact": b"w4"}
    given.write_bytes(b"w5")
    outbox.upload(given, name="m/weights", call="models.edit", fields={"n": 5}, replaces=True)
    sender.send()
    assert (kept.calls[-1], kept.files["m/weights"]) == (("models.edit", {"n": 5}), b"w5")


def test_the_oldest_copies_are_given_up_if_more_than_the_limit_wait(tmp_path: Path, kept: Kept, said: list[str]) -> None:
    outbox = Outbox(tmp_path / "o", warn=said.append, most_bytes=25)
    given = tmp_path / "weights"
    for number in range(6):
        given.write_bytes(b"%010d" % number)
        outbox.upload(given, name=f"m/{number}", call="models.edit", fields={"n": number}, replaces=True, delete=number == 1)
    limit = "more than 2.5e-08 GB of models wait to be sent"
    assert said == [f"{limit}: copies of the oldest files are given up; `outbox_limit` lets more wait"]
    Sender(outbox.folder, kept, kept, warn=said.append).send(own=outbox.own_files())
    assert [fields["n"] for name, fields in kept.calls if name == "models.edit"] == [1, 4, 5]  # of the moved one there is no other
    assert len(said) == 1


def test_what_goes_elsewhere_holds_up_nothing_else(outbox: Outbox, kept: Kept, said: list[str], tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.write_bytes(b"away")
    away: list[TilthError] = [Unavailable("the bucket is away", hint=""), Denied("the key is not known", hint="")]
    put: dict[str, bytes] = {}

    def put_elsewhere(address: str, source: Path) -> None:
        if "refused" in address:
            raise Invalid("no such place", hint="")
        if away:
            raise away.pop(0)
        put[address] = source.read_bytes()

    outbox.upload(given, name="a", call="models.edit", fields={"n": 1}, address="s3://b/a")
    outbox.upload(given, name="c", call="models.edit", fields={"n": 2}, address="s3://b/refused")
    outbox.upload(given, name="d", call="models.edit", fields={"n": 3}, address="s3://b/d")
    outbox.event(b'{"n":4}\n')
    outbox.call("tasks.completed", {"n": 5}, last=True)
    sender = Sender(outbox.folder, kept, kept, warn=said.append, put_elsewhere=put_elsewhere)
    for refusal in (Unavailable, Denied):
        with pytest.raises(refusal):
            sender.send(own=outbox.own_files())
        assert (kept.numbers, kept.calls, put) == ([4], [("tasks.completed", {"n": 5})], {})
    assert outboxes_in(outbox.folder.parent.parent) == [outbox.folder]
    outbox.close()
    sender.send()
    assert (kept.calls[1:], put) == ([("models.edit", {"n": 1}), ("models.edit", {"n": 3})], {"s3://b/a": b"away", "s3://b/d": b"away"})
    assert said == ["s3://b/refused was refused and is left out: no such place"]
    assert not outbox.folder.exists()


def test_a_bucket_that_is_away_holds_up_no_other(outbox: Outbox, kept: Kept, said: list[str], tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.write_bytes(b"away")
    put: list[str] = []
    away = True

    def put_elsewhere(address: str, source: Path) -> None:
        if away and "://first/" in address:
            raise Unavailable("the bucket is away", hint="")
        put.append(address)

    for address in (
        "s3://first/a/1",
        "s3://host:9000/second/a/2",
        "s3://host:9000/third/a/3",
        "s3://first/b/4",
        "s3://host:9000/second/b/5",
    ):
        outbox.upload(given, name=address, call="models.edit", fields={"n": int(address[-1])}, address=address)
    outbox.close()
    sender = Sender(outbox.folder, kept, kept, warn=said.append, put_elsewhere=put_elsewhere)
    with pytest.raises(Unavailable, match="the bucket is away"):
        sender.send()
    assert [fields["n"] for _, fields in kept.calls] == [2, 5, 3]
    away = False
    sender.send()
    assert [fields["n"] for _, fields in kept.calls] == [2, 5, 3, 1, 4]
    assert len(put) == 5
    assert said == []
    assert not outbox.folder.exists()


class Hasty(Kept):
    """While it takes a file, a newer one comes."""

    def __init__(self, come: Callable[[], None]) -> None:
        super().__init__()
        self.come = come

    def put(self, name: str, source: Path, *, content_type: str | None = None, told: Told | None = None) -> None:
        come, self.come = self.come, lambda: None
        come()
        super().put(name, source, content_type=content_type, told=told)


def test_a_newer_file_may_come_while_the_older_one_is_being_sent(tmp_path: Path, outbox: Outbox) -> None:
    given = tmp_path / "weights"

    def upload(number: int) -> None:
        given.write_bytes(b"w%d" % number)
        outbox.upload(given, name="m/weights", call="models.edit", fields={"n": number}, replaces=True)

    hasty = Hasty(lambda: upload(2))
    upload(1)
    sender = Sender(outbox.folder, hasty, hasty, warn=print)
    sender.send(own=outbox.own_files())
    sender.send(own=outbox.own_files())
    assert hasty.files == {"m/weights": b"w2"}
    assert [call for call in hasty.calls if call[0] == "models.edit"] == [("models.edit", {"n": 2})]
    assert sender.left_bytes() == 0


def test_a_file_that_is_not_there_is_told_where_it_was_named(outbox: Outbox, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        outbox.upload(tmp_path / "missing", name="x")


@pytest.mark.parametrize("error", [EventsRefused("no such task", hint="x"), AlreadyExists("it is there", hint="x")])
def test_what_is_refused_is_left_out_and_told_once(outbox: Outbox, sender: Sender, kept: Kept, said: list[str], error: Exception) -> None:
    kept.raises = [error, error]
    outbox.call("a.b", {})
    outbox.call("a.b", {})
    outbox.call("c.d", {})
    sender.send(own=outbox.own_files())
    assert [name for name, _ in kept.calls] == ["c.d"]
    assert len(said) == (0 if isinstance(error, AlreadyExists) else 1)


def test_a_fault_of_the_server_is_tried_three_times(outbox: Outbox, sender: Sender, kept: Kept, said: list[str]) -> None:
    kept.raises = [Internal("broken", hint="x")] * 3
    outbox.call("a.b", {})
    for _ in range(2):
        with pytest.raises(Unavailable):
            sender.send(own=outbox.own_files())
    assert said == []
    sender.send(own=outbox.own_files())
    assert len(said) == 1
    assert "broken" in said[0]


def test_a_wrong_key_loses_nothing(outbox: Outbox, sender: Sender, kept: Kept) -> None:
    write(outbox, 1)
    kept.raises = [Denied("who are you", hint="x")]
    with pytest.raises(Denied):
        sender.send(own=outbox.own_files())
    sender.send(own=outbox.own_files())
    assert kept.numbers == [1]


@pytest.mark.parametrize(("how", "expected"), [("end", 100), ("kill", 100), ("fork", 101)])
def test_what_a_process_wrote_outlives_it(outbox: Outbox, sender: Sender, kept: Kept, how: str, expected: int) -> None:
    ended = subprocess.run([sys.executable, "-c", SCRIPT, str(outbox.folder), "100", how], check=False)
    assert ended.returncode == (-signal.SIGKILL if how == "kill" else 0)
    assert outboxes_in(outbox.folder.parent.parent) == [outbox.folder]
    sender.send()
    assert sorted(number for number in kept.numbers if number >= 0) == list(range(100))
    assert len(kept.numbers) == expected
    assert not outbox.folder.exists()


def test_several_processes_at_once_lose_nothing(outbox: Outbox, sender: Sender, kept: Kept) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", SCRIPT, str(outbox.folder), "2000", "end"]) for _ in range(4)]
    while any(writer.poll() is None for writer in writers):
        if outbox.folder.exists():
            sender.send()
    sender.send()
    assert sorted(kept.numbers) == sorted([*range(2_000)] * 4)


def test_threads_write_whole_lines(outbox: Outbox, sender: Sender, kept: Kept) -> None:
    threads = [threading.Thread(target=lambda: write(outbox, *range(500))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sender.send(own=outbox.own_files())
    assert sorted(kept.numbers) == sorted([*range(500)] * 8)


def test_only_one_process_sends(outbox: Outbox, sender: Sender) -> None:
    write(outbox, 1)
    with sender.alone() as alone:
        assert alone
        script = (
            "import fcntl, os, sys\n"
            "descriptor = os.open(sys.argv[1], os.O_RDWR)\n"
            "try:\n    fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)\nexcept OSError:\n    sys.exit(7)\n"
        )
        assert subprocess.run([sys.executable, "-c", script, str(outbox.folder / "sender.lock")], check=False).returncode == 7


def test_an_outbox_that_goes_away_while_it_is_looked_at_holds_nothing(tmp_path: Path, kept: Kept) -> None:
    sender, stopped = Sender(tmp_path / "outbox" / "mine", kept, kept, warn=print), threading.Event()

    def come_and_go() -> None:
        while not stopped.is_set():
            sender.folder.mkdir(parents=True)
            (sender.folder / f"1{EVENTS}").touch()
            (sender.folder / f"1{EVENTS}").unlink()
            sender.folder.rmdir()

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        for _ in range(5_000):
            assert sender.left_bytes() == 0
            outboxes_in(tmp_path)
    finally:
        stopped.set()
        thread.join()


def test_a_disk_that_is_full_is_told_once_and_harms_nobody(tmp_path: Path, said: list[str]) -> None:
    full = tmp_path / "outbox"
    full.mkdir()
    outbox = Outbox(full, warn=said.append)
    write(outbox, 1)
    (path,) = outbox.own_files()
    limit = path.stat().st_size + 4
    script = (
        "import resource, signal, sys\nfrom pathlib import Path\nfrom tilth.client.outbox import Outbox\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "outbox = Outbox(Path(sys.argv[1]), warn=print)\n"
        "for number in range(3):\n    outbox.event(b'{\"n\":%d}\\n' % number)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(full)], capture_output=True, text=True, check=True)
    assert ended.stdout.count("no space left") == 1
    lines = [line for found in full.glob(f"*{EVENTS}") for line in found.read_bytes().splitlines()]
    assert all(msgspec.json.decode(line) for line in lines)
    assert said == []


def test_what_is_told_may_be_reported_itself(tmp_path: Path) -> None:
    # A warning on the console is captured, and comes back here.
    (tmp_path / "outbox").write_text("not a folder")
    said: list[str] = []

    def warn(message: str) -> None:
        said.append(message)
        own.event(b"{}\n")

    own = Outbox(tmp_path / "outbox" / "task", warn=warn)
    write(own, 1, 2)
    assert len(said) == 1


def test_a_mark_that_has_no_room_is_remembered(outbox: Outbox, sender: Sender, kept: Kept, said: list[str], tmp_path: Path) -> None:
    write(outbox, 1)
    (path,) = outbox.own_files()
    path.with_name(f"{path.name}.sent").symlink_to(tmp_path / "nowhere" / "mark")  # so that it can't be written
    sender.send(own=outbox.own_files())
    write(outbox, 2)
    sender.send(own=outbox.own_files())
    assert kept.numbers == [1, 2]
    assert sender.left_bytes() == 0
    assert len(said) == 1


def test_garbage_between_calls_is_left_out(outbox: Outbox, sender: Sender, kept: Kept, said: list[str]) -> None:
    outbox.call("a.b", {}, first=True)
    outbox._append(CALLS, b"\x00\xff {]\n")
    outbox.call("c.d", {})
    write(outbox, 1)
    sender.send(own=outbox.own_files())
    assert ([name for name, _ in kept.calls], kept.numbers) == (["a.b", "c.d"], [1])
    assert len(said) == 1
    assert "can't be read" in said[0]


def test_reports_that_were_refused_are_told_once(outbox: Outbox, sender: Sender, kept: Kept, said: list[str]) -> None:
    kept.answer = {"added": 1, "errors": 2, "errors_info": {"no such series": 2}}
    for number in range(3):
        write(outbox, number)
        sender.send(own=outbox.own_files())
    assert said == ["2 of the reports were refused and are left out: no such series"]


def test_a_home_that_is_a_file_is_told(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / "outbox").write_text("not a folder")
    outbox = Outbox(tmp_path / "outbox" / "task", warn=said.append)
    write(outbox, 1, 2, 3)
    assert len(said) == 1


def test_the_courier_sends_by_itself_and_goes_on_when_the_server_is_back(tmp_path: Path, kept: Kept, said: list[str]) -> None:
    couriers: list[Courier] = []

    def wake() -> None:
        couriers[0].wake()

    outbox = Outbox(tmp_path / "outbox" / "task", warn=said.append, wake=wake)
    sender = Sender(outbox.folder, kept, kept, warn=said.append)
    couriers.append(Courier(sender, own=outbox.own_files, warn=said.append, where="here"))
    kept.raises = [Unavailable("nobody answers", hint="x")]
    write(outbox, 1, 2)
    assert couriers[0].flush(30)
    write(outbox, 3)
    assert couriers[0].flush(30)
    couriers[0].stop()
    assert kept.numbers == [1, 2, 3]
    assert [line for line in said if "waits in here" in line] != []
    assert said[-1] == "the server is back: what waited was sent"


def test_where_no_thread_can_be_started_whoever_waits_sends(
    tmp_path: Path, kept: Kept, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(_: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", late)
    couriers: list[Courier] = []

    def wake() -> None:
        couriers[0].wake()

    outbox = Outbox(tmp_path / "outbox" / "task", warn=said.append, wake=wake)
    sender = Sender(outbox.folder, kept, kept, warn=said.append)
    couriers.append(Courier(sender, own=outbox.own_files, warn=said.append, where="here"))
    write(outbox, 1, 2)
    assert couriers[0].flush(30)
    assert kept.numbers == [1, 2]
    kept.raises = [Unavailable("nobody answers", hint="x")]
    write(outbox, 3)
    assert not couriers[0].flush(30)
    assert [line for line in said if "waits in here" in line] != []
    couriers[0].stop()


@pytest.mark.parametrize("path", ["{given}", "../../given", "files", "", "link"])
def test_only_files_of_the_outbox_are_uploaded_and_deleted(
    tmp_path: Path, outbox: Outbox, sender: Sender, kept: Kept, said: list[str], path: str
) -> None:
    given = tmp_path / "given"
    given.write_text("mine")
    link = outbox.folder / "files" / ("a" * 32)
    link.parent.mkdir(parents=True)
    link.symlink_to(given)
    path = link.name if path == "link" else path.format(given=given)
    (outbox.folder / f"1-2-3{CALLS}").write_bytes(
        msgspec.json.encode({"upload": {"path": path, "name": "x"}, "call": "models.edit"}) + b'{"call":"tasks.edit"}\n'.join([b"\n", b""])
    )
    sender.send()
    assert (kept.files, kept.calls, given.read_text()) == ({}, [("tasks.edit", {})], "mine")
    assert len(said) == 1
    assert "is left out" in said[0]


def test_halves_of_characters_are_written_down_as_question_marks(
    tmp_path: Path, outbox: Outbox, sender: Sender, kept: Kept, said: list[str]
) -> None:
    given = tmp_path / "given"
    given.write_text("kept")
    outbox.call("tasks.edit", {"a\ud800": ["b\udcff", {"c": "d\ud800\xe9"}], "n": 1})
    outbox.upload(given, name="t/\ud800", call="models.edit", fields={"name": "\ud800"})
    reporter = Reporter(outbox, "t", folder="t")
    reporter.text("half \ud800 of \xe9")
    reporter.scalar("loss\udc80", "\ud800", 1.0, 1)
    sender.send()
    assert kept.calls[0] == ("tasks.edit", {"a?": ["b?", {"c": "d?\xe9"}], "n": 1})
    assert (kept.files, kept.calls[2]) == ({"t/?": b"kept"}, ("models.edit", {"name": "?"}))
    events = [msgspec.json.decode(line) for batch in kept.batches for line in batch.splitlines()]
    assert [(event.get("msg"), event.get("metric"), event.get("variant")) for event in events] == [
        ("half ? of \xe9", None, None),
        (None, "loss?", "?"),
    ]
    assert said == []


class Late(Sender):
    """Is still at its round when the thread that sends is asked to end."""

    def __init__(self, outbox: Outbox, kept: Kept) -> None:
        super().__init__(outbox.folder, kept, kept, warn=print)
        self.courier = Courier(self, own=outbox.own_files, warn=print, where="here")
        self.begun = threading.Event()

    def _sweep(self, own: frozenset[Path]) -> None:
        self.begun.set()
        assert self.courier._stopped.wait(60)
        super()._sweep(own)


def test_what_is_sent_while_the_outbox_is_closed_leaves_nothing(outbox: Outbox, kept: Kept) -> None:
    late = Late(outbox, kept)
    write(outbox, 1)
    outbox.call("tasks.completed", {"n": 1}, last=True)
    late.courier.wake()
    assert late.begun.wait(60)
    outbox.close()
    assert late.courier.flush(60)
    late.courier.stop()
    assert (kept.numbers, len(kept.calls)) == ([1], 1)
    assert not outbox.folder.exists()


def test_a_process_that_is_being_started_does_not_seem_to_write(outbox: Outbox, sender: Sender, kept: Kept) -> None:
    write(outbox, 1)
    (path,) = outbox.own_files()
    other = os.dup(outbox._descriptors[EVENTS])  # as it has it until it becomes another program
    assert is_writing(path)
    outbox.close()
    sender.send()
    assert (kept.numbers, outbox.folder.exists()) == ([1], False)
    os.close(other)


HOLDER = """
import fcntl, os, sys
descriptor = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
fcntl.lockf(descriptor, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def test_only_who_sent_says_that_the_server_is_back(tmp_path: Path, kept: Kept, said: list[str]) -> None:
    outbox = Outbox(tmp_path / "outbox" / "task", warn=said.append)
    write(outbox, 1, 2)
    sender = Sender(outbox.folder, kept, kept, warn=said.append)
    asked: list[int] = []

    def own() -> frozenset[Path]:
        asked.append(1)
        return outbox.own_files()

    courier = Courier(sender, own=own, warn=said.append, where="here")
    kept.raises = [Unavailable("nobody answers", hint="x") for _ in range(100)]
    courier.wake()
    until(lambda: any("waits in here" in line for line in said))
    words = [sys.executable, "-c", HOLDER, str(outbox.folder / "sender.lock")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        kept.raises.clear()
        before = len(asked)
        until(lambda: courier.failure is None)
        assert (len(asked), kept.batches) == (before, [])
        assert not any("is back" in line for line in said)
        other.communicate("")
    assert courier.flush(180)
    until(lambda: said[-1] == "the server is back: what waited was sent")
    courier.stop()
    assert kept.numbers == [1, 2]


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 180
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
