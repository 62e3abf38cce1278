"""Whether tests can mount on this machine."""

import os

import pytest

from tilth.base.errors import TilthError
from tilth.sdk.mounting.fuse import require_fuse

__all__ = ["needs_fuse"]


def _missing() -> str:
    """What keeps this machine from mounting; nothing if it can."""
    try:
        require_fuse()
    except TilthError as error:
        return str(error)
    return "" if os.geteuid() == 0 or os.path.exists("/bin/fusermount3") else "there is no fusermount3"


_said = _missing()
needs_fuse = pytest.mark.skipif(bool(_said), reason=_said)
"""For tests that mount for real."""
