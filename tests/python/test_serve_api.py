"""The API: rows of marts, recommendations and what people do with them, runs, tokens, errors, caching."""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import psycopg
import pytest
from recommending import PAST, connection, finding, publish, settings
from serving import make_token, serving
from starlette.testclient import TestClient

from runner.errors import BusyError
from runner.ops import runs
from runner.ops.lock import RunLock
from runner.ops.marts import Column, Mart, keep_marts
from runner.ops.readers import grant_published
from runner.ops.runs import Finished, Run
from runner.procurement.findings import Subject
from runner.serve import access, mart_pages
from runner.serve.events import MOST_LISTENERS
from runner.serve.service import Proxy
from runner.settings import Settings

__all__ = ["connection", "settings"]

PROBLEM = "application/problem+json"
SALES = Mart(
    name="sales",
    schema_name="fieldlab_procurement",
    relation_name="sales",
    description="One row per day, branch and product.",
    grain=("day", "branch_id", "product_id"),
    columns=(
        Column("day", "date", False, "The day."),
        Column("branch_id", "integer", True, "The branch."),
        Column("product_id", "text", False, "The product."),
        Column("amount", "numeric(38, 12)", True, "What was sold, in money."),
        Column("parts", "jsonb", True, "Of what it is made."),
    ),
    jobs=("spending-metrics",),
)
ROWS: list[tuple[date, int | None, str, str | None]] = [
    (date(2022, 10, 1), 1, "b", "10.50"),
    (date(2022, 10, 1), 1, "a", "20.25"),
    (date(2022, 10, 1), None, "Z", None),
    (date(2022, 10, 2), 2, "a", "20.25"),
    (date(2022, 10, 2), None, "a/b", "1"),
    (date(2022, 10, 3), 1, "<script>alert(1)</script>", None),
    (date(2022, 10, 3), 1, "ä", "-3"),
]


@pytest.fixture
def client(connection: psycopg.Connection, settings: Settings) -> Iterator[TestClient]:
    """A client of a service with one mart, made by one run."""
    connection.execute("create schema fieldlab_procurement")
    connection.execute(
        "create table fieldlab_procurement.sales"
        " (day date, branch_id integer, product_id text, amount numeric(38, 12), parts jsonb)"
    )
    statement = "insert into fieldlab_procurement.sales values (%s, %s, %s, %s, '{}')"
    connection.cursor().executemany(statement, ROWS)
    computed(connection, settings)
    with serving() as client:
        yield client


def computed(connection: psycopg.Connection, settings: Settings, outcome: str = "succeeded") -> Run:
    run = Run(PAST, explicit_as_of=True)
    runs.begin(connection, settings, run, "run", ["spending-metrics"])
    keep_marts(connection, settings, run, [SALES])
    if outcome != "running":
        runs.finish(connection, settings, run, "spending-metrics", Finished(outcome))
        runs.finish(connection, settings, run, "run", Finished(outcome))
    return run


def pages(client: TestClient, query: str) -> list[list[dict[str, Any]]]:
    found, following = [], ""
    while True:
        page = client.get(f"/api/v1/marts/sales?{query}{following}")
        assert page.status_code == 200, page.text
        found.append(page.json()["data"])
        if page.json()["next"] is None:
            return found
        following = f"&after={page.json()['next']}"


