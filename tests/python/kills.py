"""Kills fieldlab at random moments, and looks at what is left.

A small project of its own (an embedded database, two domains of generated files) is loaded, run, decided upon,
backfilled and reported. At a random moment one process is killed with SIGKILL: the command itself, its dbt worker, a
session of the database or the whole server. After each kill no process may be left, what is published must be whole,
and the same command must succeed without any repair by hand.

Example: .venv/bin/python tests/python/kills.py --kills 300 --seed 7
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import click
import psycopg
import pytest
from psycopg import sql

from runner.database import server_watch
from runner.database.server import EmbeddedServer
from runner.database.warehouse import embedded_server
from runner.demo.files import SourceFiles
from runner.load.contract import DOMAINS, tables_of
from runner.settings import Settings, load_settings

AS_OF = date(2025, 3, 31)
JOBS = (("spending-metrics",), ("alignment",), ("recommendations",), ("spending-metrics", "alignment"))
FULL_RUN_EVERY = 10
SHARE_KEPT = 0.5  # of the rounds, with a server that stays up between commands
ENDS = {-signal.SIGKILL: "killed", 0: "survived", 1: "failed"}
PATIENCE_S = 240.0  # a command that takes longer hangs
GONE_AFTER_S = 60.0  # a process that is there longer was forgotten; a server may take 30 s to be made to leave
POLL_S = 0.02

Row = tuple[Any, ...]


# --- The sources -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class World:
    """Both applications' tables. No id occurs in two worlds, so a mixture of two shows.

    Attributes:
        number: Tells worlds apart.
        tables: The rows of every table, columns in the contract's order.
    """

    number: int
    tables: Mapping[str, list[Row]]

    def write(self, folder: Path) -> Path:
        """Write the files that `fieldlab load` reads."""
        folder.mkdir(parents=True, exist_ok=True)
        for domain in DOMAINS:
            with SourceFiles(folder, domain) as files:
                for table in tables_of(domain):
                    for key, *values in self.tables[table.name]:
                        files.add_named(table.name, str(key), *values)
        return folder

    @cached_property
    def metrics(self) -> set[Row]:
        """spending_metrics, added up from the rows themselves."""
        counted = {row[0]: row for row in self.tables["Invoice"] if row[2] == "APPROVED" and row[6] is None}
        lines = defaultdict(list)
        for _, invoice_id, item_id, quantity, price in self.tables["InvoiceItem"]:
            if invoice_id in counted:
                _, at, _, branch, department, center, _, vendor, *_ = counted[invoice_id]
                key = (at.date(), item_id, vendor, branch, department, center)
                lines[key].append((quantity * price, quantity, invoice_id))
        return {
            (*key, sum(amounts), sum(quantities), len(invoices), len(set(invoices)))
            for key, group in lines.items()
            for amounts, quantities, invoices in [zip(*group, strict=True)]
        }

    @cached_property
    def active(self) -> set[tuple[str, str]]:
        """The vendors and dealers that a report is made for."""
        vendors = {key: vendor for key, _, vendor, _ in self.tables["Collection"]}
        products = {row[0]: vendors[row[4]] for row in self.tables["Product"]}
        activity = (*self.tables["Selection"], *self.tables["DisplayRecord"])
        return {(products[product], dealer) for _, dealer, product, *_ in activity}


def make_world(number: int) -> World:
    """A world of a few hundred rows in which the rules find something."""
    dice = random.Random(number)
    return World(number, {**_procurement(number, dice), **_alignment(number, dice)})


def _procurement(number: int, dice: random.Random) -> dict[str, list[Row]]:
    """Three branches that order six items, once a week, from three vendors of whom the third is the cheapest."""
    vendors, branches, items = ([number * 1000 + one for one in range(count)] for count in (3, 3, 6))
    invoices: list[Row] = []
    lines: list[Row] = []
    for week in range(30):
        for branch in branches:
            vendor = dice.choice(vendors)
            at = datetime.combine(AS_OF, datetime.min.time()) - timedelta(days=7 * week + dice.randrange(3), hours=-9)
            status = "DRAFT" if dice.random() < 0.05 else "APPROVED"
            deleted = at if dice.random() < 0.05 else None
            key = number * 10_000 + len(invoices)
            invoices.append((key, at, status, branch, None, None, deleted, vendor, None, at, f"{vendor}-{key}"))
            for item in dice.sample(items, 4):
                price = Decimal(item % 1000 + 5) * (100 - 10 * (vendor % 1000) + 6 * (branch % 1000)) / 100
                rows = number * 10_000 + len(lines)
                lines.append((rows, key, item, Decimal(dice.randint(5, 40)), round(price, 2)))
    return {
        "Vendor": [(one, f"Vendor {one}", f"T{one}") for one in vendors],
        "Branch": [(one, f"Branch {one}") for one in branches],
        "Department": [],
        "CostCenter": [],
        "Item": [(one, f"Item {one}", vendors[0], "Food", "kg") for one in items],
        "Invoice": invoices,
        "InvoiceItem": lines,
        "PurchaseOrder": [],
    }


def _alignment(number: int, dice: random.Random) -> dict[str, list[Row]]:
    """Eight dealers, two vendors with three collections each, two products per collection."""
    dealers = [f"d{number}-{one}" for one in range(8)]
    collections = [(f"c{number}-{one}", f"Collection {one}", f"vendor-{one % 2}", one) for one in range(6)]
    products = [
        (f"{key}-{size}", f"sku-{key}-{size}", "Chair", "A chair", key, "Chair", size, "Oak")
        for key, *_ in collections
        for size in ("small", "large")
    ]
    at = datetime.combine(AS_OF, datetime.min.time()) - timedelta(days=20)
    chosen = [(dealer, product[0]) for dealer in dealers for product in dice.sample(products, 5)]
    shown = [(dealer, product[0]) for dealer in dealers for product in dice.sample(products, 3)]
    statuses = ("PASSED", "INTERESTED", "SELECTED", "MUST_CARRY")
    return {
        "Dealer": [(one, f"Dealer {one}", None, "SHOWROOM") for one in dealers],
        "Collection": list(collections),
        "Product": products,
        "Selection": [(f"s{number}-{n}", *pair, dice.choice(statuses), "app", at) for n, pair in enumerate(chosen)],
        "DisplayRecord": [(f"r{number}-{n}", *pair, at, "Jan 2025 Dallas", False) for n, pair in enumerate(shown)],
        "DealerSale": [],
    }


# --- What must hold after every kill ---------------------------------------------------------------------------------

# By what is wrong: the rows for which it is.
FAULTS = {
    "open recommendations share a fingerprint": """
        select fingerprint
        from fieldlab_ops.recommendations
        where status in ('PENDING', 'VIEWED')
        group by fingerprint
        having count(*) > 1
    """,
    "open recommendations are not all of the newest run that published": """
        with newest as (
            select run_id from fieldlab_ops.job_runs
            where job = 'recommendations' and published
            order by started_at desc limit 1
        )
        select id, run_id
        from fieldlab_ops.recommendations
        where status in ('PENDING', 'VIEWED') and run_id not in (select run_id from newest)
    """,
    "an event does not begin where the one before ended, or takes a step that is none": """
        with steps as (
            select
                recommendation_id, from_status, to_status,
                lag(to_status, 1, 'PENDING') over (partition by recommendation_id order by id) as before
            from fieldlab_ops.recommendation_events
        )
        select *
        from steps
        where
            from_status <> before
            or (from_status, to_status) not in (
                ('PENDING', 'VIEWED'), ('PENDING', 'DISMISSED'), ('PENDING', 'APPLIED'), ('PENDING', 'EXPIRED'),
                ('VIEWED', 'DISMISSED'), ('VIEWED', 'APPLIED'), ('VIEWED', 'EXPIRED'),
                ('EXPIRED', 'PENDING'), ('EXPIRED', 'VIEWED')
            )
    """,
    "a recommendation's status is not the one its last event led to": """
        select recommendations.id, status, last.to_status
        from fieldlab_ops.recommendations
        left join lateral (
            select to_status
            from fieldlab_ops.recommendation_events
            where recommendation_id = recommendations.id
            order by id desc limit 1
        ) as last on true
        where status <> coalesce(last.to_status, 'PENDING')
    """,
    "reports of a vendor are of several runs": """
        with publishing as (
            select run_id from fieldlab_ops.job_runs where job = 'alignment' and published
        )
        select vendor_id, array_agg(distinct run_id)
        from fieldlab_ops.alignment_reports
        where run_id in (select run_id from publishing)
        group by vendor_id
        having count(distinct run_id) > 1
    """,
    "a report was made from marts that no run finished": """
        select vendor_id, dealer_id, run_id
        from fieldlab_ops.alignment_reports
        where run_id not in (
            select run_id from fieldlab_ops.job_runs
            where job = 'alignment' and published or job = 'backfill' and outcome = 'succeeded'
        )
    """,
    "a report does not say what the recommendations say": """
        with said as (
            select vendor_id, dealer_id, run_id, upper(kind.key) as type,
                case jsonb_typeof(kind.value) when 'array' then jsonb_array_length(kind.value) end as number
            from fieldlab_ops.alignment_reports
            cross join lateral jsonb_each(report_data -> 'recommendations') as kind
        ),
        listed as (
            select vendor_id, dealer_id, run_id, type, count(*) as number
            from fieldlab_ops.alignment_recommendations
            group by vendor_id, dealer_id, run_id, type
        )
        (select 'said', * from said where number > 0 except select 'said', * from listed)
        union all
        (select 'listed', * from listed except select 'listed', * from said where number > 0)
    """,
    "one date of a history was written by several runs": """
        with dates as (
            select 'price_snapshots' as history, as_of, run_id from fieldlab_procurement.price_snapshots
            union all
            select 'item_price_history', as_of, run_id from fieldlab_procurement.item_price_history
            union all
            select 'dealer_influence_history', as_of, run_id from fieldlab_alignment.dealer_influence_history
            union all
            select 'collection_trend_history', as_of, run_id from fieldlab_alignment.collection_trend_history
        )
        select history, as_of, array_agg(distinct run_id)
        from dates
        group by history, as_of
        having count(distinct run_id) > 1
    """,
}

# These hold once a command that builds has succeeded.
FAULTS_AFTER_A_RUN = {
    "a run that was killed is still recorded as running": """
        select job, started_at from fieldlab_ops.job_runs where outcome = 'running'
    """,
    "dbt left a table behind": """
        select relname from pg_class where relname ~ '__dbt_(tmp|backup)' and relkind in ('r', 'v')
    """,
}

METRICS = """
    select
        date, item_id, vendor_id, branch_id, department_id, cost_center_id,
        total_amount, quantity, line_count, invoice_count
    from fieldlab_procurement.spending_metrics
