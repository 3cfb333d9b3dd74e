"""What became of recommendations and advice: runs, decisions and later purchases, against a computation by hand."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import psycopg
import pytest
import yaml
from alignment_marts import PROJECT
from dbt_database import DbtDatabase, dbt_database

from runner.alignment.publish import publish_alignment
from runner.database import migrate
from runner.database.warehouse import Warehouse
from runner.ops.pipeline import run_pipeline
from runner.ops.report import Request
from runner.ops.runs import Run
from runner.procurement.lifecycle import Action, take_step
from runner.rules.registry import RULES
from runner.rules.seed import read_parameters
from runner.settings import load_settings

FIRST = date(2024, 6, 30)
PRICE_RULES = {"cheaper_vendor", "many_vendors", "same_vendor_price_gap", "price_rise"}
# Named prices are published with 12 decimals, and JSON holds them as doubles.
CLOSE = Fraction(1, 10**7)

Row = dict[str, Any]


@pytest.fixture(scope="module")
def shared_database(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DbtDatabase]:
    with dbt_database(server_url, tmp_path_factory.mktemp("outcomes")) as database:
        yield database


@pytest.fixture
def database(shared_database: DbtDatabase) -> DbtDatabase:
    shared_database.reset("procurement")
    return shared_database


def test_where_the_runner_never_ran_there_are_no_outcomes(database: DbtDatabase) -> None:
    build(database, "+recommendation_adoption", "+vendor_alignment_outcomes", as_of=FIRST)

    for mart in ("procurement.recommendation_outcomes", "procurement.recommendation_adoption"):
        assert database.rows(f"select * from fieldlab_{mart}") == []
    for mart in ("alignment_advice_outcomes", "alignment_outcomes", "vendor_alignment_outcomes"):
        assert database.rows(f"select * from fieldlab_alignment.{mart}") == []


def test_tables_of_an_older_fieldlab_are_read_and_brought_up_to_date(
    database: DbtDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = migrate.migrations()[:2]
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "migrations", lambda: older)
        bring_up_to_date(database)
    with psycopg.connect(database.url) as connection:
        connection.execute("""
            insert into fieldlab_ops.recommendations (
                rule_id, type, category, fingerprint, title, description, reasoning, confidence_score, priority,
                context, created_at, updated_at, expires_at, as_of, run_id
            )
            values (
                'single_source', 'RISK_ALERT', 'Risk alert', repeat('0', 64), '', '', '', 1, 2, '{"item_id": 1}',
                '2024-06-01', '2024-06-30', '2024-07-31', '2024-06-30', gen_random_uuid()
            )
        """)
        connection.execute("""
            insert into fieldlab_ops.alignment_recommendations
            values ('v', 'd', 'ADD', 1, 'high', 'c', '', 1, '', '', '{}', '2024-06-30', gen_random_uuid(), '2024-07-01')
        """)

    def outcomes() -> list[Row]:
        build(database, "+recommendation_outcomes", "+alignment_outcomes", as_of=FIRST)
        return database.rows("select status, raised_on, item_id from fieldlab_procurement.recommendation_outcomes")

    assert outcomes() == [{"status": "PENDING", "raised_on": FIRST, "item_id": None}]
    bring_up_to_date(database)
    assert outcomes() == [{"status": "PENDING", "raised_on": FIRST, "item_id": 1}]
    assert database.rows("select dealer_id, type, first_advised, last_advised from fieldlab_ops.alignment_advice") == [
        {"dealer_id": "d", "type": "ADD", "first_advised": FIRST, "last_advised": FIRST}
    ]
    assert len(database.rows("select * from fieldlab_ops.recommendations")) == 1


def test_every_table_and_column_of_the_runner_is_described_as_a_source(database: DbtDatabase) -> None:
    bring_up_to_date(database)
    text = (PROJECT / "models/staging/fieldlab/_fieldlab__sources.yml").read_text(encoding="utf-8")
    (source,) = yaml.safe_load(text)["sources"]
    described = {
        (table["name"], column["name"])
        for table in source["tables"]
        for column in table["columns"]
        if table["description"] and column["description"]
    }
    # The copies that a rollback puts back and the web service's own tables are nobody's source.
    there = database.rows("""
        select table_name, column_name from information_schema.columns
        where table_schema ~ '_ops$' and table_name not like 'previous%' and table_name not in ('api_tokens', 'marts')
    """)
    assert described == {(row["table_name"], row["column_name"]) for row in there}


# Procurement


@dataclass(frozen=True)
class Line:
    """One invoice with one line."""

    day: date
    branch: int | None
    vendor: int | None
    item: int
    quantity: Decimal
    price: Decimal
    status: str = "APPROVED"

    @property
    def is_purchase(self) -> bool:
        return self.status == "APPROVED" and self.quantity > 0 and self.price > 0


def test_what_people_decided_and_what_it_brought_is_what_a_computation_by_hand_says(database: DbtDatabase) -> None:
    lines = books()
    write_books(database, lines)

    run_recommendations(database, FIRST)
    found = database.rows("select id, rule_id from fieldlab_ops.recommendations order by id")
    assert {row["rule_id"] for row in found} >= PRICE_RULES
    first_of_rule = {row["rule_id"]: row["id"] for row in reversed(found)}
    kept_back = first_of_rule.pop("cheaper_vendor")
    dismissed, viewed = [row["id"] for row in found if row["id"] not in {kept_back, *first_of_rule.values()}][:2]
    decide(database, Action.VIEW, [viewed, kept_back])
    decide(database, Action.DISMISS, [dismissed], reason="contract")
    decide(database, Action.APPLY, [first_of_rule[rule] for rule in sorted(PRICE_RULES & first_of_rule.keys())])

    assert_outcomes(database, lines, run_recommendations(database, FIRST + timedelta(20)))
    decide(database, Action.APPLY, [kept_back])
    # On day 50 what nobody decided on has expired, though no run has marked it yet; on day 19 nobody knew of what was
    # decided on day 20; on day 111 no effect changes any more.
    for days in (50, 19, 111):
        build(database, "+recommendation_adoption", as_of=FIRST + timedelta(days))
        assert_outcomes(database, lines, FIRST + timedelta(days))


def run_recommendations(database: DbtDatabase, as_of: date) -> tuple[date, "Ops"]:
    """Run the job; what the runner's tables held before it is what its marts show."""
    bring_up_to_date(database)
    before = read_ops(database)
    report = run_pipeline(load_settings(), Warehouse(database.url), Request(("recommendations",), as_of=as_of))
    assert report.problems == ()
    return as_of, before


