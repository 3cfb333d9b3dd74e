"""Publishing alignment: what stands in the tables afterwards, whatever stood there before, and when it fails."""

import random
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import yaml
from alignment_marts import AS_OF, PROJECT, SETTINGS, Market, fill, open_marts, parameters

from runner.alignment import publish
from runner.alignment.publish import Published, publish_alignment
from runner.errors import FieldlabError
from runner.ops.runs import Run

NOW = datetime(2022, 11, 1, 4, 0, 0, 123987, tzinfo=UTC)
RUN = UUID("00000000-0000-0000-0000-000000000001")

ASPEN = Market(
    collections={
        "c1": ("Harbor", "100"),
        "c2": ("Mesa", "62.5"),
        "c3": ("Ridge", "12.345"),
        "c4": ("Grove", "90"),
        "c5": ("Vale", "40"),
        "c6": ("Dune", "40"),
    },
    dealers={"d1": {"c1", "c2", "c3"}, "d2": {"c4", "c5"}, "d3": set()},
)
BIRCH = Market(collections={"b1": ("Loft", "0.5")}, dealers={"d1": {"b1"}})


@pytest.fixture
def marts(database_url: str) -> Iterator[psycopg.Connection]:
    with open_marts(database_url) as connection:
        yield connection


def publish_all(connection: psycopg.Connection, *, run_id: UUID = RUN, **options: Any) -> list[Published]:
    run = Run(as_of=NOW.date(), explicit_as_of=True, run_id=run_id)
    return publish_alignment(connection, SETTINGS, parameters(connection), run=run, now=NOW, **options)


def rows(connection: psycopg.Connection, query: str) -> list[Any]:
    return connection.execute(query).fetchall()


def actions(connection: psycopg.Connection) -> set[tuple[str, str, str, int, str]]:
    query = "select vendor_id, dealer_id, type, rank, collection_id from fieldlab_ops.alignment_recommendations"
    return set(rows(connection, query))


def advice(connection: psycopg.Connection) -> dict[tuple[str, str, str, str], str]:
    """What was ever advised: its dates, and the day it was followed."""
    query = """
        select
            vendor_id, dealer_id, type, collection_id,
            first_advised || ' to ' || last_advised || coalesce(', followed ' || followed_on, '')
        from fieldlab_ops.alignment_advice
        order by first_advised
    """
    return {tuple(key): dates for *key, dates in rows(connection, query)}


def see_followed(
    connection: psycopg.Connection, dealer: str, action: str, first_advised: str, *, followed_on: str
) -> None:
    """Let the mart say that a dealer followed all advice of one type."""
    connection.execute(
        "insert into fieldlab_alignment.alignment_advice_outcomes"
        " select vendor_id, dealer_id, collection_id, type, first_advised, %s from fieldlab_ops.alignment_advice"
        " where dealer_id = %s and type = %s and first_advised = %s",
        [followed_on, dealer, action, first_advised],
    )


def runs_by_vendor(connection: psycopg.Connection) -> dict[str, set[UUID]]:
    found: dict[str, set[UUID]] = {}
    for table in ("alignment_reports", "alignment_recommendations"):
        for vendor, run_id in rows(connection, f"select distinct vendor_id, run_id from fieldlab_ops.{table}"):
            found.setdefault(vendor, set()).add(run_id)
    return found


def test_the_marts_made_by_hand_have_no_column_that_the_real_ones_lack(marts: psycopg.Connection) -> None:
    files = (PROJECT / "models/marts/alignment").glob("_*__models.yml")
    models = [model for file in files for model in yaml.safe_load(file.read_text(encoding="utf-8"))["models"]]
    real = {(model["name"], column["name"]) for model in models for column in model["columns"]}
    query = "select table_name, column_name from information_schema.columns where table_schema = 'fieldlab_alignment'"
    made = set(rows(marts, query))
    assert made
    assert made <= real


