"""Would the advice have been right? Past cut-offs, what was known at each, and what dealers did in the days after.

`backtest()` reads staging and the rules' parameters and gives one row per vendor, cut-off, advice and ranking, as the
table alignment_backtests holds them. docs/backtest.md says what the numbers mean.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from runner.alignment import backtest_queries as queries
from runner.alignment.publish import add_order
from runner.database.query import query
from runner.errors import FieldlabError
from runner.ops import runs
from runner.ops.runs import Run
from runner.rounding import PUBLISHED_PLACES, rounded
from runner.rules.parameters import Values
from runner.rules.registry import RULES
from runner.rules.seed import read_parameters
from runner.settings import Settings

LISTED = 5
"""As many as the rankings by trend, by carriers and at random advise; the rule has its own limit."""

RESAMPLES = 1000
LOW, HIGH = Fraction(25, 1000), Fraction(975, 1000)
# Below these, an interval would say more than is known.
LEAST_DEALERS, LEAST_ADOPTIONS = 30, 10

ADD_RANKINGS = ("rule", "trend", "carriers", "random")
DROP_RANKINGS = ("rule", "random")

# An expectation of hits is no whole number; in sums over resamples it is counted in these units.
UNIT = 10**PUBLISHED_PLACES
FIELD_BITS = 64

VARIABLES = (
    *("market_visit_years", "sales_per_display", "full_score_sales", "full_score_collections"),
    *("full_score_market_visits", "influence_weight_sales", "influence_weight_breadth"),
    *("influence_weight_participation", "neutral_dealer_weight"),
)


@dataclass(frozen=True)
class Plan:
    """What to test.

    Attributes:
        cut_offs: The dates that advice is given on, oldest first.
        follow_days: How many days after a cut-off count.
        vendor_id: This vendor only; None is all.
        seed: Of the resampling.
        with_selections: Count selections with the status of today, which a cut-off could not know.
    """

    cut_offs: Sequence[date]
    follow_days: int
    vendor_id: str | None = None
    seed: int = 1
    with_selections: bool = False


class Score(NamedTuple):
    """What one ranking advised to some dealers, and how many of these came true; hits may be an expectation."""

    advised: int
    hits: Fraction

    @property
    def precision(self) -> Fraction | None:
        """Hits per advice; None without any."""
        return self.hits / self.advised if self.advised else None


NOTHING = Score(0, Fraction(0))


class Tally(NamedTuple):
    """One dealer's share in the test of one vendor and advice.

    Attributes:
        scores: By ranking; `cut` is that of carriers, cut to as many as the rule advises.
    """

    candidates: int
    adoptions: int
    scores: Mapping[str, Score]


class Row(NamedTuple):
    """A row of alignment_backtests, without the run and the moment."""

    basis: str
    vendor_id: str
    cut_off: date
    follow_days: int
    advice: str
    ranking: str
    dealer_count: int
    candidate_count: int
    adoption_count: int
    advised_count: int
    hit_count: Decimal
    precision: Decimal | None
    recall: Decimal | None
    lift: Decimal | None
    lift_low: Decimal | None
    lift_high: Decimal | None
    difference: Decimal | None
    difference_low: Decimal | None
    difference_high: Decimal | None


# Vendor and advice -> dealer -> its tally.
Tallies = Mapping[tuple[str, str], Mapping[str, Tally]]


class Tested(NamedTuple):
    """What one cut-off gave.

    Attributes:
        population: Each vendor's dealers.
    """

    basis: str
    cut_off: date
    follow_days: int
    population: Mapping[str, set[str]]
    tallies: Tallies


def cut_offs(first: date, last: date, every: int, follow: int) -> list[date]:
    """The cut-offs from the first date on, as long as the days that follow one end by the last date."""
    found = []
    cut_off = first
    while cut_off + timedelta(days=follow) <= last:
        found.append(cut_off)
        cut_off += timedelta(days=every)
    return found


def run_backtest(connection: psycopg.Connection, settings: Settings, plan: Plan, run: Run, now: datetime) -> list[Row]:
    """Test every cut-off and store the rows, in one transaction.

    Args:
        connection: In autocommit mode.
        settings: Names the schemas and the vars.
        plan: What to test.
        run: Names the rows; it becomes a row of job_runs.
        now: The moment of storing.

    Raises:
        FieldlabError: There is nothing to read, or no such vendor.
    """
    try:
        with connection.transaction():
            rows = backtest(connection, settings, plan)
            _store(connection, settings, rows, run.run_id, now)
            runs.record(connection, settings, run, "backtest", {"cut_offs": [day.isoformat() for day in plan.cut_offs]})
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
        raise FieldlabError(
            "There are no staging models of alignment yet.", "Make them with `fieldlab run --job alignment`."
        ) from error
    return rows


def backtest(connection: psycopg.Connection, settings: Settings, plan: Plan) -> list[Row]:
    """One row per vendor, cut-off, advice and ranking. Needs an open transaction, for temporary tables.

    Raises:
        FieldlabError: There is no such vendor.
    """
    names = {"zone": settings.zone.key, "vendor_id": plan.vendor_id}
    vendors = sorted(vendor for (vendor,) in connection.execute(query(settings, queries.VENDORS), names))
    if plan.vendor_id is not None and not vendors:
        raise FieldlabError(f"There is no vendor {plan.vendor_id}.", "`fieldlab report` names a dealer's vendors.")
    parameters = read_parameters(connection, settings, RULES)
    for statement in (queries.DISPLAYS, queries.SALES, queries.SELECTIONS):
        connection.execute(query(settings, statement), names)
    for table in ("backtest_displays", "backtest_sales"):
        connection.execute(f"analyze {table}")
    begins = _history_begins(connection, settings)

    rows = []
    for cut_off in plan.cut_offs:
        basis = _remember_selections(connection, settings, plan, cut_off, begins)
        tallies, population = _tallies(connection, settings, plan, cut_off, parameters)
        drawn = resample(tallies, sorted({dealer for own in population.values() for dealer in own}), plan.seed)
        tested = Tested(basis, cut_off, plan.follow_days, population, tallies)
        for vendor_id in vendors:
            rows += _rows_of(tested, vendor_id, drawn)
    return rows


def resample(tallies: Tallies, dealers: Sequence[str], seed: int) -> list[dict[tuple[str, str, str], Score]]:
    """Draw as many dealers as there are, with replacement, a thousand times; one draw for all vendors and rankings.

    A dealer's numbers are fields of one whole number, so that a resample is one sum; the sums are exact.

    Args:
        tallies: What was advised and hit.
        dealers: The population, in code-point order.
        seed: Of the generator, which begins anew at each cut-off.

    Returns:
        Per resample the score by vendor, advice and ranking.
    """
    keys = sorted({(*key, ranking) for key, each in tallies.items() for one in each.values() for ranking in one.scores})
    places = {key: 2 * place * FIELD_BITS for place, key in enumerate(keys)}
    packed = dict.fromkeys(dealers, 0)
    for key, each in tallies.items():
        for dealer, tally in each.items():
            for ranking, score in tally.scores.items():
                field = score.advised + (int(rounded(score.hits * UNIT)) << FIELD_BITS)
                packed[dealer] += field << places[*key, ranking]
    numbers = list(packed.values())
    generator = random.Random(seed)  # noqa: S311 - a resample, not a secret
    mask = (1 << FIELD_BITS) - 1
    drawn = []
    for _ in range(RESAMPLES if numbers else 0):
        total = sum(generator.choices(numbers, k=len(numbers)))
        drawn.append(
            {
                key: Score(total >> place & mask, Fraction(total >> place + FIELD_BITS & mask, UNIT))
                for key, place in places.items()
            }
        )
    return drawn


def interval(values: Iterable[Fraction | None]) -> tuple[Decimal | None, Decimal | None]:
    """The nearest-rank 2.5th and 97.5th percentile of the values there are."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return None, None
    low, high = (known[ceil(share * len(known)) - 1] for share in (LOW, HIGH))
    return _published(low), _published(high)


