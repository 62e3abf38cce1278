"""A network that fails: a proxy in front of a server that cuts, loses, delays and refuses when a test asks for it."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from urllib.parse import urlsplit

from tilth.testing.servers import free_port

__all__ = ["Fault", "FaultProxy", "fault_proxy"]

_PIECE = 64 * 1024
_MOMENT_S = 0.05


class Fault(Enum):
    """What goes wrong."""

    CUT_REQUEST = "the connection ends in the middle of what is sent"
    CUT_ANSWER = "the connection ends in the middle of what comes back"
    LOSE_ANSWER = "the server does what it was asked for, and nothing comes back"
    ERROR = "the answer is 500"
    SLOW_DOWN = "the answer is 503"
    SLOW = "every piece takes a moment"
    STALL = "nothing more passes, in neither direction, and the connection stays open"


class FaultProxy:
    """Passes everything on, until it is told to fail."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname or "", parts.port or 80)
        self._listener = socket.create_server(("127.0.0.1", free_port(4)), backlog=128)
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}{parts.path}"
        self._lock = threading.Lock()
        self._fault: Fault | None = None
        self._left = 0
        self._marker = b""
        self._after_bytes = 0
        self.happened = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def fail(self, fault: Fault, *, times: int = 1, only: bytes = b"", after_bytes: int = 0) -> None:
        """Let the next requests whose first line holds `only` fail so, a request's or an answer's `after_bytes` having passed."""
        with self._lock:
            self._fault, self._left, self._marker, self._after_bytes, self.happened = fault, times, only, after_bytes, 0

    def close(self) -> None:
        with suppress(OSError):  # closing it alone does not wake who waits for the next one
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(self._target) as server:
            connection = _Connection(client, server)
            back = threading.Thread(target=self._answers, args=(connection,), daemon=True)
            back.start()
            self._requests(connection)
            back.join()

    def _requests(self, connection: "_Connection") -> None:
        """Pass requests on. Each begins with what comes after an answer, as HTTP/1.1 without pipelines has it."""
        while piece := connection.from_client():
            if connection.idle:
                connection.begin(self._next(piece.partition(b"\r\n")[0]), self._after_bytes)
            match connection.fault:
                case Fault.ERROR | Fault.SLOW_DOWN as fault:
                    connection.refuse(b"500 Internal Server Error" if fault is Fault.ERROR else b"503 Slow Down")
                    return
                case Fault.CUT_REQUEST if connection.passed + len(piece) > connection.after_bytes:
                    connection.cut()
                    return
                case Fault.SLOW:
                    time.sleep(_MOMENT_S)
                case Fault.STALL if connection.passed + len(piece) > connection.after_bytes:
                    continue
            connection.passed += len(piece)
            connection.server.sendall(piece)
        connection.cut()

    def _answers(self, connection: "_Connection") -> None:
        passed = 0
        while piece := connection.from_server():
            match connection.fault:
                case Fault.LOSE_ANSWER:
                    connection.cut()
                    return
                case Fault.CUT_ANSWER:
                    with suppress(OSError):
                        connection.client.sendall(piece[: max(0, connection.after_bytes - passed)])
                    passed += len(piece)
                    if passed > connection.after_bytes:
                        connection.cut()
                        return
                    continue
                case Fault.SLOW:
                    time.sleep(_MOMENT_S)
                case Fault.STALL:
                    connection.came_back += len(piece)
                    if connection.came_back > connection.after_bytes:
                        continue
            connection.idle = True
            with suppress(OSError):
                connection.client.sendall(piece)
        connection.cut()

    def _next(self, line: bytes) -> Fault | None:
        with self._lock:
            if self._left == 0 or self._marker not in line:
                return None
            self._left -= 1
            self.happened += 1
            return self._fault


class _Connection:
    """Two ends, and what is to happen between them."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client, self.server = client, server
        self.idle = True
        self.fault: Fault | None = None
        self.after_bytes = 0
        self.passed = 0
        self.came_back = 0

    def begin(self, fault: Fault | None, after_bytes: int) -> None:
        """A request has come."""
        self.idle, self.fault, self.after_bytes, self.passed, self.came_back = False, fault, after_bytes, 0, 0

    def from_client(self) -> bytes:
        with suppress(OSError):
            return self.client.recv(_PIECE)
        return b""

    def from_server(self) -> bytes:
        with suppress(OSError):
            return self.server.recv(_PIECE)
        return b""

    def refuse(self, status: bytes) -> None:
        with suppress(OSError):
            self.client.sendall(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        self.cut()

    def cut(self) -> None:
        for end in (self.client, self.server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def fault_proxy(target: str) -> Iterator[FaultProxy]:
    """A proxy in front of the server at the address `target`."""
    proxy = FaultProxy(target)
    try:
        yield proxy
    finally:
        proxy.close()
