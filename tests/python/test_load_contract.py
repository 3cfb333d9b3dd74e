"""The source contract as tables."""

import psycopg
import pytest

from runner.database.sources import MADE_BY_FIELDLAB, create_source_tables
from runner.load.contract import DOMAINS, source_tables, tables_of
from runner.settings import load_settings


def test_parents_come_before_the_tables_that_reference_them() -> None:
    seen: set[str] = set()
    for table in source_tables():
        for column in table.columns:
            assert column.references is None or column.references in seen
        seen.add(table.name)


@pytest.mark.parametrize("with_optional", [False, True])
def test_the_tables_have_the_contracts_columns_and_are_marked_as_fieldlabs(
    database_url: str, with_optional: bool
) -> None:
    with psycopg.connect(database_url) as connection:
        for domain in DOMAINS:
            create_source_tables(connection, load_settings(), domain, with_optional=with_optional)
            create_source_tables(connection, load_settings(), domain, with_optional=with_optional)
            found = connection.execute(
                """
                select relation.relname, obj_description(relation.oid), array_agg(attname::text order by attnum)
                from pg_class as relation
                inner join pg_attribute on attrelid = relation.oid and attnum > 0
                where relkind = 'r' and relnamespace = %s::regnamespace
                group by relation.relname, relation.oid
                """,
                [f"raw_{domain}"],
            ).fetchall()
            assert sorted(found) == sorted(
                (
                    table.name,
                    MADE_BY_FIELDLAB,
                    [column.name for column in table.columns if with_optional or not column.optional],
                )
                for table in tables_of(domain)
                if with_optional or not table.optional
            )