"""


REMAKEABLE = """
    select vendor_id, dealer_id
    from fieldlab_ops.alignment_reports
    inner join fieldlab_alignment.dealer_influence using (vendor_id, dealer_id)
    inner join fieldlab_alignment.dealer_alignment using (vendor_id, dealer_id)
    order by 1, 2
"""


def find_faults(connection: psycopg.Connection, queries: Mapping[str, str]) -> list[str]:
    """What is wrong, with the first rows for which it is."""
    found = {what: connection.execute(sql.SQL(query)).fetchall() for what, query in queries.items()}
    return [f"{what}: {rows[:3]}" for what, rows in found.items() if rows]


def loaded_world(connection: psycopg.Connection, settings: Settings, worlds: Sequence[World]) -> World | None:
    """The world that all source tables hold, whole; None when none of these is."""
    there = {}
    for domain in DOMAINS:
        for table in tables_of(domain):
            columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
            relation = sql.Identifier(settings.source_schema(domain), table.name)
            rows = connection.execute(sql.SQL("select {} from {}").format(columns, relation)).fetchall()
            there[table.name] = Counter(rows)
    wholes = (world for world in worlds if there == {name: Counter(rows) for name, rows in world.tables.items()})
    return next(wholes, None)


# --- Processes -------------------------------------------------------------------------------------------------------


def processes(home: Path) -> dict[int, str]:
    """The command lines of all processes that work in this FIELDLAB_HOME, by process id, but for this one."""
    marker = f"FIELDLAB_HOME={home}\0".encode()
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            if marker in (folder / "environ").read_bytes() and int(folder.name) != os.getpid():
                found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    return found


def sessions(server: EmbeddedServer) -> list[int]:
    """The process ids of the server's sessions with clients."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            words = (folder / "cmdline").read_bytes().decode(errors="replace")
            if [parent] == server_watch.postmaster(server.folder)[:1] and "127.0.0.1" in words:
                found.append(int(folder.name))
    return found