def refused(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    content: dict[str, Any] = answer.json()
    assert content["status"] == status
    return content


@pytest.mark.parametrize("sort", ["", "amount", "-amount", "branch_id", "-branch_id", "product_id", "-day"])
@pytest.mark.parametrize("limit", [1, 2, 500])
def test_pages_hold_every_row_once_and_in_order(client: TestClient, sort: str, limit: int) -> None:
    column = sort.removeprefix("-")
    found = [row for page in pages(client, f"limit={limit}&sort={sort}") for row in page]
    keys = [(row["day"], row["branch_id"], row["product_id"]) for row in found]
    assert len(keys) == len(set(keys)) == len(ROWS)
    if column:
        values = [row[column] for row in found]
        present = [float(value) if column == "amount" else value for value in values if value is not None]
        assert present == sorted(present, reverse=sort.startswith("-"))
        assert values[len(present) :] == [None] * (len(values) - len(present))
    else:
        assert keys == sorted(keys, key=lambda key: (key[0], key[1] is None, key[1] or 0, key[2]))


def test_rows_are_exact_and_say_which_run_made_them(client: TestClient) -> None:
    page = client.get("/api/v1/marts/sales?product_id=b").json()
    assert page["data"] == [
        {"day": "2022-10-01", "branch_id": 1, "product_id": "b", "amount": "10.500000000000", "parts": {}}
    ]
    assert page["as_of"] == "2022-10-31"
    assert page["run_id"]
    assert page["next"] is None


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("branch_id=1", 4),
        ("branch_id=1&branch_id=2", 5),
        ("branch_id=", 2),
        ("branch_id=&branch_id=2", 3),
        ("amount=20.25", 2),
        ("from=2022-10-02", 4),
        ("from=2022-10-02&to=2022-10-02", 2),
        ("product_id=a%2Fb", 1),
        ("product_id=%3Cscript%3Ealert(1)%3C%2Fscript%3E", 1),
        ("product_id='; drop table fieldlab_procurement.sales; --", 0),
    ],
)
def test_columns_filter(client: TestClient, query: str, count: int) -> None:
    page = client.get(f"/api/v1/marts/sales?{query}&count=true").json()
    assert (len(page["data"]), page["total"]) == (count, count)


def test_what_is_too_much_to_count_is_not_counted(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mart_pages, "MOST_COUNTED", 6)
    assert client.get("/api/v1/marts/sales?count=true").json()["total"] is None


def test_an_unknown_name_is_answered_with_the_closest_ones(client: TestClient) -> None:
    assert refused(client.get("/api/v1/marts/sale"), 404)["closest"] == ["sales"]
    assert "amount" in refused(client.get("/api/v1/marts/sales?amonut=1"), 400)["closest"]
    assert "amount" in refused(client.get("/api/v1/marts/sales?sort=amonut"), 400)["closest"]
    refused(client.get("/api/v1/marts/sales?sort=parts"), 400)


def test_a_filter_that_a_route_does_not_know_is_refused(client: TestClient) -> None:
    assert "from" in refused(client.get("/api/v1/spending?form=2025-01-01"), 400)["closest"]
    assert "vendor" in refused(client.get("/api/v1/similar/products/x?vendors=a"), 400)["closest"]
    refused(client.get("/api/v1/spending?vendor=3"), 400)


def test_each_value_that_cannot_be_one_is_named(client: TestClient) -> None:
    query = "branch_id=one&amount=NaN&from=2022-02-30&limit=501&count=maybe&product_id=%00"
    problem = refused(client.get(f"/api/v1/marts/sales?{query}"), 422)
    assert {error["pointer"].removeprefix("query.") for error in problem["errors"]} == {
        "branch_id", "amount", "from", "limit", "count", "product_id"
    }  # fmt: skip


@pytest.mark.parametrize(
    "after", ["x", "bnVsbA", "W10", "WyIiXQ", "WyIiLDEsMiwzXQ", "WyIiLCIyMDIyLTEwLTAxIiwxLHt9XQ", "é"]
)
def test_a_cursor_that_is_none_is_refused(client: TestClient, after: str) -> None:
    assert "after" in refused(client.get("/api/v1/marts/sales", params={"after": after}), 400)["detail"]


def test_a_cursor_of_another_order_is_refused(client: TestClient) -> None:
    following = client.get("/api/v1/marts/sales?limit=1&sort=amount").json()["next"]
    refused(client.get(f"/api/v1/marts/sales?limit=1&after={following}"), 400)


def test_an_answer_of_the_same_run_is_known_and_of_another_is_not(
    client: TestClient, connection: psycopg.Connection, settings: Settings
) -> None:
    tag = client.get("/api/v1/marts/sales?limit=1&branch_id=1").headers["etag"]
    connection.execute("drop table fieldlab_procurement.sales")  # a 304 does not touch the mart
    same = client.get("/api/v1/marts/sales?branch_id=1&limit=1", headers={"If-None-Match": f'"x", W/{tag}'})
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["cache-control"] == "private, max-age=300"
    refused(client.get("/api/v1/marts/sales?limit=2", headers={"If-None-Match": tag}), 503)
    computed(connection, settings)
    refused(client.get("/api/v1/marts/sales?limit=1&branch_id=1", headers={"If-None-Match": tag}), 503)


