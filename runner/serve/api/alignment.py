"""Alignment: a dealer's report, the dealers of a vendor, and what is like a product or a dealer."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from runner import as_json
from runner.alignment.read import alignment_of, choose_vendor, dealer_report, find_dealer, in_order
from runner.alignment.similar import find_product_or_dealer, similar
from runner.serve.access import Reader
from runner.serve.answers import Made, answer_of_run
from runner.serve.caching import json_body
from runner.serve.mart_pages import mart_page
from runner.serve.parameters import NO_OTHERS
from runner.serve.service import Reading, service_of

JOBS = ("alignment",)
SIMILAR = 10

router = APIRouter(tags=["alignment"])
Vendor = Annotated[str | None, Query(description="The vendor's id.")]
SimilarLimit = Annotated[int, Query(ge=1, le=50)]


@router.get("/alignment/reports/{dealer:path}", dependencies=[NO_OTHERS])
def report(request: Request, _: Reader, connection: Reading, dealer: str, vendor: Vendor = None) -> Response:
    """What a dealer (an id or a name) should keep, drop, add and shift, and why.

    It is the published report, or, where the marts are newer, one made from them and stored nowhere.
    """
    settings = service_of(request).settings

    def make(_: Made) -> bytes:
        found = find_dealer(connection, settings, dealer)
        vendor_id = choose_vendor(connection, settings, found, vendor)
        shown = dealer_report(connection, settings, found.dealer_id, vendor_id, datetime.now(UTC), store=False)
        content = {
            "data": in_order(shown.data),
            "dealer_name": found.name,
            "as_of": shown.as_of,
            "run_id": shown.run_id,
            "generated_at": shown.generated_at,
            "remark": shown.remark or None,
        }
        return as_json.dumps(content).encode()  # the report's numbers are numbers, as `fieldlab report --json` has them

    return answer_of_run(request, connection, JOBS, make, keep=True)


@router.get("/alignment/dealers")
def dealers(request: Request, _: Reader, connection: Reading) -> Response:
    """Dealers with their influence (columns of the mart dealer_influence) and their alignment."""
    service = service_of(request)
    mart = service.catalog.mart(connection, service.settings, "dealer_influence")

    def extend(rows: list[dict[str, Any]]) -> None:
        keys = [(row["vendor_id"], row["dealer_id"]) for row in rows]
        found = alignment_of(connection, service.settings, keys)
        for row, key in zip(rows, keys, strict=True):
            row["alignment_score"], row["confidence"] = found.get(key, (None, None))

    return mart_page(request, connection, mart, extend=extend)


@router.get("/similar/products/{product:path}", dependencies=[NO_OTHERS])
def similar_products(
    request: Request, _: Reader, connection: Reading, product: str, vendor: Vendor = None, limit: SimilarLimit = SIMILAR
) -> Response:
    """What is like a product (an id, a SKU or a name), most similar first."""
    return _similar(request, connection, "product", product, vendor=vendor, limit=limit)


@router.get("/similar/dealers/{dealer:path}", dependencies=[NO_OTHERS])
def similar_dealers(
    request: Request, _: Reader, connection: Reading, dealer: str, vendor: Vendor = None, limit: SimilarLimit = SIMILAR
) -> Response:
    """Who is like a dealer (an id or a name), and which collections these carry and it does not."""
    return _similar(request, connection, "dealer", dealer, vendor=vendor, limit=limit)


def _similar(
    request: Request, connection: Reading, kind: str, text: str, *, vendor: str | None, limit: int
) -> Response:
    settings = service_of(request).settings

    def make(made: Made) -> bytes:
        subject = find_product_or_dealer(connection, settings, text, vendor, kind)
        found = similar(connection, settings, subject, vendor, limit)
        content = {"data": found.listed, "next": None, "as_of": made.as_of, "run_id": made.run_id}
        return json_body({**content, "subject": subject._asdict(), "collections": found.collections})

    return answer_of_run(request, connection, JOBS, make)
