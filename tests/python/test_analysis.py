"""`fieldlab spending` and `fieldlab prices`: what they count, what they say, and how they refuse."""

import json
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from runner.cli import main
from runner.cli.analysis import prices, spending
from runner.errors import FieldlabError
from runner.procurement.analysis import benchmark, compared, network, published, shared

PROJECT = Path(__file__).resolve().parents[2]

LINES = """
    create schema fieldlab_procurement;
    create table fieldlab_procurement.items (item_id integer, item_name text, unit text);
    create table fieldlab_procurement.invoice_lines (
        invoice_id integer, date date, item_id integer, item_name text, vendor_id integer, vendor_name text,
        branch_id integer, branch_name text, department_id integer, department_name text, cost_center_id integer,
        cost_center_name text, quantity numeric, unit_price numeric, amount numeric, as_of date
    );
    create view fieldlab_procurement.branch_spending as select distinct as_of from fieldlab_procurement.invoice_lines;
"""


@pytest.fixture
def connection(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    """Procurement marts with two items and no lines; what is written is there for the command at once."""
    monkeypatch.setenv("FIELDLAB_PROJECT_DIR", str(PROJECT))
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(LINES)
        connection.execute(
            "insert into fieldlab_procurement.items values (7, 'Milk', 'bottle'), (8, 'Eggs [brown]', null),"
            " (9, 'milk', null), (10, 'Flour', null), (11, 'Flour', null)"
        )
        yield connection


def buy(connection: psycopg.Connection, day: str, quantity: Any, unit_price: Any, **columns: Any) -> None:
    """An invoice line; by default of Milk from Valley Foods, in Downtown, on invoice 1."""
    row = {
        "invoice_id": 1,
        "item_id": 7,
        "item_name": "Milk",
        "vendor_id": 3,
        "vendor_name": "Valley Foods",
        "branch_id": 2,
        "branch_name": "Downtown",
        "as_of": date(2024, 3, 31),
        **columns,
        "date": day,
        "quantity": Decimal(quantity),
        "unit_price": Decimal(unit_price),
        "amount": Decimal(quantity) * Decimal(unit_price),
    }
    connection.execute(
        f"insert into fieldlab_procurement.invoice_lines ({', '.join(row)}) values ({', '.join(['%s'] * len(row))})",
        list(row.values()),
    )


def ask(command: Any, *arguments: str) -> Any:
    result: Result = CliRunner().invoke(command, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_spending_counts_every_line_of_the_period_and_each_invoice_once(connection: psycopg.Connection) -> None:
    buy(connection, "2024-02-29", 1, 1000)
    buy(connection, "2024-03-01", 10, 2)
    buy(connection, "2024-03-01", -4, 2)
    buy(connection, "2024-03-01", 1, 0)
    buy(connection, "2024-03-31", 1, 4, invoice_id=2, branch_id=None, branch_name="Unassigned")
    buy(connection, "2024-04-01", 1, 1000)

    found = ask(spending, "--from", "2024-03-01", "--to", "2024-03-31")

    assert found["total"] == {
        "total_amount": 16,
        "quantity": 8,
        "line_count": 4,
        "invoice_count": 2,
        "avg_unit_price": 2,
    }
    assert [(g["branch_id"], g["branch_name"], g["total_amount"], g["spend_share"]) for g in found["groups"]] == [
        (2, "Downtown", 12, 0.75),
        (None, "Unassigned", 4, 0.25),
    ]
    assert found["groups"][0]["invoice_count"] == 1


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("vendor", [("Valley Foods", 6), ("Unassigned", 1)]),
        ("item", [("Milk", 6), ("Eggs [brown]", 1)]),
        ("department", [("Kitchen", 6), ("Unassigned", 1)]),
        ("cost-center", [("Lunch", 6), ("Unassigned", 1)]),
        ("month", [("2024-02-01", 6), ("2024-03-01", 1)]),
    ],
)
def test_spending_is_compared_by_what_one_likes(
    connection: psycopg.Connection, by: str, expected: list[tuple[str, int]]
) -> None:
    buy(connection, "2024-02-29", 3, 2, department_id=4, department_name="Kitchen", cost_center_id=5,
        cost_center_name="Lunch")  # fmt: skip
    buy(connection, "2024-03-31", 1, 1, item_id=8, item_name="Eggs [brown]", vendor_id=None, vendor_name="Unassigned",
        department_name="Unassigned", cost_center_name="Unassigned")  # fmt: skip

    groups = ask(spending, "--by", by, "--from", "2024-01-01")["groups"]

    name = "month" if by == "month" else f"{by.replace('-', '_')}_name"
    assert [(group[name], group["total_amount"]) for group in groups] == expected


