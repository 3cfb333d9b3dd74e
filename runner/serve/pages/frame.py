"""What every page shows around its content."""

from dataclasses import dataclass
from datetime import date, datetime

import psycopg

from runner.database.query import query
from runner.settings import Settings


@dataclass(frozen=True)
class Frame:
    """What is around a page.

    Attributes:
        as_of: The date that the newest published run is about; None before the first.
        computed_at: When that run began.
        who: The person who asks; empty on a page that is a file.
        may_sign_out: Whether the person came with a token, and can go.
        has_navigation: Whether to show where else to go; not to somebody who is not signed in.
    """

    as_of: date | None = None
    computed_at: datetime | None = None
    who: str = ""
    may_sign_out: bool = False
    has_navigation: bool = False


def read_frame(
    connection: psycopg.Connection, settings: Settings, who: str = "", *, may_sign_out: bool = False
) -> Frame:
    """The frame of a page that somebody sees now."""
    row = connection.execute(query(settings, _NEWEST)).fetchone()
    as_of, computed_at = row or (None, None)
    return Frame(as_of, computed_at, who, may_sign_out, has_navigation=True)


_NEWEST = """
    select as_of, started_at
    from {ops}.job_runs
    where published
    order by started_at desc
    limit 1
"""
