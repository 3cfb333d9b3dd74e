"""The life of a recommendation: what a run raises, refreshes and expires, and what people may decide."""

import threading
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from recommending import PAST, TODAY, connection, finding, order, publish, settings

from runner.errors import FieldlabError
from runner.ops import runs
from runner.ops.runs import Run
from runner.procurement import lifecycle
from runner.procurement.lifecycle import Action, expire, publish_findings, take_step
from runner.settings import Settings

# Fixtures that tests take by name.
__all__ = ["connection", "settings"]


def rows(connection: psycopg.Connection) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute("select * from fieldlab_ops.recommendations order by id").fetchall()


def statuses(connection: psycopg.Connection) -> list[str]:
    return [row["status"] for row in rows(connection)]


def events_of(connection: psycopg.Connection) -> list[tuple[str, str, str, str | None]]:
    return connection.execute(
        "select actor, from_status, to_status, reason from fieldlab_ops.recommendation_events order by id"
    ).fetchall()


def age(connection: psycopg.Connection, column: str, days: int) -> None:
    """Let a moment lie so many days further back."""
    connection.execute(f"update fieldlab_ops.recommendations set {column} = {column} - interval '{days} days'")


def test_what_is_found_is_raised_once_and_refreshed_when_found_again(
    connection: psycopg.Connection, settings: Settings
) -> None:
    assert publish(connection, settings, finding())["raised"] == 1
    take_step(connection, settings, [1], Action.VIEW, by="ada")
    changed = finding(savings=Decimal("12000.00"), priority=1, title="Switch now")
    assert publish(connection, settings, changed) == {
        "recommendations": 1, "raised": 0, "refreshed": 1, "quiet": 0, "expired": 0
    }  # fmt: skip
    (row,) = rows(connection)
    assert (row["status"], row["priority"], row["title"], row["viewed_by"]) == ("VIEWED", 1, "Switch now", "ada")
    assert row["estimated_savings"] == Decimal("12000.00")
    assert row["context"] == {"item_id": 1, "branch_id": 2, "best_price": 9.95}
    assert row["category"] == "Vendor switch"


def test_it_expires_at_midnight_after_its_last_day_in_the_business_time_zone(
    connection: psycopg.Connection, database_url: str, settings: Settings
) -> None:
    settings.__dict__["variables"] = {**settings.variables, "timezone": "America/Chicago"}
    publish(connection, settings, finding(expires_on=date(2030, 1, 15)))
    assert rows(connection)[0]["expires_at"] == datetime(2030, 1, 16, 6, tzinfo=UTC)


def test_the_database_holds_at_most_one_open_row_per_fingerprint(
    connection: psycopg.Connection, settings: Settings
) -> None:
    publish(connection, settings, finding())
    columns = ", ".join(name for name in rows(connection)[0] if name != "id")
    copy_row = (
        f"insert into fieldlab_ops.recommendations ({columns}) select {columns} from fieldlab_ops.recommendations"
    )
    with pytest.raises(psycopg.errors.UniqueViolation, match="recommendations_open"):
        connection.execute(copy_row)


def test_what_is_no_longer_found_expires_unless_its_rule_failed(
    connection: psycopg.Connection, settings: Settings
) -> None:
    publish(connection, settings, finding(1), finding(2), order(7))
    publish(connection, settings, finding(1), failed_rules=["over_ordering"])
    assert statuses(connection) == ["PENDING", "EXPIRED", "PENDING"]
    assert events_of(connection) == [("fieldlab", "PENDING", "EXPIRED", "no longer applies")]


def test_an_expired_one_is_raised_as_new(connection: psycopg.Connection, settings: Settings) -> None:
    publish(connection, settings, finding())
    publish(connection, settings)
    assert publish(connection, settings, finding())["raised"] == 1
    assert statuses(connection) == ["EXPIRED", "PENDING"]


def test_what_was_found_again_after_its_time_had_passed_is_raised_as_new(
    connection: psycopg.Connection, settings: Settings
) -> None:
    publish(connection, settings, finding())
    age(connection, "expires_at", 60)
    publish(connection, settings, finding())
    assert statuses(connection) == ["EXPIRED", "PENDING"]


@pytest.mark.parametrize("action", [Action.DISMISS, Action.APPLY])
def test_a_decided_one_is_quiet_for_thirty_days(
    connection: psycopg.Connection, settings: Settings, action: Action
) -> None:
    publish(connection, settings, finding())
    take_step(connection, settings, [1], action, by="ada")
    assert publish(connection, settings, finding())["quiet"] == 1
    column = f"{action.status.lower()}_at"
    age(connection, column, 29)
    assert publish(connection, settings, finding())["quiet"] == 1
    age(connection, column, 1)
    assert publish(connection, settings, finding())["raised"] == 1
    assert statuses(connection) == [action.status, "PENDING"]


