"""`fieldlab demo` from end to end: what it loads, finds and prints."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import yaml
from played_demo import Played, open_recommendations
from psycopg import sql

from runner.demo import AS_OF, alignment, furnishings, restaurants
from runner.demo.run import month_ends_before
from runner.rules.registry import PROCUREMENT_RULES

# What the demo's books hold nothing of; the last one is switched off.
NOT_PLANTED = {"duplicate_invoice", "off_usual_vendor", "vendor_twin", "no_purchase_order"}
ITEMS = {item.name: number for number, item in enumerate(restaurants.ITEMS, 1)}
VENDORS = {vendor.name: number for number, vendor in enumerate(restaurants.VENDORS, 1)} | {
    name: number for number, (name, _) in enumerate(restaurants.PAPER_VENDORS, len(restaurants.VENDORS) + 1)
}
PAPER_ITEMS = {item.name: number for number, item in enumerate(restaurants.PAPER_ITEMS, len(restaurants.ITEMS) + 1)}
BRANCHES = {name: number for number, name in enumerate(restaurants.DISTRICTS, 1)}


def grains() -> dict[str, list[str]]:
    """The columns that tell one row from another, by model and snapshot."""
    project = Path(__file__).parents[2]
    files = [*(project / "models").rglob("*.yml"), *(project / "snapshots").rglob("*.yml")]
    contents = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files]
    described = [node for content in contents for kind in ("models", "snapshots") for node in content.get(kind, ())]
    return {node["name"]: node["config"]["meta"]["grain"] for node in described if "config" in node}


def subjects(played: Played, rule_id: str) -> set[tuple[int | None, int | None, int | None]]:
    """Item, vendor and branch of what a rule recommends."""
    return {
        (row["context"].get("item_id"), row["context"].get("vendor_id"), row["context"].get("branch_id"))
        for row in played.recommendations
        if row["rule_id"] == rule_id
    }


def test_every_purchasing_rule_finds_something_and_none_too_much(played: Played) -> None:
    found = [row["rule_id"] for row in played.recommendations]
    for rule in PROCUREMENT_RULES:
        if rule.rule_id not in NOT_PLANTED:
            assert 1 <= found.count(rule.rule_id) <= 20, rule.rule_id
    assert played.summary["recommendations"]["count"] == len(found)
    assert {row["priority"] for row in played.recommendations} == {1, 2, 3, 4, 5}


def test_no_relation_has_two_rows_of_its_declared_grain(played: Played) -> None:
    with psycopg.connect(played.url) as connection:
        found = connection.execute(
            "select relname, oid::regclass::text from pg_class"
            " where relnamespace::regnamespace::text like 'fieldlab%' and relkind in ('r', 'v')"
        )
        relations = dict(found.fetchall())
        doubled = {}
        for name, grain in grains().items():
            columns = sql.SQL(", ").join(map(sql.Identifier, grain))
            query = sql.SQL("select {} from {} group by {} having count(*) > 1 limit 1").format(
                columns, sql.SQL(relations[name]), columns
            )
            row = connection.execute(query).fetchone()
            if row is not None:
                doubled[name] = row
    assert doubled == {}


def test_dealers_are_told_to_keep_drop_and_add_at_both_priorities(played: Played) -> None:
    with psycopg.connect(played.url) as connection:
        rows = connection.execute(
            "select type, priority, count(*) from fieldlab_ops.alignment_recommendations"
            " where type <> 'SHIFT' group by 1, 2"
        ).fetchall()
    assert len(rows) == 6
    assert all(count >= 10 for *_, count in rows)


def test_dealers_of_two_vendors_are_told_to_swap_a_size_and_a_finish(played: Played) -> None:
    with psycopg.connect(played.url) as connection:
        rows = connection.execute(
            "select vendor_id, changes from fieldlab_alignment.shift_opportunities group by 1, 2 order by 1, 2"
        ).fetchall()
        published = connection.execute(
            "select distinct vendor_id from fieldlab_ops.alignment_recommendations where type = 'SHIFT' order by 1"
        ).fetchall()
    assert rows == [("juniper-hill-home", "finish"), ("marlowe-and-finch", "size")]
    assert published == [("juniper-hill-home",), ("marlowe-and-finch",)]


def test_every_vendor_and_dealer_of_the_demo_has_a_report(played: Played) -> None:
    with psycopg.connect(played.url) as connection:
        reports = connection.execute(
            "select vendor_id, bool_or(confidence = 'low'), count(*) from fieldlab_ops.alignment_reports group by 1"
        ).fetchall()
        bases = dict(
            connection.execute("select distinct vendor_id, sales_basis from fieldlab_alignment.dealer_influence")
        )
    assert len(reports) == 4
    assert sorted(bases.values()) == ["actual", "displays", "displays", "displays"]
    assert bases["marlowe-and-finch"] == "actual"


def test_something_of_every_kind_rose_and_something_fell(played: Played) -> None:
    moved = {(move["kind"], move["movement"]): move["name"] for move in reversed(played.summary["movements"])}
    assert {movement for _, movement in moved} == {"RISING", "FALLING"}
    assert len(moved) == 6
    assert moved["collections", "FALLING"] == "Halcyon"
    rising = {move["name"] for move in played.summary["movements"] if move["kind"] == "collections"}
    assert rising >= {name for brand in furnishings.BRANDS for name in brand.rising}


def test_a_year_of_month_ends_is_in_every_history(played: Played) -> None:
    dates = [*month_ends_before(AS_OF), AS_OF]
    assert len(dates) == 12
    with psycopg.connect(played.url) as connection:
        for history in (
            "fieldlab_alignment.dealer_influence_history",
            "fieldlab_alignment.collection_trend_history",
            "fieldlab_procurement.item_price_history",
            "fieldlab_procurement.price_snapshots",
        ):
            found = connection.execute(f"select distinct as_of from {history} order by as_of").fetchall()  # type: ignore[arg-type]
            assert [day for (day,) in found] == dates
        ((selections, versions),) = connection.execute(
            'select (select count(*) from raw_alignment."Selection"), count(*)'
            " from fieldlab_snapshots.selections_snapshot"
        ).fetchall()
    assert selections == versions


def test_branches_that_pay_more_are_told_to_switch(played: Played) -> None:
    expected = {
        (ITEMS[story.item], None, BRANCHES[district])
        for story in restaurants.SECOND_SOURCES
        if story.percent > 105 and story.lately is None
        for district in story.districts
    }
    assert subjects(played, "cheaper_vendor") > expected
    assert ITEMS["Unsalted Butter"] not in {item for item, *_ in subjects(played, "cheaper_vendor")}


@pytest.mark.parametrize(
    ("rule_id", "expected"),
    [
        (
            "same_vendor_price_gap",
            {
                (
                    ITEMS[story.item],
                    VENDORS[str(restaurants.ITEMS[ITEMS[story.item] - 1].vendor)],
                    BRANCHES[story.branch],
                )
                for story in restaurants.LOCAL_PRICES
            },
        ),
        (
            "price_rise",
            {
                (ITEMS[story.item], VENDORS[str(restaurants.ITEMS[ITEMS[story.item] - 1].vendor)], None)
                for story in restaurants.PRICE_RISES
            }
            | {(ITEMS["Unsalted Butter"], VENDORS[restaurants.PELLWORTH], None)},
        ),
        ("small_orders", {(None, VENDORS[story.vendor], BRANCHES[story.branch]) for story in restaurants.SMALL_ORDERS}),
        (
            "over_ordering",
            {
                (ITEMS[story.item], None, BRANCHES[story.branch])
                for story in restaurants.ODD_ORDERS
                if story.quantity > 1
            },
        ),
        (
            "unusual_spend",
            {
                (ITEMS[story.item], None, BRANCHES[story.branch])
                for story in restaurants.ODD_ORDERS
                if story.price == 2.5
            },
        ),
        # Three times the price is that of a pack of three.
        (
            "pack_size_error",
            {
                (
                    ITEMS[story.item],
                    VENDORS[str(restaurants.ITEMS[ITEMS[story.item] - 1].vendor)],
                    BRANCHES[story.branch],
                )
                for story in restaurants.ODD_ORDERS
                if story.price == 3
            }
            # A case entered as a piece, and a piece as a case.
            | {
                (PAPER_ITEMS["Gas Cartridges"], VENDORS[restaurants.GAS], BRANCHES[at])
                for at in ("Airport", "Harbor Point")
            },
        ),
    ],
)
def test_the_planted_stories_are_found(
    played: Played, rule_id: str, expected: set[tuple[int | None, int | None, int | None]]
) -> None:
    assert subjects(played, rule_id) == expected


def test_forgotten_orders_are_due(played: Played) -> None:
    items = {item.name: item.vendor for item in restaurants.ITEMS}
    names = {number: name for name, number in ITEMS.items()}
    due = {(items[names[item or 0]], branch) for item, _, branch in subjects(played, "reorder_due")}
    assert due == {(story.vendor, BRANCHES[story.branch]) for story in restaurants.FORGOTTEN_ORDERS}


def test_seasons_that_begin_are_seen(played: Played) -> None:
    coming = AS_OF.month % 12 + 1
    peaks = {ITEMS[item.name] for item in restaurants.ITEMS if item.peak in (coming, coming + 1)}
    assert {item for item, *_ in subjects(played, "seasonal_peak")} >= peaks


def test_the_page_of_recommendations_in_the_docs_is_that_of_the_demo(played: Played) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "runner.demo.recommendations_page"],
        capture_output=True,
        text=True,
        check=True,
        env=played.environment,
    )
    assert (Path(__file__).parents[2] / "docs/recommendations.md").read_text(encoding="utf-8") == done.stdout


def test_output_in_the_readme_is_that_of_the_demo(played: Played) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```\n\$ fieldlab (.+)\n((?:.*\n)*?)```", readme, re.MULTILINE)
    assert len(blocks) >= 5
    for command, shown in blocks:
        done = played.fieldlab(*shlex.split(command))
        output = "\n".join(line.rstrip() for line in done.stdout.splitlines())
        place = 0
        for part in shown.strip().split("\n…"):  # … is in place of lines that are left out
            place = output.find(part.strip("\n"), place)
            assert place >= 0, f"{command}:\n{part}\n\nis not in\n\n{output}"


def test_the_second_demo_finds_the_same_again_and_reads_within_100_columns(played: Played) -> None:
    done = played.fieldlab("demo")
    assert done.returncode == 0, done.stderr
    again = open_recommendations(played.url)
    assert [row["id"] for row in again] == [row["id"] for row in played.recommendations]
    assert [row["estimated_savings"] for row in again] == [row["estimated_savings"] for row in played.recommendations]
    lines = done.stdout.splitlines()
    assert max(len(line) for line in lines if line.strip() not in played.summary["next"]) <= 100
    assert {line.strip() for line in lines} > set(played.summary["next"]), "each command on one line"
    for shown in ("Most influential dealers", "Strongest collections", "KEEP", "DROP", "ADD", "Together:"):
        assert shown in done.stdout, shown
    assert "\x1b" not in done.stdout + done.stderr


def test_what_it_says_to_type_next_works(played: Played) -> None:
    *lines, last = [line for line in played.summary["next"] if "--remove" not in line]
    assert last.endswith(" serve --open")  # test_pages.py does that
    assert len(lines) >= 3
    for line in lines:
        done = subprocess.run(line, shell=True, capture_output=True, text=True, check=False, env=played.environment)
        assert done.returncode == 0, (line, done.stderr)
        assert len(done.stdout.splitlines()) > 5, line


def test_the_kept_files_are_what_was_loaded(played: Played) -> None:
    assert sorted(path.stem for path in played.files.iterdir()) == sorted(played.summary["rows"])
    assert played.summary["rows"]["Dealer"] == alignment.DEALERS_AT_FACTOR_1
