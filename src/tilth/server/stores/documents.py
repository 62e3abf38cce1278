"""Documents of one kind in the database: read whole or in part, changed field by field, searched as the protocol does."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from tilth.base.errors import FieldInvalid
from tilth.server.db.engine import Connection
from tilth.server.stores.query import NAMED, Order, Query, SqlText, expression, metric_column, unescaped
from tilth.server.stores.rows import dumped_words, marks
from tilth.server.stores.tables import Column, Table

__all__ = ["Document", "Documents", "projected"]

Document = dict[str, Any]


class Documents:
    """The documents of one table. Field names are the protocol's; values are what its JSON holds."""

    def __init__(self, connection: Connection, table: Table) -> None:
        self._db = connection
        self.table = table
        self.shown: SqlText = ("", [])
        """What holds for the documents that lists may show; a single one by its id is for the caller to check."""

    def get(self, id: str, fields: Iterable[str] | None = None) -> Document | None:
        names = self._names(fields)
        row = self._db.one(f"SELECT {self._select(names)} FROM {self.table.name} WHERE id = ?", (id,))
        return self._document(names, row) if row else None

    def get_many(self, ids: Sequence[str], fields: Iterable[str] | None = None) -> dict[str, Document]:
        """Those of `ids` that exist, by id."""
        names = self._names(fields)
        if not ids:
            return {}
        where, values = self._where([(f"{self.table.name}.id IN ({marks(ids)})", list(ids))])
        rows = self._db.all(f"SELECT {self._select(names)} FROM {self.table.name} WHERE {where}", values)
        return {document["id"]: document for document in (self._document(names, row) for row in rows)}

    def insert(self, document: Mapping[str, Any]) -> None:
        names = [name for name in self.table.columns if name in document or self.table.columns[name].default is not None]
        values = [_stored(self.table.columns[name], document.get(name, self.table.columns[name].default)) for name in names]
        columns = ", ".join(self.table.columns[name].name for name in names)
        self._db.execute(f"INSERT INTO {self.table.name} ({columns}{self._rev(', rev')}) VALUES ({marks(names)}{self._rev(', 1')})", values)

    def change(self, id: str, values: Mapping[str, Any]) -> bool:
        """Give fields of a document other values; False if there is no such document."""
        if not values:
            return self._db.one(f"SELECT 1 FROM {self.table.name} WHERE id = ?", (id,)) is not None
        columns = [self.table.columns[name] for name in values]
        assignments = ", ".join(f"{column.name} = ?" for column in columns) + self._rev(", rev = rev + 1")
        stored = [_stored(column, value) for column, value in zip(columns, values.values(), strict=True)]
        return self._db.execute(f"UPDATE {self.table.name} SET {assignments} WHERE id = ?", (*stored, id)) > 0

    def delete(self, ids: Sequence[str]) -> int:
        return self._db.execute(f"DELETE FROM {self.table.name} WHERE id IN ({marks(ids)})", tuple(ids)) if ids else 0

    def search(self, query: Query, fields: Iterable[str] | None = None) -> list[Document]:
        """The documents that fit, sorted; what is missing sorts last, and ids decide between equals."""
        names = self._names(fields)
        if not any(self.table.columns[name].kind == "json" for name in names):
            return [self._document(names, row) for row in self._rows(query, self._select(names))]
        # What is long is read for the page only, and not carried through the sorting of everything.
        ids = [row[0] for row in self._rows(query, self._select(["id"]))]
        found = self.get_many(ids, names)
        return [found[id] for id in ids]

    def _rows(self, query: Query, columns: str) -> list[tuple[Any, ...]]:
        if query.order and query.order[0].field.startswith("last_metrics."):
            return self._by_metric(query, columns)
        if any(self._is_nested(order) for order in query.order):
            return self._by_nested(query, columns)
        where, values = self._where(query.where)
        joins, join_values, order, order_values = self._order(query.order)
        text = f"SELECT {columns} FROM {self.table.name}{joins} WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"
        return self._db.all(text, (*join_values, *values, *order_values, query.limit, query.offset))

    def _by_nested(self, query: Query, columns: str) -> list[tuple[Any, ...]]:
        """The rows of documents sorted by what lies in their JSON, which is read once for each: numbers as numbers, then other texts."""
        where, values = self._where(query.where)
        keys: list[str] = []
        key_values: list[Any] = []
        numbers: list[str] = []
        terms: list[str] = []
        joins, join_values = "", []
        for place, order in enumerate(query.order):
            direction = " DESC" if order.descending else ""
            join, on, text, used = self._key(order, place)
            joins += join
            join_values += on
            keys.append(f"{text} AS key{place}")
            key_values += used
            if self._is_nested(order):
                numbers.append(f"number(key{place}) AS number{place}")
                terms += [f"number{place} IS NULL", f"number{place}{direction}"]
            terms += [f"key{place} IS NULL", f"key{place}{direction}"]
        name = self.table.name
        text = (
            f"WITH found AS MATERIALIZED (SELECT {name}.id AS id, {', '.join(keys)} FROM {name}{joins} WHERE {where}),"
            f" sorted AS MATERIALIZED (SELECT found.*, {', '.join(numbers)} FROM found),"
            f" page AS MATERIALIZED (SELECT * FROM sorted ORDER BY {', '.join(terms)}, id LIMIT ? OFFSET ?)"
            f" SELECT {columns} FROM page JOIN {name} ON {name}.id = page.id ORDER BY {', '.join(terms)}, page.id"
        )
        return self._db.all(text, (*key_values, *join_values, *values, query.limit, query.offset))

    def _by_metric(self, query: Query, columns: str) -> list[tuple[Any, ...]]:
        """The rows of documents sorted by a metric: those that have it are read off its index, then come those that lack it."""
        first, rest = query.order[0], query.order[1:]
        metric, variant, column = metric_column(first.field)
        where, values = self._where(query.where)
        joins, join_values, order, order_values = self._order(rest)
        direction = " DESC" if first.descending else ""
        has = "best.metric_hash = ? AND best.variant_hash = ?"
        # In SQLite a cross join keeps its order: the metric's index first, until the page is full.
        source = f"series AS best CROSS JOIN {self.table.name}{joins}"
        found = f"{has} AND best.entity = {self.table.name}.id AND {where}"
        rows = self._db.all(
            f"SELECT {columns} FROM {source} WHERE {found} ORDER BY best.{column}{direction}, {order} LIMIT ? OFFSET ?",
            (*join_values, metric, variant, *values, *order_values, query.limit, query.offset),
        )
        if len(rows) == query.limit:
            return rows
        counted = self._db.one(f"SELECT count(*) FROM {source} WHERE {found}", (*join_values, metric, variant, *values))
        before = int(counted[0]) if counted else 0
        lacking = f"NOT EXISTS (SELECT 1 FROM series AS best WHERE {has} AND best.entity = {self.table.name}.id) AND {where}"
        more = self._db.all(
            f"SELECT {columns} FROM {self.table.name}{joins} WHERE {lacking} ORDER BY {order} LIMIT ? OFFSET ?",
            (*join_values, metric, variant, *values, *order_values, query.limit - len(rows), max(0, query.offset - before)),
        )
        return [*rows, *more]

    def search_ids(self, field: str, values: Sequence[str]) -> list[str]:
        """The ids of the documents that have one of `values` in a field."""
        column = self.table.columns[field].name
        if not values:
            return []
        rows = self._db.all(f"SELECT id FROM {self.table.name} WHERE {column} IN ({marks(values)}) ORDER BY id", tuple(values))
        return [row[0] for row in rows]

    def count(self, where: Sequence[SqlText]) -> int:
        text, values = self._where(where)
        row = self._db.one(f"SELECT count(*) FROM {self.table.name} WHERE {text}", values)
        return int(row[0]) if row else 0

    def distinct(self, field: str, where: Sequence[SqlText] = ()) -> list[Any]:
        """The values that a field has in the documents that fit."""
        text, values = self._where(where)
        column = self.table.columns[field]
        rows = self._db.all(f"SELECT DISTINCT {column.name} FROM {self.table.name} WHERE {text}", values)
        return [_loaded(column, row[0]) for row in rows]

    def grouped(self, field: str, where: Sequence[SqlText] = ()) -> dict[Any, int]:
        """How many documents that fit have each value of a field."""
        text, values = self._where(where)
        column = self.table.columns[field].name
        return dict(self._db.all(f"SELECT {column}, count(*) FROM {self.table.name} WHERE {text} GROUP BY {column}", values))

    def _names(self, fields: Iterable[str] | None) -> list[str]:
        if fields is None:
            return list(self.table.columns)
        heads = dict.fromkeys(["id", *(field.partition(".")[0] for field in fields)])
        return [name for name in heads if name in self.table.columns]

    def _select(self, names: Sequence[str]) -> str:
        return ", ".join(f"{self.table.name}.{self.table.columns[name].name}" for name in names)

    def _document(self, names: Sequence[str], row: Sequence[Any]) -> Document:
        return {name: _loaded(self.table.columns[name], value) for name, value in zip(names, row, strict=True)}

    def _where(self, conditions: Sequence[SqlText]) -> tuple[str, list[Any]]:
        kept = [condition for condition in (*conditions, self.shown) if condition[0]]
        return " AND ".join(text for text, _ in kept) or "1 = 1", [value for _, values in kept for value in values]

    def _rev(self, text: str) -> str:
        return "" if self.table.name == "worker" else text

    def _order(self, orders: Sequence[Order]) -> tuple[str, list[Any], str, list[Any]]:
        """The joins that an order needs with their values, and the order itself with its own."""
        joins: list[str] = []
        join_values: list[Any] = []
        terms: list[str] = []
        values: list[Any] = []
        for number, order in enumerate(orders):
            direction = " DESC" if order.descending else ""
            join, on, text, used = self._key(order, number)
            joins.append(join)
            join_values += on
            if self._is_nested(order):
                terms += [f"number({text}) IS NULL", f"number({text}){direction}", f"{text} IS NULL", f"{text}{direction}"]
                values += [*used, *used, *used, *used]
            elif order.field in _NEVER_MISSING:  # so that an index can be read in its order
                terms.append(f"{text}{direction}")
                values += used
            else:
                terms += [f"{text} IS NULL", f"{text}{direction}"]
                values += [*used, *used]
        return "".join(joins), join_values, ", ".join([*terms, f"{self.table.name}.id"]), values

    def _key(self, order: Order, number: int) -> tuple[str, list[Any], str, list[Any]]:
        """What an order sorts by: the join that it needs with its values, and the text with its own."""
        if order.field.startswith("last_metrics."):
            alias = f"series{number}"
            metric, variant, column = metric_column(order.field)
            on = f"{alias}.entity = {self.table.name}.id AND {alias}.metric_hash = ? AND {alias}.variant_hash = ?"
            return f" LEFT JOIN series AS {alias} ON {on}", [metric, variant], f"{alias}.{column}", []
        if order.field in NAMED:
            column = self.table.columns[order.field.partition(".")[0]].name
            alias = f"named{number}"
            join = f" LEFT JOIN {NAMED[order.field]} AS {alias} ON {alias}.id = {self.table.name}.{column}"
            return join, [], f"{alias}.name", []
        return "", [], *expression(self.table, order.field, self._db.dialect)

    def _is_nested(self, order: Order) -> bool:
        return "." in order.field and order.field not in NAMED and not order.field.startswith("last_metrics.")


