"""What was published before is put back: all of it or nothing, and never what people decided."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alignment_marts import SETTINGS, Market, fill, open_marts, parameters
from click.testing import CliRunner
from kills import FAULTS, find_faults
from psycopg.rows import dict_row
from recommending import TODAY, connection, finding, publish, settings

from runner.alignment.publish import publish_alignment
from runner.cli import cli
from runner.database import migrate
from runner.errors import FieldlabError
from runner.ops import previous, runs
from runner.ops.rollback import PutBack, find_sets, roll_back
from runner.ops.runs import Finished, Run
from runner.procurement.lifecycle import Action, publish_findings, take_step
from runner.settings import Settings

# Fixtures that tests take by name.
__all__ = ["connection", "settings"]

# Those about what is published; the others are about marts.
PUBLISHED = {what: query for what, query in FAULTS.items() if "fieldlab_ops" in query and "history" not in what}
CHANGES_WITH_EVERY_STEP = {"updated_at"}


def recommendations(connection: psycopg.Connection, *items: int) -> list[dict[str, Any]]:
    """What is recommended about these items, or about all, in the order of the items."""
    query = """
        select * from fieldlab_ops.recommendations
        where item_id = any(%(items)s) or %(items)s = '{}' order by item_id, id
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query, {"items": list(items)}).fetchall()
    return [{key: value for key, value in row.items() if key not in CHANGES_WITH_EVERY_STEP} for row in rows]


def open_items(connection: psycopg.Connection) -> list[int]:
    return [row["item_id"] for row in recommendations(connection) if row["status"] in {"PENDING", "VIEWED"}]


def step(connection: psycopg.Connection, settings: Settings, action: Action, *items: int) -> None:
    """Take a step with the newest recommendation about each item."""
    ids = {row["item_id"]: row["id"] for row in recommendations(connection, *items)}
    take_step(connection, settings, list(ids.values()), action, by="bob")


