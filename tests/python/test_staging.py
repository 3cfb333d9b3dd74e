"""Staging under load: no thread of dbt takes an application's table for absent."""

from collections.abc import Iterator
from datetime import date

import pytest
from dbt_database import DbtDatabase, dbt_database

from runner.dbt import process

SLOW_WORKER = f"""
import runpy
import time

from dbt.adapters.cache import RelationsCache

add = RelationsCache.add


def add_slowly(self, relation):
    add(self, relation)
    if relation.schema.startswith("raw_"):
        time.sleep(0.05)


RelationsCache.add = add_slowly
runpy.run_path({str(process.WORKER)!r}, run_name="__main__")
"""
"""A dbt that lists the tables of a source schema as slowly as on a loaded machine: other threads read half a list."""

ROWS = """
insert into "Vendor" (id, name) values (1, 'Alfa');
insert into "Branch" (id, name) values (1, 'North');
insert into "Department" (id, name) values (1, 'Bakery');
insert into "CostCenter" (id, name) values (1, 'Shop');
insert into "Item" (id, name, "vendorId") values (1, 'Flour', 1);
insert into "Invoice" (id, date, status) values (1, '2024-02-29', 'APPROVED');
insert into "InvoiceItem" (id, "invoiceId", "itemId", quantity, price) values (1, 1, 1, 1, 1);
insert into "PurchaseOrder" (id, "vendorId", status, "orderedAt") values (1, 1, 'SENT', '2024-02-28');
"""

STAGED = "vendors", "branches", "departments", "cost_centers", "items", "invoices", "invoice_items", "purchase_orders"


@pytest.fixture
def database(
    server_url: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DbtDatabase]:
    folder = tmp_path_factory.mktemp("staging")
    worker = folder / "worker.py"
    worker.write_text(SLOW_WORKER, encoding="utf-8")
    monkeypatch.setattr(process, "WORKER", worker)
    with dbt_database(server_url, folder) as database:
        database.reset("procurement")
        with database.connect("raw_procurement") as connection:
            connection.execute(ROWS)
        yield database


def test_every_row_is_staged_however_slowly_dbt_learns_which_tables_there_are(database: DbtDatabase) -> None:
    counts = " union all ".join(
        f"select '{name}' as name, count(*) as rows from fieldlab_staging.stg_procurement__{name}" for name in STAGED
    )
    for _ in range(10):
        database.run("run", "--select", "models/staging/procurement", "--threads", "4", as_of=date(2024, 2, 29))
        assert {row["name"]: row["rows"] for row in database.rows(counts)} == dict.fromkeys(STAGED, 1)
