"""`fieldlab recommendations`: what is listed, what it adds up to, who may decide what."""

import csv
import io
import json
from decimal import Decimal

import psycopg
import pytest
from click.testing import CliRunner, Result
from recommending import PAST, connection, finding, order, publish, settings

from runner.cli.recommendations import recommendations
from runner.errors import FieldlabError
from runner.procurement.findings import Finding, Subject
from runner.procurement.rules.supply import single_source
from runner.procurement.savings import Saving, total_savings
from runner.settings import Settings

# Fixtures that tests take by name.
__all__ = ["connection", "settings"]


def ask(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(recommendations, arguments, input=stdin)


def listed(*arguments: str) -> list[int]:
    result = ask("list", "--json", *arguments)
    assert result.exit_code == 0, result.output
    return [row["id"] for row in json.loads(result.stdout)["recommendations"]]


@pytest.fixture
def published(connection: psycopg.Connection, settings: Settings) -> None:
    """1 saves most, 2 something, 3 nothing; 1 is about Downtown and Valley Foods."""
    named = {"branch_name": "Downtown", "best_vendor_id": 40, "best_vendor_name": "Valley Foods", "item_name": "Rice"}
    publish(
        connection,
        settings,
        finding(1, priority=1, savings=Decimal("12000.00"), expected_savings=Decimal("11000.00"), context=named),
        finding(2, priority=3, savings=Decimal("600.00"), expected_savings=Decimal("600.00")),
        finding(
            rule=single_source,
            subject=Subject(item_id=9),
            priority=2,
            savings=None,
            expected_savings=None,
            savings_basis=None,
        ),
    )


def test_the_list_goes_by_priority_then_savings_and_adds_up(published: None) -> None:
    data = json.loads(ask("list", "--json").stdout)
    assert [row["priority"] for row in data["recommendations"]] == [1, 2, 3]
    assert (data["count"], data["total_savings"]) == (3, {"year": 12600, "once": 0})
    assert len(json.loads(ask("list", "--json", "--limit", "1").stdout)["recommendations"]) == 1


@pytest.fixture
def switches(connection: psycopg.Connection, settings: Settings) -> None:
    """1 and 3 are one decision: 400 and 200 expected, together medium; 2 is another one, of 550."""
    named = {"item_name": "Rice", "best_vendor_name": "Valley Foods"}

    def switch(branch: int, expected: int, vendor: int = 40) -> Finding:
        return finding(
            subject=Subject(item_id=1, branch_id=branch),
            decision=Subject(item_id=1, vendor_id=vendor),
            title=f"Switch Rice at {branch}",
            priority=4 if expected < 500 else 3,
            savings=Decimal(2 * expected),
            expected_savings=Decimal(expected),
            context=named,
        )

    publish(connection, settings, switch(1, 400), switch(2, 550, vendor=41), switch(3, 200))


def test_what_is_decided_at_once_is_one_line_with_its_own_sum_and_priority(switches: None) -> None:
    data = json.loads(ask("list", "--json").stdout)
    assert [
        (one["title"], one["count"], one["expected_savings"], one["estimated_savings"], one["priority"])
        for one in data["decisions"]
    ] == [
        ("Switch Rice to Valley Foods at 2 branches", 2, 600, 1200, 3),
        ("Switch Rice at 2", 1, 550, 1100, 3),
    ]
    assert (data["decision_count"], data["count"]) == (2, 3)
    text = ask("list").stdout
    assert "2 decisions from 3 recommendations." in text
    assert "Switch Rice at 1" not in text
    assert "Switch Rice at 1" in ask("list", "--all").stdout
    # Only the decision itself is cut, its recommendations come with it.
    first = json.loads(ask("list", "--json", "--limit", "1").stdout)
    assert len(first["recommendations"]) == 2
    assert first["decision_count"] == 2


def test_a_decision_is_taken_whole(switches: None) -> None:
    data = json.loads(ask("list", "--json").stdout)
    members = data["decisions"][0]["ids"]
    assert json.loads(ask("view", str(members[0]), "--by", "ada", "--json").stdout)["changed"] == members[:1]
    shown = json.loads(ask("show", f"d{members[1]}", "--json").stdout)
    assert [row["id"] for row in shown] == members
    assert all(f"number {member}" in ask("show", f"D{members[1]}").stdout for member in members)
    assert "There is no recommendation 99" in str(ask("show", "D99").exception)
    assert ask("show", "twelve").exit_code == 2
    assert ask("dismiss", f"D{members[1]}", "--by", "ada").stdout == f"Dismissed: {members[0]}, {members[1]}.\n"
    again = ask("apply", f"d{members[0]}", "--by", "ada")
    assert isinstance(again.exception, FieldlabError)
    assert "Nothing of 1 decision is open" in str(again.exception)
    # What is found later under the same decision is open by itself.
    assert [one["count"] for one in json.loads(ask("list", "--json").stdout)["decisions"]] == [1]


def test_a_decision_that_is_refused_leaves_everything_as_it_was(switches: None) -> None:
    first, second = (one["ids"] for one in json.loads(ask("list", "--json").stdout)["decisions"])
    ask("apply", str(second[0]), "--by", "ada")
    refused = ask("apply", f"D{first[0]}", str(second[0]), "--by", "ada")
    assert isinstance(refused.exception, FieldlabError)
    assert len(listed()) == 2
    assert "There is no recommendation 99" in str(ask("apply", "D99", "--by", "ada").exception)


def test_an_empty_list_says_why(connection: psycopg.Connection, settings: Settings) -> None:
    assert "no run has published" in ask("list").stdout
    publish(connection, settings, as_of=PAST)
    text = " ".join(ask("list").stdout.split())
    assert "The run as of 31 October 2022 found nothing." in text
    assert "What is published is as of 31 October 2022, " in text
    publish(connection, settings, finding(1), finding(2))
    ask("apply", "1", "--by", "ada")
    ask("dismiss", "2", "--by", "ada")
    assert ask("list").stdout == "Nothing is open. All are decided: 1 applied and 1 dismissed.\n"
    publish(connection, settings, finding(3))
    publish(connection, settings)
    (run,) = connection.execute("select run_id from fieldlab_ops.job_runs order by started_at desc limit 1").fetchone()
    text = " ".join(ask("list").stdout.split())
    assert "Decided: 1 applied and 1 dismissed. 1 expired since " in text
    assert f"the newest by run {run}." in text


def test_csv_holds_nothing_that_a_spreadsheet_takes_for_a_formula(
    connection: psycopg.Connection, settings: Settings
) -> None:
    for number, start in enumerate("=+-@\t\r", start=1):
        publish(connection, settings, finding(number, title=f"{start}cmd()"))
        (row,) = csv.DictReader(io.StringIO(ask("list", "--csv", "-").stdout, newline=""))
        assert row["title"] == f"'{start}cmd()"
        assert row["estimated_savings"] == "700.00"


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--branch", "downtown"], 1),
        (["--branch", "2"], 2),
        (["--vendor", "valley foods"], 1),
        (["--vendor", "40"], 1),
        (["--item", "Rice"], 1),
        (["--item", "9"], 1),
        (["--type", "RISK_ALERT"], 1),
        (["--priority", "1", "--priority", "2"], 2),
        (["--min-savings", "600"], 2),
        (["--min-savings", "600.01"], 1),
        (["--status", "DISMISSED"], 0),
    ],
)
def test_filters_select(published: None, arguments: list[str], found: int) -> None:
    assert len(listed(*arguments)) == found