def verdicts(rows: Sequence[Row]) -> dict[str, str]:
    """Per vendor whether the rule's ADD is better than to name what most dealers carry.

    Better only when the interval of the difference lies above 0 at the majority of the cut-offs that have one, and
    nowhere below 0.
    """
    intervals: dict[str, list[tuple[Decimal, Decimal]]] = defaultdict(list)
    for row in rows:
        if row.advice == "ADD" and row.ranking == "rule":
            found = intervals[row.vendor_id]
            if row.difference_low is not None and row.difference_high is not None:
                found.append((row.difference_low, row.difference_high))
    return {vendor_id: _verdict(found) for vendor_id, found in intervals.items()}


def _verdict(intervals: Sequence[tuple[Decimal, Decimal]]) -> str:
    if not intervals:
        return "too few to tell"
    above = sum(low > 0 for low, _ in intervals)
    is_ever_below = any(high < 0 for _, high in intervals)
    return "better" if 2 * above > len(intervals) and not is_ever_below else "not better"


def _rows_of(tested: Tested, vendor_id: str, drawn: Sequence[Mapping[tuple[str, str, str], Score]]) -> list[Row]:
    rows = []
    tallies = tested.tallies
    dealer_count = len(tested.population.get(vendor_id, ()))
    for advice, rankings in (("ADD", ADD_RANKINGS), ("DROP", DROP_RANKINGS)):
        each = tallies.get((vendor_id, advice))
        if each is None and advice == "DROP":
            continue  # not measurable: no sale in the window
        of_dealers = list((each or {}).values())
        adoptions = sum(tally.adoptions for tally in of_dealers)
        totals: dict[str, Score] = defaultdict(lambda: NOTHING)
        for tally in of_dealers:
            for ranking, score in tally.scores.items():
                advised, hits = totals[ranking]
                totals[ranking] = Score(advised + score.advised, hits + score.hits)
        tells = dealer_count >= LEAST_DEALERS and adoptions >= LEAST_ADOPTIONS
        for ranking in rankings:
            score = totals[ranking]
            others = "cut" if ranking == "rule" else "carriers"
            keys = [(vendor_id, advice, name) for name in (ranking, "random", others)]
            samples = [[scores.get(key, NOTHING) for key in keys] for scores in drawn] if tells else []
            compares = advice == "ADD" and ranking != "carriers"
            rows.append(
                Row(
                    tested.basis,
                    vendor_id,
                    tested.cut_off,
                    tested.follow_days,
                    advice,
                    ranking,
                    dealer_count,
                    sum(tally.candidates for tally in of_dealers),
                    adoptions,
                    score.advised,
                    rounded(score.hits, PUBLISHED_PLACES),
                    _published(score.precision),
                    _published(score.hits / adoptions if adoptions else None),
                    _published(_lift(score, totals["random"])),
                    *interval(_lift(own, by_chance) for own, by_chance, _ in samples),
                    _published(_difference(score, totals[others]) if compares else None),
                    *(interval(_difference(own, other) for own, _, other in samples) if compares else (None, None)),
                )
            )
    return rows


