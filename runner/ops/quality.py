"""What the mart source_quality found wrong with the input, for a run's summary and for doctor."""

from collections.abc import Collection
from typing import NamedTuple

import psycopg

from runner.database.query import query
from runner.database.sources import exists
from runner.load.contract import tables_of
from runner.settings import Settings

FINDINGS = """
select severity, source_table, message
from {shared}.source_quality
where source_table = any(%s)
order by severity, row_count desc, source_table, column_name, check_id
"""


class SourceFinding(NamedTuple):
    """One row of source_quality: error or warning, the table it is about, and what it says."""

    severity: str
    source_table: str
    message: str


def source_findings(
    connection: psycopg.Connection, settings: Settings, domains: Collection[str]
) -> list[SourceFinding] | None:
    """What the last build found wrong with the tables of these domains, errors first; None where nothing was built."""
    if not exists(connection, settings.schema("shared"), "source_quality"):
        return None
    tables = [table.name for domain in domains for table in tables_of(domain)]
    return [SourceFinding(*row) for row in connection.execute(query(settings, FINDINGS), [tables]).fetchall()]
