"""Calls and objects over HTTP: one signed-in session with a server, which waits when the server is away for a moment."""

import threading
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, NewConnectionError

from tilth import __version__
from tilth.base.errors import CredentialsWrong, Denied, Internal, Unauthenticated, Unavailable
from tilth.base.forking import renew_after_fork

__all__ = ["HttpSession", "HttpTransport"]

_PATIENCE_S = 60.0
_REFUSED_PATIENCE_S = 10.0
"""Where nobody listens, and nobody answered before who may be starting again."""
_SILENCE_S = 2.0
"""How long is waited before a person is told."""
_TIMEOUT = urllib3.Timeout(connect=10, read=300)
_SIGN_IN_TIMEOUT = urllib3.Timeout(connect=10, read=10)
_DIRECT_TIMEOUT = urllib3.Timeout(connect=3, read=120)
"""Whoever can't get to a bucket still has the server."""
_AGENT = {"user-agent": f"tilth/{__version__}"}
_BUSY = (429, 502, 503, 504)


class HttpSession:
    """Requests to one server by one account. Safe for threads."""

    def __init__(
        self,
        server: str,
        *,
        access_key: str | None = None,
        secret_key: str | None = None,
        token: str | None = None,
        patience_s: float = _PATIENCE_S,
        call_timeout_s: float = 300.0,
        sleep: Callable[[float], None] = time.sleep,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self.server = server.rstrip("/")
        self._keys = (access_key, secret_key)
        self._token = token
        self._given = token
        self._patience_s = patience_s
        self._call_timeout = urllib3.Timeout(connect=10, read=call_timeout_s)
        self._sleep = sleep
        self._tell = tell
        self._is_told = False
        self._is_known = False
        self._unreachable: set[str] = set()
        self._renew()
        renew_after_fork(self._renew)

    def _renew(self) -> None:
        # A fork must not talk over the connections of its parent.
        self._lock = threading.Lock()
        self._http = urllib3.PoolManager(retries=False, timeout=_TIMEOUT, maxsize=16)

    def close(self) -> None:
        """Let go of connections."""
        self._http.clear()

    def request(self, method: str, path: str, *, body: Any = None, headers: Mapping[str, str] | None = None, safe: bool = False) -> Any:
        """The answer to a request below the server's API; signs in when that is needed, and waits while the server is busy.

        A request that is `safe` to repeat is sent again when its answer was lost; any other only when it was never received.
        """
        return self.send(method, f"{self.server}/{path}", body=body, headers=headers, safe=safe, timeout=self._call_timeout)

    def send(
        self, method: str, url: str, *, body: Any = None, headers: Mapping[str, str] | None = None, safe: bool = False, **more: Any
    ) -> Any:
        """As `request`, to an address of the same server that lies elsewhere; `more` is passed to urllib3."""
        answer = self._send(method, url, body, headers, safe=safe, **more)
        if answer.status == 401 and self._given is None:
            self._forget_token()
            _rewind(body)
            answer = self._send(method, url, body, headers, safe=safe, **more)
        return answer

    def direct(self, method: str, url: str, *, body: Any = None, headers: Mapping[str, str] | None = None, **more: Any) -> Any:
        """The answer of a bucket at an address that the server signed, asked once and without our token; None if it can't be had.

        A bucket that can't be reached from here is not tried again.
        """
        place = urlsplit(url).netloc
        if place in self._unreachable:
            return None
        try:
            answer = self._http.request(
                method, url, body=body, headers=_AGENT | dict(headers or {}), timeout=_DIRECT_TIMEOUT, redirect=False, **more
            )
        except (HTTPError, OSError) as error:
            if _never_sent(error):
                self._unreachable.add(place)
            return None
        if answer.status in (200, 201, 206):
            return answer
        answer.drain_conn()
        answer.release_conn()
        return None

    def _send(self, method: str, url: str, body: Any, headers: Mapping[str, str] | None, *, safe: bool, **more: Any) -> Any:
        sent = {**(headers or {}), "authorization": f"Bearer {self._signed_in()}"}
        return self._patiently(method, url, body, sent, safe=safe, **more)

    def _patiently(self, method: str, url: str, body: Any, headers: Mapping[str, str], *, safe: bool, **more: Any) -> Any:
        pause, waited = 0.2, 0.0
        while True:
            began = time.monotonic()
            limit, reason = self._patience_s, "it is busy"
            try:
                answer = self._http.request(method, url, body=body, headers=_AGENT | dict(headers), **({"redirect": False} | more))
                self._is_known = True
                if answer.status not in _BUSY or waited >= limit:
                    self._is_told = False
                    return answer
            except (HTTPError, OSError) as error:
                reason = _plainly(error)
                if not self._is_known and _is_refused(error):
                    limit = min(limit, _REFUSED_PATIENCE_S)
                if _never_sent(error):
                    waited += time.monotonic() - began
                if waited >= limit or not (safe or _never_sent(error)):
                    raise Unavailable(f"{self.server} does not answer ({reason})", hint="check that the server runs") from error
            _rewind(body)
            pause = min(pause, limit - waited)
            self._say_waiting(reason, waited + pause, limit)
            self._sleep(pause)
            waited, pause = waited + pause, min(pause * 2, 10.0)

    def _say_waiting(self, reason: str, waited: float, limit: float) -> None:
        """Tell a person once that nothing is amiss with the program, which waits."""
        if self._tell is not None and not self._is_told and waited >= min(_SILENCE_S, limit):
            self._is_told = True
            self._tell(f"waiting for {self.server} ({reason}), at most {max(1, round(limit - waited))} seconds more")

    def _signed_in(self) -> str:
        with self._lock:
            if self._token is None:
                self._token = self._sign_in()
            return self._token

    def _sign_in(self) -> str:
        key, secret = self._keys
        if not key or not secret:
            raise Unauthenticated(f"there is no key for {self.server}", hint="run `tilth init`")
        headers = {"authorization": f"Basic {b64encode(f'{key}:{secret}'.encode()).decode()}"}
        answer = self._patiently("GET", f"{self.server}/auth.login", None, headers, safe=True, timeout=_SIGN_IN_TIMEOUT)
        if answer.status == 401:
            raise CredentialsWrong(f"{self.server} does not know the key {key} with this secret", hint="run `tilth init` with a new key")
        try:
            token: str = msgspec.json.decode(answer.data)["data"]["token"]
        except (msgspec.MsgspecError, KeyError, TypeError) as error:
            raise Unavailable(f"{self.server} is no server of Tilth's (status {answer.status})", hint="check api.server") from error
        return token

    def _forget_token(self) -> None:
        with self._lock:
            self._token = None


class HttpTransport:
    """Carries calls to a server."""

    def __init__(self, session: HttpSession) -> None:
        self._session = session

    def call(self, name: str, body: bytes) -> bytes:
        safe = name.rpartition(".")[2].startswith(("get", "search", "resolve", "lineage", "newest", "register", "update"))
        answer = self._session.request("POST", name, body=body, headers={"content-type": "application/json"}, safe=safe)
        if not answer.data.startswith(b'{"meta"'):
            if answer.status == 403:
                raise Denied(f"{self._session.server} refuses the call {name}", hint="ask whoever runs the server")
            raise Internal(f"{self._session.server} answers {name} with status {answer.status} and no envelope", hint="check api.server")
        data: bytes = answer.data
        return data

    def close(self) -> None:
        self._session.close()


def _rewind(body: Any) -> None:
    """Let a body that is a file be read again from its beginning."""
    if hasattr(body, "seek"):
        body.seek(0)


def _never_sent(error: Exception) -> bool:
    reason = error.reason if isinstance(error, MaxRetryError) else error
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)


def _is_refused(error: Exception) -> bool:
    reason = error.reason if isinstance(error, MaxRetryError) else error
    return isinstance(reason, NewConnectionError) and isinstance(reason.__cause__, ConnectionRefusedError)


def _plainly(error: Exception) -> str:
    reason = error.reason if isinstance(error, MaxRetryError) and error.reason else error
    return str(reason).rpartition(": ")[2].rpartition("] ")[2][:200]