def _lift(score: Score, by_chance: Score) -> Fraction | None:
    if score.precision is None or not by_chance.precision:
        return None
    return score.precision / by_chance.precision


def _difference(score: Score, other: Score) -> Fraction | None:
    if score.precision is None or other.precision is None:
        return None
    return score.precision - other.precision


def _published(value: Fraction | None) -> Decimal | None:
    return None if value is None else rounded(value, PUBLISHED_PLACES)


def _history_begins(connection: psycopg.Connection, settings: Settings) -> date | None:
    """The first date that the snapshot of selections tells of, if there is one."""
    found = connection.execute(queries.SNAPSHOT, {"schema": settings.schema("snapshots")}).fetchone()
    if not found or not found[0]:
        return None
    row = connection.execute(query(settings, queries.SNAPSHOT_BEGINS), {"zone": settings.zone.key}).fetchone()
    return row[0] if row else None


def _remember_selections(
    connection: psycopg.Connection, settings: Settings, plan: Plan, cut_off: date, begins: date | None
) -> str:
    """Put the selections that count at a cut-off into the temporary table, and say what they rest on."""
    connection.execute(queries.FORGET_SELECTIONS)
    names = {"zone": settings.zone.key, "cut_off": cut_off}
    basis = "displays"
    if begins is not None and begins <= cut_off:
        connection.execute(query(settings, queries.SELECTIONS_OF_THEN), names)
        basis = "history"
    elif plan.with_selections:
        connection.execute(query(settings, queries.SELECTIONS_OF_TODAY), names)
        basis = "leaky"
    connection.execute("analyze backtest_selections")
    return basis