def test_nothing_is_kept_while_a_run_is_under_way(
    client: TestClient, connection: psycopg.Connection, settings: Settings
) -> None:
    computed(connection, settings, "running")
    answer = client.get("/api/v1/marts/sales")
    assert "etag" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"


def test_the_marts_and_the_description_are_those_of_the_contracts(client: TestClient) -> None:
    (mart,) = client.get("/api/v1/marts").json()["data"]
    assert (mart["name"], mart["grain"], mart["date_column"]) == ("sales", list(SALES.grain), "day")
    document = client.get("/api/openapi.json").json()
    assert document["components"]["schemas"]["sales_row"]["properties"]["amount"]["type"] == ["string", "null"]
    names = [parameter["name"] for parameter in document["paths"]["/api/v1/marts/sales"]["get"]["parameters"]]
    assert names == ["day", "branch_id", "product_id", "amount", "from", "to", "sort", "limit", "after", "count"]


def test_without_marts_there_is_nothing_to_serve_yet(connection: psycopg.Connection) -> None:
    with serving() as client:
        refused(client.get("/api/v1/marts/sales"), 503)
        refused(client.get("/api/v1/spending"), 503)
        refused(client.get("/api/v1/alignment/reports/x"), 503)
        assert client.get("/readyz").status_code == 503


def test_recommendations_come_in_pages_and_as_decisions(
    client: TestClient, connection: psycopg.Connection, settings: Settings
) -> None:
    publish(connection, settings, *(finding(item, subject=Subject(item_id=item)) for item in range(1, 6)))
    first = client.get("/api/v1/recommendations?limit=3").json()
    rest = client.get("/api/v1/recommendations", params={"limit": 3, "after": first["next"]}).json()
    ids = [row["id"] for page in (first, rest) for row in page["data"]]
    assert len(set(ids)) == 5
    assert rest["next"] is None
    assert first["data"][0]["expected_savings"] == "350.00"
    assert client.get("/api/v1/decisions").json()["total"] == 5
    assert client.get(f"/api/v1/recommendations/{ids[0]}").json()["events"] == []
    refused(client.get("/api/v1/recommendations/999"), 404)
    refused(client.get("/api/v1/recommendations?status=MAYBE"), 422)
    refused(client.get("/api/v1/recommendations?after=x"), 400)


def test_dismissing_changes_the_tag_of_the_list(
    client: TestClient, connection: psycopg.Connection, settings: Settings
) -> None:
    publish(connection, settings, finding())
    before = client.get("/api/v1/recommendations")
    assert before.headers["cache-control"] == "no-store"
    tag = {"If-None-Match": before.headers["etag"]}
    assert client.get("/api/v1/recommendations", headers=tag).status_code == 304
    one = before.json()["data"][0]["id"]
    done = client.patch(f"/api/v1/recommendations/{one}/dismiss", json={"reason": "<b>too far</b>"})
    assert done.json()["dismiss_reason"] == "<b>too far</b>"
    assert done.json()["dismissed_by"] == access.account_name()
    after = client.get("/api/v1/recommendations", headers=tag)
    assert (after.status_code, after.json()["data"]) == (200, [])


def test_the_second_of_two_people_is_told_what_the_first_did(
    client: TestClient, connection: psycopg.Connection, settings: Settings
) -> None:
    publish(connection, settings, finding())
    ana, ben = make_token("ana", "write"), make_token("ben", "write")
    (decision,) = client.get("/api/v1/decisions", headers=ana).json()["data"]
    path = f"/api/v1/decisions/{decision['decision_key']}"
    assert client.patch(f"{path}/apply", headers=ana).json()["ids"] == decision["ids"]
    problem = refused(client.patch(f"{path}/dismiss", headers=ben), 409)
    assert problem["statuses"] == {str(decision["ids"][0]): "APPLIED"}
    one = f"/api/v1/recommendations/{decision['ids'][0]}"
    problem = refused(client.patch(f"{one}/dismiss", headers=ben), 409)
    assert (problem["step"], list(problem["statuses"].values())) == ("dismiss", ["APPLIED"])
    assert client.get(one, headers=ben).json()["applied_by"] == "ana"
    refused(client.patch(f"/api/v1/decisions/{'0' * 64}/apply", headers=ana), 404)
    refused(client.patch("/api/v1/recommendations/999/apply", headers=ana), 404)


