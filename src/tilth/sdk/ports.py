"""Where others find a port of this machine."""

import os
import socket
from typing import Any

from tilth.sdk.recording import warn

__all__ = ["mapped_port", "own_address"]

_HOST_VARIABLES = ("CLEARML_AGENT_HOST_IP", "TRAINS_AGENT_HOST_IP")


def own_address() -> str:
    """The address of this machine on its way to others; nothing is sent to find it out. A container is told that of its host."""
    said = next((os.environ[name] for name in _HOST_VARIABLES if os.environ.get(name)), None)
    if said is not None:
        return said
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address of documentation, which belongs to nobody
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def mapped_port(port: int, ranges: Any) -> int:
    """The port of the host that leads to a container's, of which `ranges` says `host-host:container-container,...`."""
    for pair in str(ranges or "").split(","):
        outside, colon, inside = pair.partition(":")
        if not colon:
            continue
        try:
            low, high = (int(one) for one in (inside.partition("-")[0], inside.rpartition("-")[2]))
            first = int(outside.partition("-")[0])
        except ValueError:
            warn(f"{pair!r:.60} is no mapping of ports; port {port} is asked for as it is")
            continue
        if low <= port <= high:
            return first + port - low
    return port
