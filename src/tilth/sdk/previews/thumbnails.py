"""Small pictures of large ones. Pillow makes them, if it is there; without it, small pictures that browsers show are taken as they are."""

import warnings
from importlib import import_module
from io import BytesIO
from typing import Any

from msgspec import Struct

__all__ = ["LARGEST", "Thumbnail", "dimensions_of", "thumbnail_of"]

LARGEST = 16 << 20
"""Larger files are not read."""
_EDGE = 480
_ORIENTATION = 0x0112
_MOST_PIXELS = {"JPEG": 100_000_000, "": 32_000_000}
"""By format: a JPEG is decoded at a fraction of its size."""
_LARGEST_ORIGINAL = 1 << 20
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM")
"""Formats whose readers only read pixels: some others run programs."""
_SIGNATURES = {b"\xff\xd8\xff": "jpg", b"\x89PNG\r\n\x1a\n": "png", b"GIF8": "gif", b"BM": "bmp"}
_BROKEN = (OSError, ValueError, SyntaxError, ArithmeticError, LookupError, EOFError, TypeError, AttributeError, RuntimeError, MemoryError)
"""What Pillow's readers raise of files that are broken."""


class Thumbnail(Struct, frozen=True):
    """A picture to be shown."""

    data: bytes
    suffix: str


def thumbnail_of(data: bytes) -> Thumbnail | None:
    """A picture whose longer edge has at most 480 pixels; None if `data` is no picture, or too large a one."""
    try:
        pillow = import_module("PIL.Image")
    except ImportError:
        return _original(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _made(pillow, data)
    except (*_BROKEN, pillow.DecompressionBombError, import_module("struct").error, import_module("zlib").error):
        return None


def dimensions_of(data: bytes) -> tuple[int, int] | None:
    """Width and height of the picture that begins with `data`, as it says; None without Pillow, or if it is none."""
    try:
        pillow = import_module("PIL.Image")
    except ImportError:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pillow.open(BytesIO(data), formats=_FORMATS) as opened:
                return opened.width, opened.height
    except (*_BROKEN, pillow.DecompressionBombError, import_module("struct").error, import_module("zlib").error):
        return None


def _made(pillow: Any, data: bytes) -> Thumbnail | None:
    with pillow.open(BytesIO(data), formats=_FORMATS) as opened:
        if opened.width * opened.height > _MOST_PIXELS.get(opened.format, _MOST_PIXELS[""]):
            return None
        see_through = opened.mode in ("LA", "PA", "RGBA") or "transparency" in opened.info
        image = opened
        if see_through or image.mode not in ("L", "RGB", "CMYK"):  # those can be made smaller as they are; a JPEG while it is decoded
            image = _eight_bits(image).convert("RGBA" if see_through else "RGB")
        image.thumbnail((_EDGE, _EDGE), reducing_gap=1.0)  # a JPEG is decoded just as large as it has to be
        image = image if image.mode in ("L", "RGB", "RGBA") else image.convert("RGB")
        if opened.getexif().get(_ORIENTATION, 1) != 1:
            image = import_module("PIL.ImageOps").exif_transpose(image)
        file = BytesIO()
        if see_through:
            image.save(file, format="PNG")
            return Thumbnail(file.getvalue(), "png")
        image.save(file, format="JPEG", quality=85)
        return Thumbnail(file.getvalue(), "jpg")


def _eight_bits(image: Any) -> Any:
    """Pictures of whole or broken numbers of many bits, from their darkest to their brightest pixel."""
    if not (image.mode in ("I", "F") or image.mode.startswith("I;16")):
        return image
    image = image.convert("F")
    low, high = image.getextrema()
    scale = 255 / (high - low) if high > low else 0.0
    return image.point(lambda value: value * scale - low * scale).convert("L")


def _original(data: bytes) -> Thumbnail | None:
    if len(data) > _LARGEST_ORIGINAL:
        return None
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Thumbnail(data, "webp")
    return next((Thumbnail(data, suffix) for signature, suffix in _SIGNATURES.items() if data.startswith(signature)), None)
