"""Stands in for dbt's `adapter` while sqlfluff renders a model: macros/dialect is not linted, what calls it is."""

from collections.abc import Callable


def dispatch(macro: str, package: str) -> Callable[..., str]:
    """Give a macro that returns rows for those that do, an object for `json_object`, else its first argument."""
    if macro == "shared_size":  # compares two tables, and each counts as joined for it
        return lambda first, second: f"{first} & {second}"
    fixed = {
        "computed_once": "as",
        "computed_in_place": "as",
        "exact_type": "numeric",
        "json_object": "'{}'",
        "json_rows": "generate_series(1, 2)",
        "json_type": "jsonb",
        "moment_type": "timestamp with time zone",
        "name_words": "generate_series(1, 2)",
        "source_rows": "select 1 as one",
        "whole_numbers": "generate_series(1, 2)",
        "words_of": "generate_series(1, 2)",
    }
    if macro == "fingerprint":
        return lambda values, numbers=(): f"coalesce({', '.join(map(str, [*values, *numbers]))})"
    return lambda first="", *_, **__: fixed.get(macro, str(first))


def get_columns_in_relation(relation: object) -> list[dict[str, str]]:
    """Give the column that macros look for."""
    return [{"name": "content_fingerprint"}]
