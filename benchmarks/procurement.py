"""How long each procurement model takes: first, with nothing changed, and with 1 % of the invoices changed.

Loads a folder of source files into a throw-away embedded server, so it changes nothing else.

Example: python -m benchmarks.procurement DIR --as-of 2022-10-31
"""

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import psycopg
from rich.table import Table

from runner.cli.console import log, out
from runner.database.server import EmbeddedServer
from runner.database.warehouse import Warehouse
from runner.dbt.process import Dbt, DbtResult, open_dbt
from runner.load.loader import load_folder
from runner.settings import load_settings

JOBS = ("spending-metrics", "price-benchmarks", "purchase-patterns", "anomalies")

EDIT = """
    with ranked as (
        select id, row_number() over (order by {order}) as place, count(*) over () as invoices
        from raw_procurement."Invoice"
    )
    update raw_procurement."InvoiceItem" set quantity = quantity + 1
    where "invoiceId" in (select id from ranked where place <= invoices / 100)
"""

SITUATIONS = {
    "first": "",
    "unchanged": "",
    "newest 1 %": EDIT.format(order="date desc, id"),
    "random 1 %": EDIT.format(order="md5(cast(id as text))"),
}

SIZES = """
    select nspname || '.' || relname, pg_total_relation_size(c.oid)
    from pg_class as c join pg_namespace as n on c.relnamespace = n.oid
    where c.relkind = 'r' and (nspname like 'fieldlab%%' or nspname = 'raw_procurement')
    order by 2 desc limit 12
"""


@dataclass
class Peak:
    """The most memory seen, in MB: of dbt, and of the server's processes beside the buffers they share."""

    dbt: float = 0
    server: float = 0
    over: threading.Event = field(default_factory=threading.Event)

    def watch(self, server_pid: int) -> None:
        """Look ten times a second until it is over."""
        while not self.over.wait(0.1):
            self.dbt = max(self.dbt, sum(anonymous_mb(pid) for pid in children(os.getpid()) if is_dbt(pid)))
            self.server = max(self.server, sum(map(anonymous_mb, [server_pid, *children(server_pid)])))


def main() -> None:
    """Load, build in each situation, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--as-of", type=date.fromisoformat, required=True)
    parser.add_argument("--threads", type=int, default=1, help="1 shows each model by itself; the runner uses 4")
    parser.add_argument("--tests", action="store_true", help="build with data tests")
    arguments = parser.parse_args()

    settings = load_settings()
    with tempfile.TemporaryDirectory() as scratch:
        server = EmbeddedServer(Path(scratch).resolve() / "postgres")
        Path(scratch).chmod(0o755)
        with server.use() as url:
            warehouse = Warehouse(url)
            with warehouse.connect() as connection:
                begun = time.monotonic()
                load_folder(connection, settings, arguments.folder)
                log(f"loaded in {time.monotonic() - begun:.1f} s")
            server_pid = int((server.data / "postmaster.pid").read_text().split()[0])
            with open_dbt(settings, warehouse) as dbt, measured(server_pid) as peak:
                results = {}
                for situation, edit in SITUATIONS.items():
                    results[situation] = build(dbt, warehouse, edit, arguments)
            with warehouse.connect() as connection:
                show(results, connection.execute(SIZES).fetchall(), peak)


def build(dbt: Dbt, warehouse: Warehouse, edit: str, arguments: argparse.Namespace) -> tuple[DbtResult, float]:
    """Edit the invoices, build every job of procurement; the result and the seconds by the clock."""
    if edit:
        with psycopg.connect(warehouse.url) as connection:
            connection.execute(edit)
    begun = time.monotonic()
    result = dbt.invoke(
        [
            *("build", "--threads", str(arguments.threads)),
            *("--select", *(f"+tag:{job}" for job in JOBS), "--indirect-selection", "buildable"),
            *("--exclude-resource-type", "unit_test", *([] if arguments.tests else ["test"])),
        ],
        {"FIELDLAB_AS_OF": arguments.as_of.isoformat()},
    )
    seconds = time.monotonic() - begun
    if not result.success:
        raise SystemExit("\n".join(result.explain()))
    log(f"built in {seconds:.1f} s")
    return result, seconds


@contextmanager
def measured(server_pid: int) -> Iterator[Peak]:
    """Watch memory for as long as the block runs."""
    peak = Peak()
    watcher = threading.Thread(target=peak.watch, args=(server_pid,))
    watcher.start()
    try:
        yield peak
    finally:
        peak.over.set()
        watcher.join()


def show(results: dict[str, tuple[DbtResult, float]], sizes: list[tuple[str, int]], peak: Peak) -> None:
    """Print seconds per model and situation, the biggest tables and the memory."""
    seconds: dict[str, dict[str, float]] = {}
    for situation, (result, _) in results.items():
        for node in result.nodes:
            seconds.setdefault(f"{node.kind} {node.name}", {})[situation] = node.seconds

    table = Table(title="Seconds per model")
    table.add_column("model")
    for situation in results:
        table.add_column(situation, justify="right")
    for name, taken in sorted(seconds.items(), key=lambda entry: -max(entry[1].values())):
        if max(taken.values()) >= 0.1:  # noqa: PLR2004 - views and tests of no weight
            table.add_row(name, *(f"{taken.get(situation, 0):.1f}" for situation in results))
    table.add_section()
    table.add_row("by the clock", *(f"{clock:.1f}" for _, clock in results.values()))
    out().print(table)

    for name, size in sizes:
        out().print(f"{size / 2**20:7.0f} MB  {name}")
    out().print(f"peak memory: dbt {peak.dbt:.0f} MB, server {peak.server:.0f} MB beside its shared buffers")


def anonymous_mb(pid: int) -> float:
    """The memory a process has to itself; 0 when it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    kilobytes = [line.split()[1] for line in status.splitlines() if line.startswith("RssAnon")]
    return int(kilobytes[0]) / 1024 if kilobytes else 0


def is_dbt(pid: int) -> bool:
    """Whether a process is the one that `open_dbt` started."""
    try:
        return b"runner/dbt/worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


def children(pid: int) -> list[int]:
    """The processes a process started."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


if __name__ == "__main__":
    main()