def _tallies(
    connection: psycopg.Connection, settings: Settings, plan: Plan, cut_off: date, parameters: Mapping[str, Values]
) -> tuple[Tallies, Mapping[str, set[str]]]:
    """What each dealer was advised and did, and each vendor's population."""
    values = {**_parameters(settings, parameters), "cut_off": cut_off, "follow": plan.follow_days}
    values |= {"vendor_id": plan.vendor_id}
    for name, days in (("trend_after", "trend_window_days"), ("carry_after", "carry_window_days")):
        window = settings.variables.get(days)
        values[name] = date.min if window is None else cut_off - timedelta(days=int(window))
    connection.execute("drop table if exists backtest_pairs")
    connection.execute(query(settings, queries.PAIRS), values)
    connection.execute("analyze backtest_pairs")

    population: dict[str, set[str]] = defaultdict(set)
    for vendor_id, dealer_id in connection.execute(queries.POPULATION):
        population[vendor_id].add(dealer_id)
    tallies: dict[tuple[str, str], dict[str, Tally]] = defaultdict(dict)
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(queries.ADD_TALLIES, values):
            tallies[row["vendor_id"], "ADD"][row["dealer_id"]] = _add_tally(row)
        for row in cursor.execute(queries.DROP_TALLIES, values):
            tallies[row["vendor_id"], "DROP"][row["dealer_id"]] = _drop_tally(row)
    return tallies, population


def _add_tally(row: Mapping[str, Any]) -> Tally:
    candidates, adoptions, listed = row["candidate_count"], row["adoption_count"], row["listed_count"]
    return Tally(
        candidates,
        adoptions,
        {
            "rule": Score(row["rule_advised"], Fraction(row["rule_hits"])),
            "cut": Score(row["rule_advised"], Fraction(row["cut_hits"])),
            "trend": Score(listed, Fraction(row["trend_hits"])),
            "carriers": Score(listed, Fraction(row["carrier_hits"])),
            "random": Score(listed, Fraction(listed * adoptions, candidates)),
        },
    )


def _drop_tally(row: Mapping[str, Any]) -> Tally:
    candidates, gone, advised = row["candidate_count"], row["adoption_count"], row["rule_advised"]
    return Tally(
        candidates,
        gone,
        {
            "rule": Score(advised, Fraction(row["rule_hits"])),
            "random": Score(advised, Fraction(advised * gone, candidates)),
        },
    )


def _parameters(settings: Settings, parameters: Mapping[str, Values]) -> dict[str, Any]:
    """What the queries are tuned by: the vars of dbt_project.yml and the values of the rules."""
    keep, drop, add = (parameters[name] for name in ("keep", "drop", "add"))
    quiet_days = drop.optional("quiet_days")
    return {
        **{name: Decimal(str(settings.variable(name))) for name in VARIABLES},
        "keep_enabled": keep.enabled,
        "keep_min_trend": keep["min_trend"],
        "drop_enabled": drop.enabled,
        "drop_below_trend": drop["below_trend"],
        "drop_quiet_days": None if quiet_days is None else int(quiet_days),
        "drop_max_count": drop.count("max_count"),
        "add_enabled": add.enabled,
        "add_min_trend": add["min_trend"],
        "add_min_carrier_share": add.optional("min_carrier_share"),
        "add_min_carriers": add.count("min_carriers"),
        "add_max_count": add.count("max_count"),
        "order_by_carriers": add_order(settings) == "carriers",
        "listed": LISTED,
    }


def _store(
    connection: psycopg.Connection, settings: Settings, rows: Sequence[Row], run_id: UUID, now: datetime
) -> None:
    with connection.cursor() as cursor, cursor.copy(query(settings, queries.COPY_ROWS)) as copy:
        for row in rows:
            copy.write_row((run_id, *row, now))
