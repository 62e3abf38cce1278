"""The API's description in OpenAPI 3.1, made from the registry."""

from functools import lru_cache
from typing import Any

import msgspec

from tilth import __version__
from tilth.domain.access import Permission
from tilth.server.routes.rpc import REGISTRY, Procedure, register_all

__all__ = ["describe"]

_ANSWERS = {
    "200": "What the call returns.",
    "400": "The request can't be done as it is.",
    "401": "Nobody signed in, or not with a good token.",
    "403": "The caller may not do this.",
    "404": "There is no such call, or no such file.",
    "413": "The body is too large.",
    "429": "Too many tries; wait a little.",
    "503": "The server can't do this now; try again.",
}


@lru_cache(maxsize=16)
def describe(url: str) -> dict[str, Any]:
    """The description of every call of the server at `url`."""
    register_all()
    procedures = sorted(REGISTRY.values(), key=lambda found: found.name)
    schemas, components = msgspec.json.schema_components(
        [found.request for found in procedures], ref_template="#/components/schemas/{name}"
    )
    paths = {f"/{found.name}": {"post": _operation(found, schema)} for found, schema in zip(procedures, schemas, strict=True)}
    envelope = {
        "type": "object",
        "required": ["meta", "data"],
        "properties": {
            "meta": {
                "type": "object",
                "required": ["id", "trx", "endpoint", "result_code", "result_subcode", "result_msg"],
                "properties": {
                    "id": {"type": "string"},
                    "trx": {"type": "string"},
                    "endpoint": {"type": "object"},
                    "result_code": {"type": "integer"},
                    "result_subcode": {"type": "integer"},
                    "result_msg": {"type": "string"},
                    "error_stack": {"type": ["string", "null"]},
                    "error_data": {"type": "object"},
                },
            },
            "data": {"type": "object"},
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tilth", "version": __version__, "description": "Every call takes JSON and answers with an envelope."},
        "servers": [{"url": url}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": components | {"Envelope": envelope},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}, "key": {"type": "http", "scheme": "basic"}},
        },
    }


def _operation(found: Procedure, schema: dict[str, Any]) -> dict[str, Any]:
    content = {"application/json-lines": {"schema": {"type": "string"}}} if found.raw else {"application/json": {"schema": schema}}
    operation: dict[str, Any] = {
        "operationId": found.name,
        "summary": found.summary,
        "tags": [found.name.partition(".")[0]],
        "requestBody": {"content": content},
        "responses": {status: _response(said, found) for status, said in _ANSWERS.items()},
        "x-needs": found.needs.name.lower(),
        "x-writes": found.writes,
        "x-since": found.since,
    }
    if found.name == "auth.login":
        operation["security"] = [{"key": []}, {"token": []}]
    elif found.needs is Permission.NONE:
        operation["security"] = []
    return operation


def _response(said: str, found: Procedure) -> dict[str, Any]:
    if found.name in ("events.download_task_log", "organization.download_for_get_all"):
        return {"description": said}
    return {"description": said, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Envelope"}}}}