def decide(database: DbtDatabase, action: Action, ids: Sequence[int], reason: str | None = None) -> None:
    with psycopg.connect(database.url, autocommit=True) as connection:
        assert take_step(connection, load_settings(), ids, action, by="ada", reason=reason) == sorted(ids)


def books() -> list[Line]:
    """Nine months in which each price rule finds something on FIRST, and prices fall afterwards."""
    chance = random.Random(4)
    lines = []
    for ago in range(149, -131, -1):
        day = FIRST - timedelta(ago)
        bought = [
            # Branch 1 pays vendor 1 more than vendor 2 charges others.
            (1, 1 if ago % 2 else 2, 1, "12"),
            (1, 1, 1, "12"),
            (2, 2, 1, "9"),
            (None, 2, 1, "9.2"),
            # Branch 2 does so with another item.
            (2, 1, 4, "20"),
            (1, 2, 4, "15"),
            # Vendor 3 charges branch 2 more, and both branches more than it did.
            (1, 3, 2, "8.5" if ago > 60 else "10"),
            (2, 3, 2, "10" if ago > 60 else "12.5"),
            (1, None, 2, "11"),
            (chance.choice([1, 2, None]), 3, 3, "8" if ago > 60 else "10"),
        ]
        for branch, vendor, item, usual in bought:
            price = Decimal(usual) * chance.randint(98, 102) * (80 if ago < 0 else 100) / 10000
            lines.append(Line(day, branch, vendor, item, Decimal(chance.randint(1, 300)) / 10, price))
        lines += [
            Line(day, 1, 1, 1, Decimal(1), Decimal(500), status="DRAFT"),
            Line(day, 1, 1, 1, Decimal(-3), Decimal(12)),
            Line(day, 2, 3, 2, Decimal(10), Decimal(0)),
        ]
    return lines


def write_books(database: DbtDatabase, lines: Sequence[Line]) -> None:
    with database.connect("raw_procurement") as connection, connection.cursor() as cursor:
        cursor.execute("""insert into "Vendor" select n, 'Vendor ' || n from generate_series(1, 3) as n""")
        cursor.execute("""insert into "Branch" select n, 'Branch ' || n from generate_series(1, 2) as n""")
        cursor.execute("""insert into "Item" (id, name) select n, 'Item ' || n from generate_series(1, 4) as n""")
        with cursor.copy("""copy "Invoice" (id, date, status, "branchId", "vendorId") from stdin""") as copy:
            for number, line in enumerate(lines):
                copy.write_row((number, line.day, line.status, line.branch, line.vendor))
        with cursor.copy("""copy "InvoiceItem" (id, "invoiceId", "itemId", quantity, price) from stdin""") as copy:
            for number, line in enumerate(lines):
                copy.write_row((number, number, line.item, line.quantity, line.price))


