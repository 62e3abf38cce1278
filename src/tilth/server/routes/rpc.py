"""Which calls the server knows, and how one is answered: decode, run in one transaction, wrap what comes of it.

The registry is data: dispatch, permissions, the description of the API and its documentation come from the same table.
What a call takes is what its function takes: names, types and defaults are read from the signature.
"""

import inspect
import logging
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, TypeAlias, TypeVar, get_type_hints

import msgspec
from msgspec import UNSET, Struct, UnsetType

from tilth.base.clock import Clock
from tilth.base.errors import CallUnknown, Denied, FieldInvalid, FieldMissing, Internal, TilthError
from tilth.domain.access import NOBODY, OWNER, Actor, Permission
from tilth.server.db.engine import Connection, Database
from tilth.server.services.context import Call, Origin, OutsideCall
from tilth.server.services.scope import check_request, entered
from tilth.server.stores.unit_of_work import Tx
from tilth.wire.envelope import NO_ENDPOINT, Endpoint, failure, status_of, success
from tilth.wire.refused import why_refused

__all__ = [
    "NO_CALLER",
    "REGISTRY",
    "Answer",
    "Caller",
    "Dispatcher",
    "Fields",
    "Procedure",
    "Raw",
    "Strings",
    "outside",
    "procedure",
    "register_all",
    "registered",
    "rpc",
]

R = TypeVar("R", bound=Struct)
F = TypeVar("F", bound=Callable[..., Any])
Fields: TypeAlias = dict[str, Any]
"""A parameter of this type, called `fields`, takes the whole request: for queries, whose names are those of documents."""
Strings: TypeAlias = list[str] | str
"""Several texts; one alone may be written without a list."""

_log = logging.getLogger("tilth.server.rpc")
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
"""How JSON writes the character that no text in PostgreSQL holds; texts go on without it."""
_WHERE = re.compile(r" - at `\$\.?(.*)`$")


class Procedure(Struct, frozen=True, kw_only=True):
    """One call: its name, what it takes and needs, and what it does."""

    name: str
    request: type[Struct]
    invoke: Callable[[Any, Any], Any]
    decode: Callable[[bytes], Any]
    needs: Permission
    writes: bool
    since: str
    summary: str
    raw: bool = False
    """Whether it takes the body as it is."""
    outside: bool = False
    """Whether it runs outside of a transaction, because it works with a home and its repository."""


class Caller(Struct, frozen=True, kw_only=True):
    """Who calls, and what is known of where from."""

    identify: Callable[[Tx], Actor] = lambda _: OWNER
    """Says who calls, in the transaction of the call; raises if that is nobody."""
    origin: Origin = Origin()
    endpoint: Endpoint = NO_ENDPOINT


NO_CALLER = Caller()


class Answer(Struct, frozen=True):
    """What becomes of a call: HTTP's status, the body, and its type."""

    status: int
    body: bytes
    content_type: str = "application/json"


class Raw(Struct, frozen=True):
    """What a call returns that answers with a text of its own, without an envelope."""

    body: bytes
    content_type: str


REGISTRY: dict[str, Procedure] = {}
"""Every call that was needed so far, by its name; `register_all` fills it."""

_MODULES = {
    "versions": "rpc_versions",
    "contents": "rpc_contents",
    "files": "rpc_files",
    "projects": "rpc_projects",
    "tasks": "rpc_tasks",
    "models": "rpc_models",
    "events": "rpc_events",
    "queues": "rpc_queues",
    "workers": "rpc_workers",
    "auth": "rpc_access",
    "login": "rpc_access",
    "users": "rpc_access",
    "server": "rpc_server",
    "debug": "rpc_server",
    "async": "rpc_server",
    "organization": "rpc_server",
    "storage": "rpc_server",
    "pipelines": "rpc_pages",
    "reports": "rpc_pages",
    "serving": "rpc_pages",
}
"""Where the calls of each service are; a module is imported when one of its calls is made, so that commands start fast."""