def steps(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    query = """
        select item_id, from_status, to_status, actor, reason
        from fieldlab_ops.recommendation_events as events
        inner join fieldlab_ops.recommendations on recommendations.id = events.recommendation_id
        order by events.id
    """
    return connection.execute(query).fetchall()


def put_back(connection: psycopg.Connection, settings: Settings, *jobs: str, **options: Any) -> list[PutBack]:
    return roll_back(connection, settings, find_sets(connection, settings, jobs), by="ada", **options)


@pytest.mark.parametrize(
    "table", ["recommendations", "alignment_reports", "alignment_recommendations", "alignment_advice"]
)
def test_a_table_and_its_copy_have_the_same_columns(connection: psycopg.Connection, table: str) -> None:
    columns = """
        select attname, format_type(atttypid, atttypmod) from pg_attribute
        where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum
    """
    own, copy = (
        connection.execute(columns, [f"fieldlab_ops.{name}"]).fetchall() for name in (table, f"previous_{table}")
    )
    assert own == copy


def test_open_recommendations_are_again_what_they_were(connection: psycopg.Connection, settings: Settings) -> None:
    publish(connection, settings, finding(1), finding(2), finding(3))
    step(connection, settings, Action.VIEW, 2)
    step(connection, settings, Action.DISMISS, 3)
    before = recommendations(connection)
    publish(connection, settings, finding(1, title="Wrong", priority=1, savings=None, savings_basis=None), finding(4))
    assert [row["status"] for row in recommendations(connection)] == ["PENDING", "EXPIRED", "DISMISSED", "PENDING"]

    (done,) = put_back(connection, settings)

    assert done.counts == {"recommendations": 2, "withdrawn": 1, "decided": 0}
    assert recommendations(connection, 1, 2, 3) == before
    assert [row["status"] for row in recommendations(connection, 4)] == ["EXPIRED"]
    assert steps(connection)[-3:] == [
        (2, "VIEWED", "EXPIRED", "fieldlab", "no longer applies"),
        (4, "PENDING", "EXPIRED", "ada", "rolled back"),
        (2, "EXPIRED", "VIEWED", "ada", "rolled back"),
    ]
    assert find_faults(connection, {what: query for what, query in PUBLISHED.items() if "alignment" not in query}) == []


def test_the_run_put_back_is_the_newest_published_one_and_both_are_on_record(
    connection: psycopg.Connection, settings: Settings, database_url: str
) -> None:
    publish(connection, settings, finding(1), as_of=TODAY - timedelta(days=2))
    publish(connection, settings, finding(2))
    (kept,) = find_sets(connection, settings)
    with psycopg.connect(database_url, autocommit=True) as listener:
        listener.execute("listen fieldlab")
        put_back(connection, settings)
        (told,) = [json.loads(notice.payload) for notice in listener.notifies(timeout=30, stop_after=1)]
    assert runs.newest_published(connection, settings, "recommendations") == kept.run
    assert (told["event"], told["job"], told["by"]) == ("PUBLICATION_ROLLED_BACK", "recommendations", "ada")
    newest, withdrawn, *_ = runs.history(connection, settings, limit=2)
    assert (newest["job"], newest["outcome"]) == ("rollback", "succeeded")
    assert newest["details"]["sets"][0]["withdrawn_run_id"] == str(kept.replaced_by.run_id)
    row = connection.execute(
        "select published, details ->> 'rolled_back_by' from fieldlab_ops.job_runs where run_id = %s and kind = 'job'",
        [kept.replaced_by.run_id],
    ).fetchone()
    assert row == (False, "ada")
    assert withdrawn["run_id"] == kept.replaced_by.run_id


def test_only_one_set_is_kept_and_only_until_it_was_put_back(
    connection: psycopg.Connection, settings: Settings
) -> None:
    with pytest.raises(FieldlabError, match="nothing to put back for alignment and recommendations"):
        put_back(connection, settings)
    publish(connection, settings, finding(1))
    with pytest.raises(FieldlabError, match="published at most once"):
        put_back(connection, settings, "recommendations")
    publish(connection, settings, finding(2))
    publish(connection, settings, finding(3))
    with pytest.raises(FieldlabError, match="nothing to put back for alignment"):
        put_back(connection, settings, "alignment", "recommendations")
    put_back(connection, settings)
    assert open_items(connection) == [2]
    with pytest.raises(FieldlabError, match="rolled back already"):
        put_back(connection, settings)
    publish(connection, settings, finding(4))
    put_back(connection, settings)
    assert open_items(connection) == [2]


def test_a_publication_that_fails_or_is_repeated_keeps_the_same_set(
    connection: psycopg.Connection, settings: Settings
) -> None:
    publish(connection, settings, finding(1))
    run = Run(TODAY, explicit_as_of=False)
    runs.begin(connection, settings, run, "run", ["recommendations"])
    for _ in range(2):  # as after a connection that was lost while it committed
        publish_findings(connection, settings, run, [finding(2)], quiet_days=30)
    (kept,) = find_sets(connection, settings)
    with pytest.raises(psycopg.errors.CheckViolation):
        publish(connection, settings, finding(3, priority=9))
    assert find_sets(connection, settings) == [kept]
    put_back(connection, settings)
    assert open_items(connection) == [1]


def test_decisions_taken_since_are_a_reason_to_refuse_and_are_never_put_back(
    connection: psycopg.Connection, settings: Settings
) -> None:
    publish(connection, settings, finding(1), finding(2), finding(3))
    publish(connection, settings, finding(1), finding(3, title="New"), finding(4), finding(5))
    step(connection, settings, Action.APPLY, 1, 4)
    step(connection, settings, Action.VIEW, 3)
    before = recommendations(connection), steps(connection)
    with pytest.raises(FieldlabError, match="decided about 2 recommendations since") as no:
        put_back(connection, settings)
    assert "--keep-decisions" in no.value.hint
    assert (recommendations(connection), steps(connection)) == before

    (done,) = put_back(connection, settings, keep_decisions=True)

    assert done.counts == {"recommendations": 2, "withdrawn": 1, "decided": 2}
    after = recommendations(connection)
    assert [row["status"] for row in after] == ["APPLIED", "PENDING", "VIEWED", "APPLIED", "EXPIRED"]
    assert after[2]["title"] == "Switch"
    assert (after[0], after[3]) == (before[0][0], before[0][3])


def test_what_was_raised_again_and_decided_is_not_reopened(connection: psycopg.Connection, settings: Settings) -> None:
    publish(connection, settings, finding(1, expires_on=TODAY - timedelta(days=1)), finding(2))
    publish(connection, settings, finding(1), finding(2))  # its time has passed: it is raised as a new one
    step(connection, settings, Action.DISMISS, 1)
    put_back(connection, settings, keep_decisions=True)
    assert [row["status"] for row in recommendations(connection)] == ["EXPIRED", "DISMISSED", "PENDING"]


BEFORE = Market(collections={"c1": ("Harbor", "100"), "c2": ("Mesa", "20")}, dealers={"d1": {"c1"}, "d2": {"c2"}})
AFTER = Market(collections={"c1": ("Harbor", "30"), "c3": ("Vale", "90")}, dealers={"d1": {"c3"}, "d3": {"c1"}})
ALIGNMENT_TABLES = ("alignment_reports", "alignment_recommendations", "alignment_advice")


@pytest.fixture
def marts(database_url: str) -> Iterator[psycopg.Connection]:
    with open_marts(database_url) as marts:
        yield marts


def publish_market(connection: psycopg.Connection, market: Market, as_of: str) -> None:
    fill(connection, {"aspen": market}, as_of=as_of)
    run = Run(datetime.fromisoformat(as_of).date(), explicit_as_of=True)
    runs.begin(connection, SETTINGS, run, "run", ["alignment"])
    publish_alignment(connection, SETTINGS, parameters(connection), run=run, now=datetime.now(UTC))
    runs.finish(connection, SETTINGS, run, "alignment", Finished("succeeded", published=True))


def alignment(connection: psycopg.Connection) -> dict[str, set[str]]:
    return {
        table: {row for (row,) in connection.execute(f"select t::text from fieldlab_ops.{table} as t")}
        for table in ALIGNMENT_TABLES
    }


def test_alignment_is_again_what_it_was_with_the_record_of_what_was_advised(marts: psycopg.Connection) -> None:
    publish_market(marts, BEFORE, "2022-10-30")
    before = alignment(marts)
    assert all(before.values())
    publish_market(marts, AFTER, "2022-10-31")
    after = alignment(marts)
    assert all(before[table] != after[table] for table in ALIGNMENT_TABLES)
    (done,) = put_back(marts, SETTINGS)
    assert alignment(marts) == before
    assert done.counts == {
        "reports": 2,
        "actions": len(before["alignment_recommendations"]),
        "advice": len(before["alignment_advice"]),
    }


def fieldlab(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "runner", *arguments],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_rollback_killed_half_way_changes_nothing_and_can_be_repeated(
    marts: psycopg.Connection, database_url: str, settings: Settings
) -> None:
    publish_market(marts, BEFORE, "2022-10-30")
    publish(marts, SETTINGS, finding(1), finding(2))
    before = alignment(marts), recommendations(marts)
    publish_market(marts, AFTER, "2022-10-31")
    publish(marts, SETTINGS, finding(2, title="Wrong"), finding(3))
    after = alignment(marts), recommendations(marts), steps(marts)

    with psycopg.connect(database_url) as blocker:
        # Alignment is put back by then, and the first recommendation is about to be withdrawn.
        blocker.execute("lock table fieldlab_ops.recommendation_events in share mode")
        process = fieldlab("rollback", "--yes", "--by", "ada")
        wait_for_lock(marts, process)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        blocker.rollback()
    wait_until_gone(marts)
    assert (alignment(marts), recommendations(marts), steps(marts)) == after
    assert find_faults(marts, PUBLISHED) == []

    again = fieldlab("rollback", "--yes", "--by", "ada")
    out, err = again.communicate(timeout=120)
    assert (again.returncode, err) == (0, "")
    assert out.splitlines()[0].startswith("alignment: published again as of 2022-10-30: 2 reports")
    assert (alignment(marts), recommendations(marts, 1, 2)) == before
    assert find_faults(marts, PUBLISHED) == []


def wait_for_lock(connection: psycopg.Connection, process: subprocess.Popen[str]) -> None:
    waiting = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    end = time.monotonic() + 120
    while not connection.execute(waiting).fetchone():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "it never came to the lock"
        time.sleep(0.05)


def wait_until_gone(connection: psycopg.Connection) -> None:
    """Until the server has noticed that the killed client is gone."""
    others = """
        select 1 from pg_stat_activity
        where datname = current_database() and application_name like 'fieldlab%%' and pid <> pg_backend_pid()
    """
    end = time.monotonic() + 120
    while connection.execute(others).fetchone():
        assert time.monotonic() < end, "the killed command's session is still there"
        time.sleep(0.05)


def test_the_command_asks_first_and_tells_what_it_would_do(connection: psycopg.Connection, settings: Settings) -> None:
    publish(connection, settings, finding(1), as_of=TODAY - timedelta(days=1))
    publish(connection, settings, finding(2))
    asked = CliRunner().invoke(cli, ["rollback"])
    assert asked.exit_code == 2
    assert f"as of {TODAY} " in asked.stderr
    assert f"as of {TODAY - timedelta(days=1)} " in asked.stderr
    assert "--yes" in asked.stderr
    done = CliRunner().invoke(cli, ["rollback", "--yes", "--json"])
    assert done.exit_code == 0
    (told,) = json.loads(done.stdout)
    assert (told["job"], told["recommendations"], told["withdrawn"]) == ("recommendations", 1, 1)
    refused = CliRunner().invoke(cli, ["rollback", "--yes"])
    assert isinstance(refused.exception, FieldlabError)


def test_a_run_of_an_older_fieldlab_can_be_put_back_from_the_next_publication_on(
    connection: psycopg.Connection, settings: Settings
) -> None:
    publish(connection, settings, finding(1))
    connection.execute("delete from fieldlab_ops.previous_publications")
    migrate.ensure(connection, settings)
    assert previous.kept(connection, settings, "recommendations") is None
    publish(connection, settings, finding(2))
    put_back(connection, settings)
    assert open_items(connection) == [1]