def test_spending_can_be_that_of_one_item(connection: psycopg.Connection) -> None:
    buy(connection, "2024-03-31", 3, 2)
    buy(connection, "2024-03-31", 1, 1, item_id=8)

    assert ask(spending, "--item", "eggs [BROWN]")["total"]["total_amount"] == 1
    assert ask(spending, "--item", "7")["item"] == {"item_id": 7, "item_name": "Milk", "unit": "bottle"}


def test_prices_are_those_of_purchases_beside_the_mean_of_all(connection: psycopg.Connection) -> None:
    uptown = {"branch_id": 3, "branch_name": "Uptown"}
    buy(connection, "2024-03-02", 100, 10)
    buy(connection, "2024-03-31", 1, 11)
    buy(connection, "2024-03-31", 1, 9, **uptown)
    buy(connection, "2024-03-31", -1, 50)
    buy(connection, "2024-03-31", 1, 0)
    buy(connection, "2024-03-01", 1, 99)
    buy(connection, "2024-03-31", 1, 99, item_id=8)

    found = ask(prices, "Milk")

    assert (found["from"], found["to"], found["as_of"]) == ("2024-03-02", "2024-03-31", "2024-03-31")
    assert (found["network_avg_price"], found["network_min_price"], found["network_max_price"]) == (10, 9, 11)
    assert found["benchmark"] == {
        "avg_price": 9.75,
        "min_price": 9,
        "max_price": 10.5,
        "price_range": 1.5,
        "branch_count": 2,
        "snapshot_count": 2,
    }
    columns = ("branch_name", "price", "variance_from_avg_pct", "max_variance_pct")
    assert [tuple(row[column] for column in columns) for row in found["prices"]] == [
        ("Uptown", 9, -10, -10),
        ("Downtown", 10.5, 5, -10),
    ]


def test_the_widest_variance_is_the_positive_one_on_a_tie() -> None:
    groups = [group(vendor=1, branch=1, price=9), group(vendor=1, branch=2, price=11)]

    assert [row["max_variance_pct"] for row in compared(groups)] == [10, 10]


def test_nothing_bought_has_no_price() -> None:
    assert compared([]) == []
    assert network([])["network_avg_price"] is None
    assert benchmark([])["avg_price"] is None


def test_shares_need_a_whole_above_zero() -> None:
    groups = [{"branch_id": n, "branch_name": "x", "total_amount": a, "quantity": 1} for n, a in ((1, 5), (2, -5))]

    assert [row["spend_share"] for row in shared(groups, "branch")] == [None, None]


def test_a_mean_is_rounded_half_away_from_zero_to_twelve_decimals() -> None:
    half = Fraction(1, 2 * 10**12)
    assert [published(value) for value in (half, -half, Fraction(2, 3), 3 * half / 2)] == [
        Decimal("1e-12"),
        Decimal("-1e-12"),
        Decimal("0.666666666667"),
        Decimal("1e-12"),
    ]


def test_what_a_person_reads_fits_a_hundred_columns(connection: psycopg.Connection) -> None:
    for number in range(30):
        buy(connection, "2024-03-31", 10**7, "123.45", branch_id=number, branch_name=f"[b] {number} " + "long " * 20)

    for command, arguments in ((spending, ()), (prices, ("7",))):
        result = CliRunner().invoke(command, arguments)
        assert result.exit_code == 0
        assert max(map(len, result.stdout.splitlines())) <= 100
        assert "[b] 12" in result.stdout
        assert "20 of 30 are shown (--limit)." in result.stdout
    assert "123.45 per bottle in 30 branches; the mean of 30 purchases is 123.45." in " ".join(result.stdout.split())


def test_a_period_beyond_the_marts_says_so(connection: psycopg.Connection) -> None:
    buy(connection, "2024-03-31", 1, 1)

    result = CliRunner().invoke(spending, ["--from", "2024-04-01", "--to", "2024-04-30"])

    assert "No invoice line is dated in this period." in result.stdout
    assert "The marts are as of 31 March 2024: nothing later is counted." in result.stdout


