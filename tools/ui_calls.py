"""The calls of the server as the page knows them, out of the same table as everything else: `make snapshots` writes them anew."""

import json
from pathlib import Path
from typing import Any

from tilth.server.routes.openapi import describe

__all__ = ["FILE", "calls", "write"]

FILE = Path(__file__).resolve().parent.parent / "ui" / "src" / "api" / "calls.ts"

_PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def calls() -> str:
    """What each call takes."""
    described = describe("/api")
    schemas = described["components"]["schemas"]
    lines = ["/* Written by tools/ui_calls.py: `make snapshots`. */", "", "/** What each call takes. */", "export interface Calls {"]
    for path, methods in sorted(described["paths"].items()):
        operation = methods.get("post")
        if operation is None or "requestBody" not in operation:
            continue
        content = operation["requestBody"]["content"].get("application/json")
        if content is None:
            continue
        asked = schemas[content["schema"]["$ref"].rpartition("/")[2]]
        lines += [f"  /** {operation['summary']} */", f"  {json.dumps(path.strip('/'))}: {_object(asked)};"]
    return "\n".join([*lines, "}", ""])


def _object(schema: dict[str, Any]) -> str:
    properties = schema.get("properties") or {}
    if not properties:
        return "Record<string, unknown>"
    required = set(schema.get("required") or ())
    fields = (f"{name}{'' if name in required else '?'}: {_type(kind)}" for name, kind in properties.items())
    # Lists are asked for with whatever a query may say: fields to filter by, `order_by`, `page`, `only_fields`.
    return f"{{ {'; '.join(fields)} }} & Record<string, unknown>"


def _type(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type(one) for one in schema["anyOf"]))
    kind = schema.get("type")
    if kind == "array":
        inner = _type(schema.get("items") or {})
        return f"({inner})[]" if " " in inner else f"{inner}[]"
    return _PLAIN.get(str(kind), "Record<string, unknown>" if kind == "object" else "unknown")


def write() -> None:
    """Write the file."""
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(calls())


if __name__ == "__main__":
    write()