def test_every_active_dealer_has_a_report_and_the_actions_the_rules_choose(marts: psycopg.Connection) -> None:
    fill(marts, {"aspen": ASPEN, "birch": BIRCH})
    assert publish_all(marts) == [
        Published("aspen", reports=3, keep=3, drop=1, add=4, shift=0),
        Published("birch", reports=1, keep=1, drop=0, add=0, shift=0),
    ]
    assert actions(marts) == {
        ("aspen", "d1", "KEEP", 1, "c1"),
        ("aspen", "d1", "KEEP", 2, "c2"),
        ("aspen", "d1", "DROP", 1, "c3"),
        ("aspen", "d1", "ADD", 1, "c4"),
        ("aspen", "d2", "KEEP", 1, "c4"),
        ("aspen", "d2", "ADD", 1, "c1"),
        ("aspen", "d3", "ADD", 1, "c4"),
        ("aspen", "d3", "ADD", 2, "c1"),
        ("birch", "d1", "KEEP", 1, "b1"),
    }
    reports = rows(marts, "select vendor_id, dealer_id from fieldlab_ops.alignment_reports order by 1, 2")
    assert reports == [("aspen", "d1"), ("aspen", "d2"), ("aspen", "d3"), ("birch", "d1")]


def test_a_report_has_the_shape_the_web_client_reads(marts: psycopg.Connection) -> None:
    fill(marts, {"aspen": ASPEN})
    publish_all(marts)
    ((data, score, confidence, as_of, run_id, generated_at),) = rows(
        marts,
        "select report_data, alignment_score, confidence, as_of::text, run_id, generated_at"
        " from fieldlab_ops.alignment_reports where dealer_id = 'd1'",
    )
    assert (score, confidence, as_of, run_id) == (73, "medium", AS_OF, RUN)
    assert generated_at == NOW.replace(microsecond=123000)
    entries = {name: data["recommendations"].pop(name) for name in ("keep", "drop", "add", "shift")}
    assert data == {
        "dealerId": "d1",
        "vendorId": "aspen",
        "alignmentScore": 73,
        "confidence": "medium",
        "generatedAt": "2022-11-01T04:00:00.123Z",
        "influence": {
            "score": 64,
            "salesVolumeScore": 80,
            "displayBreadthScore": 45,
            "marketParticipation": 100,
            "isTrendsetter": True,
        },
        "marketSummary": {
            "topCollections": [
                {"collectionName": "Harbor", "trendScore": 100, "selectionCount": 7, "dealerCount": 1},
                {"collectionName": "Grove", "trendScore": 90, "selectionCount": 7, "dealerCount": 1},
                {"collectionName": "Mesa", "trendScore": 63, "selectionCount": 7, "dealerCount": 1},
                {"collectionName": "Dune", "trendScore": 40, "selectionCount": 7, "dealerCount": 0},
                {"collectionName": "Vale", "trendScore": 40, "selectionCount": 7, "dealerCount": 1},
            ]
        },
        "currentState": {
            "collectionCount": 3,
            "collections": [
                {"collectionId": "c1", "collectionName": "Harbor"},
                {"collectionId": "c2", "collectionName": "Mesa"},
                {"collectionId": "c3", "collectionName": "Ridge"},
            ],
        },
        "recommendations": {
            "counts": {
                "keep": {"shown": 2, "all": 2},
                "drop": {"shown": 1, "all": 1},
                "add": {"shown": 1, "all": 1},
                "shift": {"shown": 0, "all": 0},
            }
        },
    }
    assert [entry["collectionId"] for entry in entries["keep"]] == ["c1", "c2"]
    (drop,) = entries["drop"]
    assert drop == {
        "type": "DROP",
        "priority": "high",
        "collectionId": "c3",
        "collectionName": "Ridge",
        "trendScore": 0.12345,
        "reason": (
            "Far behind the market's favorites: a trend of 12%, and anything below 15% should go first. "
            "You last displayed it on 30 September 2022."
        ),
        "metrics": "1 dealer has selected it and 2 display it.",
        "explanation": drop["explanation"],
    }
    assert drop["explanation"]["ruleId"] == "drop"
    assert drop["explanation"]["observed"] == 0.12345


def test_a_row_of_the_table_and_its_entry_in_the_report_say_the_same(marts: psycopg.Connection) -> None:
    fill(marts, {"aspen": ASPEN})
    publish_all(marts)
    different = rows(
        marts,
        """
        with entries as (
            select vendor_id, dealer_id, as_of, run_id, generated_at, entry, place
            from fieldlab_ops.alignment_reports,
                jsonb_each((report_data -> 'recommendations') - 'counts') as groups (name, list),
                jsonb_array_elements(list) with ordinality as listed (entry, place)
        )

        select *
        from entries
        full join fieldlab_ops.alignment_recommendations as action
            on
                entries.vendor_id = action.vendor_id
                and entries.dealer_id = action.dealer_id
                and entry ->> 'collectionId' = action.collection_id
        where
            (
                entry ->> 'type', place, entry ->> 'priority', entry ->> 'collectionName',
                (entry ->> 'trendScore')::numeric, entry ->> 'reason', entry ->> 'metrics', entry -> 'explanation',
                entries.as_of, entries.run_id, generated_at
            ) is distinct from (
                action.type, action.rank, action.priority, action.collection_name, action.trend_score, action.reason,
                action.metrics, action.explanation, action.as_of, action.run_id, action.created_at
            )
        """,
    )
    assert different == []


