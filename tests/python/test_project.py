"""The dbt project as an analytics engineer has it: `dbt build` on source tables fresh from the application."""

from datetime import date
from pathlib import Path

import psycopg
from dbt_database import dbt_database

from runner.load.contract import DOMAINS, create_source_tables
from runner.settings import load_settings


def test_a_first_build_passes_every_data_test_and_every_unit_test(server_url: str, tmp_path: Path) -> None:
    with dbt_database(server_url, tmp_path) as database:
        # Without what an application may lack: unit tests must not rely on it.
        with psycopg.connect(database.url) as connection:
            for domain in DOMAINS:
                create_source_tables(connection, load_settings(), domain)

        result = database.dbt.invoke(["build"], {"FIELDLAB_AS_OF": date(2024, 2, 29).isoformat()})

    assert result.explain() == []
    # Nor did any node not run.
    ends = {(node.kind, node.status) for node in result.nodes if node.kind != "exposure"}
    built = {(kind, "success") for kind in ("model", "seed", "snapshot")}
    assert ends == built | {("test", "pass"), ("unit_test", "pass")}
