"""How bodies come in: whole and not too large, or as the parts of a form, streamed."""

from collections.abc import AsyncIterator, Callable, Iterator
from email.message import Message

from starlette.requests import Request

from tilth.base.errors import Invalid, TooLarge

__all__ = ["form_parts", "read_body"]

_LONGEST_HEAD = 64 * 1024

Begin = Callable[[str, str | None], Callable[[bytes], None]]


async def read_body(request: Request, *, most: int) -> bytes:
    """The whole body; `TooLarge` if it is longer than `most` bytes, before all of it has come."""
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding != "identity":
        raise Invalid(f"bodies in {encoding:.40} are not taken", hint="send the body as it is")
    if int(request.headers.get("content-length") or 0) > most:
        raise TooLarge(f"the body is longer than {most:,} bytes", hint="send less at once")
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise TooLarge(f"the body is longer than {most:,} bytes", hint="send less at once")
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def form_parts(request: Request, begin: Begin) -> AsyncIterator[str]:
    """Read a form: `begin` is told each part's name and type and returns what takes its bytes; yields each name when it is whole.

    Only as much as one piece of the network's is held in memory.
    """
    reader = _FormReader(_boundary(request.headers.get("content-type", "")), begin)
    async for piece in request.stream():
        for name in reader.feed(piece):
            yield name
    if not reader.ended:
        raise Invalid("the form ends in the middle", hint="send it again")


class _FormReader:
    """Takes a form apart as it comes. What stands before the first boundary is a part that nobody wants."""

    def __init__(self, boundary: bytes, begin: Begin) -> None:
        self.ended = False
        self._mark = b"\r\n--" + boundary
        self._begin = begin
        self._buffer = b"\r\n"
        self._name = ""
        self._take: Callable[[bytes], None] | None = lambda _: None

    def feed(self, data: bytes) -> Iterator[str]:
        """Take the next bytes; yields the names of the parts that end in them."""
        self._buffer += data
        while not self.ended:
            if self._take is None:
                if not self._read_head():
                    return
            elif not self._read_content(self._take):
                return
            elif self._name:
                yield self._name

    def _read_content(self, take: Callable[[bytes], None]) -> bool:
        """Pass on what belongs to the part; True if the part ends."""
        found = self._buffer.find(self._mark)
        if found < 0:
            keep = len(self._mark) - 1
            take(self._buffer[:-keep])
            self._buffer = self._buffer[-keep:]
            return False
        take(self._buffer[:found])
        self._buffer = self._buffer[found + len(self._mark) :]
        self._take = None
        return True

    def _read_head(self) -> bool:
        """Begin the next part; True if its head is here, or the form is at its end."""
        if self._buffer.startswith(b"--"):
            self.ended = True
            return True
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _LONGEST_HEAD:
                raise Invalid("the head of a part of the form is too long", hint="send a shorter name")
            return False
        self._name, content_type = _part_head(self._buffer[:end])
        self._buffer = self._buffer[end + 4 :]
        self._take = self._begin(self._name, content_type)
        return True


def _boundary(content_type: str) -> bytes:
    message = Message()
    message["content-type"] = content_type
    boundary = message.get_param("boundary")
    if message.get_content_type() != "multipart/form-data" or not isinstance(boundary, str) or not boundary:
        raise Invalid("an upload has to be a form", hint="send multipart/form-data with a part for each file")
    return boundary.encode("latin-1", "replace")


def _part_head(head: bytes) -> tuple[str, str | None]:
    """The name and the type of a part."""
    fields: dict[str, str] = {}
    for line in head.split(b"\r\n"):
        field, _, value = line.partition(b":")
        fields[field.strip().lower().decode("latin-1")] = value.strip().decode("utf-8", "surrogateescape")
    name = _parameter(fields.get("content-disposition", ""), "name")
    if name is None:
        raise Invalid("a part of the form has no name", hint="the name is the path that the file is to have")
    return name, fields.get("content-type")


def _parameter(header: str, wanted: str) -> str | None:
    """A quoted parameter of a header as browsers and `requests` write it: only quotes and line ends are escaped, by `%`."""
    place = header.find(f' {wanted}="')
    if place < 0:
        return None
    start = place + len(wanted) + 3
    end = header.find('"', start)
    while end > 0 and header[end - 1] == "\\":
        end = header.find('"', end + 1)
    text = header[start:end] if end >= 0 else ""
    return text.replace('\\"', '"')
