"""Files that are read from any place on, as Python's `open` gives them, without what brings their bytes."""

import io

__all__ = ["SeekableFile"]


class SeekableFile(io.RawIOBase):
    """A file of a known length that is read only; whoever derives from it says how bytes come, from `position` on.

    Not safe for threads by itself: put an `io.BufferedReader` around it.
    """

    mode = "rb"

    def __init__(self, name: str, size: int) -> None:
        super().__init__()
        self.name = name
        self.size = size
        self.position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        self.check_open()
        return self.position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.check_open()
        begin = {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: self.size}.get(whence)
        if begin is None:
            raise ValueError(f"invalid whence ({whence}, should be 0, 1 or 2)")
        if begin + offset < 0:
            raise OSError(22, "a file has no negative positions", self.name)
        self.position = begin + offset
        return self.position

    def check_open(self) -> None:
        """Refuse what is asked of a file that was closed."""
        if self.closed:
            raise ValueError(f"{self.name} is closed")
