"""`fieldlab similar`: whom and what a text means, and what is listed."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from runner.cli import cli
from runner.errors import FieldlabError

PROJECT = Path(__file__).parents[2]

MARTS = """
create schema fieldlab_alignment;
set search_path = fieldlab_alignment;
create table products (product_id text, sku text, product_name text, vendor_id text);
create table dealers (dealer_id text, dealer_name text, region text);
create table dealer_influence (dealer_id text, vendor_id text);
create table similar_products (
    product_id text, similar_product_id text, similar_sku text, similar_product_name text, similarity numeric,
    basis text, similar_rank bigint, shared_dealer_count bigint
);
create table similar_dealers (
    dealer_id text, similar_dealer_id text, similar_dealer_name text, similarity numeric, shared_count bigint,
    carried_count bigint, similar_carried_count bigint, similar_rank bigint
);
create table dealer_collection_positions (
    vendor_id text, dealer_id text, collection_id text, collection_name text, is_carried boolean
);
insert into products values
('p1', 'S-1', 'Oak Chair', 'v1'), ('p2', 'S-2', 'Oak Chair', 'v2'),
('p3', 'S-3', 'p1', 'v1'), ('p4', 'S-4', 'Bed', 'v1');
insert into dealers values ('d1', 'Harbor Home', 'Texas'), ('d2', 'Second', null), ('d3', 'Third', null);
insert into dealer_influence values ('d1', 'v1');
insert into similar_products values
('p1', 'p4', 'S-4', 'Bed', 0.25, 'text', 2, 0), ('p1', 'p3', 'S-3', 'p1', 0.5, 'selections', 1, 6);
insert into similar_dealers values
('d1', 'd2', 'Second', 0.8, 2, 2, 3, 1), ('d1', 'd3', 'Third', 0.5, 1, 2, 2, 2);
insert into dealer_collection_positions values
('v1', 'd1', 'c1', 'Own', true), ('v1', 'd1', 'c2', 'Wanted', false),
('v1', 'd2', 'c1', 'Own', true), ('v1', 'd2', 'c2', 'Wanted', true), ('v2', 'd2', 'c3', 'Elsewhere', true),
('v1', 'd3', 'c2', 'Wanted', true), ('v1', 'd3', 'c4', 'Not carried', false);
reset search_path;
"""


@pytest.fixture(autouse=True)
def marts(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("FIELDLAB_PROJECT_DIR", str(PROJECT))
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(MARTS)
        yield


def similar(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["similar", *arguments])


def test_a_product_lists_what_is_like_it_and_why() -> None:
    lines = [line.split() for line in similar("S-1").stdout.splitlines() if line]
    assert lines[:2] == [["Oak", "Chair"], ["product", "·", "S-1", "·", "v1"]]
    assert lines[3:] == [
        ["1", "p1", "S-3", "50%", "6", "same", "dealers"],
        ["2", "Bed", "S-4", "25%", "0", "alike", "in", "words"],
    ]


def test_an_id_beats_a_name_and_a_vendor_tells_two_of_one_name_apart() -> None:
    assert "S-1" in similar("p1").stdout
    both = similar("oak chair")
    assert both.exit_code == 2
    assert "p1  product, v1" in both.output
    assert "p2  product, v2" in both.output
    assert "S-2" in similar("Oak Chair", "--vendor", "v2").stdout


def test_a_dealer_lists_those_like_it_and_what_they_carry_that_it_does_not() -> None:
    result = similar("harbor home")
    lines = [line.split() for line in result.stdout.splitlines() if line]
    assert lines[3:5] == [["1", "Second", "80%", "2", "3"], ["2", "Third", "50%", "1", "2"]]
    assert lines[6:] == [["1", "Wanted", "v1", "2", "of", "2"], ["2", "Elsewhere", "v2", "1", "of", "2"]]
    of_vendor = similar("d1", "--vendor", "v1").stdout
    assert "Wanted" in of_vendor
    assert "Elsewhere" not in of_vendor


def test_the_limit_holds_for_each_list_and_for_who_is_asked() -> None:
    shown = similar("d1", "--limit", "1").stdout
    assert "Third" not in shown
    assert "1 of 1" in shown


def test_what_is_not_there_is_told_with_what_is_near() -> None:
    result = similar("Harbour Home", "--json")
    assert result.exit_code == 1
    assert isinstance(result.exception, FieldlabError)
    assert "Did you mean Harbor Home" in result.exception.hint
    assert "nothing" not in similar("p4").stdout
    assert "No other product" in similar("p4").stdout
