"""Rows of the marts: any of them by name, and those that the papers gave a route of their own."""

from collections.abc import Mapping

import psycopg
from fastapi import APIRouter, Request
from starlette.responses import Response

from runner.serve.access import Reader
from runner.serve.caching import cached, etag, json_body
from runner.serve.mart_pages import date_column, mart_page
from runner.serve.parameters import ItemId
from runner.serve.service import Reading, service_of

SHORT = 60

router = APIRouter(tags=["marts"])


@router.get("/marts")
def marts(request: Request, _: Reader, connection: Reading) -> Response:
    """The public marts: what a row is, the grain, the columns with their types and units."""
    service = service_of(request)
    known = service.catalog.marts(connection, service.settings)
    rows = [
        {
            "name": mart.name,
            "description": mart.description,
            "grain": mart.grain,
            "date_column": day.name if (day := date_column(mart)) else None,
            "columns": [column._asdict() for column in mart.columns],
        }
        for mart in known.marts.values()
    ]
    content = {"data": rows, "next": None, "as_of": None, "run_id": known.run_id}
    return cached(request, etag(request, known.run_id), SHORT, lambda: json_body(content))


@router.get("/marts/{mart}")
def mart(request: Request, _: Reader, connection: Reading, mart: str) -> Response:
    """Rows of a mart. Each column filters; an empty value means null."""
    return _page(request, connection, mart)


@router.get("/price-variance")
def price_variance(request: Request, _: Reader, connection: Reading, item_id: ItemId) -> Response:  # noqa: ARG001 - it filters
    """What each branch pays each vendor for an item, and how far that is from the mean (mart price_variance)."""
    return _page(request, connection, "price_variance")


@router.get("/benchmarks/{item_id}")
def benchmark(request: Request, _: Reader, connection: Reading, item_id: ItemId) -> Response:
    """The mean, lowest and highest price of an item over vendors and branches (mart item_price_benchmarks)."""
    return _page(request, connection, "item_price_benchmarks", {"item_id": str(item_id)}, is_one=True)


@router.get("/purchase-patterns")
def purchase_patterns(request: Request, _: Reader, connection: Reading) -> Response:
    """How each item is ordered: cycle, quantity, season, next order (mart purchase_patterns)."""
    return _page(request, connection, "purchase_patterns")


@router.get("/consolidation-opportunities")
def consolidation_opportunities(request: Request, _: Reader, connection: Reading) -> Response:
    """Items that several branches buy from several vendors (mart consolidation_opportunities)."""
    return _page(request, connection, "consolidation_opportunities")


@router.get("/source-quality")
def source_quality(request: Request, _: Reader, connection: Reading) -> Response:
    """What is wrong with the input, errors first by name (mart source_quality)."""
    return _page(request, connection, "source_quality")


def _page(
    request: Request,
    connection: psycopg.Connection,
    name: str,
    fixed: Mapping[str, str] | None = None,
    *,
    is_one: bool = False,
) -> Response:
    service = service_of(request)
    mart = service.catalog.mart(connection, service.settings, name)
    return mart_page(request, connection, mart, fixed, is_one=is_one)
