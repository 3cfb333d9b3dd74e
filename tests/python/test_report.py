"""`fieldlab report`: whose report, from when, and how it reads."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from alignment_marts import AS_OF, COMPUTED_AT, MARTS_RUN, PROJECT, SETTINGS, Market, fill, open_marts, parameters
from rich.console import Console

from runner.alignment.publish import publish_alignment
from runner.alignment.read import Report, choose_vendor, dealer_report, find_dealer, in_order
from runner.alignment.view import render
from runner.errors import FieldlabError
from runner.lookup import AmbiguousError
from runner.ops import runs
from runner.ops.lock import lock_name

MARTS_AT = datetime.fromisoformat(COMPUTED_AT)
PUBLISHED_AT = MARTS_AT + timedelta(hours=1)
LATER = MARTS_AT + timedelta(days=1)

ASPEN = Market(
    collections={"c1": ("Harbor [bold]", "100"), "c2": ("Mesa", "20"), "c3": ("A name that goes on " * 8, "90")},
    dealers={"d1": {"c1", "c2"}, "d2": {"c3"}, "d3": set()},
)
BIRCH = Market(collections={"b1": ("Loft", "5")}, dealers={"d1": {"b1"}})


@pytest.fixture
def marts(database_url: str) -> Iterator[psycopg.Connection]:
    with open_marts(database_url) as connection:
        fill(connection, {"aspen": ASPEN, "birch": BIRCH})
        yield connection


def publish(connection: psycopg.Connection, *, now: datetime = PUBLISHED_AT) -> None:
    run = runs.Run(date.fromisoformat(AS_OF), explicit_as_of=True, run_id=MARTS_RUN)
    publish_alignment(connection, SETTINGS, parameters(connection), run=run, now=now)
    record(connection, run, published=True)


def record(connection: psycopg.Connection, run: runs.Run, *, published: bool, outcome: str = "succeeded") -> None:
    """The run in the history that made the marts."""
    runs.begin(connection, SETTINGS, run, "run", ["alignment"])
    if outcome == "running":
        return
    runs.finish(connection, SETTINGS, run, "alignment", runs.Finished(outcome, published=published))


def report(connection: psycopg.Connection, dealer: str = "d1", *, now: datetime = LATER) -> Report:
    return dealer_report(connection, SETTINGS, dealer, "aspen", now)


def moments(connection: psycopg.Connection) -> dict[tuple[str, str], datetime]:
    query = "select vendor_id, dealer_id, generated_at from fieldlab_ops.alignment_reports"
    return {(vendor, dealer): at for vendor, dealer, at in connection.execute(query)}


@pytest.mark.parametrize("text", ["d1", "Dealer d1", "DEALER D1"])
def test_a_dealer_is_found_by_id_by_name_and_whatever_the_capitals(marts: psycopg.Connection, text: str) -> None:
    assert find_dealer(marts, SETTINGS, text).dealer_id == "d1"


def test_an_unknown_dealer_is_told_with_the_three_closest_names(marts: psycopg.Connection) -> None:
    marts.execute("truncate fieldlab_alignment.dealers")
    marts.cursor().executemany(
        "insert into fieldlab_alignment.dealers values (%s, %s, null, 'SHOWROOM')",
        enumerate(["Harbor House", "Harbour House", "Arbor Home", "Mesa Interiors", "Zebra & Sons"]),
    )
    with pytest.raises(FieldlabError, match="no dealer 'Harber House'") as refusal:
        find_dealer(marts, SETTINGS, "Harber House")
    assert refusal.value.hint == "Did you mean Harbor House, Harbour House or Arbor Home?"


def test_a_shared_name_is_told_with_the_ids(marts: psycopg.Connection) -> None:
    marts.execute("update fieldlab_alignment.dealers set dealer_name = 'Mesa' where dealer_id in ('d1', 'd2')")
    with pytest.raises(AmbiguousError, match=r"2 dealers are called 'Mesa'(.|\n)*d1(.|\n)*d2"):
        find_dealer(marts, SETTINGS, "Mesa")


def test_before_the_first_run_the_reader_is_told_what_to_do(database_url: str) -> None:
    with psycopg.connect(database_url) as connection, pytest.raises(FieldlabError) as refusal:
        find_dealer(connection, SETTINGS, "d1")
    assert "fieldlab run" in refusal.value.hint


def test_the_only_vendor_needs_no_naming_and_of_several_one_has_to_be_named(marts: psycopg.Connection) -> None:
    assert choose_vendor(marts, SETTINGS, find_dealer(marts, SETTINGS, "d2"), None) == "aspen"
    with pytest.raises(AmbiguousError, match=r"2 vendors(.|\n)*aspen\n  birch"):
        choose_vendor(marts, SETTINGS, find_dealer(marts, SETTINGS, "d1"), None)


def test_a_dealer_who_is_not_active_for_the_vendor_is_told_so(marts: psycopg.Connection) -> None:
    with pytest.raises(FieldlabError, match="not active for the vendor birch"):
        choose_vendor(marts, SETTINGS, find_dealer(marts, SETTINGS, "d2"), "birch")
    marts.execute("delete from fieldlab_alignment.dealer_influence where dealer_id = 'd2'")
    with pytest.raises(FieldlabError, match="neither a selection nor a display"):
        choose_vendor(marts, SETTINGS, find_dealer(marts, SETTINGS, "d2"), None)


def test_the_published_report_is_shown_as_it_is(marts: psycopg.Connection) -> None:
    publish(marts)
    shown = report(marts)
    assert (shown.generated_at, shown.as_of, shown.remark) == (PUBLISHED_AT, date.fromisoformat(AS_OF), "")


def test_a_missing_report_is_made_and_stored_and_no_other_is_touched(marts: psycopg.Connection) -> None:
    publish(marts)
    marts.execute("delete from fieldlab_ops.alignment_reports where dealer_id = 'd1' and vendor_id = 'aspen'")
    shown = report(marts)
    assert shown.generated_at == LATER
    assert shown.data["generatedAt"] == "2022-11-02T02:00:00.000Z"
    assert moments(marts) == {
        ("aspen", "d1"): LATER,
        ("aspen", "d2"): PUBLISHED_AT,
        ("aspen", "d3"): PUBLISHED_AT,
        ("birch", "d1"): PUBLISHED_AT,
    }


@pytest.mark.parametrize(
    "mart", ["dealer_influence", "dealer_alignment", "collection_trends", "dealer_collection_positions"]
)
def test_a_report_is_made_anew_once_when_any_of_its_marts_is_of_another_run(
    marts: psycopg.Connection, mart: str
) -> None:
    publish(marts)
    # The clock says nothing: a mart computed later by the same run is the one that was published.
    marts.execute(f"update fieldlab_alignment.{mart} set computed_at = %s", [LATER])
    assert report(marts).generated_at == PUBLISHED_AT
    marts.execute(f"update fieldlab_alignment.{mart} set run_id = 'by hand'")
    assert report(marts).generated_at == LATER
    assert report(marts, now=LATER + timedelta(days=1)).generated_at == LATER
    actions = marts.execute(
        "select dealer_id, created_at from fieldlab_ops.alignment_recommendations"
        " where vendor_id = 'aspen' group by 1, 2 order by 1"
    ).fetchall()
    assert actions == [("d1", LATER), ("d2", PUBLISHED_AT), ("d3", PUBLISHED_AT)]


def test_marts_of_an_older_date_than_published_leave_the_published_report(marts: psycopg.Connection) -> None:
    publish(marts)
    fill(marts, {"aspen": ASPEN}, as_of="2022-09-30")
    for mart in ("dealer_influence", "dealer_alignment", "collection_trends", "dealer_collection_positions"):
        marts.execute(f"update fieldlab_alignment.{mart} set run_id = %s", [str(uuid4())])
    shown = report(marts)
    assert (shown.generated_at, shown.as_of) == (PUBLISHED_AT, date.fromisoformat(AS_OF))
    assert "older than what is published (2022-10-31)" in shown.remark


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("failed", "published nothing"),
        ("succeeded", "published nothing"),
        ("running", "under way"),
        ("killed", "published nothing"),
    ],
)
def test_marts_that_their_run_did_not_publish_are_shown_but_not_stored(
    marts: psycopg.Connection, outcome: str, words: str
) -> None:
    run = runs.Run(date.fromisoformat(AS_OF), explicit_as_of=True, run_id=MARTS_RUN)
    record(marts, run, published=False, outcome="running" if outcome == "killed" else outcome)
    if outcome == "running":
        marts.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [lock_name(SETTINGS)])
    shown = report(marts)
    assert words in shown.remark
    assert shown.data["currentState"]["collectionCount"] == 2
    assert moments(marts) == {}


@pytest.mark.parametrize(("outcome", "stored"), [("succeeded", LATER), ("interrupted", PUBLISHED_AT)])
def test_a_backfill_that_was_stopped_leaves_marts_that_nothing_is_stored_from(
    marts: psycopg.Connection, outcome: str, stored: datetime
) -> None:
    publish(marts)
    run = runs.Run(date.fromisoformat(AS_OF), explicit_as_of=True)
    runs.begin(marts, SETTINGS, run, "backfill", [])
    runs.finish(marts, SETTINGS, run, "backfill", runs.Finished(outcome))
    marts.execute("update fieldlab_alignment.dealer_influence set run_id = %s", [run.run_id])
    assert report(marts).generated_at == stored
    assert moments(marts)["aspen", "d1"] == stored


def test_a_report_is_printed_with_its_keys_as_documented() -> None:
    assert list(in_order({"vendorId": 1, "extra": 2, "dealerId": [{"collectionName": 1, "collectionId": 2}]})) == [
        "dealerId",
        "vendorId",
        "extra",
    ]
    assert list(in_order({"collectionName": 1, "collectionId": 2})) == ["collectionId", "collectionName"]


def test_the_terminal_view_says_everything_within_100_columns(marts: psycopg.Connection) -> None:
    publish(marts)
    dealer = find_dealer(marts, SETTINGS, "d1")
    console = Console(width=100, record=True, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123 - only the record is read
    with console.file:
        console.print(render(report(marts), dealer))
    text = console.export_text()
    assert max(len(line) for line in text.splitlines()) <= 100
    flat = " ".join(text.split())
    for said in (
        "Dealer d1",
        "as of 31 October 2022",
        "Southeast · showroom · vendor aspen",
        "Alignment 73 of 100",
        "medium confidence, carries 2 collections",
        "Influence 64 of 100",
        "a trendsetter",
        "KEEP 1 collection",
        "1 Harbor [bold] 100% high",
        "A market favorite: number 1 with a trend of 100%, and 80% makes a sure keeper.",
        "1 dealer has selected it and 2 display it.",
        "DROP 1 collection",
        "1 Mesa 20% medium",
        "ADD 1 collection",
        "The market's strongest collections",
        "Alignment: how much of what trends most the dealer carries. Trend: 100% is the vendor's strongest collection.",
    ):
        assert said in flat


def fieldlab(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runner", "report", *arguments],
        cwd=PROJECT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_the_command_prints_the_stored_data_as_json(marts: psycopg.Connection) -> None:
    publish(marts)
    done = fieldlab("dealer D1", "--vendor", "aspen", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    stored: Any = marts.execute(
        "select report_data from fieldlab_ops.alignment_reports where vendor_id = 'aspen' and dealer_id = 'd1'"
    ).fetchone()
    assert json.loads(done.stdout) == stored[0]
    assert list(json.loads(done.stdout))[:5] == ["dealerId", "vendorId", "alignmentScore", "confidence", "generatedAt"]


def test_the_command_exits_1_for_an_unknown_dealer_and_2_when_a_vendor_is_needed(marts: psycopg.Connection) -> None:
    unknown = fieldlab("Daeler d1", "--vendor", "aspen")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "Did you mean Dealer d1, Dealer d2 or Dealer d3?" in unknown.stderr
    unclear = fieldlab("d1")
    assert (unclear.returncode, unclear.stdout) == (2, "")
    assert "aspen\n  birch" in unclear.stderr
    inactive = fieldlab("d2", "--vendor", "birch")
    assert (inactive.returncode, inactive.stdout) == (1, "")
    assert "not active for the vendor birch" in inactive.stderr
    assert "Traceback" not in unknown.stderr + unclear.stderr + inactive.stderr


def test_a_report_made_now_has_the_moment_it_was_made(marts: psycopg.Connection) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    shown = json.loads(fieldlab("d2", "--json").stdout)
    assert before <= datetime.fromisoformat(shown["generatedAt"]) <= datetime.now(UTC)