def test_a_shift_is_published_beside_keep_and_is_no_advice_that_is_followed_up(marts: psycopg.Connection) -> None:
    fill(marts, {"aspen": ASPEN})
    marts.execute(
        """
        insert into fieldlab_alignment.shift_opportunities values
        (
            'aspen', 'd1', 'c2', 'Mesa', 'p1', 'Mesa Bench', 'M-1', '40', 'Oak', 'p2', 'Mesa Bench', 'M-2', '40', 'Ash',
            'finish', true, 1.5, 4.25, 5, 0.85, 0.55, 3, 8, 1, 2
        )
        """
    )
    (published,) = publish_all(marts)
    assert published.shift == 1
    assert rows(
        marts,
        "select dealer_id, rank, priority, collection_id, product_id, to_product_id, trend_score, reason, metrics"
        " from fieldlab_ops.alignment_recommendations where type = 'SHIFT'",
    ) == [
        (
            *("d1", 1, "medium", "c2", "p1", "p2", Decimal("0.85")),
            "You selected the Mesa Bench (Oak); dealers prefer the Mesa Bench (Ash): 85% against 30%.",
            "8 dealers carry the one they prefer and 3 the other.",
        )
    ]
    ((shift, counts),) = rows(
        marts,
        "select report_data #> '{recommendations,shift,0}', report_data #> '{recommendations,counts,shift}'"
        " from fieldlab_ops.alignment_reports where dealer_id = 'd1'",
    )
    assert (shift["productId"], shift["toProductId"], shift["changes"]) == ("p1", "p2", "finish")
    assert counts == {"shown": 1, "all": 2}
    advised = rows(marts, "select distinct type from fieldlab_ops.alignment_advice order by 1")
    assert advised == [("ADD",), ("DROP",), ("KEEP",)]


def test_what_is_published_equals_a_computation_in_sql(
    marts: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "BATCH", 7)
    chance = random.Random(20221031)
    vendors = {}
    for vendor in ("aspen", "birch", "cedar"):
        collections = {
            f"{vendor}-{number}": (chance.choice(["Aspen", "aspen", "Öland", "Birch"]), str(chance.randint(0, 40) / 4))
            for number in range(25)
        }
        dealers = {f"d{number}": set(chance.sample(sorted(collections), chance.randint(0, 20))) for number in range(40)}
        vendors[vendor] = Market(collections, dealers)
    fill(marts, vendors)
    publish_all(marts)
    expected = rows(
        marts,
        """
        with carriers as (
            select collection_id, count(*) filter (where is_carried) as carriers
            from fieldlab_alignment.dealer_collection_positions group by collection_id
        ),

        judged as (
            select
                p.vendor_id, p.dealer_id, p.collection_id, t.collection_name, t.raw_trend, t.normalized_trend,
                case
                    when p.is_carried and t.raw_trend >= 0.5 * t.trend_base then 'KEEP'
                    when p.is_carried and t.raw_trend < 0.3 * t.trend_base then 'DROP'
                    when not p.is_carried and t.raw_trend >= 0.7 * t.trend_base and c.carriers >= 1 then 'ADD'
                end as type,
                t.trend_base, t.carrying_dealer_count
            from fieldlab_alignment.dealer_collection_positions as p
            inner join fieldlab_alignment.collection_trends as t using (collection_id)
            inner join carriers as c using (collection_id)
        ),

        ranked as (
            select
                *,
                row_number() over (
                    partition by vendor_id, dealer_id, type
                    order by
                        case type
                            when 'KEEP' then -raw_trend when 'DROP' then raw_trend else -carrying_dealer_count
                        end,
                        collection_name collate "C", collection_id collate "C"
                ) as rank
            from judged where type is not null
        )

        select
            vendor_id, dealer_id, type, rank, collection_id, normalized_trend,
            case
                when type = 'KEEP' and raw_trend >= 0.8 * trend_base then 'high'
                when type = 'DROP' and raw_trend < 0.15 * trend_base then 'high'
                when type = 'ADD' and raw_trend >= 0.9 * trend_base then 'high'
                else 'medium'
            end
        from ranked where rank <= case type when 'DROP' then 3 else 5 end
        order by 1, 2, 3, 4
        """,
    )
    published = rows(
        marts,
        "select vendor_id, dealer_id, type, rank, collection_id, trend_score, priority"
        " from fieldlab_ops.alignment_recommendations order by 1, 2, 3, 4",
    )
    assert len(expected) > 500
    assert published == expected