def test_the_quiet_days_also_pass_with_the_as_of_dates_of_past_runs(
    connection: psycopg.Connection, settings: Settings
) -> None:
    publish(connection, settings, finding(expires_on=PAST + timedelta(days=30)), as_of=PAST)
    take_step(connection, settings, [1], Action.DISMISS, by="ada")
    for days, raised in ((29, 0), (30, 1)):
        day = PAST + timedelta(days=days)
        counts = publish(connection, settings, finding(expires_on=day + timedelta(days=30)), as_of=day)
        assert counts["raised"] == raised


def test_a_decided_one_about_an_invoice_is_never_raised_again(
    connection: psycopg.Connection, settings: Settings
) -> None:
    publish(connection, settings, order(7))
    take_step(connection, settings, [1], Action.DISMISS, by="ada", reason="a party")
    age(connection, "dismissed_at", 400)
    connection.execute("update fieldlab_ops.recommendations set decided_as_of = decided_as_of - 400")
    assert publish(connection, settings, order(7), order(8)) == {
        "recommendations": 2, "raised": 1, "refreshed": 0, "quiet": 1, "expired": 0
    }  # fmt: skip


def test_each_step_is_on_record_with_who_when_from_to_and_why(
    connection: psycopg.Connection, settings: Settings
) -> None:
    publish(connection, settings, finding())
    assert take_step(connection, settings, [1], Action.VIEW, by="ada") == [1]
    assert take_step(connection, settings, [1], Action.VIEW, by="bob") == []
    take_step(connection, settings, [1], Action.DISMISS, by="bob", reason="contract until May")
    (row,) = rows(connection)
    assert (row["viewed_by"], row["dismissed_by"], row["dismiss_reason"]) == ("ada", "bob", "contract until May")
    assert row["viewed_at"] <= row["dismissed_at"]
    assert events_of(connection) == [
        ("ada", "PENDING", "VIEWED", None),
        ("bob", "VIEWED", "DISMISSED", "contract until May"),
    ]


@pytest.mark.parametrize("decided", [Action.DISMISS, Action.APPLY])
@pytest.mark.parametrize("then", list(Action))
def test_nothing_follows_a_decision(
    connection: psycopg.Connection, settings: Settings, decided: Action, then: Action
) -> None:
    publish(connection, settings, finding())
    take_step(connection, settings, [1], decided, by="ada")
    with pytest.raises(FieldlabError, match=f"Recommendation 1 is {decided.status}: it cannot be"):
        take_step(connection, settings, [1], then, by="bob")
    assert len(events_of(connection)) == 1


@pytest.mark.parametrize("action", list(Action))
def test_one_whose_time_has_passed_is_refused_as_expired_though_not_yet_marked(
    connection: psycopg.Connection, settings: Settings, action: Action
) -> None:
    publish(connection, settings, finding())
    age(connection, "expires_at", 60)
    with pytest.raises(FieldlabError, match="is EXPIRED"):
        take_step(connection, settings, [1], action, by="ada")
    assert statuses(connection) == ["PENDING"]


def test_when_one_of_several_is_refused_none_is_changed(connection: psycopg.Connection, settings: Settings) -> None:
    publish(connection, settings, finding(1), finding(2))
    take_step(connection, settings, [2], Action.APPLY, by="ada")
    with pytest.raises(FieldlabError) as refusal:
        take_step(connection, settings, [1, 2, 99], Action.DISMISS, by="bob")
    assert "no recommendation 99" in str(refusal.value)
    assert "Recommendation 2 is APPLIED" in str(refusal.value)
    assert statuses(connection) == ["PENDING", "APPLIED"]


@pytest.mark.parametrize(("by", "reason"), [("", None), ("  ", None), ("ada", "x" * 501)])
def test_a_step_needs_a_name_and_a_short_reason(
    connection: psycopg.Connection, settings: Settings, by: str, reason: str | None
) -> None:
    publish(connection, settings, finding())
    with pytest.raises(FieldlabError):
        take_step(connection, settings, [1], Action.DISMISS, by=by, reason=reason)
    assert statuses(connection) == ["PENDING"]


