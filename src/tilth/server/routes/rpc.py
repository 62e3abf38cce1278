"""Which calls the server knows, and how one is answered: decode, run in one transaction, wrap what comes of it.

The registry is data: dispatch, permissions and documentation come from the same table.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from tilth.base.clock import Clock
from tilth.base.errors import Invalid, NotFound, TilthError
from tilth.server.db.engine import Connection, Database
from tilth.server.stores.unit_of_work import Tx
from tilth.wire.envelope import failure, success

__all__ = ["REGISTRY", "Dispatcher", "Procedure", "rpc"]

R = TypeVar("R", bound=Struct)
Handler = Callable[[Tx, Any], Any]


class Procedure(Generic[R]):
    """One call: its name, what it takes, whether it writes, and what it does."""

    def __init__(self, name: str, request: type[R], *, writes: bool, handler: Handler) -> None:
        self.name = name
        self.writes = writes
        self.handler = handler
        self._decoder = msgspec.json.Decoder(request)

    def decode(self, body: bytes) -> R:
        """The request behind `body`; `Invalid` names the field that is wrong."""
        try:
            return self._decoder.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Invalid(f"{self.name}: {error}", hint="check the request") from error


REGISTRY: dict[str, Procedure[Any]] = {}
"""Every call, by its name."""


def rpc(name: str, request: type[R], *, writes: bool = False) -> Callable[[Callable[[Tx, R], Any]], Callable[[Tx, R], Any]]:
    """Register a function as the handler of the call `name`."""

    def register(handler: Callable[[Tx, R], Any]) -> Callable[[Tx, R], Any]:
        REGISTRY[name] = Procedure(name, request, writes=writes, handler=handler)
        return handler

    return register


class Dispatcher:
    """Answers calls over one database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def call(self, name: str, body: bytes) -> bytes:
        """The answer to one call, in success and in failure; a failed one has changed nothing."""
        try:
            procedure = REGISTRY.get(name)
            if procedure is None:
                raise NotFound(f"there is no call {name}", hint="use a newer server, or an older client")
            request = procedure.decode(body)
            transaction: AbstractContextManager[Connection] = self._database.writing() if procedure.writes else self._database.reading()
            with transaction as connection:
                answer = procedure.handler(Tx(connection, self._clock), request)
            return success(answer)
        except TilthError as error:
            return failure(error)
