"""How the address of a file that a server keeps itself is written down: without the server's name, which may change."""

from collections.abc import Sequence
from urllib.parse import quote, unquote

__all__ = ["OWN_FILES", "address_of", "localised", "localised_address", "name_in", "portable"]

OWN_FILES = "tilth://files/"
"""How addresses begin that mean a file of whichever server they were read from."""
_SAFE = "/!$'()*+,;=:@"


def address_of(name: str) -> str:
    """The address of the file that is called `name`."""
    return OWN_FILES + quote(name.strip("/"), safe=_SAFE)


def name_in(address: str, files_urls: Sequence[str] = ()) -> str | None:
    """The name of the file that an address means; None if it means none of the server that has one of `files_urls`."""
    for base in (OWN_FILES, *(f"{url.rstrip('/')}/" for url in files_urls)):
        if address.startswith(base):
            return unquote(address.removeprefix(base).partition("?")[0])
    return None


def localised_address(address: str, files_urls: Sequence[str]) -> str:
    """An address as the server that has one of `files_urls` would give it."""
    own = files_urls and address.startswith(OWN_FILES)
    return f"{files_urls[0].rstrip('/')}/{address.removeprefix(OWN_FILES)}" if own else address


def localised(answer: bytes, files_urls: Sequence[str]) -> bytes:
    """An answer in which the files of the server have the address that the caller knows it by."""
    return answer.replace(OWN_FILES.encode(), f"{files_urls[0].rstrip('/')}/".encode()) if files_urls else answer


def portable(request: bytes, files_urls: Sequence[str]) -> bytes:
    """A request in which the files of the server have addresses without its name."""
    for url in files_urls:
        request = request.replace(f"{url.rstrip('/')}/".encode(), OWN_FILES.encode())
    return request
