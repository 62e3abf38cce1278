"""Where Ray's cluster is, as Ray itself is told."""

import os
from collections.abc import Mapping

__all__ = ["ray_address"]


def ray_address(environment: Mapping[str, str] = os.environ) -> str | None:
    """What `RAY_ADDRESS` names."""
    return environment.get("RAY_ADDRESS") or None
