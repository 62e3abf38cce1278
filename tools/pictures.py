"""Where the demo's pictures come from: faces of cats and dogs, drawn; the same number always gives the same picture."""

import random
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

__all__ = ["CLASSES", "draw", "draw_folder", "mirror"]

CLASSES = ("Cat", "Dog")
_SIZE = (320, 240)

Colour = tuple[int, int, int]


def draw_folder(folder: Path, count: int) -> None:
    """Draw `count` JPEG files below `folder`, half of them in each class."""
    for number in range(count):
        kind = CLASSES[number % 2]
        draw(folder / kind / f"{kind.lower()}-{number // 2:03d}.jpg", kind, seed=number)


def draw(path: Path, kind: str, *, seed: int) -> None:
    """Draw one face to `path`."""
    rng = random.Random(f"{kind} {seed}")
    image = Image.frombytes("RGB", (32, 24), rng.randbytes(32 * 24 * 3)).resize(_SIZE).filter(ImageFilter.GaussianBlur(3))
    pen = ImageDraw.Draw(image)
    fur = _colour(rng, 60, 230)
    centre_x, centre_y, radius = rng.randint(130, 190), rng.randint(115, 140), rng.randint(55, 75)
    _ears(pen, kind, (centre_x, centre_y, radius), fur)
    pen.ellipse(_around(centre_x, centre_y, radius), fill=fur)
    for side in (-1, 1):
        eye_x = centre_x + side * radius // 3
        pen.ellipse(_around(eye_x, centre_y - radius // 5, 11), fill="white")
        pen.ellipse(_around(eye_x + rng.randint(-3, 3), centre_y - radius // 5, 5), fill=_colour(rng, 0, 120))
        for whisker in range(3) if kind == "Cat" else ():
            tip = (centre_x + side * (radius + 25), centre_y + 12 + 10 * whisker)
            pen.line([(centre_x + side * 14, centre_y + 18 + 4 * whisker), tip], fill="white", width=2)
    pen.ellipse(_around(centre_x, centre_y + radius // 4, 8 if kind == "Cat" else 14), fill=(40, 20, 30))
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, "JPEG", quality=90)


def mirror(path: Path) -> bool:
    """Swap left and right of the picture at `path`; False, changing nothing, if it is none."""
    try:
        with Image.open(path) as image:
            kind = image.format
            mirrored = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        mirrored.save(path, kind)
    except OSError:
        return False
    return True


def _ears(pen: ImageDraw.ImageDraw, kind: str, head: tuple[int, int, int], fur: Colour) -> None:
    x, y, radius = head
    for side in (-1, 1):
        outer = x + side * radius
        if kind == "Cat":
            pen.polygon(
                [(x + side * radius // 5, y - radius // 2), (outer, y - radius // 3), (outer - side * 8, y - radius - 25)], fill=fur
            )
        else:
            pen.ellipse((outer - 20, y - radius, outer + 20, y + radius // 2), fill=tuple(part // 2 for part in fur))


def _around(x: int, y: int, radius: int) -> tuple[int, int, int, int]:
    return (x - radius, y - radius, x + radius, y + radius)


def _colour(rng: random.Random, low: int, high: int) -> Colour:
    return (rng.randint(low, high), rng.randint(low, high), rng.randint(low, high))
