"""How a list is read: conditions, order, pages or scrolling, and the fields that are wanted."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from tilth.base.errors import Invalid, ScrollUnknown
from tilth.domain.access import COMPANY
from tilth.server.services.context import Call
from tilth.server.stores.documents import Document, Documents, projected
from tilth.server.stores.patterns import containing
from tilth.server.stores.query import Query, SqlText, conditions_of, order_of

__all__ = ["Found", "conditions", "find", "hidden_left_out", "listed", "load_scroll", "save_scroll", "with_company"]

_PAGE = 500
_MOST_NAMED = 100
_MOST = 10_000


class Found(Struct, frozen=True):
    """The documents of a page, and where the next one goes on if the caller scrolls."""

    documents: list[Document]
    scroll_id: str | None = None

    def answer(self, name: str) -> dict[str, Any]:
        """The answer to a call that lists `name`."""
        return {name: self.documents} | ({"scroll_id": self.scroll_id} if self.scroll_id is not None else {})


def find(
    call: Call,
    documents: Documents,
    fields: Mapping[str, Any],
    *,
    also: Sequence[SqlText] = (),
    default_order: Sequence[str] = ("-last_update",),
) -> Found:
    """The documents that `fields`, a request, asks for."""
    offset, limit = _part(fields)
    query = Query(
        where=(*conditions(call, documents, fields), *also),
        order=order_of(documents.table, fields.get("order_by") or default_order),
        limit=limit,
        offset=offset,
    )
    only = listed(fields.get("only_fields"))
    if not all(isinstance(field, str) for field in only):
        raise Invalid("only_fields takes names of fields", hint="use a list of strings")
    wanted = [field for field in only if not field.startswith("-")]
    found = documents.search(query, wanted or None)
    if "last_metrics" in {field.partition(".")[0] for field in wanted} or not wanted:
        attach_metrics(call, documents, found, _wanted_metrics(wanted))
    company = not wanted or "company" in wanted
    shown = [with_company(document) if company else document for document in found]
    if only:
        shown = [projected(document, only) for document in shown]
    return Found(shown, save_scroll({"o": offset + len(found), "n": limit}) if "scroll_id" in fields else None)


def conditions(call: Call, documents: Documents, fields: Mapping[str, Any]) -> list[SqlText]:
    """What a request asks of documents: its fields, free text, and no hidden ones unless they are asked for."""
    found = conditions_of(documents.table, fields, call.tx.dialect)
    text = fields.get("search_text")
    if text:
        found.append(_free_text(documents, str(text)))
    if not fields.get("search_hidden") and not fields.get("id"):
        found += hidden_left_out(documents)
    return found


def hidden_left_out(documents: Documents) -> list[SqlText]:
    """The condition that documents are not hidden."""
    return [(f"instr({documents.table.name}.system_tags, ?) = 0", ['"hidden"'])] if "system_tags" in documents.table.columns else []


def attach_metrics(call: Call, documents: Documents, found: Sequence[Document], only: Sequence[tuple[str, str]] = ()) -> None:
    """Add `last_metrics` to tasks or models: all, or `only` some by the hashes of metric and variant."""
    if documents.table.name not in ("task", "model") or not found:
        return
    by_id: dict[str, dict[str, Any]] = {document["id"]: {} for document in found}
    for series, metric_hash, variant_hash in call.tx.last_metrics(list(by_id), only):
        by_id[series.entity].setdefault(metric_hash, {})[variant_hash] = series.document()
    for document in found:
        document["last_metrics"] = by_id[document["id"]]


def _wanted_metrics(fields: Sequence[str]) -> list[tuple[str, str]]:
    """The hashes of the metrics and variants that names of fields speak of; nothing if one of them means more than that."""
    paths = [field.split(".")[1:] for field in fields if field.partition(".")[0] == "last_metrics"]
    if not all(len(path) >= 2 for path in paths) or len(paths) > _MOST_NAMED:
        return []
    return list(dict.fromkeys((path[0], path[1]) for path in paths))


def with_company(document: Document) -> Document:
    """A document with the one company that there is."""
    document["company"] = COMPANY
    return document


def listed(value: Any) -> list[Any]:
    """A list, also where only one element was given."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def save_scroll(state: Mapping[str, Any]) -> str:
    """Where a reader is, as a text that it gives back to go on."""
    return urlsafe_b64encode(msgspec.json.encode(state)).decode().rstrip("=")


def load_scroll(text: str) -> dict[str, Any]:
    """The place behind such a text; `ScrollUnknown` if it is none."""
    try:
        found = msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=dict[str, Any])
    except (ValueError, msgspec.MsgspecError) as error:
        raise ScrollUnknown(f"scroll id {text[:40]!r} is unknown", hint="begin again without one") from error
    return found


def as_count(value: Any, name: str, *, most: int = _MOST) -> int:
    """A number of things in a request; `Invalid` if it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0 or value > 2**53:
        raise Invalid(f"{name}: {value!r:.60} is not a number of things", hint="use 0 or more")
    return min(int(value), most)


def _part(fields: Mapping[str, Any]) -> tuple[int, int]:
    """Which part of the documents is wanted: offset and limit."""
    if "scroll_id" in fields:
        size = as_count(fields.get("size") or _PAGE, "size")
        if not fields["scroll_id"]:
            return 0, size
        state = load_scroll(str(fields["scroll_id"]))
        return as_count(state.get("o", 0), "scroll_id", most=2**53), as_count(state.get("n", size), "scroll_id")
    size = as_count(_PAGE if fields.get("page_size") is None else fields["page_size"], "page_size")
    page = as_count(fields.get("page") or 0, "page", most=2**40)
    return page * size, size


def _free_text(documents: Documents, text: str) -> SqlText:
    table = documents.table
    words: Iterable[str] = [f"{table.name}.{table.columns[field].name}" for field in table.searched]
    pieces = " OR ".join(f"fits(?, {column})" for column in words)
    return f"({pieces})", [containing(text)] * len(table.searched)
