"""How a query of ClearML's protocol becomes SQL: lists with operators, regular expressions, times, nested names, order.

A condition is first read into a small tree, whose meaning `holds` in the tests states a second time, and then written as SQL.
"""

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from tilth.base.errors import Invalid
from tilth.server.db.engine import Dialect
from tilth.server.stores.archived import ARCHIVED, in_archived_project
from tilth.server.stores.patterns import portable
from tilth.server.stores.rows import dumped, marks
from tilth.server.stores.tables import Column, Table

__all__ = [
    "NAMED",
    "Condition",
    "Order",
    "Query",
    "SqlText",
    "conditions_of",
    "expression",
    "json_text",
    "metric_column",
    "order_of",
    "parse_list",
    "unescaped",
    "utc_text",
]

_ALL = ("__$all", "__$and")
_ANY = ("__$any", "__$or")
_NOT = "__$not"
_NOP = "__$nop"
_COMPARISONS = (">=", "<=", ">", "<")
NAMED = MappingProxyType({"project.name": "project", "user.name": "account"})
"""Names of what a document points to, by which it is sorted: the tables that have them."""
_ESCAPES = (("%2E", "."), ("%24", "$"), ("%25", "%"))
"""How a path writes what in the name of a parameter would be read as something else."""
_META = frozenset(r".^$*+?{}[]|()")
_SUMMARIES = frozenset(
    {"value", "min_value", "max_value", "first_value", "count", "value_iteration", "min_value_iteration", "max_value_iteration"}
)

SqlText = tuple[str, list[Any]]
"""A piece of a statement, and its values."""


class Term(Struct, frozen=True):
    """One value that a list holds, or does not hold; None stands for an empty list."""

    value: str | None
    negated: bool = False


class Group(Struct, frozen=True):
    """Terms of which each has to hold, or one."""

    terms: tuple[Term, ...]
    every: bool


class Condition(Struct, frozen=True):
    """Groups of which each has to hold, or one."""

    groups: tuple[Group, ...]
    every: bool = True


class Order(Struct, frozen=True):
    """What rows are sorted by."""

    field: str
    descending: bool


