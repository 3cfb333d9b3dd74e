"""`fieldlab doctor`: what it calls fine, what it notes, and what it calls a problem."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from psycopg.conninfo import conninfo_to_dict

from runner.cli import cli
from runner.database.migrate import ensure
from runner.database.sources import create_source_tables
from runner.load.contract import DOMAINS
from runner.ops import doctor
from runner.ops.doctor import NOTE, OK, PROBLEM, Check, check_installation, check_project, examine
from runner.settings import Settings, load_settings

AS_OF = date(2026, 1, 31)

# Roles belong to the whole server, which tests in other processes use at the same time.
CREATE_READER = """
    do $$ begin create role test_reader login password 'reader';
    exception when duplicate_object or unique_violation then null; end $$
"""


@dataclass(frozen=True)
class Application:
    """The applications' database, with both domains' tables and one fresh row where freshness is judged."""

    url: str

    def execute(self, *statements: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def checks(self, status: str) -> list[str]:
        return [check.message for check in examine() if check.status == status]

    def problem(self) -> Check:
        (problem,) = [check for check in examine() if check.status == PROBLEM]
        assert problem.hint
        return problem


@pytest.fixture
def application(database_url: str) -> Application:
    with psycopg.connect(database_url) as connection:
        for domain in DOMAINS:
            create_source_tables(connection, load_settings(), domain, with_optional=True)
        ensure(connection, load_settings())
    found = Application(database_url)
    found.execute(
        "insert into raw_procurement.\"Invoice\" (id, date, status) values (1, '2026-01-30 10:00', 'APPROVED')",
        "insert into raw_alignment.\"Dealer\" values ('d', 'Aspen', null, 'SHOWROOM')",
        "insert into raw_alignment.\"Collection\" values ('c', 'Harbor', 'v', 0)",
        "insert into raw_alignment.\"Product\" values ('p', 'sku', 'Chair', '', 'c')",
        "insert into raw_alignment.\"Selection\" values ('s', 'd', 'p', 'SELECTED', 'app', '2026-01-31 23:59')",
        "insert into raw_alignment.\"DisplayRecord\" values ('r', 'd', 'p', '2026-01-02', 'Jan 2026 Dallas', true)",
    )
    return found


def found(checks: Sequence[str], part: str) -> bool:
    return any(part in check for check in checks)


def test_a_complete_installation_is_well(application: Application) -> None:
    assert application.checks(PROBLEM) == []
    assert application.checks(NOTE) == []
    fine = application.checks(OK)
    assert found(fine, "raw_alignment.Dealer is as expected")
    assert found(fine, "raw_procurement.PurchaseOrder is as expected")
    assert found(fine, "the next run examines the input")
    assert found(fine, "the tables in fieldlab_ops are at version")


def test_one_database_alone_and_a_fresh_one_are_notes(database_url: str) -> None:
    notes = [check for check in examine() if check.status != OK]
    assert {check.status for check in notes} == {NOTE}
    assert [check.area for check in notes] == ["alignment", "procurement", "history"]
    assert all(check.hint for check in notes)


def test_optional_columns_and_tables_that_are_absent_are_listed(application: Application) -> None:
    application.execute(
        'drop table raw_procurement."PurchaseOrder"', 'alter table raw_alignment."Product" drop column finish'
    )
    assert application.checks(PROBLEM) == []
    assert "PurchaseOrder is not there; it is optional" in application.checks(NOTE)
    assert "raw_alignment.Product is as expected; without the optional finish" in application.checks(OK)


def test_a_missing_table_is_a_problem(application: Application) -> None:
    application.execute('drop table raw_procurement."InvoiceItem"')
    problem = application.problem()
    assert problem.message == "InvoiceItem is missing in schema raw_procurement"
    assert "procurement_source_schema" in problem.hint


def test_a_missing_column_is_a_problem_that_names_a_similar_one(application: Application) -> None:
    application.execute('alter table raw_alignment."Selection" rename column "dealerId" to dealer_id')
    assert application.problem().message == "raw_alignment.Selection.dealerId is missing. Is it dealer_id?"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ('"InvoiceItem" alter column price type uuid using null', "price is uuid; it must be numeric"),
        ('"Invoice" alter column date type time using date::time', "date is time without time zone; it must be"),
        ('"Invoice" alter column date type text', "date is text; it must be timestamp"),
    ],
)
def test_a_column_of_a_type_that_staging_cannot_cast_is_a_problem(
    application: Application, change: str, complaint: str
) -> None:
    application.execute('alter table raw_procurement."InvoiceItem" alter price drop not null')
    application.execute(f"alter table raw_procurement.{change}")
    assert complaint in application.problem().message


def test_columns_of_other_types_that_staging_can_cast_are_fine(application: Application) -> None:
    application.execute(
        'alter table raw_procurement."InvoiceItem" alter price type double precision',
        'alter table raw_procurement."Branch" alter id type bigint',
        'alter table raw_procurement."Invoice" alter date type timestamp with time zone',
        'alter table raw_alignment."DisplayRecord" alter "displayOrderDate" type date',
    )
    assert application.checks(PROBLEM) == []


@pytest.mark.parametrize(
    ("change", "complaint", "help_"),
    [
        (
            "alter column id type text using 'clx9k2p0' || id",
            "InvoiceItem.id is text, and 2 rows hold no integer: 'clx9k2p01', 'clx9k2p02'",
            'create table fieldlab_input."InvoiceItem ids"',
        ),
        (
            "alter column id type bigint using id + 3000000000",
            "InvoiceItem.id is bigint, and 2 rows hold no integer: '3000000001', '3000000002'",
            "Ids must be whole numbers up to 2147483647",
        ),
        (
            "alter column id type uuid using gen_random_uuid()",
            "InvoiceItem.id is uuid; it must be integer",
            'create table fieldlab_input."InvoiceItem ids"',
        ),
        (
            "alter column price type text using replace(price::text, '.', ',')",
            "InvoiceItem.price is text, and 2 rows hold no numeric: '6,25'",
            "replace(\"price\", ',', '.')",
        ),
    ],
)
def test_values_that_staging_cannot_read_are_a_problem_with_what_to_do(
    application: Application, change: str, complaint: str, help_: str
) -> None:
    application.execute(
        "insert into raw_procurement.\"Vendor\" values (1, 'Acme')",
        'insert into raw_procurement."Item" (id, name, "vendorId") values (1, \'Flour\', 1)',
        "insert into raw_procurement.\"Invoice\" (id, date, status) values (3, '2026-01-30', 'APPROVED')",
        'insert into raw_procurement."InvoiceItem" (id, "invoiceId", "itemId", quantity, price) '
        "values (1, 3, 1, 10, 6.25), (2, 3, 1, 10, 6.25)",
    )
    assert application.checks(PROBLEM) == []
    application.execute(f'alter table raw_procurement."InvoiceItem" {change}')
    problem = application.problem()
    assert complaint in problem.message
    assert help_ in problem.hint


def test_a_date_that_is_infinite_is_a_problem(application: Application) -> None:
    application.execute("insert into raw_procurement.\"Invoice\" (id, date, status) values (2, 'infinity', 'APPROVED')")
    assert (
        "Invoice.date is timestamp(3) without time zone, and 1 rows hold no timestamp" in application.problem().message
    )


def test_tables_under_an_orms_names_are_told_with_the_views_that_help(application: Application) -> None:
    snake = {"Invoice": "invoices", "InvoiceItem": "invoice_items", "Branch": "branches", "CostCenter": "cost_centers"}
    for name, other in snake.items():
        application.execute(f'alter table raw_procurement."{name}" rename to {other}')
    application.execute('alter table raw_procurement.invoice_items rename column "invoiceId" to invoice_id')
    problem = application.problem()
    assert "invoice_items for InvoiceItem" in problem.message
    views = problem.hint.partition(":\n")[2]
    application.execute(*(statement for statement in views.split("\n") if statement))
    application.execute('select "invoiceId", "itemId" from fieldlab_input."InvoiceItem"')


def test_a_schema_that_a_var_names_and_that_is_nowhere_is_a_problem(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = load_settings()
    settings = Settings(original.project_dir, original.home)
    settings.__dict__["variables"] = {**original.variables, "procurement_source_schema": "shop"}
    monkeypatch.setattr(doctor, "load_settings", lambda: settings)
    assert "the schema shop, which the var procurement_source_schema names, does not exist" in (
        application.problem().message
    )


def test_unknown_enum_values_are_counted(application: Application) -> None:
    application.execute(
        'alter table raw_alignment."Dealer" drop constraint "Dealer_dealerType_check"',
        "insert into raw_alignment.\"Dealer\" select n::text, 'x', null, 'KIOSK' from generate_series(1, 3) as n",
    )
    problem = application.problem()
    assert problem.message == "raw_alignment.Dealer.dealerType has unknown values: KIOSK (3 rows)"
    assert "SHOWROOM, DESIGNER, DISTRIBUTOR, OTHER" in problem.hint


def test_what_the_last_build_found_wrong_with_the_input_is_told(application: Application) -> None:
    application.execute(
        "create schema fieldlab_shared",
        "create table fieldlab_shared.source_quality as select * from (values"
        " ('Invoice', 'date', 'stale', 'warning', 1, 'Old.'), ('Dealer', 'name', 'missing_value', 'error', 2, 'Empty.')"
        ") as found (source_table, column_name, check_id, severity, row_count, message)",
    )
    assert found(application.checks(NOTE), "Old.")
    assert application.checks(PROBLEM) == ["Empty."]


def test_tables_of_another_version_are_noted_or_refused(application: Application) -> None:
    application.execute("insert into fieldlab_ops.schema_version (version, name) values (9999, 'from the future')")
    assert "knows only" in application.problem().message
    application.execute("delete from fieldlab_ops.schema_version where version > 1")
    assert application.checks(PROBLEM) == []


@pytest.fixture
def reader_url(application: Application, monkeypatch: pytest.MonkeyPatch) -> str:
    """fieldlab works as a user who may do nothing yet but connect."""
    application.execute(
        CREATE_READER,
        "drop schema fieldlab_ops cascade",
        "create schema fieldlab_staging",
    )
    parts = conninfo_to_dict(application.url)
    url = f"postgresql://test_reader:reader@{parts['host']}:{parts['port']}/{parts['dbname']}"
    monkeypatch.setenv("FIELDLAB_DATABASE_URL", url)
    return url


def test_tables_of_the_former_history_are_named(application: Application) -> None:
    application.execute(
        "create schema fieldlab_snapshots",
        "create table fieldlab_snapshots.item_price_history (item_id integer, last_seen_on date)",
        "create table fieldlab_snapshots.items_snapshot (item_id integer)",
    )
    message = "fieldlab_snapshots has tables of the history kept before the history marts: item_price_history"
    assert message in application.checks(NOTE)


def test_missing_permissions_are_problems_with_the_grant_that_helps(application: Application, reader_url: str) -> None:
    database = str(conninfo_to_dict(reader_url)["dbname"])
    application.execute(f'revoke temporary on database "{database}" from public')
    checks = [check for check in examine() if check.status == PROBLEM]
    hints = "\n".join(check.hint for check in checks)
    (problem,) = checks
    assert problem.message.startswith("test_reader may not create tables in fieldlab_staging")
    for statement in problem.hint.partition(": ")[2].split(";"):
        application.execute(*([statement] if statement.strip() else []))
    assert application.checks(PROBLEM) == [], "what was to be pasted did not help"
    assert "grant usage, create on schema fieldlab_staging to test_reader" in hints
    assert f"grant create on database {database} to test_reader" in hints
    assert f"grant temporary on database {database} to test_reader" in hints
    assert "grant usage on schema raw_alignment" in hints


def test_granted_permissions_are_enough(application: Application, reader_url: str) -> None:
    database = str(conninfo_to_dict(reader_url)["dbname"])
    application.execute(
        f'grant create on database "{database}" to test_reader',
        "grant create, usage on schema fieldlab_staging to test_reader",
        "grant usage on schema raw_alignment, raw_procurement to test_reader",
        "grant select on all tables in schema raw_alignment, raw_procurement to test_reader",
    )
    assert application.checks(PROBLEM) == []
    application.execute("create table fieldlab_staging.made_by_another ()")
    assert "made_by_another belongs to another user" in application.problem().message


def test_an_unreachable_database_is_a_problem_and_the_rest_is_still_told(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIELDLAB_DATABASE_URL", "postgresql://bob:secret@127.0.0.1:1/sales")
    done = CliRunner().invoke(cli, ["doctor"])
    assert done.exit_code == 1
    assert "No connection to database sales" in " ".join(done.output.split())
    assert "secret" not in done.output
    assert "dbt_utils is in place" in done.output
    assert "1 problem." in done.output


def test_the_command_prints_json_and_ends_with_the_verdict(application: Application) -> None:
    well = CliRunner().invoke(cli, ["doctor", "--json"])
    assert well.exit_code == 0
    report = json.loads(well.stdout)
    assert report["ok"] is True
    assert CliRunner().invoke(cli, ["doctor"]).stdout.splitlines()[-1] == "All is well."
    assert set(report["checks"][0]) == {"area", "status", "message", "hint"}
    application.execute('drop table raw_alignment."Selection"')
    ill = CliRunner().invoke(cli, ["doctor", "--json"])
    assert (ill.exit_code, json.loads(ill.stdout)["ok"]) == (1, False)
    assert CliRunner().invoke(cli, ["doctor", "--yesterday"]).exit_code == 2


def test_wrong_versions_are_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    original = metadata.version

    def version(name: str) -> str:
        if name == "duckdb":
            raise metadata.PackageNotFoundError(name)
        return "1.10.4" if name == "dbt-core" else original(name)

    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setattr(doctor.platform, "python_version", lambda: "3.10.2")
    problems = [check.message for check in check_installation() if check.status == PROBLEM]
    assert len(problems) == 3
    assert found(problems, "Python 3.10.2; fieldlab needs")
    assert found(problems, "dbt-core 1.10.4; fieldlab needs")
    assert found(problems, "duckdb<3,>=2 is not installed")


def test_a_project_without_dbt_utils_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "dbt_project.yml").write_text("name: fieldlab\n", encoding="utf-8")
    (problem,) = [check for check in check_project(Settings(tmp_path, tmp_path)) if check.status == PROBLEM]
    assert "dbt_utils" in problem.message