def test_a_name_that_no_recommendation_has_is_told_with_those_like_it(published: None) -> None:
    misspelt = ask("list", "--vendor", "Vally Foods")
    assert (misspelt.exit_code, misspelt.stdout) == (0, "Nothing matches.\n")
    assert misspelt.stderr == "No recommendation names the vendor 'Vally Foods'. Did you mean Valley Foods?\n"
    known = ask("list", "--vendor", "Valley Foods", "--status", "EXPIRED")
    assert (known.stdout, known.stderr) == ("Nothing matches.\n", "")
    assert "Did you mean Downtown?" in ask("dismiss", "--branch", "Dwntown", "--by", "ada").stderr


def test_one_whose_time_has_passed_is_no_longer_open(published: None, connection: psycopg.Connection) -> None:
    connection.execute(
        "update fieldlab_ops.recommendations set expires_at = now() - interval '1 day' where priority = 1"
    )
    assert len(listed()) == 2
    assert len(listed("--status", "EXPIRED")) == 1


def test_a_person_reads_titles_and_totals_within_100_columns(published: None) -> None:
    text = ask("list").stdout
    assert "critical" in text
    assert "12,000.00 a year" in text
    assert "Together: 12,600.00 a year.\n" in text
    assert "Together" not in ask("list", "--type", "RISK_ALERT").stdout
    assert max(map(len, text.splitlines())) <= 100


def test_csv_holds_every_column(published: None) -> None:
    rows = list(csv.DictReader(io.StringIO(ask("list", "--csv", "-").stdout)))
    assert [row["estimated_savings"] for row in rows] == ["12000.00", "", "600.00"]
    assert json.loads(rows[0]["context"])["best_vendor_name"] == "Valley Foods"


def test_show_tells_the_numbers_and_what_happened(published: None) -> None:
    (one,) = listed("--priority", "1")
    ask("view", str(one), "--by", "ada")
    ask("dismiss", str(one), "--by", "bob", "--reason", "contract until May")
    text = ask("show", str(one)).stdout
    for part in ("Valley Foods", "viewed by ada", "dismissed by bob: contract until May"):
        assert part in text
    data = json.loads(ask("show", str(one), "--json").stdout)
    assert [event["to_status"] for event in data["events"]] == ["VIEWED", "DISMISSED"]


def test_a_decision_is_refused_with_the_status_it_has(published: None) -> None:
    (one,) = listed("--priority", "1")
    assert ask("apply", str(one), "--by", "ada").exit_code == 0
    result = ask("dismiss", str(one), "--by", "bob")
    assert isinstance(result.exception, FieldlabError)
    assert "is APPLIED" in str(result.exception)