def assert_outcomes(database: DbtDatabase, lines: Sequence[Line], as_of: date | tuple[date, "Ops"]) -> None:
    """Both marts say what the tables of the runner and the books come to."""
    day, ops = as_of if isinstance(as_of, tuple) else (as_of, read_ops(database))
    expected = {row["recommendation_id"]: row for row in outcomes(ops, lines, day)}
    seen = {row["recommendation_id"]: row for row in marts(database, "recommendation_outcomes", day)}
    assert {key: different(row, seen.get(key)) for key, row in expected.items()} == {key: [] for key in expected}
    assert seen.keys() == expected.keys()

    months = {(row["month"], row["type"]): row for row in adoption(list(expected.values()))}
    shown = {(row["month"], row["type"]): row for row in marts(database, "recommendation_adoption", day)}
    assert {key: different(row, shown.get(key)) for key, row in months.items()} == {key: [] for key in months}
    assert shown.keys() == months.keys()


@dataclass(frozen=True)
class Ops:
    """What the runner's tables hold."""

    recommendations: Sequence[Row]
    events: Sequence[Row]


def read_ops(database: DbtDatabase) -> Ops:
    return Ops(
        database.rows("select * from fieldlab_ops.recommendations"),
        database.rows("select * from fieldlab_ops.recommendation_events order by id"),
    )


def marts(database: DbtDatabase, mart: str, as_of: date) -> list[Row]:
    rows = database.rows(f"select * from fieldlab_procurement.{mart}")
    assert {row["as_of"] for row in rows} <= {as_of}
    return rows


def different(wanted: Row, seen: Row | None) -> list[str]:
    """Which columns say something else."""
    if seen is None:
        return ["no such row"]
    return [
        f"{column} is {seen[column]}, not {value}"
        for column, value in wanted.items()
        if not (
            abs(Fraction(seen[column]) - value) < CLOSE
            if isinstance(value, Fraction) and seen[column] is not None
            else seen[column] == value
        )
    ]


def outcomes(ops: Ops, lines: Sequence[Line], as_of: date) -> Iterator[Row]:
    """The rows of recommendation_outcomes by their definition."""
    for row in ops.recommendations:
        if row["raised_as_of"] > as_of:
            continue
        steps = {
            event["to_status"]: event
            for event in ops.events
            if event["recommendation_id"] == row["id"] and event["as_of"] <= as_of
        }
        end = next((steps[status] for status in ("DISMISSED", "APPLIED", "EXPIRED") if status in steps), None)
        last_day = row["expires_at"].date() - timedelta(1)
        expired = row["expires_at"].date()
        if end is not None:
            status = end["to_status"]
            closed = min(end["as_of"], expired) if status == "EXPIRED" else end["as_of"]
        elif last_day < as_of:
            status, closed = "EXPIRED", expired
        else:
            status, closed = "VIEWED" if "VIEWED" in steps else "PENDING", None
        decided = end["as_of"] if end is not None and status != "EXPIRED" else None
        is_price_rule = row["rule_id"] in PRICE_RULES
        expected = {
            "recommendation_id": row["id"],
            "rule_id": row["rule_id"],
            "type": row["type"],
            "item_id": row["context"].get("item_id"),
            "vendor_id": row["context"].get("vendor_id"),
            "branch_id": row["context"].get("branch_id"),
            "estimated_savings": row["estimated_savings"],
            "savings_basis": row["savings_basis"],
            "is_price_rule": is_price_rule,
            "status": status,
            "raised_on": row["raised_as_of"],
            "viewed_on": steps["VIEWED"]["as_of"] if "VIEWED" in steps else None,
            "decided_on": decided,
            "decided_by": end["actor"] if end is not None and decided else None,
            "closed_on": closed,
            "open_days": ((closed or as_of) - row["raised_as_of"]).days,
            "days_to_decision": (decided - row["raised_as_of"]).days if decided else None,
            "named_price": None,
            "observed_days": None,
            "realised_quantity": None,
            "realised_price": None,
            "realised_effect": None,
        }
        if is_price_rule:
            expected["named_price"] = named_price(row, lines)
        if is_price_rule and status == "APPLIED" and decided:
            expected["observed_days"] = min((as_of - decided).days, 90)
            window = (decided + timedelta(1), min(decided + timedelta(90), as_of))
            bought = [line for line in lines if concerns(row, line) and window[0] <= line.day <= window[1]]
            if bought:
                quantity = sum(Fraction(line.quantity) for line in bought)
                amount = sum(Fraction(line.quantity) * Fraction(line.price) for line in bought)
                expected["realised_quantity"] = quantity
                expected["realised_price"] = amount / quantity
                expected["realised_effect"] = (expected["named_price"] - amount / quantity) * quantity
        yield expected


