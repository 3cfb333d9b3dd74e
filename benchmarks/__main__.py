"""How long fieldlab takes, from an empty database to a night on which nothing changed, beside hand-written SQL.

Loads folders of source files into a throw-away embedded server on this machine (Linux), so it changes nothing else.
Each round makes everything anew, runs again with nothing changed, runs with 1 % of the invoices changed, times the
hand-written SQL of benchmarks/floor, and the commands that read.

Example: python -m benchmarks exports/procurement exports/alignment --as-of 2022-10-31
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.page import write_page
from benchmarks.watch import own_cpu, watch
from runner.alignment.read import dealer_report
from runner.cli.console import log
from runner.database.server import EmbeddedServer
from runner.database.warehouse import Warehouse
from runner.load.loader import load_folder
from runner.ops.pipeline import run_pipeline
from runner.ops.report import Request
from runner.procurement.read import Filter, list_decisions
from runner.settings import Settings, load_settings

Numbers = dict[str, Any]

FLOOR = Path(__file__).parent / "floor"

# Hand-written SQL, in this order, and the nodes that make the same table.
COMPARED = {
    "invoice_lines": ("int_procurement__invoices_counted", "int_procurement__branch_days_totalled", "invoice_lines"),
    "spending_metrics": ("spending_metrics",),
    "branch_spending": ("branch_spending",),
    "price_snapshots": ("price_snapshots",),
    "item_standing": ("item_standing",),
}

CHANGE = """
    with ranked as (
        select id, row_number() over (order by md5(id::text || %(round)s::text)) as place, count(*) over () as invoices
        from {source}."Invoice"
    )
    update {source}."InvoiceItem" set quantity = quantity + 1
    where "invoiceId" in (select id from ranked where place <= invoices / 100)
"""

# Recommendations like the published ones, for as many open ones as a list is to be quick with.
MANY = """
    insert into {ops}.recommendations ({columns})
    select {copied}
    from {ops}.recommendations as one
    cross join generate_series(1, %(number)s) as copies (number)
    order by copies.number, one.id
    limit %(number)s
"""
OPEN = 5000

COLUMNS = """
    select column_name
    from information_schema.columns
    where table_schema = %s and table_name = %s
    order by ordinal_position
"""

SIZES = """
    select nspname || '.' || relname, pg_total_relation_size(c.oid) / 1e6
    from pg_class as c inner join pg_namespace as n on c.relnamespace = n.oid
    where c.relkind = 'r' and nspname like any(array['fieldlab%%', 'raw%%'])
    order by 2 desc limit 12
"""


def main() -> None:
    """Load, measure, write the result and print its closing table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--as-of", type=date.fromisoformat, required=True)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--threads", type=int, help="models at a time; default: as the runner does")
    parser.add_argument(
        "--out", type=Path, default=Path("target/benchmark"), help="folder of result.json and index.html"
    )
    arguments = parser.parse_args()

    settings = load_settings()
    if arguments.threads:
        settings = replace(settings, threads=arguments.threads)
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch).chmod(0o755)
        server = EmbeddedServer(Path(scratch).resolve() / "postgres")
        with server.use() as url:
            result = measure(settings, url, arguments)
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "result.json").write_text(json.dumps(result, indent=1, default=str), encoding="utf-8")
    write_page(result, arguments.out / "index.html")
    sys.stdout.write(closing(result))
    log(f"{arguments.out / 'result.json'} and {arguments.out / 'index.html'} are written.")


def measure(settings: Settings, url: str, arguments: argparse.Namespace) -> Numbers:
    """All rounds on one server."""
    warehouse = Warehouse(url)
    loads = {}
    for folder in arguments.folders:
        with warehouse.connect() as connection, watch(url) as used:
            begun = time.monotonic()
            load_folder(connection, settings, folder)
            loads[folder.name] = {"seconds": time.monotonic() - begun, "server_cpu": used.cpu}
        log(f"{folder.name} is loaded.")
    rounds = [one_round(settings, warehouse, arguments.as_of, number) for number in range(1, arguments.rounds + 1)]
    with warehouse.connect() as connection:
        sizes = connection.execute(SIZES).fetchall()
        version = connection.info.parameter_status("server_version")
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
        ).stdout.strip(),
        "postgresql": version,
        "cpus": os.cpu_count(),
        "as_of": arguments.as_of,
        "folders": [folder.name for folder in arguments.folders],
        "load": loads,
        "rounds": rounds,
        "sizes_mb": {name: float(size) for name, size in sizes},
    }