def test_a_new_run_replaces_the_old_set_and_a_vanished_vendor_loses_its_own(marts: psycopg.Connection) -> None:
    fill(marts, {"aspen": ASPEN, "birch": BIRCH})
    publish_all(marts)
    fill(marts, {"aspen": Market(ASPEN.collections, {"d1": {"c4"}})})
    again = uuid4()
    assert publish_all(marts, run_id=again) == [
        Published("aspen", reports=1, keep=1, drop=0, add=0, shift=0),
        Published("birch", reports=0, keep=0, drop=0, add=0, shift=0),
    ]
    assert runs_by_vendor(marts) == {"aspen": {again}}


def test_one_vendor_alone_leaves_the_others_as_they_were(marts: psycopg.Connection) -> None:
    fill(marts, {"aspen": ASPEN, "birch": BIRCH})
    publish_all(marts)
    again = uuid4()
    assert [one.vendor_id for one in publish_all(marts, run_id=again, vendor="birch")] == ["birch"]
    assert runs_by_vendor(marts) == {"aspen": {RUN}, "birch": {again}}


def test_every_advice_is_kept_with_the_first_and_the_newest_date_it_was_given(marts: psycopg.Connection) -> None:
    fill(marts, {"aspen": ASPEN, "birch": BIRCH}, as_of="2022-10-01")
    publish_all(marts)
    # d1 took up c4 and let go of c2; d2 is no longer active, and birch is not published.
    changed = Market(ASPEN.collections, {"d1": {"c1", "c3", "c4"}, "d3": set()})
    fill(marts, {"aspen": changed, "birch": BIRCH}, as_of="2022-10-31")
    publish_all(marts, vendor="aspen")
    assert advice(marts) == {
        ("aspen", "d1", "KEEP", "c1"): "2022-10-01 to 2022-10-31",
        ("aspen", "d1", "KEEP", "c2"): "2022-10-01 to 2022-10-01",
        ("aspen", "d1", "KEEP", "c4"): "2022-10-31 to 2022-10-31",
        ("aspen", "d1", "DROP", "c3"): "2022-10-01 to 2022-10-31",
        ("aspen", "d1", "ADD", "c4"): "2022-10-01 to 2022-10-01",
        ("aspen", "d2", "KEEP", "c4"): "2022-10-01 to 2022-10-01",
        ("aspen", "d2", "ADD", "c1"): "2022-10-01 to 2022-10-01",
        ("aspen", "d3", "ADD", "c1"): "2022-10-01 to 2022-10-31",
        ("aspen", "d3", "ADD", "c4"): "2022-10-01 to 2022-10-31",
        ("birch", "d1", "KEEP", "b1"): "2022-10-01 to 2022-10-01",
    }


def test_an_older_date_published_later_changes_nothing_that_is_known(marts: psycopg.Connection) -> None:
    fill(marts, {"aspen": ASPEN}, as_of="2022-10-31")
    publish_all(marts)
    known = advice(marts)
    fill(marts, {"aspen": ASPEN}, as_of="2022-09-30")
    publish_all(marts)
    assert advice(marts) == known


def test_an_advice_that_was_followed_is_another_one_when_it_is_given_again(marts: psycopg.Connection) -> None:
    only = Market({"c1": ("Harbor", "100"), "c2": ("Mesa", "10")}, {"d1": {"c2"}, "d2": {"c1"}})
    fill(marts, {"aspen": only}, as_of="2022-10-01")
    publish_all(marts)
    see_followed(marts, "d1", "DROP", "2022-10-01", followed_on="2022-10-09")

    # The same day's marts say both: what was seen that day is not advised anew.
    fill(marts, {"aspen": only}, as_of="2022-10-09")
    publish_all(marts)
    assert advice(marts)["aspen", "d1", "DROP", "c2"] == "2022-10-01 to 2022-10-01, followed 2022-10-09"

    fill(marts, {"aspen": only}, as_of="2022-10-10")
    publish_all(marts)
    drops = "select first_advised::text, followed_on::text from fieldlab_ops.alignment_advice where type = 'DROP'"
    assert rows(marts, f"{drops} order by 1") == [("2022-10-01", "2022-10-09"), ("2022-10-10", None)]


