"""What texts look like: whole numbers, numbers, dates. `007` is a text: as a number it would be another one."""

import re
from collections.abc import Iterable

__all__ = ["seem"]

_FORMS = {
    "integer": re.compile(r"-?(?:0|[1-9]\d*)\Z", re.ASCII),
    "number": re.compile(r"-?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?\Z|-?(?:inf|nan)\Z", re.ASCII | re.IGNORECASE),
    "boolean": re.compile(r"(?:true|false)\Z", re.IGNORECASE),
    "date": re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII),
    "time": re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[-+]\d\d:?\d\d)?\Z", re.ASCII),
}


def seem(texts: Iterable[str | None]) -> str:
    """What all of the texts look like: `integer`, `number`, `boolean`, `date`, `time` or `text`; `empty` if nothing stands anywhere."""
    said = [text for text in texts if text]
    if not said:
        return "empty"
    return next((name for name, form in _FORMS.items() if all(form.match(text) for text in said)), "text")