def concerns(row: Row, line: Line) -> bool:
    """Whether a line is one of the purchases that a recommendation is judged by."""
    subject = row["context"]
    about: Mapping[str, Callable[[], bool]] = {
        "cheaper_vendor": lambda: line.branch == subject["branch_id"],
        "many_vendors": lambda: line.branch is not None and line.vendor is not None,
        "same_vendor_price_gap": lambda: (line.branch, line.vendor) == (subject["branch_id"], subject["vendor_id"]),
        "price_rise": lambda: line.vendor == subject["vendor_id"],
    }
    return line.is_purchase and line.item == subject["item_id"] and about[row["rule_id"]]()


def named_price(row: Row, lines: Sequence[Line]) -> Fraction:
    """The mean price a recommendation names, worked out from the books."""
    days = 90 if row["rule_id"] == "cheaper_vendor" else 30
    period = [line for line in lines if row["as_of"] - timedelta(days) < line.day <= row["as_of"]]
    bought = [line for line in period if concerns(row, line)]
    if row["rule_id"] == "cheaper_vendor":
        bought = [line for line in bought if line.vendor == row["context"]["main_vendor_id"]]
    if row["rule_id"] == "same_vendor_price_gap":
        return sum((Fraction(line.price) for line in bought), Fraction(0)) / len(bought)
    amount = sum(Fraction(line.quantity) * Fraction(line.price) for line in bought)
    return amount / sum(Fraction(line.quantity) for line in bought)