def one_round(settings: Settings, warehouse: Warehouse, as_of: date, number: int) -> Numbers:
    """Everything anew, nothing changed, 1 % changed, the floor, and what is read."""
    with warehouse.connect() as connection:
        for schema in schemas(connection):
            connection.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))
    found: Numbers = {"runs": {}}
    for name in ("first", "unchanged", "1 % changed"):
        if name.startswith("1 %"):
            found["floor"] = floor(settings, warehouse, as_of)  # the same content as the first two
            with warehouse.connect() as connection:
                source = sql.Identifier(settings.source_schema("procurement"))
                connection.execute(sql.SQL(CHANGE).format(source=source), {"round": number})
        found["runs"][name] = one_run(settings, warehouse, as_of)
        log(f"Round {number}, {name}: {found['runs'][name]['seconds']:.1f} s.")
    found["read"] = reading(settings, warehouse)
    return found


def one_run(settings: Settings, warehouse: Warehouse, as_of: date) -> Numbers:
    """A `fieldlab run`: seconds and CPU seconds, as a whole and per node."""
    begun, own = time.monotonic(), own_cpu()
    with watch(warehouse.url, other="runner") as used:
        report = run_pipeline(settings, warehouse, Request(as_of=as_of, publish_anyway=True))
    if report.outcome != "succeeded":
        raise SystemExit("\n".join(report.problems))
    results = json.loads((settings.manifest_file.parent / "run_results.json").read_text(encoding="utf-8"))
    return {
        "seconds": time.monotonic() - begun,
        "dbt_seconds": results["elapsed_time"],
        "server_cpu": used.cpu,
        "client_cpu": own_cpu() - own,
        "server_mb": used.server_mb,
        "client_mb": used.own_mb,
        "runner_cpu": used.by_node["runner"],
        "nodes": {
            node.name: {
                "kind": node.kind,
                "seconds": node.seconds,
                "cpu": used.by_node[node.unique_id],
                "rows": node.rows,
            }
            for node in report.nodes
        },
    }


def floor(settings: Settings, warehouse: Warehouse, as_of: date) -> Numbers:
    """Hand-written SQL for some of the tables, and whether it gives what the marts hold."""
    found: Numbers = {}
    with warehouse.connect() as connection:
        connection.execute("drop schema if exists floor cascade")
        connection.execute("create schema floor")
        source = sql.Identifier(settings.source_schema("procurement"))
        connection.execute(sql.SQL("set search_path to {}").format(source))
        connection.execute("set max_parallel_workers_per_gather = 0")
        connection.commit()
        for table in COMPARED:
            statement = (FLOOR / f"{table}.sql").read_text(encoding="utf-8")
            begun = time.monotonic()
            with watch(warehouse.url) as used:
                created = f"create table floor.{table} as {statement}"
                cursor = psycopg.ClientCursor(connection)
                cursor.execute(created.encode(), {"as_of": as_of})
                connection.commit()
                cursor.execute(f"analyze floor.{table}".encode())
                connection.commit()
            found[table] = {"seconds": time.monotonic() - begun, "cpu": used.cpu}
        for table in COMPARED:
            columns = [name for (name,) in connection.execute(COLUMNS, ["floor", table])]
            own = content(connection, "floor", table, columns)
            found[table]["is_same"] = own == content(connection, settings.schema("procurement"), table, columns)
        connection.execute("drop schema floor cascade")
    return found


def content(connection: psycopg.Connection, schema: str, table: str, columns: list[str]) -> Any:
    """The number of rows, and the sum of their hashes."""
    statement = sql.SQL("select count(*), sum(hashtextextended(cast(row({}) as text), 0)) from {}").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(schema, table)
    )
    return connection.execute(statement).fetchone()


