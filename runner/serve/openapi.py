"""The description of the API: what FastAPI knows of the routes, and the columns of the marts from their contracts."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi

from runner import __version__
from runner.ops.marts import Column, Mart
from runner.serve.limits import PER_MINUTE
from runner.serve.mart_pages import DEFAULT_LIMIT, LARGEST_LIMIT, UNSORTED, date_column
from runner.serve.values import base_type, json_schema

Json = dict[str, Any]

ANY_MART = "/marts/{mart}"
# Routes that answer rows of one mart, and what they add to each.
VIEWS: Mapping[str, tuple[str, tuple[Column, ...]]] = {
    "/price-variance": ("price_variance", ()),
    "/purchase-patterns": ("purchase_patterns", ()),
    "/consolidation-opportunities": ("consolidation_opportunities", ()),
    "/source-quality": ("source_quality", ()),
    "/alignment/dealers": (
        "dealer_influence",
        (
            Column("alignment_score", "integer", True, "How well the dealer's assortment is aligned, 0 to 100."),
            Column("confidence", "text", True, "How sure that is: high, medium or low."),
        ),
    ),
}
ONE_ROW = {"/benchmarks/{item_id}": "item_price_benchmarks"}
REFUSALS = {
    "400": "A column that is not there, or a cursor that is none.",
    "401": "No valid token.",
    "403": "The token's scope is too small.",
    "404": "There is no such thing; the closest names.",
    "409": "The step is refused, or a run is under way.",
    "421": "The Host is not this machine.",
    "422": "A value that cannot be one; `errors` names each.",
    "429": f"More than {PER_MINUTE} requests in a minute.",
    "503": "Not built yet, or the database took too long.",
}
PROBLEM: Json = {
    "type": "object",
    "description": "RFC 9457.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
        "closest": {"type": "array", "items": {"type": "string"}},
    },
}


def describe(routers: Iterable[APIRouter], prefix: str, marts: Mapping[str, Mart]) -> Json:
    """The OpenAPI document.

    Args:
        routers: The routers of the API.
        prefix: Their path.
        marts: The marts by name; without any, `ANY_MART` is described as it is.
    """
    document = get_openapi(
        title="fieldlab",
        version=__version__,
        summary="What was published, and what people do with it.",
        routes=[route for router in routers for route in router.routes],
    )
    paths = document["paths"] = {f"{prefix}{path}": item for path, item in document["paths"].items()}
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = PROBLEM
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"token": []}]

    for path, (name, more) in VIEWS.items():
        if name in marts:
            _describe_rows(paths[f"{prefix}{path}"]["get"], schemas, marts[name], more)
    for path, name in ONE_ROW.items():
        if name in marts:
            _answer(paths[f"{prefix}{path}"]["get"], _row(schemas, marts[name]))
    if marts:
        any_mart = paths.pop(f"{prefix}{ANY_MART}")
        for mart in marts.values():
            item = copy.deepcopy(any_mart)
            operation = item["get"]
            operation |= {"operationId": f"mart_{mart.name}", "summary": mart.name, "description": mart.description}
            operation["parameters"] = []
            _describe_rows(operation, schemas, mart)
            paths[f"{prefix}{ANY_MART.format(mart=mart.name)}"] = item
    for item in paths.values():
        for operation in item.values():
            _describe_refusals(operation)
    return document


def _describe_rows(operation: Json, schemas: Json, mart: Mart, more: tuple[Column, ...] = ()) -> None:
    """The parameters and the answer of a route that gives rows of a mart."""
    named = {parameter["name"] for parameter in operation.get("parameters", ())}
    found = [parameter for parameter in _parameters(mart) if parameter["name"] not in named]
    operation["parameters"] = [*operation.get("parameters", ()), *found]
    page = {
        "type": "object",
        "required": ["data", "next", "as_of", "run_id"],
        "properties": {
            "data": {"type": "array", "items": _row(schemas, mart, more)},
            "next": {"type": ["string", "null"], "description": "Give it as `after` for the next page."},
            "as_of": {"type": ["string", "null"], "format": "date"},
            "run_id": {"type": ["string", "null"], "format": "uuid"},
            "total": {"type": ["integer", "null"], "description": "With count=true; null above 100,000."},
        },
    }
    _answer(operation, page)


def _row(schemas: Json, mart: Mart, more: tuple[Column, ...] = ()) -> Json:
    """A reference to the schema of a mart's rows."""
    name = f"{mart.name}_row" + ("_extended" if more else "")
    columns = (*mart.columns, *more)
    schemas[name] = {
        "type": "object",
        "description": mart.description,
        "required": [column.name for column in columns],
        "properties": {
            column.name: {
                **json_schema(column.data_type, nullable=column.nullable),
                "description": column.description,
            }
            for column in columns
        },
    }
    return {"$ref": f"#/components/schemas/{name}"}


def _parameters(mart: Mart) -> list[Json]:
    comparable = [column for column in mart.columns if base_type(column.data_type) not in UNSORTED]
    found = [
        _parameter(
            column.name,
            {"type": "array", "items": _value_schema(column)},
            f"{column.description}{' Empty: null.' if column.nullable else ''}",
        )
        for column in comparable
    ]
    day = date_column(mart)
    if day is not None:
        date_schema = {"type": "string", "format": "date"}
        found += [_parameter(name, date_schema, f"The {which} {day.name}.") for name, which in LIMITS.items()]
    names = [column.name for column in comparable]
    order = {"type": "string", "enum": [*names, *(f"-{name}" for name in names)]}
    limit = {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": DEFAULT_LIMIT}
    return [
        *found,
        _parameter("sort", order, "Nulls come last; `-` puts the largest first. The grain decides between equals."),
        _parameter("limit", limit, "How many rows at most."),
        _parameter("after", {"type": "string"}, "The `next` of the page before."),
        _parameter("count", {"type": "boolean", "default": False}, "Count the rows of all pages."),
    ]


LIMITS = {"from": "first", "to": "last"}


def _value_schema(column: Column) -> Json:
    schema = json_schema(column.data_type, nullable=False)
    return {"anyOf": [schema, {"type": "string", "maxLength": 0}]} if column.nullable else schema


def _parameter(name: str, schema: Json, description: str) -> Json:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


def _answer(operation: Json, schema: Json) -> None:
    operation["responses"]["200"] = {
        "description": "Rows, and where the next page begins.",
        "content": {"application/json": {"schema": schema}},
    }


def _describe_refusals(operation: Json) -> None:
    for status, description in REFUSALS.items():
        operation["responses"][status] = {
            "description": description,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
