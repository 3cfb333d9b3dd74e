"""The seed of the rules: what is accepted, and how a mistake in it is told."""

import csv
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from runner.errors import FieldlabError
from runner.rules.parameters import COUNT, SHARE, Rule, SeedRow, check_parameters
from runner.rules.registry import RULES
from runner.rules.seed import check_seed_file, read_parameters
from runner.settings import load_settings

PROJECT = Path(__file__).parents[2]
RULE = Rule("keep", {"min_trend": SHARE, "max_count": COUNT}, "KEEP")
GOOD: list[SeedRow] = [
    ("keep", "enabled", Decimal(1)),
    ("keep", "min_trend", Decimal("0.5")),
    ("keep", "max_count", Decimal(5)),
]


def changed(parameter: str, value: Decimal | None) -> list[SeedRow]:
    return [(rule, name, value if name == parameter else old) for rule, name, old in GOOD]


def fault_of(rows: list[SeedRow]) -> str:
    with pytest.raises(FieldlabError) as refusal:
        check_parameters(rows, [RULE])
    assert "seeds/recommendation_rules.csv" in str(refusal.value)
    assert "seeds/recommendation_rules.csv" in refusal.value.hint
    return str(refusal.value)


def test_values_are_exact_decimals_and_whole_ones_can_be_read_as_int() -> None:
    keep = check_parameters(GOOD, [RULE])["keep"]
    assert (keep.enabled, keep["min_trend"], keep.count("max_count")) == (True, Decimal("0.5"), 5)


def test_the_seed_in_the_project_fits_the_registry() -> None:
    with (PROJECT / "seeds" / "recommendation_rules.csv").open(encoding="utf-8", newline="") as lines:
        rows = [
            (row["rule_id"], row["parameter"], Decimal(row["value"]) if row["value"] else None)
            for row in csv.DictReader(lines)
        ]
    assert set(check_parameters(rows, RULES)) == {rule.rule_id for rule in RULES}
    check_seed_file(PROJECT, RULES)


def test_every_mistake_in_the_file_is_named_before_dbt_reads_it(tmp_path: Path) -> None:
    (tmp_path / "seeds").mkdir()
    seed = "rule_id,parameter,value\nkeep,enabled,yes\nkeep,min_trend,\nkeep,max_count, 2.5\n"
    (tmp_path / "seeds" / "recommendation_rules.csv").write_text(seed, encoding="utf-8")
    with pytest.raises(FieldlabError) as refusal:
        check_seed_file(tmp_path, [RULE])
    for fault in (
        'keep.enabled is "yes"; it must be a whole number from 0 to 1.',
        "keep.min_trend has no value; it must be a number from 0 to 1.",
        "keep.max_count is 2.5; it must be a whole number of at least 0.",
    ):
        assert fault in str(refusal.value)


@pytest.mark.parametrize("value", ["0", "1", "0.000000000001"])
def test_the_ends_of_a_range_belong_to_it(value: str) -> None:
    assert check_parameters(changed("min_trend", Decimal(value)), [RULE])["keep"]["min_trend"] == Decimal(value)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("min_trend", "1.000000000001"),
        ("min_trend", "-0.1"),
        ("min_trend", "NaN"),
        ("min_trend", "Infinity"),
        ("max_count", "2.5"),
        ("max_count", "-1"),
        ("enabled", "0.5"),
        ("enabled", "2"),
    ],
)
def test_a_value_out_of_range_is_named_with_what_would_be_right(parameter: str, value: str) -> None:
    fault = fault_of(changed(parameter, Decimal(value)))
    assert f"keep.{parameter} is {value}; it must be a" in fault


def test_an_empty_value_a_missing_and_an_unknown_parameter_and_rule_are_all_told_at_once() -> None:
    rows: list[SeedRow] = [
        ("keep", "enabled", None),
        ("keep", "max_count", Decimal(5)),
        ("keep", "min_trnd", Decimal("0.5")),
        ("kep", "enabled", Decimal(1)),
    ]
    fault = fault_of(rows)
    assert "keep.enabled has no value" in fault
    assert "keep.min_trend is missing; add a row with a number from 0 to 1" in fault
    assert "keep.min_trnd: the rule keep has no such parameter; it has enabled, min_trend, max_count" in fault
    assert "kep.enabled: there is no rule kep; the rules are keep" in fault


def test_a_parameter_given_twice_is_refused() -> None:
    assert "keep.max_count has 2 rows" in fault_of([*GOOD, ("keep", "max_count", Decimal(4))])


def test_only_a_nullable_parameter_may_be_empty() -> None:
    rule = Rule("keep", {"min_trend": SHARE.or_empty(), "max_count": COUNT}, "KEEP")
    keep = check_parameters(changed("min_trend", None), [rule])["keep"]
    assert keep.optional("min_trend") is None
    with pytest.raises(FieldlabError, match="max_count has no value"):
        check_parameters(changed("max_count", None), [rule])
    with pytest.raises(FieldlabError, match="is 2; it must be a number from 0 to 1, or empty"):
        check_parameters(changed("min_trend", Decimal(2)), [rule])


def test_a_seed_that_was_never_loaded_is_told_with_what_to_do(database_url: str) -> None:
    with psycopg.connect(database_url) as connection, pytest.raises(FieldlabError, match="not loaded") as refusal:
        read_parameters(connection, load_settings(), RULES)
    assert "dbt seed" in refusal.value.hint


def test_parameters_are_read_from_the_seed_table(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "create schema fieldlab_staging"
            " create table recommendation_rules (rule_id text, parameter text, value numeric)"
        )
        with connection.cursor() as cursor:
            cursor.executemany("insert into fieldlab_staging.recommendation_rules values (%s, %s, %s)", GOOD)
        assert read_parameters(connection, load_settings(), [RULE])["keep"]["min_trend"] == Decimal("0.5")
