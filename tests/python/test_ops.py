"""The runner's own tables: how they are brought up to date, the history, the events."""

import json
import multiprocessing
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from runner.database import migrate
from runner.database.migrate import Migration
from runner.errors import FieldlabError
from runner.ops import events, runs
from runner.ops.lock import lock_name
from runner.ops.runs import Finished, Run
from runner.settings import Settings

DAY = date(2025, 3, 31)
SETTINGS = Settings(Path(), Path())
LATER = Migration(2, "002_later.sql", "alter table {ops}.things add column note text default 'old'")
FIRST = Migration(1, "001_first.sql", "create table {ops}.things (id integer, config jsonb default '{{}}')")


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def versions(connection: psycopg.Connection) -> list[int]:
    return [row[0] for row in connection.execute("select version from fieldlab_ops.schema_version order by 1")]


def test_the_migrations_are_numbered_without_gaps(connection: psycopg.Connection) -> None:
    steps = migrate.migrations()
    assert [step.version for step in steps] == list(range(1, len(steps) + 1))
    migrate.ensure(connection, SETTINGS)
    assert versions(connection) == [step.version for step in steps]


def test_an_older_database_is_brought_up_to_date_without_losing_a_row(
    connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "migrations", lambda: (FIRST,))
    migrate.ensure(connection, SETTINGS)
    connection.execute("insert into fieldlab_ops.things (id) values (7)")
    monkeypatch.setattr(migrate, "migrations", lambda: (FIRST, LATER))
    migrate.ensure(connection, SETTINGS)
    assert connection.execute("select id, config, note from fieldlab_ops.things").fetchall() == [(7, {}, "old")]
    assert versions(connection) == [1, 2]


def test_a_step_that_fails_changes_nothing(connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "migrations", lambda: (FIRST, Migration(2, "002_bad.sql", "select 1 / 0")))
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate.ensure(connection, SETTINGS)
    assert connection.execute("select to_regnamespace('fieldlab_ops')").fetchone() == (None,)


def test_a_newer_database_is_refused(connection: psycopg.Connection) -> None:
    migrate.ensure(connection, SETTINGS)
    next_version = len(migrate.migrations()) + 1
    connection.execute("insert into fieldlab_ops.schema_version (version, name) values (%s, 'later')", [next_version])
    with pytest.raises(FieldlabError, match=f"newer fieldlab: they are at version {next_version}"):
        migrate.ensure(connection, SETTINGS)


def test_a_schema_of_another_name_is_another_installation(connection: psycopg.Connection) -> None:
    other = Settings(Path(), Path(), target_schema='Odd "name"')
    migrate.ensure(connection, SETTINGS)
    migrate.ensure(connection, other)
    assert connection.execute("""select count(*) from "Odd ""name""_ops".job_runs""").fetchone() == (0,)


def test_reading_needs_no_right_to_write(connection: psycopg.Connection) -> None:
    migrate.ensure(connection, SETTINGS)
    connection.execute("set default_transaction_read_only = on")
    migrate.ensure(connection, SETTINGS)


def _ensure(url: str, together: Barrier) -> None:
    with psycopg.connect(url) as connection:
        together.wait(30)
        migrate.ensure(connection, SETTINGS)


def test_processes_at_once_make_the_tables_once(database_url: str, connection: psycopg.Connection) -> None:
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(3)
    processes = [context.Process(target=_ensure, args=(database_url, together)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert versions(connection) == [step.version for step in migrate.migrations()]


def begun(connection: psycopg.Connection, day: date, **values: bool) -> Run:
    run = Run(as_of=day, explicit_as_of=values.get("explicit", False))
    runs.begin(connection, SETTINGS, run, "run", ["alignment"])
    return run


def test_the_newest_published_run_is_the_last_that_published(connection: psycopg.Connection) -> None:
    migrate.ensure(connection, SETTINGS)
    assert runs.newest_published(connection, SETTINGS, "alignment") is None
    for day, published in ((DAY, True), (DAY - timedelta(days=1), True), (DAY + timedelta(days=1), False)):
        run = begun(connection, day, explicit=True)
        runs.finish(connection, SETTINGS, run, "alignment", Finished("succeeded", published=published))
    newest = runs.newest_published(connection, SETTINGS, "alignment")
    assert newest is not None
    assert newest.as_of == DAY - timedelta(days=1)
    assert runs.newest_published(connection, SETTINGS, "recommendations") is None


def test_what_a_killed_run_left_is_marked_by_the_next(connection: psycopg.Connection) -> None:
    migrate.ensure(connection, SETTINGS)
    connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [lock_name(SETTINGS)])
    killed = begun(connection, DAY)
    following = begun(connection, DAY)
    history = runs.history(connection, SETTINGS, limit=10)
    assert [(row["run_id"], row["job"], row["outcome"]) for row in history] == [
        (following.run_id, "run", "running"),
        (following.run_id, "alignment", "running"),
        (killed.run_id, "run", "interrupted"),
        (killed.run_id, "alignment", "interrupted"),
    ]
    assert [row["run_id"] for row in runs.history(connection, SETTINGS, limit=1, job="alignment")] == [following.run_id]


def test_the_history_is_kept_for_180_days_and_the_newest_publications_for_longer(
    connection: psycopg.Connection,
) -> None:
    migrate.ensure(connection, SETTINGS)
    ages = {"older": 900, "newest": 800, "failed": 700, "young": 179}
    made = {name: Run(DAY, True, datetime.now(UTC) - timedelta(days=age)) for name, age in ages.items()}
    for name, run in made.items():
        runs.begin(connection, SETTINGS, run, "run", ["alignment"])
        connection.execute(
            "update fieldlab_ops.job_runs set published = %s where run_id = %s and kind = 'job'",
            [name in {"older", "newest"}, run.run_id],
        )
    runs.begin(connection, SETTINGS, Run(DAY, True), "run", [])
    there = {row["run_id"] for row in runs.history(connection, SETTINGS, limit=10)}
    assert {name for name, run in made.items() if run.run_id in there} == {"newest", "young"}
    assert runs.newest_published(connection, SETTINGS, "alignment") == made["newest"]


def test_an_event_is_heard_only_when_it_was_committed(database_url: str, connection: psycopg.Connection) -> None:
    connection.execute("listen fieldlab")
    with psycopg.connect(database_url) as other:
        events.notify(other, "UNDONE", {})
        other.rollback()
        events.notify(other, "ALIGNMENT_COMPUTED", {"as_of": DAY, "id": uuid4(), "reports": 2})
    heard = [json.loads(notice.payload) for notice in connection.notifies(timeout=1)]
    assert [(event["event"], event["as_of"], event["reports"]) for event in heard] == [
        ("ALIGNMENT_COMPUTED", "2025-03-31", 2)
    ]


def test_a_payload_stays_below_8000_bytes_whatever_is_in_it(connection: psycopg.Connection) -> None:
    text = events.payload("BIG", {"first": 1, "names": "é" * 5000, "moment": datetime(2025, 1, 1, tzinfo=UTC)})
    assert len(text.encode()) < 8000
    assert json.loads(text) == {"event": "BIG", "first": 1, "truncated": True}
    for letters in range(7950, 8050):
        text = events.payload("BIG", {"names": "x" * letters})
        whole = len(f'{{"event":"BIG","names":"{"x" * letters}"}}')
        assert ("truncated" in text) == (whole >= 8000)
        connection.execute("select pg_notify('fieldlab', %s)", [text])
