"""How long a preview may go on, and how much it may read."""

from tilth.base.clock import Clock

__all__ = ["Allowance"]


class Allowance:
    """For how long something may go on, and how many more bytes it may read."""

    def __init__(self, clock: Clock, seconds: float, size: int) -> None:
        self._clock = clock
        self._until = clock.monotonic() + seconds
        self._left = size

    def is_time(self) -> bool:
        """Whether something new may be begun."""
        return self._clock.monotonic() <= self._until

    def take(self, size: int) -> bool:
        """Whether so many more bytes may be read; they count as read then."""
        if size > self._left:
            return False
        self._left -= size
        return True

    def for_seconds(self, seconds: float) -> "Allowance":
        """What is left of the bytes, and so much time from now on."""
        return Allowance(self._clock, seconds, self._left)
