"""Which jobs publish something after dbt, and what does it."""

from collections.abc import Mapping
from typing import Protocol

import psycopg

from runner.ops.runs import Published, Run
from runner.settings import Settings


class Publisher(Protocol):
    """Applies the rules of one job to its marts and publishes what they find.

    It is called once the marts are built and tested. After a lost connection it is called again and must come to the
    same end.
    """

    def __call__(
        self, connection: psycopg.Connection, settings: Settings, run: Run, vendor_id: str | None, /
    ) -> Published:
        """Publish.

        Args:
            connection: In autocommit mode: the publisher opens its own transactions.
            settings: Names the schemas.
            run: Goes into everything published.
            vendor_id: Alignment is published for this vendor only; None is all of them.

        Returns:
            What was published, and the rules that failed while the others went on.
        """
        ...


PUBLISHERS: Mapping[str, Publisher] = {}
"""By job name. A job without an entry ends with its dbt build."""
