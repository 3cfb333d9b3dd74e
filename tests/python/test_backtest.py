"""The back-test: counted as its definition says, right about planted worlds, honest about what it cannot know."""

import csv
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from click.testing import CliRunner
from oracle.backtest import Display, Sale, World, expected

from runner.alignment.backtest import Plan, Row, cut_offs, interval, run_backtest, verdicts
from runner.cli import cli
from runner.database.migrate import ensure
from runner.ops.runs import Run
from runner.settings import Settings

PROJECT = Path(__file__).parents[2]
SETTINGS = Settings(project_dir=PROJECT, home=PROJECT / ".fieldlab")
NOW = datetime(2025, 1, 1, 4, tzinfo=UTC)

TABLES = """
create schema fieldlab_staging;
set search_path = fieldlab_staging;
create table stg_alignment__collections (collection_id text, collection_name text, vendor_id text);
create table int_alignment__products_joined (product_id text, collection_id text, vendor_id text);
create table stg_alignment__displays (dealer_id text, product_id text, source_market text, ordered_at timestamp);
create table stg_alignment__dealer_sales (dealer_id text, product_id text, amount numeric, sold_at timestamp);
create table stg_alignment__selections (
    selection_id text, dealer_id text, product_id text, status text, created_at timestamp
);
create table selection_weights (status text, weight numeric);
insert into selection_weights values ('PASSED', 1), ('INTERESTED', 2), ('SELECTED', 3), ('MUST_CARRY', 4);
create table recommendation_rules (rule_id text, parameter text, value numeric, unit text, description text);
reset search_path;
"""


@pytest.fixture
def staging(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True, options="-c timezone=UTC") as connection:
        connection.execute(TABLES)
        with (PROJECT / "seeds" / "recommendation_rules.csv").open(encoding="utf-8", newline="") as lines:
            rows = [tuple(value or None for value in row.values()) for row in csv.DictReader(lines)]
        connection.cursor().executemany(
            "insert into fieldlab_staging.recommendation_rules values (%s, %s, %s, %s, %s)", rows
        )
        ensure(connection, SETTINGS)
        yield connection


def fill(connection: psycopg.Connection, world: World) -> None:
    insert = connection.cursor().executemany
    insert(
        "insert into fieldlab_staging.stg_alignment__collections values (%s, %s, %s)",
        [(key, name, vendor) for key, (vendor, name) in world.collections.items()],
    )
    insert(
        "insert into fieldlab_staging.int_alignment__products_joined values (%s, %s, %s)",
        [(key, collection, world.vendor(key)) for key, collection in world.products.items()],
    )
    insert(
        "insert into fieldlab_staging.stg_alignment__displays values (%s, %s, %s, %s)",
        [(row.dealer, row.product, row.market, row.on) for row in world.displays],
    )
    insert(
        "insert into fieldlab_staging.stg_alignment__dealer_sales values (%s, %s, %s, %s)",
        [(row.dealer, row.product, row.amount, row.on) for row in world.sales],
    )


def select(connection: psycopg.Connection, *rows: tuple[str, str, str, date]) -> None:
    connection.cursor().executemany(
        "insert into fieldlab_staging.stg_alignment__selections values (gen_random_uuid(), %s, %s, %s, %s)", rows
    )


def back_test(connection: psycopg.Connection, *days: date, follow: int = 90, **options: object) -> list[Row]:
    run = Run(as_of=NOW.date(), explicit_as_of=False, run_id=uuid4())
    return run_backtest(connection, SETTINGS, Plan(days, follow, **options), run, NOW)  # type: ignore[arg-type]


def of(rows: list[Row], ranking: str, advice: str = "ADD") -> list[Row]:
    return [row for row in rows if (row.ranking, row.advice) == (ranking, advice)]


