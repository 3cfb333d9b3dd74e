"""The API on the demo: every example of its page, what OpenAPI says, a run that is started, how it starts and stops."""

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from databases import fresh_database

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^    (GET|PATCH|POST) (/\S+)(?: (\{.*\}))?$", PAGE, re.MULTILINE)
WAIT_S = 120.0
# Marts that are enough to try: large and small, with and without dates, with and without nulls in the grain.
TRIED = ("dealer_influence", "spending_metrics", "purchase_patterns", "price_snapshots", "source_quality")


@pytest.fixture(scope="module")
def demo(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a database in which the demo was run."""
    folder = tmp_path_factory.mktemp("served")
    with fresh_database(server_url, f"test_{secrets.token_hex(6)}") as url:
        environment = {
            **os.environ,
            "FIELDLAB_DATABASE_URL": url,
            "FIELDLAB_HOME": str(folder / "home"),
            "DBT_PROFILES_DIR": str(folder),
            "DBT_TARGET_PATH": str(folder / "target"),
        }
        done = fieldlab(environment, "demo", "--json")
        assert done.returncode == 0, done.stderr
        yield environment


@pytest.fixture(scope="module")
def address(demo: dict[str, str]) -> Iterator[str]:
    with served(demo) as (address, _):
        yield address


def fieldlab(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "runner", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@contextmanager
def served(environment: dict[str, str], *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address of `fieldlab serve` in a process of its own, and the process."""
    command = [sys.executable, "-m", "runner", "serve", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        found = re.search(r"http://\S+:\d+", process.stderr.readline())
        assert found, process.stderr.read()
        threading.Thread(target=process.stderr.read, daemon=True).start()  # a full pipe would hold the server up
        try:
            yield found[0], process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=WAIT_S)


def eventually(look: Any) -> Any:
    """What `look` gives once it gives something."""
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError("it never came")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example[0]} {example[1]}")
def test_examples_of_the_page_work(demo: dict[str, str], address: str, example: tuple[str, str, str]) -> None:
    method, path, body = example
    if "{product_id}" in path:
        with psycopg.connect(demo["FIELDLAB_DATABASE_URL"]) as connection:
            row = connection.execute("select min(product_id) from fieldlab_alignment.similar_products").fetchone()
        path = path.replace("{product_id}", str(row and row[0]))
    answer = httpx2.request(method, address + path, json=json.loads(body) if body else None, timeout=WAIT_S)
    assert answer.status_code == (202 if method == "POST" else 200), answer.text
    if method == "GET" and "data" in (answer.json() if "json" in answer.headers["content-type"] else {}):
        assert answer.json()["data"] or "source-quality" in path


def test_a_run_writes_down_every_public_mart(address: str) -> None:
    known = httpx2.get(f"{address}/api/v1/marts", timeout=WAIT_S).json()["data"]
    assert {mart["name"] for mart in known} == {path.stem for path in (PROJECT / "models" / "marts").rglob("*.sql")}
    for mart in known:
        assert set(mart["grain"]) <= {column["name"] for column in mart["columns"]}, mart["name"]
        page = httpx2.get(f"{address}/api/v1/marts/{mart['name']}?limit=1", timeout=WAIT_S).json()
        assert page["run_id"], mart["name"]


def test_every_route_has_an_example_or_a_sentence(address: str) -> None:
    document = httpx2.get(f"{address}/api/openapi.json", timeout=WAIT_S).json()
    paths = [path.removeprefix("/api/v1") for path in document["paths"] if "/marts/" not in path]
    assert paths
    unnamed = [path for path in paths if path.partition("{")[0].rstrip("/") not in PAGE]
    assert unnamed == []


def test_a_run_is_started_and_its_events_are_heard(demo: dict[str, str], address: str) -> None:
    with httpx2.stream("GET", f"{address}/api/v1/events", timeout=WAIT_S) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        assert next(lines) == ": listening"
        with psycopg.connect(demo["FIELDLAB_DATABASE_URL"], autocommit=True) as connection:
            connection.execute("""select pg_notify('fieldlab', '{"event": "TRIED"}')""")
        heard = next(json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: "))
        assert heard == {"event": "TRIED"}

    def start() -> Any:
        body = {"jobs": ["cleanup-expired"], "as_of": "2025-10-31"}
        answer = httpx2.post(f"{address}/api/v1/jobs", json=body, timeout=WAIT_S)
        return answer if answer.status_code == 202 else None  # an example may still be running

    started = eventually(start)
    place = f"{address}{started.headers['location']}"

    def ended() -> Any:
        run = httpx2.get(place, timeout=WAIT_S)
        return run.status_code == 200 and run.json()["outcome"] != "running" and run.json()

    assert eventually(ended)["outcome"] == "succeeded"


def test_what_openapi_says_is_so(address: str, tmp_path: Path) -> None:
    document = httpx2.get(f"{address}/api/openapi.json", timeout=WAIT_S).json()
    del document["paths"]["/api/v1/events"]  # it never ends
    del document["paths"]["/api/v1/jobs"]["post"]  # a run takes the machine
    document["paths"] = {
        path: item for path, item in document["paths"].items() if "/marts/" not in path or path.endswith(TRIED)
    }
    (tmp_path / "openapi.json").write_text(json.dumps(document), encoding="utf-8")
    command = [sys.executable, "-m", "schemathesis.cli", "run", "openapi.json", f"--url={address}", "--no-color"]
    command += ["--rate-limit=550/m", "--request-timeout=60"]
    command += ["--phases=coverage,fuzzing", "--max-examples=5", "--generation-deterministic", "--max-time=40"]
    command += ["--checks=not_a_server_error,status_code_conformance,content_type_conformance"]
    command[-1] += ",response_schema_conformance"
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_stops_within_seconds_although_somebody_listens(demo: dict[str, str]) -> None:
    with served(demo) as (address, process), httpx2.stream("GET", f"{address}/api/v1/events", timeout=WAIT_S) as stream:
        assert next(stream.iter_lines()) == ": listening"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=WAIT_S) == 0


def test_other_machines_are_let_in_only_with_tokens(demo: dict[str, str]) -> None:
    refused = fieldlab(demo, "serve", "--host", "0.0.0.0", "--port", "0")
    assert refused.returncode == 1
    assert "fieldlab token create" in refused.stderr
    token = fieldlab(demo, "token", "create", "ana", "--scope", "read", "--expires", "1").stdout.strip()
    assert token.startswith("flab_")
    try:
        listed = fieldlab(demo, "token", "list").stdout
        assert "ana" in listed
        assert token not in listed
        with served(demo, "--host", "0.0.0.0") as (address, _):
            url = f"{address.replace('0.0.0.0', '127.0.0.1')}/api/v1/jobs"
            assert httpx2.get(url, timeout=WAIT_S).status_code == 401
            answer = httpx2.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=WAIT_S)
            assert answer.status_code == 200
            assert fieldlab(demo, "token", "revoke", "ana").returncode == 0
            answer = httpx2.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=WAIT_S)
            assert answer.status_code == 401
        assert fieldlab(demo, "token", "revoke", "ana").returncode == 1
    finally:
        with psycopg.connect(demo["FIELDLAB_DATABASE_URL"], autocommit=True) as connection:
            connection.execute("delete from fieldlab_ops.api_tokens")