# --- The harness -----------------------------------------------------------------------------------------------------


@dataclass
class Harness:
    """One installation under fire.

    Attributes:
        folder: Everything it writes.
        dice: Draws victims and moments.
        worlds: The worlds that the sources, and what was built from them, may hold: the newest last.
        seconds: How long each kind of command last took when it was left alone.
        tally: By victim, how its commands ended.
        faults: What was found wrong.
    """

    folder: Path
    dice: random.Random
    tell: Callable[[str], None]
    settings: Settings
    worlds: list[World] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    tally: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    faults: list[str] = field(default_factory=list)
    doing: str = "set-up"

    @property
    def server(self) -> EmbeddedServer:
        """The embedded server."""
        return embedded_server(self.settings)

    def fault(self, problem: str) -> None:
        """Note what is wrong."""
        self.faults.append(f"{self.doing}: {problem}")
        self.tell(f"FAULT {self.faults[-1]}")

    # Commands

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a fieldlab command."""
        with (self.folder / "output").open("w") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "runner", *arguments],
                cwd=self.settings.project_dir,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )

    def finish(self, process: subprocess.Popen[str], begun: float) -> tuple[int, float]:
        """Wait for a command: its exit code and its seconds."""
        try:
            code = process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.fault(f"the command hangs; its last words: {self.last_words()}")
            process.kill()
            code = process.wait()
        if "Traceback" in self.output():
            self.fault(f"a stack trace: {self.last_words()}")
        return code, time.monotonic() - begun

    def succeed(self, kind: str, *arguments: str) -> None:
        """Let a command run to its end; it must succeed."""
        begun = time.monotonic()
        code, seconds = self.finish(self.start(*arguments), begun)
        if code != 0:
            self.fault(f"`fieldlab {' '.join(arguments)}` exits with {code}: {self.last_words()}")
        self.seconds[kind] = seconds

    def output(self) -> str:
        """What the last command said."""
        return (self.folder / "output").read_text(errors="replace")

    def last_words(self) -> str:
        """The end of what the last command said."""
        return self.output()[-2000:].strip()

    # Looking

    @contextmanager
    def connect(self) -> Iterator[psycopg.Connection]:
        """A connection that needs no command; the server is started for it if need be."""
        with self.server.use() as url, psycopg.connect(url, autocommit=True) as connection:
            yield connection

    def look(self, command: "Command", extra: Mapping[str, str] | None = None, *, done: bool) -> None:
        """Check everything that must hold at any moment.

        Args:
            command: What was done last.
            extra: What must not be found besides.
            done: Whether it succeeded.
        """
        missing = frozenset[Row]() if done else command.missing
        is_new = done and command is FINISHED_RUN  # what it built and published is of the world that is loaded
        with self.connect() as connection:
            for problem in find_faults(connection, {**FAULTS, **(extra or {})}):
                self.fault(problem)
            world = loaded_world(connection, self.settings, self.worlds)
            if world is None:
                self.fault("the source tables hold neither the old load nor the new one whole")
            if world and is_new:
                self.worlds = [world]
            metrics = Counter(connection.execute(METRICS).fetchall())
            if metrics not in [Counter(one.metrics) for one in self.worlds]:
                self.fault(f"spending_metrics ({metrics.total()} rows) is not what the invoices add up to")
            reports = set(connection.execute("select vendor_id, dealer_id from fieldlab_ops.alignment_reports"))
            if reports | missing not in [one.active for one in self.worlds]:
                self.fault(f"the {len(reports)} reports are not those of all dealers of one load")
            problem = command.check(connection, done)
            if problem:
                self.fault(problem)

    def look_for_processes(self) -> None:
        """Whatever worked here must have ended."""
        end = time.monotonic() + GONE_AFTER_S
        left: object = True
        while left and time.monotonic() < end:
            time.sleep(POLL_S)
            left = processes(self.settings.home)
            if not left and server_watch.is_running(self.server.folder):
                left = "the server"
        if left:
            self.fault(f"{left} is left {GONE_AFTER_S:g} s after all commands ended")
            for pid in processes(self.settings.home):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.server.stop(at_once=True)

    # Killing

    def kill(self, process: subprocess.Popen[str], victim: str, moment: float) -> bool:
        """Kill the victim at a moment, or as soon as there is one; False when the command ended before."""
        with suppress(subprocess.TimeoutExpired):
            process.wait(moment)
        while process.poll() is None:
            found = self.victims(process, victim)
            if found:
                with suppress(ProcessLookupError):
                    os.kill(self.dice.choice(found), signal.SIGKILL)
                    return True
            time.sleep(POLL_S)
        return False

    def victims(self, process: subprocess.Popen[str], victim: str) -> list[int]:
        """The processes of this kind at the moment."""
        if victim == "worker":
            return [pid for pid, words in processes(self.settings.home).items() if words.endswith("worker.py")]
        if victim == "session":
            return sessions(self.server)
        if victim == "server":
            return [int(line) for line in server_watch.postmaster(self.server.folder)[:1]]
        return [process.pid]

    def round(self, number: int, victim: str) -> None:
        """Start a command, kill its victim, look, and let the command be done again."""
        kind = victim if victim in COMMANDS else "run"
        self.doing = f"kill {number}, {victim}"
        kept = self.dice.random() < SHARE_KEPT
        if kept:
            self.succeed("db", "db", "start")
        share = self.dice.random()
        command, code, killed = self.attempt(kind, victim, share)
        while not killed and code == 0:  # it was faster than the last one of its kind
            share /= 2
            command, code, killed = self.attempt(kind, victim, share)
        ended = ENDS.get(code, f"exit code {code}")
        self.tally[victim][ended] += 1
        self.doing = f"kill {number}, {victim} of `{' '.join(command.arguments)}` at {share:.0%}: {ended}"
        self.tell(self.doing)
        if not killed or code not in ENDS:
            self.fault(self.last_words())
        if kept:
            self.succeed("db", "db", "stop")
        self.look_for_processes()
        self.look(command, done=code == 0)
        if code:
            self.doing += ", done again"
            command = COMMANDS[kind](self) if kind == "decide" else command
            self.succeed(kind, *command.arguments)
            self.look(command, FAULTS_AFTER_A_RUN if kind in {"run", "backfill"} else {}, done=True)

    def attempt(self, kind: str, victim: str, share: float) -> "tuple[Command, int, bool]":
        """Start a command and kill its victim after a share of the usual time: exit code, whether it was killed."""
        command = COMMANDS[kind](self)
        begun = time.monotonic()
        process = self.start(*command.arguments)
        killed = self.kill(process, victim, share * self.seconds[kind])
        code, seconds = self.finish(process, begun)
        if not killed:
            self.seconds[kind] = seconds
        return command, code, killed

    def run_everything(self) -> None:
        """A whole run, after which everything is as if nothing had ever been killed."""
        self.doing += ", whole run"
        self.succeed("whole run", "run")
        self.look(FINISHED_RUN, FAULTS_AFTER_A_RUN, done=True)
        self.look_for_processes()


@dataclass(frozen=True)
class Command:
    """A command that may be killed.

    Attributes:
        arguments: As typed behind `fieldlab`.
        check: What is wrong with what it did, given whether it succeeded.
        missing: The report that may be missing until it succeeds.
    """

    arguments: Sequence[str]
    check: Callable[[psycopg.Connection, bool], str] = lambda _connection, _done: ""
    missing: frozenset[Row] = frozenset()


FINISHED_RUN = Command(("run",))


def run(harness: Harness) -> Command:
    """Some jobs."""
    return Command(("run", *(word for job in harness.dice.choice(JOBS) for word in ("--job", job))))


def load(harness: Harness) -> Command:
    """Another world in the place of the one that is there."""
    world = make_world(harness.worlds[-1].number + 1)
    folder = world.write(harness.folder / "files")
    harness.worlds.append(world)

    def check(connection: psycopg.Connection, done: bool) -> str:
        is_new = loaded_world(connection, harness.settings, [world]) is not None
        return "the load succeeded and its rows are not there" if done and not is_new else ""

    return Command(("load", str(folder)), check)


def decide(harness: Harness) -> Command:
    """Apply or dismiss up to three open recommendations: all of them or none."""
    statuses = "select id, status from fieldlab_ops.recommendations"
    with harness.connect() as connection:
        before = dict(connection.execute(statuses).fetchall())
    still_open = [key for key, status in before.items() if status in {"PENDING", "VIEWED"}]
    if not still_open:
        harness.fault("no recommendation is open: there is nothing to decide")
        return FINISHED_RUN
    ids = harness.dice.sample(still_open, min(3, len(still_open)))
    action, status = harness.dice.choice((("apply", "APPLIED"), ("dismiss", "DISMISSED")))

    def check(connection: psycopg.Connection, done: bool) -> str:
        after: dict[int, str] = dict(connection.execute(statuses).fetchall())
        decided = {**before, **dict.fromkeys(ids, status)}
        fine = [decided] if done else [decided, before]
        return "" if after in fine else f"{action} of {ids} is half done"

    return Command(("recommendations", action, *map(str, ids), "--by", "Ada"), check)


def backfill(harness: Harness) -> Command:
    """Two dates of one history."""
    job = harness.dice.choice(("alignment", "price-benchmarks"))
    last = AS_OF - timedelta(days=harness.dice.randint(7, 60))
    return Command(
        ("backfill", "--job", job, "--from", str(last - timedelta(days=7)), "--to", str(last), "--every", "7")
    )


def report(harness: Harness) -> Command:
    """A report that was taken away: it is made anew.

    A backfill builds the marts of what is loaded and publishes nothing: the published reports may be of an older load,
    and no dealer of theirs can be reported on. Then the alignment job runs first.
    """
    with harness.connect() as connection:
        rows = connection.execute(REMAKEABLE).fetchall()
    if not rows:
        harness.succeed("run", "run", "--job", "alignment")
    with harness.connect() as connection:
        rows = connection.execute(REMAKEABLE).fetchall()
        vendor, dealer = harness.dice.choice(rows)
        for table in ("alignment_reports", "alignment_recommendations"):
            relation = sql.Identifier("fieldlab_ops", table)
            delete = sql.SQL("delete from {} where vendor_id = %s and dealer_id = %s").format(relation)
            connection.execute(delete, [vendor, dealer])
    return Command(("report", dealer, "--vendor", vendor), missing=frozenset({(vendor, dealer)}))


COMMANDS: Mapping[str, Callable[[Harness], Command]] = {
    "run": run,
    "load": load,
    "decide": decide,
    "backfill": backfill,
    "report": report,
}
VICTIMS = (*COMMANDS, "worker", "session", "server")
"""The command itself, or what works for a run."""


def rounds(dice: random.Random, kills: int, victims: Sequence[str]) -> list[str]:
    """So many victims, each as often as any other, in any order."""
    drawn: list[str] = []
    while len(drawn) < kills:
        drawn += dice.sample(victims, len(victims))
    return drawn[:kills]


def kill_at_random(
    folder: Path, kills: int, seed: int, tell: Callable[[str], None], victims: Sequence[str] = VICTIMS
) -> Harness:
    """Set an installation up, kill at random, and look each time.

    Args:
        folder: Empty; everything is written there.
        kills: How many.
        seed: Draws victims and moments.
        tell: Is told what happens.
        victims: Some of VICTIMS.

    Returns:
        What was found.
    """
    with pytest.MonkeyPatch.context() as environment:
        for name in ("FIELDLAB_DATABASE_URL", "DBT_TARGET", "DBT_PROFILE"):
            environment.delenv(name, raising=False)
        for name in ("home", "target", "tmp"):
            (folder / name).mkdir()
        environment.setenv("FIELDLAB_HOME", str(folder / "home"))
        environment.setenv("FIELDLAB_AS_OF", AS_OF.isoformat())
        environment.setenv("DBT_TARGET_PATH", str(folder / "target"))
        environment.setenv("DBT_PROFILES_DIR", str(folder))  # not the developer's own profile
        environment.setenv("TMPDIR", str(folder / "tmp"))
        harness = Harness(folder, random.Random(seed), tell, load_settings(), [make_world(1)])
        try:
            _set_up(harness)
            for number, victim in enumerate(rounds(harness.dice, kills, victims), 1):
                harness.round(number, victim)
                if number % FULL_RUN_EVERY == 0 or number == kills:
                    harness.run_everything()
        finally:
            harness.server.stop(at_once=True)
    return harness


def _set_up(harness: Harness) -> None:
    """Load and build, and learn how long each command takes."""
    harness.succeed("load", "load", str(harness.worlds[0].write(harness.folder / "files")))
    harness.succeed("whole run", "run")
    harness.look(FINISHED_RUN, FAULTS_AFTER_A_RUN, done=True)
    for kind in ("run", "decide"):
        harness.succeed(kind, *COMMANDS[kind](harness).arguments)
    harness.seconds |= {"report": harness.seconds["decide"], "backfill": harness.seconds["run"]}


@click.command()
@click.option("--kills", type=click.IntRange(min=1), default=20, show_default=True, help="How many processes to kill.")
@click.option("--seed", type=int, default=1, show_default=True, help="Draws victims and moments.")
@click.option(
    "--victim", "victims", multiple=True, type=click.Choice(VICTIMS), help="Kill these alone.  [default: all of them]"
)
@click.option("--keep", is_flag=True, help="Leave the folder with database and files for a look.")
def main(*, kills: int, seed: int, victims: Sequence[str], keep: bool) -> None:
    """Kill fieldlab at random moments and tell what was found wrong."""
    folder = Path(tempfile.mkdtemp(prefix="fieldlab-kills-"))
    try:
        harness = kill_at_random(folder, kills, seed, click.echo, victims or VICTIMS)
    finally:
        if keep:
            click.echo(f"Everything is in {folder}.")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    for victim, ends in harness.tally.items():
        click.echo(f"{victim:<10}{', '.join(f'{end} {number}' for end, number in sorted(ends.items()))}")
    click.echo(f"{len(harness.faults)} faults")
    sys.exit(1 if harness.faults else 0)


if __name__ == "__main__":
    main()
