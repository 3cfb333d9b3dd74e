"""How fast the web service answers: one request at a time, then 50 a second, mixed, for a minute.

`hey` sends the requests (Debian: apt install hey), each kind with tokens of its own, because a token has 600 a minute.
It works on whatever database fieldlab is pointed at, which has to hold marts.

Example: FIELDLAB_HOME=/tmp/iowa python -m benchmarks.serve --seconds 60
"""

import argparse
import csv
import io
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

from runner.database.migrate import ensure
from runner.database.query import query
from runner.database.warehouse import Warehouse, open_warehouse
from runner.serve.tokens import create_token
from runner.settings import Settings, load_settings

ALONE = ("-n", "60", "-c", "1")
PER_KIND = 10  # requests a second of each kind, which is what one token may
KNOWN = "304"
DEALER = "select vendor_id, dealer_id from {alignment}.dealer_alignment order by vendor_id, dealer_id limit 1"
FORGET = "delete from {ops}.api_tokens where name like 'benchmark-%%'"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="how long the mixed load lasts")
    seconds = parser.parse_args().seconds
    settings = load_settings()
    with open_warehouse(settings) as warehouse:
        paths = kinds(warehouse, settings)
        try:
            idle, mixed = (make_tokens(warehouse, settings, kind, [*paths, KNOWN]) for kind in ("idle", "mixed"))
            with served() as (address, pid):
                memory = [_memory(pid)]
                alone = one_by_one(address, paths, idle)
                memory.append(_memory(pid))
                together = at_once(address, paths, mixed, seconds)
                memory.append(_memory(pid))
        finally:
            with warehouse.connect(autocommit=True) as connection:
                connection.execute(query(settings, FORGET), {})
    loads = [round(load, 1) for load in os.getloadavg()]
    found = {"one_by_one": alone, "mixed": together, "memory_mb": memory, "load_average": loads}
    print(json.dumps(found, indent=2))  # noqa: T201


def kinds(warehouse: Warehouse, settings: Settings) -> dict[str, str]:
    """What is asked for: by what it is called, its path."""
    with warehouse.connect() as connection:
        ((vendor_id, dealer_id),) = connection.execute(query(settings, DEALER)).fetchall()
    return {
        "report": f"/api/v1/alignment/reports/{quote(dealer_id, safe='')}?vendor={quote(vendor_id, safe='')}",
        "recommendations": "/api/v1/recommendations",
        "decisions": "/api/v1/decisions",
        "spending_metrics": "/api/v1/marts/spending_metrics",
        "dealers": "/api/v1/alignment/dealers?sort=influence_rank",
    }


def make_tokens(warehouse: Warehouse, settings: Settings, kind: str, names: Sequence[str]) -> dict[str, str]:
    """A token for each of these names."""
    with warehouse.connect(autocommit=True) as connection:
        ensure(connection, settings)
        return {name: create_token(connection, settings, f"benchmark-{kind}-{name}", "read", 1) for name in names}


@contextmanager
def served() -> Iterator[tuple[str, int]]:
    """`fieldlab serve` in a process of its own: its address and its process id."""
    command = [sys.executable, "-m", "runner", "serve", "--port", "0"]
    with (
        Path(os.devnull).open("w") as nowhere,
        subprocess.Popen(command, stderr=subprocess.PIPE, stdout=nowhere, text=True) as process,
    ):
        assert process.stderr is not None  # noqa: S101
        found = re.search(r"http://\S+:\d+", process.stderr.readline())
        if found is None:
            sys.exit(process.stderr.read())
        threading.Thread(target=process.stderr.read, daemon=True).start()  # a full pipe would hold the server up
        try:
            yield found[0], process.pid
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()


def one_by_one(address: str, paths: Mapping[str, str], tokens: Mapping[str, str]) -> dict[str, Any]:
    """Each kind of request, one after the other."""
    found = {
        name: summary(read(start([*ALONE, *_header(tokens[name]), address + path]))) for name, path in paths.items()
    }
    path = address + paths["spending_metrics"]
    with urlopen(Request(path, headers={"Authorization": f"Bearer {tokens[KNOWN]}"})) as answer:  # noqa: S310
        tag = answer.headers["ETag"]
    found[KNOWN] = summary(read(start([*ALONE, *_header(tokens[KNOWN]), "-H", f"If-None-Match: {tag}", path])))
    return found


def at_once(address: str, paths: Mapping[str, str], tokens: Mapping[str, str], seconds: int) -> dict[str, Any]:
    """All kinds at the same time, `PER_KIND` a second of each."""
    rate = ["-z", f"{seconds}s", "-c", "1", "-q", str(PER_KIND)]
    running = [start([*rate, *_header(tokens[name]), address + path]) for name, path in paths.items()]
    rows = [row for process in running for row in read(process)]
    return {**summary(rows), "seconds": seconds, "per_second": round(len(rows) / seconds, 1)}


def start(arguments: Sequence[str]) -> "subprocess.Popen[str]":
    """`hey`, under way."""
    return subprocess.Popen(["hey", "-o", "csv", *arguments], stdout=subprocess.PIPE, text=True)


def read(process: "subprocess.Popen[str]") -> list[dict[str, str]]:
    """What it measured."""
    output, _ = process.communicate()
    return list(csv.DictReader(io.StringIO(output)))


def summary(rows: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Times in milliseconds, and what was not answered with 200 or 304."""
    times = sorted(float(row["response-time"]) * 1000 for row in rows)
    return {
        "requests": len(times),
        "errors": sum(row["status-code"] not in {"200", "304"} for row in rows),
        "p50": round(statistics.median(times), 1),
        "p99": round(times[max(0, int(len(times) * 0.99) - 1)], 1),
    }


def _header(token: str) -> list[str]:
    return ["-H", f"Authorization: Bearer {token}"]


def _memory(pid: int) -> int:
    """The resident memory of a process, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) // 1024


if __name__ == "__main__":
    main()
