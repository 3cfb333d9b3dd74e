"""Small alignment marts made by hand, in the columns of the real ones that publishing and reports read."""

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import psycopg

from runner.database.migrate import ensure
from runner.rules.parameters import Values
from runner.rules.registry import RULES
from runner.rules.seed import read_parameters
from runner.settings import Settings

PROJECT = Path(__file__).parents[2]
SETTINGS = Settings(project_dir=PROJECT, home=PROJECT / ".fieldlab")
AS_OF = "2022-10-31"
COMPUTED_AT = "2022-11-01 02:00:00+00"
MARTS_RUN = UUID("00000000-0000-4000-8000-000000000031")

TABLES = """
create schema fieldlab_alignment;
create schema fieldlab_staging;
set search_path = fieldlab_alignment;
create table dealers (dealer_id text, dealer_name text, region text, dealer_type text);
create table dealer_influence (
    vendor_id text, dealer_id text, score integer, sales_volume_score integer, display_breadth_score integer,
    market_participation_score integer, is_trendsetter boolean, as_of date,
    computed_at timestamp with time zone, run_id text
);
create table dealer_alignment (
    vendor_id text, dealer_id text, alignment_score integer, confidence text, collection_count bigint, as_of date,
    computed_at timestamp with time zone, run_id text
);
create table collection_trends (
    vendor_id text, collection_id text, collection_name text, raw_trend numeric(38, 12), trend_base numeric(38, 12),
    normalized_trend numeric(38, 12), selection_count bigint, selecting_dealer_count bigint, display_count bigint,
    carrying_dealer_count bigint, active_dealer_count bigint, trend_rank bigint,
    as_of date, computed_at timestamp with time zone, run_id text
);
create table dealer_collection_positions (
    vendor_id text, dealer_id text, collection_id text, collection_name text, is_carried boolean,
    last_displayed_on date, last_selected_on date, highest_status text, as_of date,
    computed_at timestamp with time zone, run_id text
);
create table shift_opportunities (
    vendor_id text, dealer_id text, collection_id text, collection_name text, from_product_id text,
    from_product_name text, from_sku text, from_size text, from_finish text, to_product_id text, to_product_name text,
    to_sku text, to_size text, to_finish text, changes text, is_selected boolean, from_raw_trend numeric,
    to_raw_trend numeric, trend_base numeric, to_trend numeric, delta numeric, from_carrying_dealer_count bigint,
    to_carrying_dealer_count bigint, shift_rank bigint, shift_count bigint, as_of date,
    computed_at timestamp with time zone, run_id text
);
create table alignment_advice_outcomes (
    vendor_id text, dealer_id text, collection_id text, type text, first_advised date, followed_on date
);
create table fieldlab_staging.recommendation_rules (
    rule_id text, parameter text, value numeric, unit text, description text
);
reset search_path;
"""


@dataclass(frozen=True)
class Market:
    """One vendor: its collections (name, raw trend) and what each active dealer carries, by id."""

    collections: Mapping[str, tuple[str, str]]
    dealers: Mapping[str, set[str]]


@contextmanager
def open_marts(url: str) -> Iterator[psycopg.Connection]:
    """A connection to a database with empty marts, the seed of the rules and the runner's own tables."""
    with psycopg.connect(url, autocommit=True, options="-c timezone=UTC") as connection:
        connection.execute(TABLES)
        with (PROJECT / "seeds" / "recommendation_rules.csv").open(encoding="utf-8", newline="") as lines:
            rows = [tuple(value or None for value in row.values()) for row in csv.DictReader(lines)]
        connection.cursor().executemany(
            "insert into fieldlab_staging.recommendation_rules values (%s, %s, %s, %s, %s)", rows
        )
        ensure(connection, SETTINGS)
        yield connection


def parameters(connection: psycopg.Connection) -> dict[str, Values]:
    return read_parameters(connection, SETTINGS, RULES)


def fill(connection: psycopg.Connection, vendors: Mapping[str, Market], *, as_of: str = AS_OF) -> None:
    """Replace what the marts hold."""
    marts = ("dealers", "dealer_influence", "dealer_alignment", "collection_trends", "dealer_collection_positions")
    insert = connection.cursor().executemany
    with connection.transaction():
        for mart in marts:
            connection.execute(f"truncate fieldlab_alignment.{mart}")
        dealers = sorted({dealer for market in vendors.values() for dealer in market.dealers})
        insert(
            "insert into fieldlab_alignment.dealers values (%s, %s, %s, 'SHOWROOM')",
            [(dealer, f"Dealer {dealer}", "Southeast") for dealer in dealers],
        )
        for vendor, market in vendors.items():
            stamp = (as_of, COMPUTED_AT, str(MARTS_RUN))
            raws = {key: Decimal(raw) for key, (_, raw) in market.collections.items()}
            base = max([Decimal(1), *raws.values()])
            carriers = {key: sum(key in carried for carried in market.dealers.values()) for key in raws}
            insert(
                "insert into fieldlab_alignment.dealer_influence values (%s, %s, 64, 80, 45, 100, true, %s, %s, %s)",
                [(vendor, dealer, *stamp) for dealer in market.dealers],
            )
            insert(
                "insert into fieldlab_alignment.dealer_alignment values (%s, %s, 73, 'medium', %s, %s, %s, %s)",
                [(vendor, dealer, len(carried), *stamp) for dealer, carried in market.dealers.items()],
            )
            insert(
                "insert into fieldlab_alignment.collection_trends"
                " values (%s, %s, %s, %s, %s, %s, 7, %s, 2, %s, %s, %s, %s, %s, %s)",
                [
                    (
                        *(vendor, key, name, raws[key], base, raws[key] / base, carriers[key], carriers[key]),
                        *(len(market.dealers), 1 + sum(other > raws[key] for other in raws.values()), *stamp),
                    )
                    for key, (name, _) in market.collections.items()
                ],
            )
            insert(
                "insert into fieldlab_alignment.dealer_collection_positions"
                " values (%s, %s, %s, %s, %s, %s, null, %s, %s, %s, %s)",
                [
                    (
                        *(vendor, dealer, key, market.collections[key][0], key in carried),
                        *(("2022-09-30", "PASSED") if key in carried else (None, None)),
                        *stamp,
                    )
                    for dealer, carried in market.dealers.items()
                    for key in raws
                    if key in carried or raws[key] >= Decimal("0.7") * base
                ],
            )
