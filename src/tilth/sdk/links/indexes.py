"""The index pages by which web servers show what lies in a folder: Apache's, nginx's, lighttpd's and Python's."""

from html.parser import HTMLParser
from urllib.parse import unquote, urldefrag, urljoin

from tilth.base.addresses import shown_address
from tilth.base.errors import PathInvalid

__all__ = ["index_of"]

_TITLES = ("index of", "directory listing for")


def index_of(page: str, folder: str) -> list[str] | None:
    """The addresses of what lies in a folder, in the order of paths, with a slash behind folders; None if the page is no index.

    Only what lies right in the folder counts, so links to the folder above, to other orders of the same index, and to elsewhere do not.
    """
    parser = _Links()
    parser.feed(page)
    parser.close()
    if not parser.title.strip().lower().startswith(_TITLES):
        return None
    base = folder.rstrip("/") + "/"
    found: dict[str, str] = {}
    for href in parser.hrefs:
        address = urldefrag(urljoin(base, href.strip())).url
        inside = address.removeprefix(base)
        name, slash, deeper = inside.partition("/")
        plain = unquote(name, errors="surrogateescape")
        if inside == address or deeper or "?" in name or "/" in plain or plain in ("", ".", ".."):
            continue
        if not plain.isascii() and any("\udc80" <= sign <= "\udcff" for sign in plain):
            raise PathInvalid(
                f"{shown_address(address)} can't be a path in a dataset: its name is not UTF-8",
                hint="rename it there, or name the other files one by one",
            )
        found[plain + slash] = address
    return [found[path] for path in sorted(found)]


class _Links(HTMLParser):
    """Collects the title and the addresses of links."""

    def __init__(self) -> None:
        super().__init__()
        self.title = ""
        self.hrefs: list[str] = []
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_title = tag == "title"
        if tag == "a":
            self.hrefs += [value for name, value in attrs if name == "href" and value]

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