_NEVER_MISSING = frozenset({"id", "name", "type", "status", "created", "last_update", "status_changed"})
"""Fields that every document has."""


def _stored(column: Column, value: Any) -> Any:
    """A field's value as its column keeps it; `FieldInvalid` if it is of another type."""
    if value is None:
        value = column.default
    if value is None:
        return None
    wanted, said = _TYPES[column.kind]
    fits = isinstance(value, wanted) and not (isinstance(value, bool) and column.kind == "integer")
    if not fits:
        raise FieldInvalid(f"{column.name}: {said} is needed, not {value!r:.60}", hint="check the request")
    if column.kind == "list":
        return dumped_words(_words(column, value))
    if column.kind == "json":
        return msgspec.json.encode(value).decode()
    return int(bool(value)) if column.kind == "flag" else value


def _words(column: Column, value: Sequence[Any]) -> Sequence[str]:
    if not all(isinstance(word, str) for word in value):
        raise FieldInvalid(f"{column.name}: a list of texts is needed", hint="check the request")
    return value


_TYPES: dict[str, tuple[type | tuple[type, ...], str]] = {
    "text": (str, "a text"),
    "pattern": (str, "a text"),
    "time": (str, "a time"),
    "list": ((list, tuple), "a list of texts"),
    "json": (dict, "an object"),
    "integer": (int, "a whole number"),
    "flag": ((bool, int), "true or false"),
}