@pytest.mark.parametrize("body", [{"reason": "x" * 501}, {"reason": 1}, {"by": "eve"}, {"reason": "\x00"}, []])
def test_a_reason_that_cannot_be_one_changes_nothing(
    client: TestClient, connection: psycopg.Connection, settings: Settings, body: object
) -> None:
    publish(connection, settings, finding())
    one = client.get("/api/v1/recommendations").json()["data"][0]["id"]
    refused(client.patch(f"/api/v1/recommendations/{one}/dismiss", json=body), 422)
    assert client.get(f"/api/v1/recommendations/{one}").json()["status"] == "PENDING"


def test_tokens_are_asked_for_once_there_is_one(client: TestClient, connection: psycopg.Connection) -> None:
    assert client.get("/api/v1/marts").status_code == 200
    read, admin = make_token("ana"), make_token("root", "admin")
    problem = client.get("/api/v1/marts")
    refused(problem, 401)
    assert problem.headers["www-authenticate"].startswith("Bearer")
    assert client.get("/api/v1/marts", headers=read).status_code == 200
    refused(client.patch("/api/v1/recommendations/1/view", headers=read), 403)
    refused(client.post("/api/v1/jobs", headers=read), 403)
    refused(client.patch("/api/v1/recommendations/1/view", headers=admin), 404)
    refused(client.get("/api/v1/marts", headers={"Authorization": "Bearer flab_x"}), 401)
    refused(client.get("/api/v1/marts", headers={"Authorization": "Basic YTpi"}), 401)
    connection.execute("update fieldlab_ops.api_tokens set revoked_at = now() where name = 'ana'")
    refused(client.get("/api/v1/marts", headers=read), 401)
    connection.execute("update fieldlab_ops.api_tokens set expires_at = now() where name = 'root'")
    refused(client.get("/api/v1/marts", headers=admin), 401)
    (used,) = connection.execute("select count(last_used_at) from fieldlab_ops.api_tokens").fetchall()
    assert used == (2,)


def test_a_token_works_as_a_cookie_until_signing_out(client: TestClient) -> None:
    token = make_token()["Authorization"].removeprefix("Bearer ")
    assert client.post("/login", data={"token": token}).status_code == 303
    assert client.get("/api/v1/marts").status_code == 200
    assert client.post("/logout").status_code == 303
    refused(client.get("/api/v1/marts"), 401)


@pytest.mark.usefixtures("connection")
def test_a_name_that_somebody_else_points_here_is_refused_without_tokens() -> None:
    with serving() as client:
        refused(client.get("/api/v1/jobs", headers={"Host": "evil.example"}), 421)
        assert client.get("/api/v1/jobs", headers={"Host": "localhost:8000"}).status_code == 200
        token = make_token()
        assert client.get("/api/v1/jobs", headers={"Host": "fieldlab.example", **token}).status_code == 200


@pytest.mark.usefixtures("connection")
def test_the_person_that_a_proxy_names_counts_only_from_that_proxy() -> None:
    with serving(is_local=False, proxy=Proxy("X-User", "127.0.0.1")) as client:
        refused(client.get("/api/v1/jobs"), 401)
        assert client.get("/api/v1/jobs", headers={"X-User": "ana"}).status_code == 200
        refused(client.post("/api/v1/jobs", headers={"X-User": "ana"}), 403)
    with serving(is_local=False, proxy=Proxy("X-User", "10.0.0.1")) as client:
        refused(client.get("/api/v1/jobs", headers={"X-User": "ana"}), 401)