def test_of_two_decisions_at_once_exactly_one_wins_and_the_other_is_told(
    connection: psycopg.Connection, settings: Settings, database_url: str
) -> None:
    for item in range(1, 11):
        publish(connection, settings, *(finding(one) for one in range(1, item + 1)))
        barrier = threading.Barrier(2)
        told: list[str] = []

        def decide(action: Action, one: int = item, gate: threading.Barrier = barrier, said: list[str] = told) -> None:
            with psycopg.connect(database_url, autocommit=True) as own:
                gate.wait()
                try:
                    take_step(own, settings, [one], action, by=action.name)
                except FieldlabError as error:
                    said.append(str(error))

        threads = [threading.Thread(target=decide, args=[action]) for action in (Action.APPLY, Action.DISMISS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        status = statuses(connection)[item - 1]
        assert status in {"APPLIED", "DISMISSED"}
        assert len(told) == 1
        assert f"is {status}" in told[0]
    assert len(events_of(connection)) == 10


def test_a_decision_and_a_publication_take_turns(
    connection: psycopg.Connection, settings: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(connection, settings, finding(1), finding(2))
    deciding, refuse = threading.Event(), lifecycle._refuse
    waiting = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"

    def decide_slowly(*arguments: Any) -> None:
        refuse(*arguments)
        deciding.set()
        with psycopg.connect(database_url, autocommit=True) as watcher:
            while watcher.execute(waiting).fetchone() is None:
                time.sleep(0.01)

    def decide() -> None:
        with psycopg.connect(database_url, autocommit=True) as own:
            take_step(own, settings, [1], Action.APPLY, by="ada")

    monkeypatch.setattr(lifecycle, "_refuse", decide_slowly)
    thread = threading.Thread(target=decide)
    thread.start()
    deciding.wait()
    assert publish(connection, settings, finding(1), finding(2))["quiet"] == 1
    thread.join()
    assert statuses(connection) == ["APPLIED", "PENDING"]


def test_expiry_is_judged_by_the_clock(connection: psycopg.Connection, settings: Settings) -> None:
    publish(connection, settings, finding(1), finding(2))
    connection.execute("update fieldlab_ops.recommendations set expires_at = now() - interval '1 second' where id = 1")
    assert expire(connection, settings) == 1
    assert statuses(connection) == ["EXPIRED", "PENDING"]
    assert events_of(connection) == [("fieldlab", "PENDING", "EXPIRED", "its time has passed")]


def test_after_a_run_over_the_past_expiry_is_judged_as_of_the_end_of_its_day(
    connection: psycopg.Connection, settings: Settings
) -> None:
    publish(
        connection, settings, finding(1, expires_on=PAST), finding(2, expires_on=PAST - timedelta(days=1)), as_of=PAST
    )
    assert statuses(connection) == ["PENDING", "PENDING"]
    take_step(connection, settings, [1], Action.VIEW, by="ada")
    assert expire(connection, settings) == 1
    assert statuses(connection) == ["VIEWED", "EXPIRED"]


def test_each_step_has_the_date_that_counted_as_today(connection: psycopg.Connection, settings: Settings) -> None:
    later = PAST + timedelta(days=1)
    publish(connection, settings, *(finding(one, priority=one) for one in (1, 2, 3)), as_of=PAST)
    take_step(connection, settings, [1], Action.VIEW, by="ada")
    publish(connection, settings, *(finding(one, priority=one) for one in (1, 2)), as_of=later)
    take_step(connection, settings, [1], Action.APPLY, by="ada")
    connection.execute("update fieldlab_ops.recommendations set expires_at = '2022-01-01'")
    expire(connection, settings)
    query = "select recommendation_id, to_status, as_of from fieldlab_ops.recommendation_events order by id"
    assert connection.execute(query).fetchall() == [
        (1, "VIEWED", PAST),
        (3, "EXPIRED", later),
        (1, "APPLIED", later),
        (2, "EXPIRED", later),
    ]
    assert [(row["raised_as_of"], row["as_of"]) for row in rows(connection)] == [(PAST, later)] * 2 + [(PAST, PAST)]


def test_a_publication_that_dies_half_way_leaves_what_was_published(
    connection: psycopg.Connection, settings: Settings
) -> None:
    publish(connection, settings, finding(1))
    before = rows(connection)
    broken = finding(3, priority=9)
    with pytest.raises(psycopg.errors.CheckViolation):
        publish(connection, settings, finding(2), broken)
    assert rows(connection) == before


def test_a_run_killed_right_after_publishing_is_the_newest_published_one(
    connection: psycopg.Connection, settings: Settings
) -> None:
    run = Run(PAST, explicit_as_of=True)
    runs.begin(connection, settings, run, "run", ["recommendations"])
    publish_findings(connection, settings, run, [finding(1, expires_on=PAST)], quiet_days=30)
    runs.begin(connection, settings, Run(TODAY, explicit_as_of=False), "run", ["recommendations"])
    assert runs.newest_published(connection, settings, "recommendations") == run
    assert expire(connection, settings) == 0


def test_listeners_are_told_of_each_decision(
    connection: psycopg.Connection, settings: Settings, database_url: str
) -> None:
    publish(connection, settings, finding(1), finding(2))
    with psycopg.connect(database_url, autocommit=True) as listener:
        listener.execute("listen fieldlab")
        take_step(connection, settings, [1, 2], Action.APPLY, by="ada")
        told = [notice.payload for notice in listener.notifies(timeout=5, stop_after=2)]
    assert told == [f'{{"event":"RECOMMENDATION_APPLIED","id":{one},"by":"ada"}}' for one in (1, 2)]