def reading(settings: Settings, warehouse: Warehouse) -> Numbers:
    """Seconds of what people read: in one process that is connected, and as commands that start from nothing."""
    found: Numbers = {}
    ops, alignment = settings.schema("ops"), settings.schema("alignment")
    commands = {"fieldlab --help": ["--help"]}
    with warehouse.connect() as connection:
        if connection.execute("select to_regclass(%s)", [f"{ops}.recommendations"]).fetchone() != (None,):
            columns = [name for (name,) in connection.execute(COLUMNS, [ops, "recommendations"]) if name != "id"]
            new = {
                "fingerprint": sql.SQL("encode(sha256(convert_to(one.fingerprint || copies.number, 'UTF8')), 'hex')"),
                "status": sql.SQL("'PENDING'"),
            }
            copied = [new.get(name, sql.Identifier("one", name)) for name in columns]
            many = sql.SQL(MANY).format(
                ops=sql.Identifier(ops),
                columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
                copied=sql.SQL(", ").join(copied),
            )
            connection.execute(many, {"number": OPEN})
            found[f"20 of {OPEN:,} open recommendations, with totals"] = best(
                lambda: list_decisions(connection, settings, Filter(), 20)
            )
            connection.rollback()
            commands["fieldlab recommendations list"] = ["recommendations", "list"]
        if connection.execute("select to_regclass(%s)", [f"{ops}.alignment_reports"]).fetchone() != (None,):
            one = sql.SQL("select dealer_id, vendor_id from {} order by 1 limit 1").format(
                sql.Identifier(alignment, "dealer_alignment")
            )
            dealer = connection.execute(one).fetchone()
            if dealer is not None:
                found["a dealer's report"] = best(
                    partial(dealer_report, connection, settings, dealer[0], dealer[1], now=datetime.now(UTC))
                )
                commands["fieldlab report"] = ["report", dealer[0], "--vendor", dealer[1]]
        newest = sql.SQL("select * from {} order by date desc limit 100").format(
            sql.Identifier(settings.schema("procurement"), "spending_metrics")
        )
        found["the newest 100 rows of spending_metrics"] = best(lambda: connection.execute(newest).fetchall())
        connection.rollback()
    environment = {**os.environ, "FIELDLAB_DATABASE_URL": warehouse.url}
    for name, arguments in commands.items():
        command = [sys.executable, "-m", "runner", *arguments]
        found[f"`{name}`, as a process"] = best(
            partial(subprocess.run, command, env=environment, capture_output=True, check=True)
        )
    return found


def best(work: Callable[[], object], times: int = 5) -> float:
    """The seconds of the quickest of some times: what else the machine does only adds."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return min(taken)


def schemas(connection: psycopg.Connection) -> list[str]:
    """The schemas that fieldlab made."""
    return [name for (name,) in connection.execute("select nspname from pg_namespace where nspname ~ '^fieldlab_'")]


def closing(result: Numbers) -> str:
    """What it comes to, as text: the median over the rounds."""
    rounds = result["rounds"]
    runs = {name: [one["runs"][name] for one in rounds] for name in rounds[0]["runs"]}
    first = statistics.median(run["seconds"] for run in runs["first"])
    first_cpu = statistics.median(run["server_cpu"] for run in runs["first"])
    lines = [
        "",
        f"{'run':<14}{'seconds':>9}{'of first':>10}{'server CPU':>12}{'of first':>10}{'client CPU':>12}{'MB':>7}",
    ]
    for name, measured in runs.items():
        seconds, cpu, client, server_mb, client_mb = (
            statistics.median(run[key] for run in measured)
            for key in ("seconds", "server_cpu", "client_cpu", "server_mb", "client_mb")
        )
        lines.append(
            f"{name:<14}{seconds:>9.1f}{seconds / first:>10.0%}{cpu:>12.1f}{cpu / first_cpu:>10.0%}{client:>12.1f}"
            f"{server_mb + client_mb:>7.0f}"
        )
    lines += ["", f"{'CPU seconds, slowest nodes':<56}" + "".join(f"{name:>14}" for name in runs)]
    for name, values in slowest(result):
        lines.append(f"{name[:55]:<56}" + "".join(f"{value:>14.1f}" for value in values))
    lines += ["", f"{'CPU seconds of a first run':<30}{'fieldlab':>10}{'floor':>10}{'ratio':>8}  same rows"]
    models, floors = 0.0, 0.0
    for table, nodes in COMPARED.items():
        own = statistics.median(sum(run["nodes"][node]["cpu"] for node in nodes) for run in runs["first"])
        hand = statistics.median(one["floor"][table]["cpu"] for one in rounds)
        models, floors = models + own, floors + hand
        same = "yes" if all(one["floor"][table]["is_same"] for one in rounds) else "NO"
        lines.append(f"{table:<30}{own:>10.1f}{hand:>10.1f}{own / max(hand, 0.01):>8.2f}  {same}")
    lines.append(f"{'all of these':<30}{models:>10.1f}{floors:>10.1f}{models / max(floors, 0.01):>8.2f}")
    lines += ["", f"{'reading (best of 5)':<56}{'ms':>14}"]
    for name in rounds[0]["read"]:
        lines.append(f"{name:<56}{1000 * min(one['read'][name] for one in rounds):>14.0f}")
    return "\n".join(lines) + "\n"


def slowest(result: Numbers, number: int = 20) -> list[tuple[str, list[float]]]:
    """The nodes that took most CPU seconds in any run, with the median of each run."""
    rounds = result["rounds"]
    names = {name for one in rounds for run in one["runs"].values() for name in run["nodes"]}
    found = {
        name: [
            statistics.median(one["runs"][run]["nodes"].get(name, {}).get("cpu", 0.0) for one in rounds)
            for run in rounds[0]["runs"]
        ]
        for name in names
    }
    return sorted(found.items(), key=lambda entry: -max(entry[1]))[:number]


if __name__ == "__main__":
    main()
