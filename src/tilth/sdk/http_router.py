"""`HttpRouter`: the way from outside to what a run serves over HTTP, through a proxy in the run's own process."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tilth.base.errors import Invalid
from tilth.sdk.endpoint_load import EndpointLoad
from tilth.sdk.http_proxy import HttpProxy, ProxyRoute

if TYPE_CHECKING:
    from tilth.sdk.tasks.endpoints import Endpoints

__all__ = ["HttpRouter"]

_PORT = 9_000
_ALL = "0.0.0.0"  # noqa: S104 - it is there to be reached by others


class HttpRouter:
    """Routes of one task. `create_local_route` forwards a path of the proxy, `deploy` asks that others may reach the proxy."""

    def __init__(self, task: "Endpoints") -> None:
        self._task = task
        self._settings: dict[str, Any] = {"port": _PORT, "default": None, "log_level": None, "access_log": True, "streams": True}
        self._settings |= {"host": _ALL}
        self._proxy: HttpProxy | None = None

    def set_local_proxy_parameters(
        self,
        incoming_port: int | None = None,
        default_target: str | None = None,
        log_level: str | None = None,
        access_log: bool = True,
        enable_streaming: bool = True,
        host: str = _ALL,
    ) -> None:
        """Say before the proxy starts on which port it listens, where it forwards what no route means, and what it logs.

        It listens on all addresses of the machine, because it is there to be reached from others, unless `host` names one. Answers that
        come in chunks are passed on as they come, unless `enable_streaming` is off.
        """
        if self._proxy is not None:
            raise Invalid("the proxy runs already", hint="say this before create_local_route, start_local_proxy and deploy")
        port = _PORT if incoming_port is None else incoming_port
        self._settings = {"port": port, "default": default_target, "log_level": log_level, "access_log": access_log}
        self._settings |= {"streams": enable_streaming, "host": host}

    def start_local_proxy(self) -> None:
        """Listen, without asking that others may reach it."""
        self._started()

    def create_local_route(
        self,
        source: str,
        target: str,
        request_callback: Callable[..., Any] | None = None,
        response_callback: Callable[..., Any] | None = None,
        endpoint_telemetry: bool | Mapping[str, Any] = True,
        error_callback: Callable[..., Any] | None = None,
    ) -> None:
        """Forward what comes to the path `source`, and below it, to the address `target`. The longest path that fits counts.

        `request_callback(request, persistent_state)` may return another request, `response_callback(response, request, persistent_state)`
        and `error_callback(request, error, persistent_state)` a response; they are Starlette's, and `persistent_state` is a dictionary of
        the route. The server hears how many requests come; a mapping says more of the endpoint and its model.
        """
        proxy = self._started()
        load = None
        if endpoint_telemetry is not False:
            said = endpoint_telemetry if isinstance(endpoint_telemetry, Mapping) else {}
            outside = self.list_external_endpoints()
            url = outside[0]["endpoint"] if outside else f"http://localhost:{proxy.port}/{source.strip('/')}"
            load = EndpointLoad(self._task._home.reporting[0], self._task.id, said, url=url)
        proxy.add(
            ProxyRoute(source, target, on_request=request_callback, on_response=response_callback, on_error=error_callback, load=load)
        )

    def remove_local_route(self, source: str) -> None:
        """Forward a path no more."""
        if self._proxy is not None:
            self._proxy.remove(source)

    def deploy(
        self,
        wait: bool = False,
        wait_interval_seconds: float = 3.0,
        wait_timeout_seconds: float = 90.0,
        static_route: str | None = None,
    ) -> dict[str, Any] | None:
        """Start the proxy and ask that others may reach it, as `Task.request_external_endpoint`."""
        return self._task.request_external_endpoint(
            self._started().port, "http", wait, wait_interval_seconds, wait_timeout_seconds, static_route
        )

    def wait_for_external_endpoint(self, wait_interval_seconds: float = 3.0, wait_timeout_seconds: float = 90.0) -> dict[str, Any] | None:
        """Wait until others can reach the proxy; None if that takes longer."""
        found: dict[str, Any] | None = self._task.wait_for_external_endpoint(wait_interval_seconds, wait_timeout_seconds, "http")
        return found

    def list_external_endpoints(self) -> list[dict[str, Any]]:
        """Where others reach the task over HTTP."""
        return self._task.list_external_endpoints("http")

    def close(self) -> None:
        """Listen no more."""
        if self._proxy is not None:
            self._proxy.close()
            self._proxy = None

    def _started(self) -> HttpProxy:
        if self._proxy is None:
            proxy = HttpProxy(**self._settings, patience_s=self._task._home.exit_wait_s)
            proxy.start()
            self._proxy = proxy
        return self._proxy