class Query(Struct, frozen=True, kw_only=True):
    """Which documents are wanted: conditions that all have to hold, their order, and which part of them."""

    where: tuple[SqlText, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int = 500
    offset: int = 0


def parse_list(values: Sequence[Any]) -> Condition:
    """What a list of values with operators among them means."""
    groups: list[Group] = []
    excluded: list[Group] = []
    terms: list[Term] = []
    operator: bool | None = None
    join: bool | None = None
    negate = False

    def close() -> None:
        if terms:
            groups.append(Group(tuple(terms), every=bool(operator)))
        terms.clear()

    for value in values:
        if value in _ALL or value in _ANY:
            close()
            operator = value in _ALL
            join = operator if join is None else join
        elif value == _NOP:
            close()
            operator = None
        elif value == _NOT:
            negate = True
        elif operator is None and (negate or (join is None and isinstance(value, str) and value.startswith("-") and len(value) > 1)):
            excluded.append(Group((Term(value if negate else value[1:], negated=True),), every=True))
            negate = False
        else:
            terms.append(Term(value, negated=negate))
            negate = False
    close()
    return Condition((*groups, *excluded), every=True if join is None else join)


def conditions_of(table: Table, request: Mapping[str, Any], dialect: Dialect) -> list[SqlText]:
    """The conditions that a request sets; names that are no fields of the table say nothing."""
    found: list[SqlText] = []
    for name, value in request.items():
        if name in ("_any_", "_or_", "_all_", "_and_"):
            every = name in ("_all_", "_and_")
            found += [_multi_field(table, said, every=every, dialect=dialect) for said in (value if isinstance(value, list) else [value])]
        elif name == "filters" and isinstance(value, Mapping):
            found += [_filter(table, field, said, dialect) for field, said in value.items()]
        elif value is not None and name.startswith("last_metrics."):
            found.append(_metric_range(table, name, value))
        elif value is not None and _column(table, name) is not None:
            found.append(_condition(table, name, value, dialect))
    return [piece for piece in found if piece[0]]


def order_of(table: Table, given: Any) -> tuple[Order, ...]:
    """What a request's `order_by` says; `Invalid` for a name that can't be sorted by."""
    names = [given] if isinstance(given, str) else given or ()
    if not isinstance(names, (list, tuple)):
        raise Invalid("order_by takes names of fields", hint="use a list of strings")
    orders: list[Order] = []
    for name in names:
        if not isinstance(name, str):
            raise Invalid("order_by takes names of fields", hint="use a list of strings")
        field = name.lstrip("-+")
        if field == "@text_score":
            continue
        is_named = field in NAMED and field.partition(".")[0] in table.columns
        if _column(table, field) is None and not is_named and not field.startswith("last_metrics."):
            raise Invalid(f"order_by: there is no field {field}", hint="use a field of the documents that are listed")
        orders.append(Order(field, name.startswith("-")))
    return tuple(orders)


def expression(table: Table, field: str, dialect: Dialect) -> SqlText:
    """The SQL for a field, or for what lies in one."""
    column = _column(table, field)
    if column is None:
        raise Invalid(f"there is no field {field}", hint="use a field of the documents that are listed")
    parts = [unescaped(part) for part in field.split(".")[1:] if part]
    plain = f"{table.name}.{column.name}"
    return json_text(plain, parts, dialect) if parts and column.kind == "json" else (plain, [])


def json_text(column: str, parts: Sequence[str], dialect: Dialect) -> SqlText:
    """What lies at a path in a JSON column, as text; NULL if nothing is there. Parts are names: elements of lists have none."""
    if dialect == "postgres":
        return f"({column}::json{' -> ?::text' * (len(parts) - 1)} ->> ?::text)", list(parts)
    return f"json_at({column}, ?)", [dumped(parts)]


def metric_column(field: str) -> tuple[str, str, str]:
    """The hashes of metric and variant that `last_metrics.<metric>.<variant>.<summary>` names, and the column of the summary."""
    metric, variant, column = (*field.split(".")[1:4], "", "", "")[:3]
    return metric, variant, column if column in _SUMMARIES else "value"


def utc_text(said: Any) -> str:
    """A time as columns keep it; `Invalid` if it is none."""
    try:
        time = datetime.fromisoformat(str(said).strip())
    except ValueError as error:
        raise Invalid(f"{said!r:.60} is not a time", hint="write it like 2026-01-31T12:00:00") from error
    try:
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except OverflowError as error:
        raise Invalid(f"{said!r:.60} lies outside of the calendar", hint="use years from 2 to 9998") from error
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")


def unescaped(part: str) -> str:
    """One name of a path, as it is called."""
    for written, meant in _ESCAPES:
        part = part.replace(written, meant)
    return part


def _column(table: Table, field: str) -> Column | None:
    head, _, rest = field.partition(".")
    column = table.columns.get(head)
    return column if column and (not rest or column.kind == "json") else None


def _condition(table: Table, field: str, value: Any, dialect: Dialect) -> SqlText:
    column = table.columns[field.partition(".")[0]]
    text, values = expression(table, field, dialect)
    if column.kind == "json":
        return _nested(text, values, value) if "." in field else ("", [])
    if column.kind == "list":
        return _list_condition(table, text, value)
    if column.kind == "time":
        return _joined([_time(text, said) for said in _listed(value)], every=True)
    if column.kind == "pattern":
        return _joined([_pattern(text, [], said, dialect, exact_case=True) for said in _listed(value)], every=False)
    if column.kind == "flag":
        return f"{text} = ?", [int(bool(value))]
    if column.kind == "integer":
        return _joined([_number(text, said) for said in _listed(value)], every=True)
    return _text(text, value)


def _text(text: str, value: Any) -> SqlText:
    """A column with one value: it is one of those that are wanted, and none of those that are not."""
    listed = _listed(value)
    if not listed:
        return "", []
    if not any(isinstance(said, str) and said.startswith(("-", "__$")) for said in listed) and None not in listed:
        return f"{text} IN ({marks(listed)})", [_word(said) for said in listed]
    return _written(
        parse_list(listed), lambda term: (f"({text} IS NULL OR {text} = '')", []) if term.value is None else (f"{text} = ?", [term.value])
    )


def _list_condition(table: Table, text: str, value: Any) -> SqlText:
    return _written(
        parse_list(_listed(value)),
        lambda term: (f"{text} = '[]'", []) if term.value is None else _listing(table, text, term.value),
    )


def _listing(table: Table, text: str, value: Any) -> SqlText:
    """A list holds a value; what lies in an archived project is as archived as what is tagged so."""
    held: SqlText = (f"instr({text}, ?) > 0", [dumped(_word(value))])
    around = in_archived_project(table.name) if value == ARCHIVED and text.endswith(".system_tags") else ""
    return (f"({held[0]} OR {around})", held[1]) if around else held


def _nested(text: str, values: list[Any], value: Any) -> SqlText:
    def written(term: Term) -> SqlText:
        if term.value is None:
            return f"{text} IS NULL", values
        return f"{text} = ?", [*values, _nested_word(term.value)]

    return _written(parse_list(_listed(value)), written)


def _written(condition: Condition, term_text: Any) -> SqlText:
    """A condition on a list, with each of its terms as `term_text` writes it."""

    def term(given: Term) -> SqlText:
        text, values = term_text(given)
        return (f"NOT coalesce(({text}), {_FALSE})", values) if given.negated else (text, values)

    groups = [_joined([term(found) for found in group.terms], every=group.every) for group in condition.groups]
    return _joined(groups, every=condition.every)


_FALSE = "(1 = 0)"
_WIDEST = 100


def _joined(pieces: Sequence[SqlText], *, every: bool) -> SqlText:
    kept = [piece for piece in pieces if piece[0]]
    if not kept:
        return "", []
    text = _nested_text([piece[0] for piece in kept], " AND " if every else " OR ")
    return text, [value for piece in kept for value in piece[1]]


def _nested_text(pieces: Sequence[str], word: str) -> str:
    """Pieces with a word between them, in halves of halves: SQLite takes no expression that is a thousand deep."""
    if len(pieces) <= _WIDEST:
        return f"({word.join(pieces)})"
    middle = len(pieces) // 2
    return f"({_nested_text(pieces[:middle], word)}{word}{_nested_text(pieces[middle:], word)})"


def _time(text: str, said: Any) -> SqlText:
    if said is None:
        return f"{text} IS NULL", []
    words = str(said).strip()
    comparison = next((sign for sign in _COMPARISONS if words.startswith(sign)), "")
    return f"{text} {comparison or '='} ?", [utc_text(words[len(comparison) :])]


def _number(text: str, said: Any) -> SqlText:
    words = str(said).strip()
    comparison = next((sign for sign in _COMPARISONS if words.startswith(sign)), "")
    try:
        return f"{text} {comparison or '='} ?", [int(float(words[len(comparison) :]))]
    except (ValueError, OverflowError) as error:
        raise Invalid(f"{said!r:.60} is not a number", hint="write a number, with >= or <= before it if you like") from error


def _metric_range(table: Table, field: str, value: Any) -> SqlText:
    """A summary of a scalar is a number, or lies between two numbers that belong to the range; None leaves a side open."""
    if table.name not in ("task", "model"):
        return "", []
    metric, variant, column = metric_column(field)
    low, high = value if isinstance(value, (list, tuple)) and len(value) == 2 else (value, value)
    bounds = [(sign, bound) for sign, bound in ((">=", low), ("<=", high)) if bound is not None]
    if not all(isinstance(bound, (int, float)) for _, bound in bounds):
        raise Invalid(f"{field} takes a number, or the least and the greatest", hint="write it like [0.5, null]")
    limits = "".join(f" AND series.{column} {sign} ?" for sign, _ in bounds)
    where = f"series.entity = {table.name}.id AND series.metric_hash = ? AND series.variant_hash = ?{limits}"
    return f"EXISTS (SELECT 1 FROM series WHERE {where})", [metric, variant, *(bound for _, bound in bounds)]


def _pattern(text: str, values: list[Any], pattern: Any, dialect: Dialect, *, exact_case: bool) -> SqlText:
    """A regular expression that is searched for; one that can fit a single text only is compared."""
    if pattern is None:
        return f"({text} IS NULL OR {text} = '')", [*values, *values]
    if not isinstance(pattern, str):
        raise Invalid("a pattern has to be a text", hint="check the request")
    literal = _literal(pattern) if exact_case else None
    if literal is not None:
        return f"{text} = ?", [*values, literal]
    return f"fits(?, CAST({text} AS TEXT))", [portable(pattern, dialect, exact_case=exact_case), *values]


def _literal(pattern: str) -> str | None:
    """The text that `^text$` fits, if nothing in it is more than itself."""
    if not (pattern.startswith("^") and pattern.endswith("$")) or pattern.endswith("\\$"):
        return None
    found: list[str] = []
    rest = iter(pattern[1:-1])
    for character in rest:
        if character == "\\":
            escaped = next(rest, "")
            if escaped.isalnum() or not escaped:
                return None
            found.append(escaped)
        elif character in _META:
            return None
        else:
            found.append(character)
    return "".join(found)


def _multi_field(table: Table, said: Any, *, every: bool, dialect: Dialect) -> SqlText:
    if not isinstance(said, Mapping) or not isinstance(said.get("fields"), Sequence):
        raise Invalid("_any_ and _all_ take fields, and a pattern or times", hint="see the protocol's description")
    pieces: list[SqlText] = []
    for field in said["fields"]:
        if not isinstance(field, str) or _column(table, field) is None:
            continue
        text, values = expression(table, field, dialect)
        if "datetime" in said:
            pieces.append(_joined([_time(text, when) for when in _listed(said["datetime"])], every=True))
        elif "range" in said:
            pieces.append(_number_range(text, values, said["range"]))
        else:
            pieces.append(_pattern(text, values, said.get("pattern"), dialect, exact_case=False))
    return _joined(pieces, every=every) if pieces else (_FALSE, [])


def _number_range(text: str, values: list[Any], said: Any) -> SqlText:
    """A text is a number that lies between two, which belong to the range; None leaves a side open."""
    low, high = said if isinstance(said, (list, tuple)) and len(said) == 2 else (said, said)
    bounds = [(sign, bound) for sign, bound in ((">=", low), ("<=", high)) if bound is not None]
    if not bounds or not all(isinstance(bound, (int, float)) and not isinstance(bound, bool) for _, bound in bounds):
        raise Invalid("a range takes the least and the greatest number", hint="write it like [0.5, null]")
    if any(abs(bound) > sys.float_info.max for _, bound in bounds):
        raise Invalid("a range ends with numbers of at most 1.8e308", hint="write null for a side that is open")
    return _joined([(f"number(CAST({text} AS TEXT)) {sign} ?", [*values, float(bound)]) for sign, bound in bounds], every=True)


def _filter(table: Table, field: str, said: Any, dialect: Dialect) -> SqlText:
    """`filters`: what a list field holds, said without operators."""
    if not isinstance(said, Mapping) or _column(table, field) is None:
        return "", []
    groups = []
    for every, name in ((False, "any"), (True, "all")):
        terms = [Term(value, negated=part == "exclude") for part in ("include", "exclude") for value in _part(said, field, name, part)]
        groups += [Group(tuple(terms), every=every)] if terms else []
    text, values = expression(table, field, dialect)
    listed = table.columns[field.partition(".")[0]].kind == "list"

    def written(term: Term) -> SqlText:
        if term.value is None:
            return f"({text} IS NULL OR {text} IN ('', '[]'))", [*values, *values]
        return _listing(table, text, term.value) if listed else (f"{text} = ?", [*values, _word(term.value)])

    return _written(Condition(tuple(groups), every=said.get("op", "and") != "or"), written)


def _part(said: Mapping[str, Any], field: str, name: str, part: str) -> Sequence[Any]:
    """The values that a part of a filter names."""
    group = said.get(name) or {}
    found = (group.get(part) or ()) if isinstance(group, Mapping) else group
    if not isinstance(found, (list, tuple)):
        raise Invalid(f"filters: {field}.{name} takes lists, include and exclude", hint="see the protocol's description")
    return found


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _word(value: Any) -> str:
    if not isinstance(value, (str, int, float)):
        raise Invalid(f"{value!r:.60} can't be looked for", hint="use texts")
    return str(value)


def _nested_word(value: Any) -> str:
    return dumped(value) if isinstance(value, bool) else _word(value)
