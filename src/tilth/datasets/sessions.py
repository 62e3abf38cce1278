"""How a writer adds a Version so that no other writer, reader or collector is ever in its way.

    W1  PUT the claim, with the bases          W4  PUT segments and root
    W2  check that each base is alive          W5  PUT-IF-ABSENT the record: the commit
    W3  PUT packs                              W6  DELETE claims and heartbeat

Nothing else decides: the register `versions/<id>` is written once, by the writer (a record) or by whoever gives the
Session up (a Fence), and is never removed. A claim is written once as well, so that no listing can overlook a base while it changes; a base
that is pinned late gets a claim of its own.
"""

import socket
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from threading import Lock

from tilth.base.clock import Clock
from tilth.base.errors import (
    AlreadyExists,
    Corrupt,
    Internal,
    NotFound,
    ObjectNotFound,
    SessionFenced,
    TilthError,
    VersionFinal,
)
from tilth.base.faultpoints import reach
from tilth.base.ids import VersionId
from tilth.datasets.format import SESSIONS, find_owner, heartbeat_key, late_claim_key, session_key, version_key
from tilth.datasets.records import (
    Claim,
    Fence,
    Heartbeat,
    Register,
    VersionRecord,
    dump_record,
    fetch_register,
    load_claim,
    load_heartbeat,
    read_record,
    timestamp,
)
from tilth.store.api import Key, ObjectStore

__all__ = ["Claims", "Session", "open_session", "resume_session"]

Bases = Mapping[VersionId, VersionRecord]


class Claims:
    """What one Session has announced: W1, W2 and W6."""

    def __init__(self, store: ObjectStore, version: VersionId, clock: Clock) -> None:
        self.store = store
        self.id = version
        self.clock = clock
        self._keys: list[Key] = []

    def pin(self, key: Key, bases: Iterable[VersionId]) -> Bases:
        """Claim `bases` at `key` and return their records; `NotFound` if one is not alive, and then the claim is gone again."""
        wanted = tuple(dict.fromkeys(bases))
        # W1 before W2: collection reads tombstones before claims, so whoever comes second sees the other.
        self.write(key, wanted)
        try:
            return self.check(wanted)
        except NotFound:
            self.withdraw(key)
            raise

    def write(self, key: Key, bases: tuple[VersionId, ...]) -> None:
        """W1: announce the Session, or one more of its bases."""
        data = dump_record(Claim(self.id, bases, socket.gethostname(), timestamp(self.clock)))
        reach("session.before-claim")
        created = self.store.put_if_absent(key, data)
        if not created and key == session_key(self.id) and self.store.get(key) != data:
            raise AlreadyExists(f"session {self.id} is already open", hint="resume it, or choose another id")
        reach("session.after-claim")
        self._keys.append(key)

    def check(self, bases: tuple[VersionId, ...]) -> Bases:
        """W2: the records of `bases`; `NotFound` if one of them is not alive."""
        return {base: read_record(self.store, base) for base in bases}

    def find(self) -> Iterator[Claim]:
        """The claims that earlier processes wrote for this Session."""
        for info in self.store.list(SESSIONS):
            if find_owner(info.key) == self.id:
                try:
                    yield load_claim(self.store.get(info.key), info.key)
                except ObjectNotFound:
                    continue
                self._keys.append(info.key)

    def withdraw(self, key: Key) -> None:
        """Take one claim back, before anything relied on it."""
        self._keys.remove(key)
        self.store.delete([key])

    def release(self) -> None:
        """W6: let go of everything. The register says by now what became of the Session."""
        self.store.delete([*self._keys, heartbeat_key(self.id)])
        self._keys.clear()