def test_that_an_advice_was_followed_stays_whatever_the_marts_say_later(marts: psycopg.Connection) -> None:
    fill(marts, {"aspen": ASPEN}, as_of="2022-10-01")
    publish_all(marts)
    see_followed(marts, "d2", "ADD", "2022-10-01", followed_on="2022-10-09")
    publish_all(marts, vendor="aspen")
    marts.execute("update fieldlab_alignment.alignment_advice_outcomes set followed_on = '2022-10-20'")
    publish_all(marts)
    assert advice(marts)["aspen", "d2", "ADD", "c1"] == "2022-10-01 to 2022-10-01, followed 2022-10-09"


def test_a_vendor_that_does_not_exist_is_refused_and_the_others_are_named(marts: psycopg.Connection) -> None:
    fill(marts, {"aspen": ASPEN, "birch": BIRCH})
    with pytest.raises(FieldlabError, match="vendor beech") as refusal:
        publish_all(marts, vendor="beech")
    assert "aspen, birch" in refusal.value.hint


def test_a_vendor_without_an_active_dealer_has_nothing_to_publish(marts: psycopg.Connection) -> None:
    fill(marts, {"aspen": Market(ASPEN.collections, {})})
    assert publish_all(marts, vendor="aspen") == [Published("aspen", reports=0, keep=0, drop=0, add=0, shift=0)]


def test_a_collection_that_moved_to_another_vendor_is_published_there(marts: psycopg.Connection) -> None:
    fill(marts, {"aspen": Market({}, {"d1": set()}), "birch": BIRCH})
    publish_all(marts)
    fill(marts, {"aspen": BIRCH, "birch": Market({}, {"d1": set()})})
    publish_all(marts)
    assert actions(marts) == {("aspen", "d1", "KEEP", 1, "b1")}


def test_a_failing_publish_leaves_every_vendors_old_set(marts: psycopg.Connection) -> None:
    fill(marts, {"aspen": ASPEN, "birch": BIRCH})
    publish_all(marts)
    before = actions(marts)
    marts.execute(
        "alter table fieldlab_ops.alignment_reports add constraint refuse check (vendor_id <> 'birch') not valid"
    )
    fill(marts, {"aspen": Market(ASPEN.collections, {"d1": {"c2"}, "d3": {"c2"}}), "birch": BIRCH})
    with pytest.raises(psycopg.errors.CheckViolation):
        publish_all(marts, run_id=uuid4())
    assert actions(marts) == before
    assert runs_by_vendor(marts) == {"aspen": {RUN}, "birch": {RUN}}
    assert marts.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_two_who_publish_the_same_vendor_at_once_both_succeed(marts: psycopg.Connection, database_url: str) -> None:
    fill(marts, {"aspen": ASPEN})
    failures: list[BaseException] = []

    def work() -> None:
        try:
            with psycopg.connect(database_url, autocommit=True) as connection:
                for _ in range(5):
                    publish_all(connection)
        except BaseException as error:  # noqa: BLE001 - told to the test
            failures.append(error)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    assert len(actions(marts)) == 8


def test_names_with_quotes_tabs_and_other_scripts_arrive_as_they_are(marts: psycopg.Connection) -> None:
    name = 'Zoë\'s "Loft"\t\\N \\ 100% 日本'
    fill(marts, {"aspen": Market({"c1": (name, "5")}, {"d1": {"c1"}})})
    publish_all(marts)
    ((stored, reported),) = rows(
        marts,
        "select a.collection_name, r.report_data #>> '{recommendations,keep,0,collectionName}'"
        " from fieldlab_ops.alignment_recommendations as a, fieldlab_ops.alignment_reports as r",
    )
    assert (stored, reported) == (name, name)


def test_a_trend_is_published_with_every_digit_of_the_mart(marts: psycopg.Connection) -> None:
    fill(marts, {"aspen": Market({"c1": ("A", "3"), "c2": ("B", "2")}, {"d1": {"c1", "c2"}})})
    publish_all(marts)
    ((score, reported),) = rows(
        marts,
        "select a.trend_score, (r.report_data #>> '{recommendations,keep,1,trendScore}')::numeric"
        " from fieldlab_ops.alignment_recommendations as a, fieldlab_ops.alignment_reports as r where rank = 2",
    )
    assert score == reported == Decimal("0.666666666667")
