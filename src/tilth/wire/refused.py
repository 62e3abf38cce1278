"""Which calls of ClearML's protocol this server does not have, and why. Clients can do without each of them."""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["REFUSED", "why_refused"]

_HYPER = "HyperDatasets are a feature of ClearML's paid server; this one announces the features of the open one, and clients do not ask"
_RUNTIME = "properties of workers that only ClearML's paid server hands out; agents go on without them"

REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "datasets.*": f"{_HYPER}. Versions of files are under `versions` and `contents`",
        "dataviews.*": _HYPER,
        "frames.*": _HYPER,
        "routers.get_routes": "traffic is routed to tasks by ClearML's paid server only",
        "server.config": "settings are shown by `tilth config`, and to nobody over the network",
        "users.get_vaults": "vaults of configuration are a feature of ClearML's paid server; clients go on without them",
        "workers.cluster_report": _RUNTIME,
        "workers.cluster_unregister": _RUNTIME,
        "workers.get_runtime_properties": _RUNTIME,
        "workers.set_runtime_properties": _RUNTIME,
    }
)
"""By the name of the call, or of a whole service."""


def why_refused(name: str) -> str | None:
    """Why there is no call by this name, if ClearML's protocol has one."""
    return REFUSED.get(name) or REFUSED.get(f"{name.partition('.')[0]}.*")