def rpc(
    name: str, request: type[R], *, writes: bool = False, signed: bool = False
) -> Callable[[Callable[[Tx, R], Any]], Callable[[Tx, R], Any]]:
    """Register a function of a transaction and a typed request as the handler of the call `name`.

    With `signed`, the `author` of a request that names none is who calls.
    """
    decoder = msgspec.json.Decoder(request)

    def register(handler: Callable[[Tx, R], Any]) -> Callable[[Tx, R], Any]:
        REGISTRY[name] = Procedure(
            name=name,
            request=request,
            invoke=lambda call, given: handler(call.tx, _signed(call, given) if signed else given),
            decode=decoder.decode,
            needs=Permission.WRITE if writes else Permission.READ,
            writes=writes,
            since="2.34",
            summary=_summary(handler) or _summary(request),
        )
        return handler

    return register


def _signed(call: Call, request: R) -> R:
    return request if getattr(request, "author", "") else msgspec.structs.replace(request, author=call.actor.name)


def procedure(
    name: str, *, needs: Permission = Permission.READ, writes: bool | None = None, since: str = "2.1", raw: bool = False
) -> Callable[[F], F]:
    """Register a function as the handler of the call `name`; what it takes after the `Call` is what the request holds."""

    def register(handler: F) -> F:
        parameters = list(inspect.signature(handler).parameters.values())[1:]
        hints = get_type_hints(handler)
        free = any(parameter.name == "fields" for parameter in parameters)
        request = msgspec.defstruct(
            "".join(part.capitalize() for part in re.split(r"[._]", name)),
            [_field(parameter, hints[parameter.name]) for parameter in parameters if parameter.name not in ("fields", "body")],
            kw_only=True,
        )
        REGISTRY[name] = Procedure(
            name=name,
            request=request,
            invoke=_invoker(handler, free=free, raw=raw),
            decode=_decoder(request, free=free, raw=raw),
            needs=needs,
            writes=needs is Permission.WRITE or needs is Permission.ADMIN if writes is None else writes,
            since=since,
            summary=_summary(handler),
            raw=raw,
        )
        return handler

    return register


def outside(name: str, *, needs: Permission = Permission.READ, since: str = "2.34") -> Callable[[F], F]:
    """Register a function of an `OutsideCall` as the handler of the call `name`, as `procedure` does."""

    def register(handler: F) -> F:
        procedure(name, needs=needs, since=since)(handler)
        REGISTRY[name] = msgspec.structs.replace(REGISTRY[name], outside=True)
        return handler

    return register


class Dispatcher:
    """Answers calls over one database."""

    def __init__(self, database: Database, clock: Clock, *, services: Mapping[str, Any] | None = None) -> None:
        self.database = database
        self.clock = clock
        self._services = dict(services or {})

    def call(self, name: str, body: bytes, caller: Caller = NO_CALLER) -> Answer:
        """The answer to one call, in success and in failure; a failed one has changed nothing."""
        try:
            found = registered(name)
            request = _decoded(found, body)
            if found.outside:
                return Answer(200, success(self._invoke_outside(found, request, caller), caller.endpoint))
            answer = self.database.run(lambda connection: self._invoke(found, request, caller, connection), writes=found.writes)
            if isinstance(answer, Raw):
                return Answer(200, answer.body, answer.content_type)
            return Answer(200, success(answer, caller.endpoint))
        except TilthError as error:
            return Answer(status_of(error), failure(error, caller.endpoint))
        except Exception:  # noqa: BLE001 - the one place where a fault of ours becomes an answer
            _log.exception("a call failed in a way that nobody thought of", extra={"call": name})
            return Answer(500, failure(Internal(f"{name} failed; the server's log says why", hint="please report it"), caller.endpoint))

    def _invoke_outside(self, found: Procedure, request: Any, caller: Caller) -> Any:
        call = self.database.run(lambda connection: self._entered(found, request, caller, connection), writes=False)
        return found.invoke(OutsideCall(actor=call.actor, origin=caller.origin, services=self._services), request)

    def _invoke(self, found: Procedure, request: Any, caller: Caller, connection: Connection) -> Any:
        return found.invoke(self._entered(found, request, caller, connection), request)

    def _entered(self, found: Procedure, request: Any, caller: Caller, connection: Connection) -> Call:
        tx = Tx(connection, self.clock)
        actor = _actor(found, tx, caller)
        actor.check(found.needs, f"call {found.name}")
        call = entered(tx, actor, caller.origin, self._services)
        check_request(call, found.name, request, found.needs)
        return call


