"""Which jobs publish something after dbt, and what does it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol

import psycopg

from runner.alignment.publish import publish_alignment
from runner.ops.runs import Published, Run
from runner.procurement.findings import LIFECYCLE
from runner.procurement.lifecycle import expire, publish_findings
from runner.procurement.publish import find_recommendations
from runner.rules.registry import RULES
from runner.rules.seed import read_parameters
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


def _alignment(connection: psycopg.Connection, settings: Settings, run: Run, vendor_id: str | None, /) -> Published:
    parameters = read_parameters(connection, settings, RULES)
    vendors = publish_alignment(connection, settings, parameters, run=run, now=datetime.now(UTC), vendor=vendor_id)
    return Published({name: sum(getattr(vendor, name) for vendor in vendors) for name in ("reports", *ACTIONS)})


ACTIONS = ("keep", "drop", "add", "shift")


def _recommendations(connection: psycopg.Connection, settings: Settings, run: Run, _: str | None, /) -> Published:
    parameters = read_parameters(connection, settings, RULES)
    findings = find_recommendations(connection, settings, run.as_of, parameters)
    counts = publish_findings(
        connection,
        settings,
        run,
        findings.found,
        quiet_days=parameters[LIFECYCLE.rule_id].count("quiet_days"),
        failed_rules=findings.failures,
    )
    return Published({**counts, **findings.counts}, findings.failures, findings.left_out)


def _cleanup_expired(connection: psycopg.Connection, settings: Settings, _: Run, __: str | None, /) -> Published:
    return Published({"expired": expire(connection, settings)})


PUBLISHERS: Mapping[str, Publisher] = {
    "alignment": _alignment,
    "recommendations": _recommendations,
    "cleanup-expired": _cleanup_expired,
}
"""By job name. A job without an entry ends with its dbt build."""