def test_the_signed_in_user_decides_unless_another_is_named(
    published: None, connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "grace")
    (one,) = listed("--priority", "1")
    ask("view", str(one))
    assert connection.execute("select viewed_by from fieldlab_ops.recommendations where id = %s", [one]).fetchone() == (
        "grace",
    )


def test_what_a_filter_selects_is_confirmed_first(published: None) -> None:
    refused = ask("dismiss", "--branch", "2", "--by", "ada")
    assert refused.exit_code == 2
    assert "--yes" in refused.stderr
    assert len(listed()) == 3
    assert ask("dismiss", "--branch", "2", "--by", "ada", "--yes").exit_code == 0
    assert len(listed()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["apply"],
        ["apply", "1", "--branch", "2"],
        ["apply", "1", "--by", " "],
        ["apply", "one"],
        ["dismiss", "1", "--reason", "x" * 501],
        ["list", "--min-savings", "much"],
        ["list", "--min-savings", "nan"],
        ["list", "--priority", "6"],
        ["list", "--json", "--csv", "-"],
        ["list", "--status", "OPEN"],
    ],
)
def test_what_cannot_be_asked_exits_with_two(published: None, arguments: list[str]) -> None:
    assert ask(*arguments).exit_code == 2


def test_expire_marks_those_whose_time_has_passed(connection: psycopg.Connection, settings: Settings) -> None:
    publish(connection, settings, finding(expires_on=PAST), order(7))
    assert json.loads(ask("expire", "--json").stdout) == {"expired": 1}


KINDS = {
    "cheaper_vendor": "switch", "off_usual_vendor": "switch", "many_vendors": "consolidate",
    "same_vendor_price_gap": "negotiate", "price_rise": "negotiate", "vendor_price_increase": "vendor",
    "over_ordering": "order", "pack_size_error": "order", "duplicate_invoice": "invoice", "small_orders": None,
}  # fmt: skip


def claim(
    rule: str,
    savings: int,
    *,
    item: int | None = 1,
    vendor: int | None = None,
    invoice: int | None = None,
    paid: int | None = None,
) -> Saving:
    kind = KINDS[rule]
    return Saving(
        rule_id=rule,
        claim=kind,
        item_id=item,
        vendor_id=vendor,
        invoice_id=invoice,
        paid_vendor_id=paid or vendor,
        savings=Decimal(savings),
        basis="once" if kind in {"order", "invoice"} else "year",
    )


@pytest.mark.parametrize(
    ("claims", "total"),
    [
        ([claim("cheaper_vendor", 60), claim("cheaper_vendor", 50), claim("many_vendors", 100)], 110),
        ([claim("cheaper_vendor", 60), claim("many_vendors", 100)], 100),
        ([claim("price_rise", 30, vendor=1), claim("price_rise", 40, vendor=2)], 40),
        ([claim("same_vendor_price_gap", 30, vendor=1)] * 2 + [claim("price_rise", 50, vendor=1)], 60),
        ([claim("same_vendor_price_gap", 30, vendor=1), claim("same_vendor_price_gap", 40, vendor=2)], 40),
        ([claim("cheaper_vendor", 5, item=1), claim("cheaper_vendor", 7, item=2)], 12),
        ([claim("cheaper_vendor", 5), claim("small_orders", 100, item=None, vendor=3)], 105),
        # Buying where the network buys is one sum with switching.
        ([claim("cheaper_vendor", 60), claim("off_usual_vendor", 50, vendor=2), claim("many_vendors", 100)], 110),
        # A vendor's items against all its prices: 60 + 30 of vendor 1, more than 80; 10 of vendor 2, less than 25.
        (
            [
                claim("cheaper_vendor", 60, paid=1),
                claim("price_rise", 30, item=2, vendor=1),
                claim("cheaper_vendor", 10, item=3, paid=2),
                claim("vendor_price_increase", 80, item=None, vendor=1),
                claim("vendor_price_increase", 25, item=None, vendor=2),
            ],
            115,
        ),
        # What buying from one vendor saves is no vendor's.
        ([claim("many_vendors", 60), claim("vendor_price_increase", 80, item=None, vendor=1)], 140),
    ],
)
def test_savings_that_claim_the_same_money_count_once(claims: list[Saving], total: int) -> None:
    assert total_savings(claims) == {"year": Decimal(total), "once": Decimal(0)}


def test_of_an_invoice_the_larger_counts_of_all_of_it_and_of_its_orders() -> None:
    claims = [
        claim("over_ordering", 9, invoice=1),
        claim("pack_size_error", 12, invoice=1),
        claim("over_ordering", 5, item=2, invoice=1),
        claim("duplicate_invoice", 16, item=None, vendor=3, invoice=1),
        claim("over_ordering", 4, invoice=2),
        claim("duplicate_invoice", 6, item=None, invoice=2),
    ]
    assert total_savings(claims) == {"year": Decimal(0), "once": Decimal(17 + 6)}
