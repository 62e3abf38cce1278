"""The limit of a command's bandwidth: `--limit-rate`."""

from typing import Annotated

from cyclopts import Parameter

from tilth._wiring import open_home
from tilth.base.errors import Invalid
from tilth.base.units import bytes_of
from tilth.sdk.home import Home

__all__ = ["LimitRate", "open_limited_home"]

LimitRate = Annotated[str | None, Parameter(help="Send or fetch at most so many bytes a second, such as 5MB.")]


def open_limited_home(rate: str | None) -> Home:
    """The home of this process, which from now on keeps to `rate` if it is given, whatever the settings say; `0` is no limit."""
    home = open_home()
    if rate is not None:
        try:
            limit = bytes_of(rate.removesuffix("/s"))
        except ValueError:
            raise Invalid(
                f"--limit-rate is {rate}, which is no number of bytes", hint="write it like 500kB, 5MB or 0 for no limit"
            ) from None
        home.bandwidth.upload.limit = home.bandwidth.download.limit = limit
    return home