@pytest.mark.usefixtures("connection")
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["prices", "Mlk", "--to", "2024-03-31"], 1, "There is no item 'Mlk'.\nDid you mean Milk"),
        (["spending", "--item", "99", "--to", "2024-03-31"], 1, "There is no item '99'."),
        (
            ["prices", "flour", "--to", "2024-03-31"],
            2,
            "2 items are called 'flour'; name one by its id:\n  10  Flour",
        ),
        (["spending", "--from", "2024-02-30"], 2, "'2024-02-30' is not a date; write it as 2026-01-31."),
        (["spending", "--from", "2024-04-01", "--to", "2024-03-01"], 2, "The period ends before it begins"),
        (["spending", "--by", "colour"], 2, "'colour' is not one of"),
        (["spending"], 1, "The marts hold no invoice at all."),
    ],
)
def test_a_refusal_says_what_would_be_right(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    assert run(monkeypatch, arguments) == code
    assert message in capsys.readouterr().err


def test_without_marts_both_commands_say_how_to_make_them(
    database_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIELDLAB_PROJECT_DIR", str(PROJECT))
    for arguments in (["spending"], ["prices", "7", "--to", "2024-03-31"]):
        assert run(monkeypatch, arguments) == 1
        assert "Make them with `fieldlab run --job spending-metrics`." in capsys.readouterr().err


def run(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> int:
    """The command line's exit status."""
    monkeypatch.setattr(sys, "argv", ["fieldlab", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


def group(*, vendor: int, branch: int, price: int) -> dict[str, Any]:
    """One purchase line of a vendor in a branch."""
    return {
        "vendor_id": vendor,
        "vendor_name": "x",
        "branch_id": branch,
        "branch_name": "x",
        "price_sum": Decimal(price),
        "min_price": Decimal(price),
        "max_price": Decimal(price),
        "line_count": 1,
        "quantity": Decimal(1),
    }


BRIDGE = """
    create table fieldlab_procurement.spend_bridge (
        period text, starts_on date, ends_on date, before_starts_on date, before_ends_on date,
        before_is_complete boolean,
        item_id integer, item_name text, vendor_id integer, vendor_name text, branch_id integer, branch_name text,
        amount_before numeric, amount_now numeric, change numeric, price_effect numeric, mix_effect numeric,
        volume_effect numeric, new_item_effect numeric, lost_item_effect numeric, other_effect numeric, as_of date
    );
    insert into fieldlab_procurement.spend_bridge values
    ('year', '2023-04-02', '2024-03-31', '2022-04-03', '2023-04-01', false, 7, 'Milk', 3, 'Valley [Foods]', 2,
     'Downtown', 10, 12.5, 2.5, 1.5, 0.25, 0.75, 0, 0, 0, '2024-03-31'),
    ('year', '2023-04-02', '2024-03-31', '2022-04-03', '2023-04-01', false, 8, 'Eggs', 3, 'Valley [Foods]', null,
     'Unassigned', 4, 0, -4, 0, 0, 0, 0, -4, 0, '2024-03-31'),
    ('quarter', '2024-01-02', '2024-03-31', '2023-01-02', '2023-03-31', false, 8, 'Eggs', 3, 'Valley [Foods]', null,
     'Unassigned', 0, 9, 9, 0, 0, 0, 9, 0, 0, '2024-03-31');
"""


def test_comparing_halves_adds_up_the_bridge(connection: psycopg.Connection) -> None:
    connection.execute(BRIDGE)
    found = ask(spending, "--compare", "year")
    assert (found["from"], found["to"]) == ("2023-04-02", "2024-03-31")
    assert (found["before_from"], found["before_to"], found["before_is_complete"]) == (
        "2022-04-03",
        "2023-04-01",
        False,
    )
    assert found["total"]["change"] == -1.5
    # The largest change first, whichever way it goes.
    assert [(group["branch_name"], group["change"]) for group in found["groups"]] == [
        ("Unassigned", -4),
        ("Downtown", 2.5),
    ]
    assert found["groups"][0]["lost_item_effect"] == -4

    by_vendor = ask(spending, "--compare", "year", "--by", "vendor", "--item", "7")
    assert [(group["vendor_id"], group["change"]) for group in by_vendor["groups"]] == [(3, 2.5)]

    shown = CliRunner().invoke(spending, ["--compare", "year", "--by", "vendor"]).stdout
    assert "Valley [Foods]" in shown
    assert "The books do not reach back to 3 April 2022" in shown


def test_halves_are_compared_by_what_the_bridge_knows_and_at_its_own_dates(connection: psycopg.Connection) -> None:
    connection.execute(BRIDGE)
    for refused in (["--by", "month"], ["--from", "2024-01-01"]):
        result = CliRunner().invoke(spending, ["--compare", "quarter", *refused])
        assert result.exit_code == 2, result.output
    with pytest.raises(FieldlabError, match="no invoice line in either half"):
        CliRunner().invoke(spending, ["--compare", "fiscal"], catch_exceptions=False)