def _loaded(column: Column, value: Any) -> Any:
    if column.kind in ("json", "list"):
        return msgspec.json.decode(value) if value else column.default
    return bool(value) if column.kind == "flag" else value


def projected(document: Document, fields: Sequence[str]) -> Document:
    """The part of a document that dotted names ask for; `id` is always in it, and `-name` leaves something out."""
    wanted = [field for field in fields if not field.startswith("-")]
    left_out = [field[1:] for field in fields if field.startswith("-")]
    found: Document = dict(document) if not wanted else {"id": document["id"]} if "id" in document else {}
    for field in wanted:
        _copy_path(document, found, [unescaped(part) for part in field.split(".")])
    for field in left_out:
        _drop_path(found, field.split("."))
    return found


def _copy_path(source: Any, target: Document, path: Sequence[str]) -> None:
    head, rest = path[0], path[1:]
    if not isinstance(source, Mapping) or head not in source:
        longer = _dotted_key(source, path) if isinstance(source, Mapping) else None
        if longer:
            target[longer] = source[longer]
        return
    if not rest or not isinstance(source[head], Mapping):
        target[head] = source[head]
        return
    below = target.get(head)
    if below is source[head]:
        return
    target[head] = below if isinstance(below, dict) else {}
    _copy_path(source[head], target[head], rest)


def _dotted_key(source: Mapping[str, Any], path: Sequence[str]) -> str | None:
    """The key that several parts of a path spell together: names of parameters may have dots in them."""
    for length in range(len(path), 1, -1):
        key = ".".join(path[:length])
        if key in source:
            return key
    return None


def _drop_path(target: Document, path: Sequence[str]) -> None:
    for head in path[:-1]:
        below = target.get(head)
        if not isinstance(below, dict):
            return
        target[head] = dict(below)
        target = target[head]
    target.pop(path[-1], None)
