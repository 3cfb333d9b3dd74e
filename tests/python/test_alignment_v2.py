"""Similarity, centrality and SHIFT against their definitions, on data made of ties, odd words and chains."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import psycopg
import pytest
from dbt_database import DbtDatabase, dbt_database
from oracle import alignment_v2
from oracle.alignment import Sources
from oracle.alignment_data import STATUSES, Market, rows_for_copy
from oracle.alignment_v2 import KEYS, Tuning, central_trendsetters
from psycopg import sql

from runner.database.sources import create_source_tables
from runner.settings import load_settings

AS_OF = date(2025, 3, 31)
ZONE = "America/New_York"
WORDS = ("Oak", "oak", "OAK-chair", "Bücher", "ÄRMEL", "x", "24", '24"H', "the", "Queen", "bed", "日本", "a1", "")


@dataclass(frozen=True)
class World:
    """One installation: its chance and its settings."""

    seed: int
    tuning: Tuning


WORLDS = [
    World(1, Tuning(similar_min_dealers=5)),
    World(2, Tuning(carry_window_days=60, similar_min_dealers=2, enable_centrality=False)),
    World(3, Tuning(similar_min_dealers=3, trend_method="factor", trendsetter_method="centrality")),
]


@pytest.fixture(scope="module")
def database(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DbtDatabase]:
    with dbt_database(server_url, tmp_path_factory.mktemp("alignment_v2")) as opened:
        yield opened


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: f"seed {world.seed}")
def test_every_column_is_what_its_definition_says(database: DbtDatabase, world: World) -> None:
    sources = random_sources(world.seed)
    fill(database, sources)
    variables = {"timezone": ZONE, **vars(world.tuning)}
    models = [f"+{mart}" for mart in (*KEYS, "dealer_influence")]
    database.run(
        "build",
        "--select",
        *models,
        "--exclude-resource-type",
        "unit_test",
        "--indirect-selection",
        "cautious",
        "--vars",
        json.dumps(variables),
        as_of=AS_OF,
    )

    expected = alignment_v2.marts(sources, AS_OF, ZONE, world.tuning)
    for mart, rows in expected.items():
        assert len(rows) > 20 or not world.tuning.enable_centrality
        assert differences(mart, rows, database.rows(f"select * from fieldlab_alignment.{mart}")) == []
    if world.tuning.trendsetter_method == "centrality":
        found = database.rows(
            "select vendor_id, dealer_id from fieldlab_alignment.dealer_influence where is_trendsetter"
        )
        assert {(row["vendor_id"], row["dealer_id"]) for row in found} == central_trendsetters(
            expected["dealer_centrality"]
        )


def random_sources(seed: int) -> Sources:
    """Vendors of every small size, products with odd words, dealers in chains, stars and crowds."""
    rng = random.Random(seed)
    market = Market(AS_OF, ZONE)
    for number in range(6):
        vendor = f"v{number}"
        products = [p for _ in range(rng.randint(1, 5)) for p in market.collection(vendor, rng.randint(1, 7))]
        for _ in range(rng.randint(20, 120)):
            dealer, product = f"d{rng.randint(0, 25)}", products[int(len(products) * rng.random() ** 2)]
            market.selects(dealer, product, rng.choice(STATUSES), market.ago(rng.choice((-1, 0, 1, 59, 60, 400))))
            if rng.random() < 0.4:
                market.displays(
                    dealer, rng.choice(products), f"M{rng.randint(1, 4)}", market.ago(rng.choice((-1, 0, 59, 60)))
                )
    chain = market.collection("chain", 40)
    order = rng.sample(range(40), 40)
    for place in range(39):
        for product in (chain[place], chain[place + 1]):
            market.selects(f"link-{order[place]}", product, rng.choice(STATUSES[1:]))
    for place, product in enumerate(market.collection("pairs", 3)):
        for number in range(place + 3):
            market.selects(f"pair-{place}-{number}", product, "MUST_CARRY")
    sources = market.sources
    for key, product in sources.products.items():
        sources.products[key] = replace(
            product,
            name=" ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 3))),
            description=", ".join(rng.choice(WORDS) for _ in range(rng.randint(0, 4))),
            product_type=rng.choice([None, "chair", "chair", "Chair"]),
            size=rng.choice([None, "S", "L"]),
            finish=rng.choice([None, "oak", "ash"]),
        )
    return sources


def fill(database: DbtDatabase, sources: Sources) -> None:
    """Put the sources into fresh tables, the optional columns of products too."""
    database.reset("procurement")
    tables: dict[str, tuple[Sequence[str], Sequence[Sequence[object]]]] = dict(rows_for_copy(sources))
    tables["Product"] = (
        ("id", "sku", "name", "description", "collectionId", "productType", "size", "finish"),
        [
            (*(key, row.sku, row.name, row.description, row.collection_id), row.product_type, row.size, row.finish)
            for key, row in sources.products.items()
        ],
    )
    with psycopg.connect(database.url) as connection:
        create_source_tables(connection, load_settings(), "alignment", with_optional=True)
        for table, (columns, rows) in tables.items():
            statement = sql.SQL("copy {} ({}) from stdin").format(
                sql.Identifier("raw_alignment", table), sql.SQL(", ").join(map(sql.Identifier, columns))
            )
            with connection.cursor() as cursor, cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(row)


def differences(mart: str, expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> list[str]:
    """What a mart says otherwise than expected, one sentence per value."""
    wanted = {tuple(row[column] for column in KEYS[mart]): row for row in expected}
    seen = {tuple(row[column] for column in KEYS[mart]): row for row in found}
    sentences = [f"{mart}: {len(found)} rows, not {len(expected)}"] if len(found) != len(expected) else []
    sentences += [f"{mart} {key} is missing" for key in wanted.keys() - seen.keys()]
    sentences += [f"{mart} {key} is not expected" for key in seen.keys() - wanted.keys()]
    return sentences + [
        f"{mart} {key}: {column} is {seen[key][column]}, not {value}"
        for key in wanted.keys() & seen.keys()
        for column, value in wanted[key].items()
        if exact(seen[key][column]) != value
    ]


def exact(value: Any) -> Any:
    """A decimal as a fraction, so that 1.0 and 1 are one number."""
    return Fraction(value) if isinstance(value, Decimal) else value
