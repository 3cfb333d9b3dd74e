"""Recommendations to publish in tests, without marts or rules."""

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from runner.database import migrate
from runner.ops import runs
from runner.ops.runs import Finished, Run
from runner.procurement.findings import Finding, Subject
from runner.procurement.lifecycle import publish_findings
from runner.procurement.rules.orders import over_ordering
from runner.procurement.rules.prices import cheaper_vendor
from runner.rules.parameters import SEED_FILE
from runner.settings import Settings, load_settings

TODAY = datetime.now(UTC).date()
PAST = date(2022, 10, 31)


@pytest.fixture
def settings(database_url: str) -> Settings:
    return load_settings()


@pytest.fixture
def connection(database_url: str, settings: Settings) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        migrate.ensure(connection, settings)
        connection.execute("create schema fieldlab_staging")
        connection.execute(
            "create table fieldlab_staging.recommendation_rules (rule_id text, parameter text, value numeric)"
        )
        with (settings.project_dir / SEED_FILE).open(encoding="utf-8", newline="") as lines:
            connection.cursor().executemany(
                "insert into fieldlab_staging.recommendation_rules"
                " values (%(rule_id)s, %(parameter)s, nullif(%(value)s, '')::numeric)",
                list(csv.DictReader(lines)),
            )
        yield connection


def finding(item: int = 1, *, expires_on: date | None = None, **changes: Any) -> Finding:
    values = {
        "rule": cheaper_vendor,
        "subject": Subject(item_id=item, branch_id=2),
        "title": "Switch",
        "description": "Switch.",
        "reasoning": "Cheaper.",
        "confidence": Decimal("0.5"),
        "priority": 3,
        "expires_on": expires_on or TODAY + timedelta(days=30),
        "decision": Subject(item_id=item, vendor_id=40),
        "savings": Decimal("700.00"),
        "expected_savings": Decimal("350.00"),
        "savings_basis": "year",
        "context": {"best_price": Decimal("9.95")},
    }
    if "subject" in changes:
        values["decision"] = changes["subject"]
    return Finding(**{**values, **changes})


def order(invoice: int) -> Finding:
    return finding(
        rule=over_ordering,
        subject=Subject(item_id=1, branch_id=2, invoice_id=invoice),
        savings_basis="once",
    )


def publish(
    connection: psycopg.Connection,
    settings: Settings,
    *found: Finding,
    as_of: date | None = None,
    failed_rules: Sequence[str] = (),
) -> dict[str, int]:
    """Publish as a run does, and put the run on record as the newest published one."""
    run = Run(as_of or TODAY, explicit_as_of=as_of is not None)
    runs.begin(connection, settings, run, "run", ["recommendations"])
    counts = publish_findings(connection, settings, run, found, quiet_days=30, failed_rules=failed_rules)
    runs.finish(connection, settings, run, "recommendations", Finished("succeeded", published=True))
    return counts