def test_who_asks_too_often_has_to_wait_and_nobody_else(client: TestClient) -> None:
    ana, ben = make_token("ana"), make_token("ben")
    client.app.state.service.rate._most = 3  # type: ignore[attr-defined]
    assert [client.get("/api/v1/jobs", headers=ana).status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = client.get("/api/v1/jobs", headers=ana)
    refused(answer, 429)
    assert 1 <= int(answer.headers["retry-after"]) <= 61
    assert client.get("/api/v1/jobs", headers=ben).status_code == 200


def test_runs_come_newest_first_each_with_its_jobs(
    client: TestClient, connection: psycopg.Connection, settings: Settings
) -> None:
    newest = computed(connection, settings, "failed")
    first = client.get("/api/v1/jobs?limit=1").json()
    assert [run["run_id"] for run in first["data"]] == [str(newest.run_id)]
    assert [job["job"] for job in first["data"][0]["jobs"]] == ["spending-metrics"]
    rest = client.get("/api/v1/jobs", params={"limit": 1, "after": first["next"]}).json()
    assert rest["data"][0]["run_id"] != str(newest.run_id)
    assert client.get(f"/api/v1/jobs/{newest.run_id}").json()["outcome"] == "failed"
    refused(client.get("/api/v1/jobs/00000000-0000-4000-8000-000000000000"), 404)
    refused(client.get("/api/v1/jobs/1"), 422)


def test_no_run_is_started_while_another_is_under_way(client: TestClient, settings: Settings) -> None:
    with RunLock(client.app.state.service.warehouse, settings):  # type: ignore[attr-defined]
        refused(client.post("/api/v1/jobs", json={"jobs": ["cleanup-expired"]}), 409)
    refused(client.post("/api/v1/jobs", json={"jobs": ["nothing"]}), 422)
    refused(client.post("/api/v1/jobs", json={"as_of": "tomorrow"}), 422)


def test_a_run_that_was_announced_and_comes_too_late_is_on_record(client: TestClient, settings: Settings) -> None:
    run_id = "00000000-0000-4000-8000-000000000001"
    command = [sys.executable, "-m", "runner", "run", "--job", "cleanup-expired", "--run-id", run_id]
    with RunLock(client.app.state.service.warehouse, settings):  # type: ignore[attr-defined]
        assert subprocess.run(command, capture_output=True, check=False).returncode == BusyError.exit_code
    run = client.get(f"/api/v1/jobs/{run_id}").json()
    assert (run["outcome"], run["jobs"]) == ("failed", [])
    assert "Another run is under way" in run["error"]


def test_reads_are_made_as_the_role_of_the_var(
    client: TestClient, connection: psycopg.Connection, settings: Settings
) -> None:
    role = f"reader_{secrets.token_hex(4)}"
    connection.execute(f"create role {role}")
    served = client.app.state.service.settings  # type: ignore[attr-defined]
    served.__dict__["variables"] = {**served.variables, "serve_role": role}
    try:
        refused(client.get("/api/v1/jobs"), 503)
        grant_published(connection, replace_variables(settings, reader_roles=[role]))
        assert client.get("/api/v1/jobs").status_code == 200
        assert "serve_role" in refused(client.get("/api/v1/marts/sales"), 503)["detail"]
    finally:
        connection.execute(f"drop owned by {role}; drop role {role}")


def replace_variables(settings: Settings, **variables: object) -> Settings:
    changed = replace(settings)
    changed.__dict__["variables"] = {**settings.variables, **variables}
    return changed


def test_health_and_metrics_tell_nothing_of_people(client: TestClient) -> None:
    client.get("/api/v1/alignment/reports/Ana%20Miller")
    assert client.get("/healthz").status_code == 200
    text = client.get("/metrics").text
    assert 'route="/api/v1/alignment/reports/{dealer:path}"' in text
    assert "Miller" not in text
    make_token()
    refused(client.get("/metrics", headers={"Host": "evil.example"}), 401)


def test_only_so_many_may_listen(client: TestClient) -> None:
    client.app.state.service.events._listeners.update(range(MOST_LISTENERS))  # type: ignore[attr-defined]
    try:
        refused(client.get("/api/v1/events"), 503)
    finally:
        client.app.state.service.events._listeners.clear()  # type: ignore[attr-defined]


def test_the_log_has_routes_and_neither_tokens_nor_names(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    token = make_token("ana-miller")
    caplog.set_level("INFO")
    client.get("/api/v1/marts/sales?product_id=secret", headers=token)
    client.get("/api/v1/jobs", headers={"Authorization": "Bearer flab_wrong"})
    client.post("/login", data={"token": token["Authorization"].removeprefix("Bearer ")})
    text = json.dumps([record.getMessage() for record in caplog.records if record.name.startswith("runner")])
    assert "GET /api/v1/marts/{mart} 200" in text
    assert "flab_" not in text
    assert "ana-miller" not in text
    assert "secret" not in text
