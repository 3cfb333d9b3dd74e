"""Parameters that several routes take."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from pydantic import BeforeValidator, Field

from runner.serve.problems import unknown
from runner.serve.values import parse_date
from runner.settings import FIRST_DAY, LAST_DAY


def _plausible(value: object) -> object:
    """A date that windows around it stay dates.

    Raises:
        ValueError: It is none.
    """
    if value is None or isinstance(value, date):
        return value
    day = parse_date(str(value))
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"a date from {FIRST_DAY} to {LAST_DAY} is expected")
    return day


Day = Annotated[date, BeforeValidator(_plausible)]
From = Annotated[Day | None, Query(alias="from", description="The first date.")]
To = Annotated[Day | None, Query(alias="to", description="The last date; without it the as-of date of the marts.")]
ItemId = Annotated[int, Field(ge=-(2**31), lt=2**31, description="The item's number.")]


def choice(names: Iterable[str]) -> Any:
    """One of these texts."""
    return Field(pattern=f"^({'|'.join(re.escape(name) for name in names)})$")


def _no_others(request: Request) -> None:
    """Refuse a parameter that the route does not take, which would be a filter left out without a word.

    Raises:
        Problem: 400 with the closest names.
    """
    known = [field.alias for field in request.scope["route"].dependant.query_params]
    other = next((name for name in request.query_params if name not in known), None)
    if other is not None:
        raise unknown(f"There is no parameter {other!r}.", other, known)


NO_OTHERS = Depends(_no_others)