def chance_world(seed: int) -> World:
    """Two vendors, ties in names and trends, displays around every edge of the windows."""
    rng = random.Random(seed)
    collections = {f"c{n}": (f"v{n % 2}", rng.choice(["Aspen", "aspen", "Birch"])) for n in range(24)}
    products = {f"p{n}": f"c{n % 24}" for n in range(60)}
    edges = (0, 1, 89, 90, 91, -1, -90, -91, -364, -365, -366, -730, -731, -732, -400, -30)
    cut_off = date(2024, 2, 29)

    def somewhen() -> date:
        return cut_off + timedelta(rng.choice(edges))

    displays = [
        Display(f"d{rng.randint(0, 40)}", f"p{int(60 * rng.random() ** 2)}", f"M{rng.randint(1, 5)}", somewhen())
        for _ in range(900)
    ]
    sales = [
        Sale(f"d{rng.randint(0, 40)}", f"p{2 * rng.randint(0, 29)}", rng.choice([-5, 0, 10]), somewhen())
        for _ in range(200)
    ]
    return World(collections, products, displays, sales)


@pytest.mark.parametrize(
    ("seed", "share", "quiet_days"), [(1, None, None), (2, None, None), (3, "0.4", 31), (4, "0.25", 400)]
)
def test_everything_counted_is_what_its_definition_says(
    staging: psycopg.Connection, seed: int, share: str | None, quiet_days: int | None
) -> None:
    world = chance_world(seed)
    fill(staging, world)
    tune = "update fieldlab_staging.recommendation_rules set value = %s where rule_id = %s and parameter = %s"
    staging.execute(tune, [share, "add", "min_carrier_share"])
    staging.execute(tune, [quiet_days, "drop", "quiet_days"])
    rows = back_test(staging, date(2024, 2, 29), date(2024, 5, 29))
    for cut_off in (date(2024, 2, 29), date(2024, 5, 29)):
        found = {
            (row.vendor_id, row.advice, row.ranking): (
                *(row.dealer_count, row.candidate_count, row.adoption_count, row.advised_count),
                row.hit_count,
            )
            for row in rows
            if row.cut_off == cut_off
        }
        wanted = expected(world, cut_off, 90, Fraction(share) if share else None, quiet_days)
        assert {key: value[:4] for key, value in found.items()} == {key: value[:4] for key, value in wanted.items()}
        for key, (*_, hits) in wanted.items():
            assert abs(Fraction(found[key][4]) - hits) <= Fraction(1, 2 * 10**12)


def planted(by_carriers: bool, seed: int = 7) -> World:
    """One vendor, 200 dealers, 20 collections, four cut-offs; in each window half the dealers adopt one collection.

    It is the one that most carry among those they lack, or any. A few influential dealers display much of what hardly
    anybody else carries, so that trend and carriers disagree.
    """
    rng = random.Random(seed)
    collections = {f"c{n:02}": ("v", f"N{n:02}") for n in range(20)}
    products = {f"c{n:02}-{m}": f"c{n:02}" for n in range(20) for m in range(12)}
    start = date(2023, 1, 1)
    displays = []
    carried: dict[str, set[str]] = {}
    for number in range(200):
        dealer = f"d{number:03}"
        own = {f"c{n:02}" for n in range(20) if rng.random() < 0.9 - n * 0.04}
        carried[dealer] = own | {"c19"}
        displays += [Display(dealer, f"{key}-0", "M1", start) for key in carried[dealer]]
        if number < 8:
            loud = [f"c{n}" for n in range(13, 19)]
            displays += [Display(dealer, f"{key}-{m}", f"M{m}", start) for key in loud for m in range(6)]
            carried[dealer] |= set(loud)
    for window in range(4):
        when = start + timedelta(30 + 90 * window)
        counts = {key: sum(key in own for own in carried.values()) for key in collections}
        chosen = []
        for dealer, own in carried.items():
            missing = sorted(set(collections) - own, key=lambda key: (-counts[key], key))
            if missing and rng.random() < 0.5:
                chosen.append((dealer, missing[0] if by_carriers else rng.choice(missing)))
        for dealer, key in chosen:
            carried[dealer].add(key)
            displays.append(Display(dealer, f"{key}-0", f"W{window}", when))
    return World(collections, products, displays, [])


WINDOWS = [date(2023, 1, 15) + timedelta(90 * n) for n in range(4)]