class Session:
    """A writer's hold on Version `id` and on its `bases`, until `commit` or `abort`.

    While it is open, what it stored stays in the store, and so does everything that its bases refer to, even if they are
    deleted. If the Session is taken for dead and given up, `commit` fails and nothing else does. Only one process at a time
    may use a Session, and only `heartbeat` may be called from a second thread.
    """

    def __init__(self, claims: Claims) -> None:
        self.id = claims.id
        self.bases: Bases = {}
        self._claims = claims
        self._store = claims.store
        self._clock = claims.clock
        self._beating = Lock()

    def pin(self, base: VersionId) -> VersionRecord | None:
        """Hold one more base from now on; None, and nothing is held, if it is not a living Version."""
        if base not in self.bases:
            try:
                self.hold(self._claims.pin(late_claim_key(self.id, base), [base]))
            except NotFound:
                return None
        return self.bases[base]

    def hold(self, checked: Bases) -> None:
        """Add bases that were claimed and then found alive. From here on, `resume_session` finds them whatever happens to them."""
        with self._beating:
            bases = {**self.bases, **checked}
            self._beat(bases)
            self.bases = bases

    def heartbeat(self) -> None:
        """Show that the Session is alive; to be called every hour or so while it is open."""
        with self._beating:
            self._beat(self.bases)

    def commit(self, record: VersionRecord) -> None:
        """Make the Version exist, whole, durably and for everyone. Safe to repeat.

        Every object that `record` refers to must be in the store by now. `SessionFenced` if the Session was given up:
        then there is no Version, and its content has to be written again by another Session.
        """
        if record.id != self.id:
            raise Internal(f"session {self.id} can't commit the record of {record.id}")
        data = dump_record(record)
        reach("commit.before-register")
        if not self._store.put_if_absent(version_key(self.id), data):
            register = fetch_register(self._store, self.id)
            # An earlier try of ours may have got through although its answer was lost.
            if register != record:
                self._claims.release()
                raise _ended(self.id, register)
        reach("commit.after-register")
        self._claims.release()
        reach("commit.after-release")

    def abort(self) -> None:
        """Give the Session up; what it stored is garbage from now on. `VersionFinal` if it was committed. Safe to repeat."""
        # Without the Fence, a Session that is resumed could commit what was collected while nothing claimed it.
        reach("abort.before-fence")
        if not self._store.put_if_absent(version_key(self.id), dump_record(Fence(self.id, timestamp(self._clock)))):
            register = fetch_register(self._store, self.id)
            if isinstance(register, VersionRecord):
                self._claims.release()
                raise _ended(self.id, register)
        reach("abort.after-fence")
        self._claims.release()

    def _beat(self, bases: Bases) -> None:
        reach("session.before-heartbeat")
        self._store.put(heartbeat_key(self.id), [dump_record(Heartbeat(self.id, tuple(bases), timestamp(self._clock)))])


def open_session(
    store: ObjectStore, version: VersionId, bases: Iterable[VersionId], *, clock: Clock, claims: type[Claims] = Claims
) -> Session:
    """Begin to write `version`, sharing objects of `bases`.

    `VersionNotFound` or `VersionDeleted` if a base is not a living Version; then nothing is left behind. `claims` is for tests
    of the protocol, which show what goes wrong if its steps are others.
    """
    announced = claims(store, version, clock)
    session = Session(announced)
    session.hold(announced.pin(session_key(version), bases))
    return session


def resume_session(store: ObjectStore, version: VersionId, *, clock: Clock, claims: type[Claims] = Claims) -> Session:
    """Go on with the Session of `version` after its process ended, at whatever step that was.

    Every base that was held is still held, even if it was deleted since. `SessionFenced` if the Session was given up,
    `VersionFinal` if it was committed.
    """
    announced = claims(store, version, clock)
    found = list(announced.find())
    checked = _checked_bases(store, version)
    # Claims and heartbeat before the register: whoever removes them has written the register first.
    register = fetch_register(store, version)
    if register is not None:
        announced.release()
        raise _ended(version, register)
    if not found:
        # No claim and no register: the Session never began, and has stored nothing.
        announced.write(session_key(version), ())
    session = Session(announced)
    session.hold(_still_held(store, version, [base for claim in found for base in claim.bases], checked))
    return session


def _still_held(store: ObjectStore, version: VersionId, claimed: Iterable[VersionId], checked: Collection[VersionId]) -> Bases:
    bases: dict[VersionId, VersionRecord] = {}
    for base in dict.fromkeys(claimed):
        if base not in checked:
            with suppress(NotFound):
                bases[base] = read_record(store, base)
            continue
        # It was alive when it was claimed, so a Tombstone that came later does not take it away.
        record = fetch_register(store, base)
        if not isinstance(record, VersionRecord):
            raise _fenced(version)
        bases[base] = record
    return bases


def _checked_bases(store: ObjectStore, version: VersionId) -> tuple[VersionId, ...]:
    key = heartbeat_key(version)
    try:
        return load_heartbeat(store.get(key), key).held
    except ObjectNotFound:
        return ()


def _ended(version: VersionId, register: Register | None) -> TilthError:
    """What to tell a writer whose register is taken."""
    match register:
        case VersionRecord():
            return VersionFinal(f"version {version} is final", hint="create a new version with this one as its parent")
        case Fence():
            return _fenced(version)
        case None:
            return Corrupt(f"object {version_key(version)} was removed, which Tilth never does", hint="restore it from a backup")


def _fenced(version: VersionId) -> SessionFenced:
    return SessionFenced(f"session {version} was given up before it was committed", hint="run the command again to start a new one")
