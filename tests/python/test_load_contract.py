"""The source contract as tables."""

import os
import re
from pathlib import Path

import psycopg
import pytest

from runner.database.sources import MADE_BY_FIELDLAB, create_source_tables
from runner.errors import FieldlabError
from runner.load.contract import DOMAINS, source_tables, tables_of
from runner.settings import load_settings

PROJECT = Path(__file__).parents[2]


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


def staged_columns(model: Path) -> tuple[str, dict[str, str]]:
    """The source table that a staging model reads, and the type it casts each of its columns to."""
    text = model.read_text(encoding="utf-8")
    found = re.search(r"source_rows\('\w+', '(\w+)'\)", text)
    assert found, model
    text = text.replace("{{ dbt.type_string() }}", "text").replace("{{ exact_type() }}", "numeric")
    casts = re.findall(r"""cast\("?(\w+)"? as (\w+)\)|utc_timestamp\('"?(\w+)"?'\)""", text)
    return found[1], {name or moment: kind or "timestamp" for name, kind, moment in casts}


@pytest.mark.parametrize("domain", DOMAINS)
def test_staging_models_read_the_contracts_columns(domain: str) -> None:
    models = (PROJECT / "models" / "staging" / domain).glob("stg_*.sql")
    assert dict(map(staged_columns, models)) == {
        table.name: {column.name: column.type for column in table.columns} for table in tables_of(domain)
    }


def test_a_changed_contract_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dbt_project.yml").write_text("name: fieldlab\n")
    file = tmp_path / "models" / "staging" / "alignment" / "_alignment__sources.yml"
    file.parent.mkdir(parents=True)
    monkeypatch.setenv("FIELDLAB_PROJECT_DIR", str(tmp_path))
    with pytest.raises(FieldlabError, match=r"_alignment__sources\.yml does not declare the source tables"):
        tables_of("alignment")
    text = (PROJECT / file.relative_to(tmp_path)).read_text(encoding="utf-8")
    for number, name in enumerate(["Dealer", "Shop"]):
        file.write_text(text.replace("- name: Dealer\n", f"- name: {name}\n"))
        os.utime(file, ns=(number, number))
        assert tables_of("alignment")[0].name == name
