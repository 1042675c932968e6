"""The OpenAPI page, from the table of endpoints."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from tenure.http.endpoints import JSON, Endpoint

Json = dict[str, Any]
REFERENCE = "#/components/schemas/{name}"


def describe(
    title: str,
    endpoints: Iterable[Endpoint],
    keys: Mapping[str, str],
    fitting: Mapping[str, Sequence[str]] | None = None,
) -> Json:
    """Give the whole page. `keys` says in which header each key comes, `fitting` which of them each `who` takes."""
    endpoints, fitting = list(endpoints), fitting or {}
    _, schemas = msgspec.json.schema_components([e.body for e in endpoints if e.body], ref_template=REFERENCE)
    schemas["Error"] = {
        "type": "object",
        "properties": {"detail": {"type": "string"}},
        "required": ["detail"],
    }
    paths: dict[str, Json] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(
            endpoint, fitting.get(endpoint.who, (endpoint.who,))
        )
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                who: {"type": "apiKey", "in": "header", "name": header} for who, header in keys.items()
            },
        },
    }


def _operation(endpoint: Endpoint, keys: Sequence[str]) -> Json:
    error = {
        "description": "Refused; `detail` says what to do",
        "content": _content({"$ref": _schema("Error")}),
    }
    done: Json = {"description": "Done"}
    if endpoint.status != HTTPStatus.NO_CONTENT:
        done["content"] = _content({}) if endpoint.gives == JSON else {endpoint.gives: {"schema": {"type": "string"}}}
    operation: Json = {
        "summary": endpoint.summary,
        "operationId": endpoint.handle.__name__ + "_" + endpoint.who,
        "security": [{key: []} for key in keys],
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint)],
        "responses": {str(endpoint.status): done, "default": error},
    }
    if endpoint.body:
        operation["requestBody"] = {
            "required": True,
            "content": _content({"$ref": _schema(endpoint.body.__name__)}),
        }
    return operation


def _path_parameters(endpoint: Endpoint) -> list[Json]:
    names = re.findall(r"\{(\w+)\}", endpoint.path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parameters(endpoint: Endpoint) -> list[Json]:
    number, text = {"type": "integer", "minimum": 0}, {"type": "string"}
    schemas = {**dict.fromkeys(endpoint.queries, number), **dict.fromkeys(endpoint.text_queries, text)}
    return [{"name": name, "in": "query", "schema": schema} for name, schema in schemas.items()]


def _content(schema: Json) -> Json:
    return {JSON: {"schema": schema}}


def _schema(name: str) -> str:
    return REFERENCE.replace("{name}", name)