def registered(name: str) -> Procedure:
    """The call by this name; `CallUnknown` if there is none."""
    found = REGISTRY.get(name)
    if found is None:
        module = _MODULES.get(name.partition(".")[0])
        if module:
            import_module(f"tilth.server.routes.{module}")
            found = REGISTRY.get(name)
    if found is None:
        reason = why_refused(name)
        if reason:
            raise CallUnknown(f"{name:.100} is not a call of this server: {reason}", hint="nothing has to be done")
        raise CallUnknown(f"there is no call {name:.100}", hint="use a newer server, or an older client")
    return found


def register_all() -> None:
    """Fill the registry with every call that there is."""
    for module in dict.fromkeys(_MODULES.values()):
        import_module(f"tilth.server.routes.{module}")


def _actor(found: Procedure, tx: Tx, caller: Caller) -> Actor:
    try:
        return caller.identify(tx)
    except Denied:
        if found.needs is not Permission.NONE:
            raise
        return NOBODY


def _decoded(found: Procedure, body: bytes) -> Any:
    try:
        body = _NUL.sub(rb"\1", body) if b"\\u0000" in body else body
        return found.decode(body if found.raw else body or b"{}")
    except msgspec.ValidationError as error:
        raise _told(found.name, str(error)) from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise FieldInvalid(f"{found.name}: the body is not JSON: {error}", hint="check the request") from error


def _told(name: str, said: str) -> TilthError:
    missing = _MISSING.match(said)
    place = _WHERE.search(said)
    if missing:
        within = f" of {place.group(1)}" if place and place.group(1) else ""
        return FieldMissing(f"{name}: {missing.group(1)}{within} is missing", hint="add it to the request")
    field = place.group(1) if place else ""
    return FieldInvalid(f"{name}: {f'{field}: ' if field else ''}{_WHERE.sub('', said)}", hint="check the request")


def _field(parameter: inspect.Parameter, hint: Any) -> tuple[str, Any] | tuple[str, Any, Any]:
    if parameter.default is inspect.Parameter.empty:
        return parameter.name, hint
    return parameter.name, hint | None | UnsetType, UNSET


def _decoder(request: type[Struct], *, free: bool, raw: bool) -> Callable[[bytes], Any]:
    if raw:
        return lambda body: body
    decoder = msgspec.json.Decoder(request)
    if not free:
        return decoder.decode
    whole = msgspec.json.Decoder(dict[str, Any])

    def decode(body: bytes) -> tuple[Any, dict[str, Any]]:
        return decoder.decode(body), whole.decode(body)

    return decode


def _invoker(handler: Callable[..., Any], *, free: bool, raw: bool) -> Callable[[Any, Any], Any]:
    if raw:
        return lambda call, body: handler(call, body=body)

    parameters = inspect.signature(handler).parameters
    needed = {name for name, parameter in parameters.items() if parameter.default is inspect.Parameter.empty}

    def arguments(request: Struct) -> dict[str, Any]:
        given = ((name, getattr(request, name)) for name in request.__struct_fields__)
        return {name: value for name, value in given if value is not UNSET and (value is not None or name in needed)}

    if free:
        return lambda call, request: handler(call, fields=request[1], **arguments(request[0]))
    return lambda call, request: handler(call, **arguments(request))


def _summary(documented: Any) -> str:
    return (inspect.getdoc(documented) or "").partition("\n")[0]