def test_where_carriers_decide_carriers_win_and_the_rule_that_orders_by_them_is_not_better(
    staging: psycopg.Connection,
) -> None:
    fill(staging, planted(by_carriers=True))
    rows = back_test(staging, *WINDOWS)
    for carriers, trend in zip(of(rows, "carriers"), of(rows, "trend"), strict=True):
        assert carriers.recall == 1
        assert carriers.lift_low is not None
        assert carriers.lift_low > 1
        assert trend.recall is not None
        assert trend.recall < 1
        assert trend.difference_high is not None
        assert trend.difference_high < 0
    assert verdicts(rows) == {"v": "not better"}


def test_where_chance_decides_no_ranking_is_better(staging: psycopg.Connection) -> None:
    fill(staging, planted(by_carriers=False))
    rows = back_test(staging, *WINDOWS)
    assert verdicts(rows) == {"v": "not better"}
    for ranking in ("rule", "trend", "carriers"):
        within = [row.lift_low <= 1 <= row.lift_high for row in of(rows, ranking) if row.lift_low and row.lift_high]
        assert sum(within) >= len(within) - 1 > 0  # an interval of 95 percent may miss once


def test_chance_has_a_lift_of_one_and_carriers_no_difference(staging: psycopg.Connection) -> None:
    fill(staging, planted(by_carriers=True))
    rows = back_test(staging, WINDOWS[0])
    ((chance,), (carriers,)) = of(rows, "random"), of(rows, "carriers")
    assert chance.lift == 1
    assert (carriers.difference, carriers.difference_low, carriers.difference_high) == (None, None, None)


def test_the_same_seed_gives_the_same_intervals_and_another_one_others(staging: psycopg.Connection) -> None:
    fill(staging, planted(by_carriers=True))
    once, again, other = (back_test(staging, WINDOWS[1], seed=seed) for seed in (1, 1, 2))
    assert once == again
    assert [row.lift for row in once] == [row.lift for row in other]
    assert [row.lift_low for row in once] != [row.lift_low for row in other]


def test_too_few_dealers_or_adoptions_have_no_interval(staging: psycopg.Connection) -> None:
    world = planted(by_carriers=True)
    few = {f"d{number:03}" for number in range(29)}
    fill(staging, World(world.collections, world.products, [d for d in world.displays if d.dealer in few], []))
    rows = back_test(staging, *WINDOWS)
    assert {row.lift_low for row in rows} == {None}
    assert verdicts(rows) == {"v": "too few to tell"}


def test_a_percentile_is_the_nearest_rank_of_the_values_there_are() -> None:
    thousand = [Fraction(n) for n in range(1, 1001)]
    assert interval(random.Random(1).sample(thousand, 1000)) == (25, 975)
    assert interval([None, Fraction(1), None, Fraction(2)]) == (1, 2)
    assert interval([None]) == (None, None)


def test_the_rule_is_better_only_at_the_majority_of_cut_offs_and_never_worse() -> None:
    def rows(*intervals: tuple[str, str] | None) -> list[Row]:
        row = Row("displays", "v", date(2024, 1, 1), 90, "ADD", "rule", *[1] * 4, Decimal(1), *[None] * 8)
        return [
            row._replace(difference_low=Decimal(pair[0]), difference_high=Decimal(pair[1])) if pair else row
            for pair in intervals
        ]

    assert verdicts(rows(("0.1", "0.2"), ("0.1", "0.2"), ("-0.1", "0.2"), None)) == {"v": "better"}
    assert verdicts(rows(("0.1", "0.2"), ("-0.1", "0.2"))) == {"v": "not better"}
    assert verdicts(rows(("0.1", "0.2"), ("0.1", "0.2"), ("-0.2", "-0.1"))) == {"v": "not better"}
    assert verdicts(rows(None, None)) == {"v": "too few to tell"}


def test_selections_with_the_status_of_today_are_called_leaky(staging: psycopg.Connection) -> None:
    fill(staging, World({"c": ("v", "C")}, {"p": "c"}, [Display("a", "p", "M", date(2024, 1, 1))], []))
    fill(staging, World({"e": ("v", "E")}, {"q": "e"}, [Display("b", "q", "M", date(2024, 1, 1))], []))
    select(staging, ("a", "q", "SELECTED", date(2024, 1, 2)), ("b", "p", "MUST_CARRY", date(2024, 3, 1)))
    (plain, *_), (leaky, *_) = (back_test(staging, date(2024, 2, 1), with_selections=leaks) for leaks in (False, True))
    assert (plain.basis, plain.candidate_count) == ("displays", 2)
    assert (leaky.basis, leaky.candidate_count) == ("leaky", 1)


