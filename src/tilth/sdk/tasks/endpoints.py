"""Ports of a run that others may reach: what the run asks for, and what a router in front of the machines says it gave.

Both are runtime properties of the task, as routers of ClearML read and write them. An HTTP endpoint exists when a router wrote its address
there; a TCP one is the port itself.
"""

import time
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tilth.base.errors import Invalid
from tilth.sdk.ports import mapped_port, own_address
from tilth.sdk.recording import warn
from tilth.sdk.tasks.identity import Identity

if TYPE_CHECKING:
    from tilth.sdk.http_router import HttpRouter

__all__ = ["Endpoints"]

_PORTS: Mapping[str, str] = {"http": "_PORT", "tcp": "external_tcp_port"}
_ADDRESSES: Mapping[str, str] = {"http": "_ADDRESS", "tcp": "external_address"}
_SERVICES: Mapping[str, str] = {"http": "EXTERNAL", "tcp": "EXTERNAL_TCP"}
_BEHIND = "upstream_task_port"
"""The port of a TCP endpoint on the machine itself; set when it is reachable."""
_PORT_RANGES = "_external_host_tcp_port_mapping"
_TAG = "external_service"
"""The system tag by which a router finds tasks that ask for something."""
_LAST_PORT = 65_535


class Endpoints(Identity):
    """Endpoints of a task."""

    def get_http_router(self) -> "HttpRouter":
        """A proxy for HTTP in this process, and the way from outside to it."""
        if self._router is None:
            self._router = import_module("tilth.sdk.http_router").HttpRouter(self)  # brings the server's libraries
        router: HttpRouter = self._router
        return router

    def request_external_endpoint(
        self,
        port: int,
        protocol: str = "http",
        wait: bool = False,
        wait_interval_seconds: float = 3.0,
        wait_timeout_seconds: float = 90.0,
        static_route: str | None = None,
        endpoint_name: str | None = None,
    ) -> dict[str, Any] | None:
        """Ask that others may reach a port of this machine. Without a name the first endpoint has none, and later ones are numbered.

        A router in front of the machines that run tasks, which Tilth does not have itself, makes an HTTP endpoint reachable: `static_route`
        is the path that it is asked for. With `wait` it is waited for, and returned as `list_external_endpoints` shows it; None if it is
        not there in time.
        """
        _check(protocol)
        if type(port) is not int or not 0 < port <= _LAST_PORT:
            raise Invalid(f"{port!r:.60} is no port", hint=f"use a number up to {_LAST_PORT}")
        known = self._fresh().get("runtime") or {}
        asked = set(_asked(known, protocol))
        name = endpoint_name or ("" if "" not in asked else str(next(n for n in range(1, len(asked) + 2) if str(n) not in asked)))
        outside = mapped_port(port, known.get(_PORT_RANGES))
        said: dict[str, Any] = {
            "_SERVICE": _SERVICES[protocol],
            _ADDRESSES[protocol]: own_address(),
            _PORTS[protocol]: outside,
        }
        if protocol == "tcp":
            said[_BEHIND] = outside
        if static_route:
            said |= {"_ROUTER_ENDPOINT_MODE": "path", "_ROUTER_ENDPOINT_MODE_PARAM": static_route}
        self._set_runtime({_key(key, name): value for key, value in said.items()})
        self.set_system_tags([*self.get_system_tags(), _TAG])
        if not wait:
            return None
        found: dict[str, Any] | None = self.wait_for_external_endpoint(wait_interval_seconds, wait_timeout_seconds, protocol, name or None)
        return found

    def wait_for_external_endpoint(
        self,
        wait_interval_seconds: float = 3.0,
        wait_timeout_seconds: float = 90.0,
        protocol: str | None = "http",
        endpoint_name: str | None = None,
    ) -> Any:
        """Wait until an endpoint that was asked for is reachable, and return it; None if it was not asked for, or is not there in time.

        Without a protocol all endpoints without a name are waited for, and those that are there are returned as a list.
        """
        wanted = [protocol] if protocol is not None else list(_PORTS)
        if protocol is None and endpoint_name is not None:
            raise Invalid("an endpoint with a name has a protocol", hint="give protocol too")
        for one in wanted:
            _check(one)
        name = endpoint_name or ""
        until = time.monotonic() + wait_timeout_seconds
        while True:
            known = self._fresh().get("runtime") or {}
            waiting = [one for one in wanted if name in _asked(known, one)]
            found = [endpoint for one in waiting if (endpoint := _endpoint(known, one, name)) is not None]
            if len(found) == len(waiting) or time.monotonic() >= until:
                break
            time.sleep(min(wait_interval_seconds, max(0.0, until - time.monotonic())))
        if not waiting:
            warn(f"no {protocol or 'external'} endpoint {name or 'without a name'} was asked for")
        elif len(found) < len(waiting):
            warn(f"the {protocol or 'external'} endpoint {name or 'without a name'} is not there after {wait_timeout_seconds:g} seconds")
        if protocol is None:
            return found
        return found[0] if found else None

    def list_external_endpoints(self, protocol: str | None = None) -> list[dict[str, Any]]:
        """The endpoints that are reachable: dictionaries with `endpoint`, `browser_endpoint`, `port`, `protocol` and `name`."""
        if protocol is not None:
            _check(protocol)
        known = self._fresh().get("runtime") or {}
        all_of = [(one, name) for one in ([protocol] if protocol else _PORTS) for name in sorted(_asked(known, one))]
        return [endpoint for one, name in all_of if (endpoint := _endpoint(known, one, name)) is not None]


def _check(protocol: str) -> None:
    if protocol not in _PORTS:
        raise Invalid(f"{protocol!r:.60} is no protocol of an endpoint", hint=f"use {' or '.join(_PORTS)}")


def _key(key: str, name: str) -> str:
    return f"{key}__{name}" if name else key


def _asked(known: Mapping[str, Any], protocol: str) -> Iterator[str]:
    """The names of the endpoints that were asked for; the empty one for that without a name."""
    port = _PORTS[protocol]
    for key in known:
        if key == port or key.startswith(f"{port}__"):
            yield key.removeprefix(port).removeprefix("__")


def _endpoint(known: Mapping[str, Any], protocol: str, name: str) -> dict[str, Any] | None:
    port = known.get(_key(_PORTS[protocol], name))
    address = known.get(_key(_ADDRESSES[protocol], name))
    if protocol == "http":
        endpoint, browser = known.get(_key("endpoint", name)), known.get(_key("browser_endpoint", name))
    else:
        is_there = known.get(_key(_BEHIND, name)) and address and port
        endpoint, browser = f"{address}:{port}" if is_there else None, None
    if not endpoint and not browser:
        return None
    return {"endpoint": endpoint, "browser_endpoint": browser, "port": port, "protocol": protocol, "name": name or None}
