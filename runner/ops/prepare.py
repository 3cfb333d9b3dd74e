"""What is looked at before a run begins."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import psycopg
from psycopg import sql

from runner.database import migrate
from runner.database.sources import Absence, find_absence
from runner.database.warehouse import Warehouse
from runner.dbt.jobs import Job
from runner.errors import FieldlabError
from runner.lookup import closest, either
from runner.ops import runs
from runner.ops.readers import check_readers, grant_published
from runner.ops.report import Request
from runner.ops.shrink import PUBLISHING_JOBS
from runner.settings import Settings


def today(settings: Settings) -> date:
    """The date in the business time zone."""
    return datetime.now(settings.zone).date()


def prepare(settings: Settings, warehouse: Warehouse, request: Request, jobs: Sequence[Job]) -> Mapping[str, Absence]:
    """Bring the runner's tables up to date and check what was asked for.

    Returns:
        The domains that cannot be read.
    """
    with warehouse.connect() as connection:
        migrate.ensure(connection, settings)
        check_readers(connection, settings)
        grant_published(connection, settings)
        domains = sorted({job.domain for job in jobs if job.domain})
        absent = {}
        for domain in domains:
            published = runs.newest_published(connection, settings, PUBLISHING_JOBS[domain])
            absence = find_absence(connection, settings, domain, was_published=published is not None)
            if absence is not None:
                absent[domain] = absence
        if absent and absent.keys() == set(domains):
            raise FieldlabError(
                f"There is nothing to read: {', and '.join(absence.reason for absence in absent.values())}.",
                "Load files with `fieldlab load`, or name the applications' schemas in the vars of dbt_project.yml.",
            )
        if request.vendor_id is not None and "alignment" in domains and "alignment" not in absent:
            _check_vendor(connection, settings, request.vendor_id)
    return absent


def _check_vendor(connection: psycopg.Connection, settings: Settings, vendor_id: str) -> None:
    query = sql.SQL('select distinct "vendorId" from {} order by 1').format(
        sql.Identifier(settings.source_schema("alignment"), "Collection")
    )
    vendors = [row[0] for row in connection.execute(query)]
    if vendor_id not in vendors:
        raise FieldlabError(
            f"There is no vendor {vendor_id}.",
            f"Did you mean {either(closest(vendor_id, vendors))}?" if vendors else "No collection has one yet.",
        )
