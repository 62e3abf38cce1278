"""Whether a picture is whole: it is decoded, as small as its format allows, and never more of it than memory should hold.

Pillow decodes; only formats are tried whose readers read pixels, since others run programs. An SVG is read as XML that may not define
entities, and nothing of it is executed or fetched.
"""

import io
import warnings
from importlib import import_module
from threading import Lock
from types import ModuleType
from typing import Any, BinaryIO
from xml.parsers import expat

from tilth.base.errors import Invalid

__all__ = ["PICTURES", "picture_problem", "require_pillow"]

_FORMATS = {
    "jpg": "JPEG",
    "jpeg": "JPEG",
    "png": "PNG",
    "gif": "GIF",
    "bmp": "BMP",
    "webp": "WEBP",
    "tif": "TIFF",
    "tiff": "TIFF",
    "ppm": "PPM",
    "pgm": "PPM",
    "avif": "AVIF",
}
PICTURES = frozenset({*_FORMATS, "svg"})
"""How names of pictures end."""
_ALSO = {"MPO": "JPEG"}
"""A JPEG with a second picture behind it, as cameras write it."""
_LARGEST_FILE = 256 << 20
_LARGEST_READ = 64 << 20
"""What a reader may ask for at once: lengths in headers may say anything."""
_MOST_PIXELS = {"JPEG": 100_000_000, "": 32_000_000}
"""By format: a JPEG is decoded at an eighth of its width, unless it is progressive."""
_MANY_PIXELS = 8_000_000
"""Of pictures with more, one is decoded at a time."""
_LARGEST_SVG = 16 << 20
_BLOCK = 64 << 10
_BROKEN = (OSError, ValueError, SyntaxError, ArithmeticError, LookupError, EOFError, TypeError, AttributeError, RuntimeError, MemoryError)
"""What Pillow's readers raise of files that are broken."""

_alone = Lock()


def require_pillow() -> ModuleType:
    """Pillow's `Image`; an error that names the extra, if it is not installed."""
    try:
        pillow = import_module("PIL.Image")
    except ImportError as error:
        raise Invalid("checking pictures needs Pillow, which is not installed", hint="pip install 'tilth[media]'") from error
    with _alone:
        pillow.init()  # its list of readers, which another thread would see half of
    return pillow


def picture_problem(file: BinaryIO, size: int, suffix: str) -> str | None:
    """What is wrong with a file of `size` bytes whose name ends with `suffix`, one of `PICTURES`; None if nothing is."""
    if suffix == "svg":
        return _svg_problem(file, size)
    if size > _LARGEST_FILE:
        return f"is too large to be looked at: {size:,} bytes"
    pillow = require_pillow()
    known = (pillow.UnidentifiedImageError, pillow.DecompressionBombError)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _decoded(pillow, _Careful(file), suffix)
    except known as error:
        return (
            "has more pixels than are decoded here" if isinstance(error, known[1]) else f"is no {_FORMATS[suffix]}, nor any other picture"
        )
    except (*_BROKEN, import_module("struct").error, import_module("zlib").error) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        return f"is damaged: {said:.200}"


def _decoded(pillow: Any, file: "_Careful", suffix: str) -> str | None:
    with pillow.open(file, formats=sorted({*_FORMATS.values()} & {*pillow.OPEN})) as image:
        is_now = _ALSO.get(image.format, image.format)
        pixels = image.width * image.height
        if pixels > _MOST_PIXELS.get("" if image.info.get("progressive") else is_now, _MOST_PIXELS[""]):
            return f"has more pixels than are decoded here: {image.width:,} by {image.height:,}"
        if is_now == "JPEG":
            image.draft("L", (max(1, image.width // 8), max(1, image.height // 8)))
        if pixels > _MANY_PIXELS:
            with _alone:
                image.load()
        else:
            image.load()
    return None if is_now == _FORMATS[suffix] else f"is a {is_now}, and no {_FORMATS[suffix]}"


def _svg_problem(file: BinaryIO, size: int) -> str | None:
    if size > _LARGEST_SVG:
        return f"is too large to be looked at: {size:,} bytes"
    parser = expat.ParserCreate(namespace_separator=" ")
    names: list[str] = []

    def begin(name: str, _: Any) -> None:
        if not names:
            names.append(name.rpartition(" ")[2])

    def refuse(*_: Any) -> None:
        raise ValueError("defines entities")

    parser.StartElementHandler = begin
    parser.EntityDeclHandler = refuse
    try:
        while block := file.read(_BLOCK):
            parser.Parse(block, False)  # noqa: FBT003 - expat's signature
        parser.Parse(b"", True)  # noqa: FBT003
    except expat.ExpatError as error:
        return f"is damaged: {error}"
    except ValueError as error:
        return f"is refused: it {error}, which pictures have no use for"
    return None if names == ["svg"] else f"is no SVG: its outermost element is {names[0]:.40}"


class _Careful(io.RawIOBase):
    """A file that hands out no more at once than memory should hold."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            found = self._file.read(_LARGEST_READ + 1)
            if len(found) > _LARGEST_READ:
                raise ValueError("it would have to be read into memory as a whole")
            return found
        if size > _LARGEST_READ:
            raise ValueError(f"its header asks for {size:,} bytes at once")
        return self._file.read(size)