def adoption(rows: Sequence[Row]) -> Iterator[Row]:
    """The rows of recommendation_adoption by their definition, from those of recommendation_outcomes."""
    groups: dict[tuple[date, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["raised_on"].replace(day=1), row["type"]].append(row)
    for (month, kind), group in groups.items():
        statuses = [row["status"] for row in group]
        ended = [status for status in statuses if status not in {"PENDING", "VIEWED"}]
        applied = [row for row in group if row["status"] == "APPLIED"]
        yield {
            "month": month,
            "type": kind,
            "raised_count": len(group),
            "viewed_count": sum(row["viewed_on"] is not None for row in group),
            "open_count": len(group) - len(ended),
            "dismissed_count": statuses.count("DISMISSED"),
            "applied_count": len(applied),
            "expired_count": statuses.count("EXPIRED"),
            "adoption_share": Fraction(len(applied), len(ended)) if ended else None,
            "measured_count": sum(row["realised_effect"] is not None for row in applied),
            "applied_savings": once(applied, "estimated_savings"),
            "realised_effect": once(applied, "realised_effect"),
        }


def once(rows: Sequence[Row], column: str) -> Fraction | None:
    """Add up a column, of the price rules' claims to one item only the largest."""
    claims: dict[int, dict[tuple[str, int | None], Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    others = []
    for row in rows:
        if row[column] is None:
            continue
        if row["is_price_rule"]:
            claims[row["item_id"]][row["rule_id"], row["vendor_id"]] += Fraction(row[column])
        else:
            others.append(Fraction(row[column]))
    largest = [max(sums.values()) for sums in claims.values()]
    return sum(largest + others, Fraction(0)) if largest or others else None


# Alignment


def test_advice_is_followed_when_it_was_seen_to_be_whatever_happens_later(database: DbtDatabase) -> None:
    database.reset("alignment")
    start = FIRST
    change(
        database,
        """
        insert into "Collection" (id, name, "vendorId") values ('hot', 'Hot', 'v'), ('cold', 'Cold', 'v');
        insert into "Product" (id, sku, name, description, "collectionId")
        values ('h', 'H', 'H', '', 'hot'), ('c', 'C', 'C', '', 'cold');
        insert into "Dealer" (id, name, "dealerType")
        select id, 'Dealer ' || id, 'SHOWROOM'
        from (
            select 'leader' || n from generate_series(1, 40) as n
            union all values ('displays'), ('changes'), ('late'), ('never'), ('undoes')
        ) as dealers (id);
        insert into "Selection" (id, "dealerId", "productId", status, source, "createdAt")
        select 'h' || id, id, 'h', 'MUST_CARRY', '', timestamp '2023-01-01' from "Dealer" where id like 'leader%'
        union all
        select 'c' || id, id, 'c', 'SELECTED', '', timestamp '2023-01-01' from "Dealer" where id not like 'leader%'
        union all
        values ('h', 'changes', 'h', 'INTERESTED', '', timestamp '2023-01-01');
        """,
    )
    advise(database, start)

    display(database, "displays", start + timedelta(5))
    display(database, "undoes", start + timedelta(5))
    change(database, """update "Selection" set status = 'SELECTED' where id = 'h'""")
    change(database, """update "Selection" set status = 'PASSED' where id = 'cdisplays'""")
    advise(database, start + timedelta(10))

    change(database, """delete from "DisplayRecord" where "dealerId" = 'undoes'""")
    advise(database, start + timedelta(20))

    display(database, "late", start + timedelta(40))
    change(database, """update "Selection" set status = 'PASSED' where id = 'clate'""")
    advise(database, start + timedelta(45))

    def day(number: int) -> date:
        return start + timedelta(number)

    seen = database.rows("select * from fieldlab_alignment.alignment_advice_outcomes order by first_advised")
    assert {
        (row["type"], row["dealer_id"], row["first_advised"]): (
            *(row["last_advised"], row["followed_on"]),
            *(row["is_due"], row["is_followed_in_time"]),
        )
        for row in seen
    } == {
        ("ADD", "displays", day(0)): (day(0), day(5), True, True),
        ("ADD", "changes", day(0)): (day(0), day(10), True, True),
        ("ADD", "late", day(0)): (day(20), day(40), True, False),
        ("ADD", "never", day(0)): (day(20), None, True, False),
        ("ADD", "undoes", day(0)): (day(0), day(5), True, True),
        ("ADD", "undoes", day(20)): (day(20), None, False, False),
        ("DROP", "displays", day(0)): (day(0), day(10), True, True),
        ("DROP", "changes", day(0)): (day(20), None, True, False),
        ("DROP", "late", day(0)): (day(20), day(45), True, False),
        ("DROP", "never", day(0)): (day(20), None, True, False),
        ("DROP", "undoes", day(0)): (day(20), None, True, False),
    }
    dealers = database.rows("select * from fieldlab_alignment.alignment_outcomes")
    assert {row["dealer_id"]: row["has_acted"] for row in dealers} == {
        "displays": True,
        "changes": True,
        "undoes": True,
        "late": False,
        "never": False,
    }
    (undoes,) = [row for row in dealers if row["dealer_id"] == "undoes"]
    assert (undoes["dealer_name"], undoes["add_count"], undoes["add_pending_count"]) == ("Dealer undoes", 2, 1)
    (vendor,) = database.rows("select * from fieldlab_alignment.vendor_alignment_outcomes")
    assert (vendor["due_dealer_count"], vendor["acting_dealer_count"]) == (5, 3)
    assert (vendor["acting_dealer_share"], vendor["add_carried_share"]) == (Decimal("0.6"), Decimal("0.6"))
    assert (vendor["drop_due_count"], vendor["drop_gone_share"]) == (5, Decimal("0.2"))


def advise(database: DbtDatabase, as_of: date) -> None:
    """Build what alignment reads, and publish as a run does."""
    marts = ("dealer_influence", "dealer_alignment", "shift_opportunities", "vendor_alignment_outcomes")
    build(database, *(f"+{mart}" for mart in marts), as_of=as_of)
    bring_up_to_date(database)
    settings = load_settings()
    with psycopg.connect(database.url, autocommit=True) as connection:
        parameters = read_parameters(connection, settings, RULES)
        publish_alignment(connection, settings, parameters, run=Run(as_of, explicit_as_of=True), now=datetime.now(UTC))


def change(database: DbtDatabase, statements: str) -> None:
    with database.connect("raw_alignment") as connection:
        connection.execute(statements.encode())


def display(database: DbtDatabase, dealer: str, day: date) -> None:
    moment = datetime.combine(day, time(12))
    with database.connect("raw_alignment") as connection:
        connection.execute(
            """insert into "DisplayRecord" values (%s, %s, 'h', %s, 'Jun 2024 Dallas', true)""",
            [f"{dealer}{day}", dealer, moment],
        )


# Shared by all of them


def build(database: DbtDatabase, *selected: str, as_of: date) -> None:
    """Build models by plain dbt, with their data tests."""
    options = ("--indirect-selection", "buildable", "--exclude-resource-type", "unit_test")
    database.run("build", "--select", *selected, *options, as_of=as_of)


def bring_up_to_date(database: DbtDatabase) -> None:
    with psycopg.connect(database.url, autocommit=True) as connection:
        migrate.ensure(connection, load_settings())
