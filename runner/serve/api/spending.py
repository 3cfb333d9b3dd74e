"""What was spent and paid in any period: the comparisons of `fieldlab spending` and `fieldlab prices`."""

from typing import Annotated, Any

import psycopg
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from runner.errors import NotFoundError
from runner.procurement import analysis
from runner.procurement.analysis import BRIDGED, COMPARISONS, GROUPINGS, Item
from runner.serve.access import Reader
from runner.serve.answers import Made, answer_of_run
from runner.serve.caching import json_body
from runner.serve.parameters import NO_OTHERS, From, To, choice
from runner.serve.service import Reading, service_of
from runner.settings import Settings

JOBS = ("spending-metrics",)

router = APIRouter(tags=["spending"])
ItemName = Annotated[str | None, Query(description="One item only: its number or its name.")]


@router.get("/spending", dependencies=[NO_OTHERS])
def spending(
    request: Request,
    _: Reader,
    connection: Reading,
    *,
    first: From = None,
    last: To = None,
    by: Annotated[str, choice(GROUPINGS)] = "branch",
    item: ItemName = None,
) -> Response:
    """What was spent in a period, in all and by branch, vendor, item, department, cost centre or month."""
    settings = service_of(request).settings

    def make(made: Made) -> bytes:
        period = analysis.choose_period(connection, settings, first, last)
        one = _item(connection, settings, item)
        found = analysis.spending(connection, settings, period, by, one)
        more = {"from": period.first, "to": period.last, "by": by, "item": one and one._asdict(), "total": found.total}
        return _body(made, found.groups, more)

    return answer_of_run(request, connection, JOBS, make, keep=True)


@router.get("/spending/bridge", dependencies=[NO_OTHERS])
def spending_bridge(
    request: Request,
    _: Reader,
    connection: Reading,
    *,
    period: Annotated[str, choice(COMPARISONS)] = "year",
    by: Annotated[str, choice(BRIDGED)] = "item",
    item: ItemName = None,
) -> Response:
    """Why spending changed since a year before: prices, quantities, mix, new and lost items."""
    settings = service_of(request).settings

    def make(made: Made) -> bytes:
        one = _item(connection, settings, item)
        found = analysis.bridge(connection, settings, period, by, one)
        if found is None:
            raise NotFoundError("There is no invoice line in either half.")
        more = {
            "period": period,
            "from": found.now.first,
            "to": found.now.last,
            "before_from": found.before.first,
            "before_to": found.before.last,
            "before_is_complete": found.before_is_complete,
            "by": by,
            "item": one and one._asdict(),
            "total": found.total,
        }
        return _body(made, found.groups, more)

    return answer_of_run(request, connection, JOBS, make, keep=True)


@router.get("/prices/{item:path}", dependencies=[NO_OTHERS])
def prices(
    request: Request, _: Reader, connection: Reading, item: str, first: From = None, last: To = None
) -> Response:
    """What each branch paid each vendor for an item (its number or its name) in a period."""
    settings = service_of(request).settings

    def make(made: Made) -> bytes:
        period = analysis.choose_period(connection, settings, first, last)
        one = analysis.find_item(connection, settings, item)
        found = analysis.prices(connection, settings, period, one)
        more = {"from": period.first, "to": period.last, "item": one._asdict(), **found.network}
        return _body(made, found.prices, {**more, "benchmark": found.benchmark})

    return answer_of_run(request, connection, JOBS, make, keep=True)


def _item(connection: psycopg.Connection, settings: Settings, text: str | None) -> Item | None:
    return analysis.find_item(connection, settings, text) if text is not None else None


def _body(made: Made, rows: Any, more: dict[str, Any]) -> bytes:
    return json_body({"data": rows, "next": None, "as_of": made.as_of, "run_id": made.run_id, **more})
