"""How a call gets to whoever answers it: in the same process, or over a network."""

from typing import Protocol

__all__ = ["Transport"]


class Transport(Protocol):
    """Carries one call and its answer."""

    def call(self, name: str, body: bytes) -> bytes:
        """The answer, an envelope, to the call `name` with the JSON text `body`; raises only if there is no answer."""

    def close(self) -> None:
        """Let go of whatever the transport holds."""
