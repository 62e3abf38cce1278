"""How pictures of any kind become PNG: those of Pillow by themselves, arrays by a few lines over zlib."""

import struct
import zlib
from importlib import import_module
from io import BytesIO
from typing import Any

from tilth.base.errors import Invalid

__all__ = ["png_of", "png_size"]

_COLOUR = {1: 0, 2: 4, 3: 2, 4: 6}
"""What PNG calls pictures of so many channels: grey, grey with alpha, colour, colour with alpha."""
_PNG_MODES = {"1", "L", "LA", "P", "RGB", "RGBA", "I;16"}
_EXPECTED = "give height x width, or height x width x 1, 2, 3 or 4 channels, as whole numbers 0 to 255 or floats 0 to 1"


def png_of(image: Any, name: str) -> bytes:
    """A Pillow image or an array of pixels as PNG; `name` is the argument that it was given as."""
    if hasattr(image, "save") and hasattr(image, "mode"):
        file = BytesIO()
        (image if image.mode in _PNG_MODES else image.convert("RGB")).save(file, format="PNG")
        return file.getvalue()
    if isinstance(image, (str, bytes)) or not (hasattr(image, "__array__") or isinstance(image, (list, tuple))):
        raise Invalid(f"{name} is {type(image).__name__}, not a picture", hint="give an array or a Pillow image, or a file as local_path")
    return _encoded(_pixels(image, name))


def png_size(png: bytes) -> tuple[int, int]:
    """Width and height, as a PNG says at its beginning."""
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def _pixels(image: Any, name: str) -> Any:
    """An array of bytes: height, width, channels."""
    try:
        numpy = import_module("numpy")  # is loaded already if an array was given
    except ImportError as error:
        raise Invalid(f"{name} is a list, which needs NumPy to become a picture", hint="pip install numpy") from error
    if hasattr(image, "detach"):  # of PyTorch: from wherever it is computed
        image = image.detach().cpu()
    try:
        array = numpy.asarray(image)
    except ValueError as error:
        raise Invalid(f"{name} has rows of different lengths", hint=_EXPECTED) from error
    except TypeError as error:
        raise Invalid(f"{name} can't become an array: {error}", hint=_EXPECTED) from error
    if array.dtype.kind not in "buif":
        raise Invalid(f"{name} holds {array.dtype}, no pixels", hint=_EXPECTED)
    shape = array.shape
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in _COLOUR or 0 in shape:
        first = len(shape) == 3 and shape[0] in _COLOUR
        hint = "move the channels to the end, as array.transpose(1, 2, 0) does" if first else _EXPECTED
        raise Invalid(f"{name} has shape {shape}", hint=hint)
    return array if array.dtype == numpy.uint8 else _as_bytes(numpy, array, name)


def _as_bytes(numpy: Any, array: Any, name: str) -> Any:
    if array.dtype.kind == "b":
        return array.astype(numpy.uint8) * numpy.uint8(255)
    low, high = array.min(), array.max()
    if array.dtype.kind == "f":
        array = numpy.nan_to_num(array.astype(numpy.float64), nan=0.0, posinf=numpy.inf, neginf=-numpy.inf)
        low, high = array.min(), array.max()
    if low < 0 or high > 255:
        hint = "give whole numbers 0 to 255 or floats 0 to 1"
        if array.dtype.kind == "f" and low >= -1 and high <= 1:
            hint += ": (x + 1) / 2 makes these of -1 to 1"
        raise Invalid(f"{name} has values from {low:g} to {high:g}", hint=hint)
    if array.dtype.kind == "f" and high <= 1:
        array *= 255
    return numpy.rint(array).astype(numpy.uint8)


def _encoded(pixels: Any) -> bytes:
    """PNG with each pixel as its difference from the one to its left, which halves photographs."""
    numpy = import_module("numpy")
    height, width, channels = pixels.shape
    rows = numpy.ones((height, 1 + width * channels), dtype=numpy.uint8)  # each row begins with how it is written: 1, by differences
    flat = pixels.reshape(height, -1)
    rows[:, 1 : 1 + channels] = flat[:, :channels]
    rows[:, 1 + channels :] = flat[:, channels:] - flat[:, :-channels]
    head = struct.pack(">IIBBBBB", width, height, 8, _COLOUR[channels], 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes(), 4)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