def test_selections_as_they_were_count_from_where_their_history_begins(staging: psycopg.Connection) -> None:
    fill(staging, World({"c": ("v", "C")}, {"p": "c"}, [Display("a", "p", "M", date(2024, 1, 1))], []))
    fill(staging, World({"e": ("v", "E")}, {"q": "e"}, [Display("b", "q", "M", date(2024, 1, 1))], []))
    staging.execute(
        """
        create schema fieldlab_snapshots;
        create table fieldlab_snapshots.selections_snapshot (
            selection_id text, dealer_id text, product_id text, status text, created_at timestamp,
            dbt_valid_from timestamp, dbt_valid_to timestamp
        );
        insert into fieldlab_snapshots.selections_snapshot values
        ('s', 'a', 'q', 'INTERESTED', '2024-01-01', '2024-02-01 23:59', '2024-02-03 00:00'),
        ('s', 'a', 'q', 'SELECTED', '2024-01-01', '2024-02-03 00:00', null)
        """
    )
    days = [date(2024, 1, 31), date(2024, 2, 1), date(2024, 2, 2), date(2024, 2, 3)]
    rows = of(back_test(staging, *days, follow=1, with_selections=True), "rule")
    assert [(row.basis, row.candidate_count) for row in rows] == [
        ("leaky", 2),
        ("history", 2),
        ("history", 2),
        ("history", 1),
    ]


def test_a_back_test_is_kept_with_a_run_of_its_own(staging: psycopg.Connection) -> None:
    fill(staging, planted(by_carriers=True))
    rows = back_test(staging, *WINDOWS)
    kept = staging.execute(
        "select kind, job, outcome, count(*) from fieldlab_ops.alignment_backtests"
        " inner join fieldlab_ops.job_runs using (run_id) group by 1, 2, 3"
    ).fetchall()
    assert kept == [("run", "backtest", "succeeded", len(rows))]


def test_cut_offs_go_on_as_long_as_their_window_has_passed() -> None:
    first = date(2024, 1, 1)
    assert cut_offs(first, first + timedelta(180), 90, 90) == [first, first + timedelta(90)]
    assert cut_offs(first, first + timedelta(89), 90, 90) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--every", "30"], "would overlap"),
        (["--follow", "400", "--every", "400"], "No cut-off fits"),
        (["--to", "2024-12-31"], "lies after today"),
    ],
)
def test_what_cannot_be_tested_is_refused(arguments: list[str], words: str) -> None:
    options = ["--from", "2024-01-01", "--to", "2024-06-30", "--as-of", "2024-06-30", *arguments]
    result = CliRunner().invoke(cli, ["backtest", *options])
    assert result.exit_code == 2
    assert words in result.output.replace("\n", " ")


def test_the_text_says_what_it_measures_and_what_leaks(
    staging: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(staging, planted(by_carriers=True))
    monkeypatch.setenv("FIELDLAB_PROJECT_DIR", str(PROJECT))
    arguments = ["backtest", "--from", "2023-01-15", "--to", "2023-12-31", "--as-of", "2023-12-31"]
    plain, leaky = (CliRunner().invoke(cli, [*arguments, *more]) for more in ([], ["--with-selections"]))
    assert plain.exit_code == leaky.exit_code == 0
    words = " ".join(plain.stdout.split())
    assert "would have adopted a collection anyway, not what the advice causes" in words
    assert "DROP: not measurable" in words
    assert "The rule is not better than naming what most dealers carry." in words
    assert "LEAKY" not in words
    assert "LEAKY" in leaky.stdout
    as_json = CliRunner().invoke(cli, [*arguments, "--with-selections", "--json"])
    assert '"leaky": true' in as_json.stdout
    assert '"basis": "leaky"' in as_json.stdout
