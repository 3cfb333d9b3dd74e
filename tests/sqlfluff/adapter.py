"""Stands in for dbt's `adapter` while sqlfluff renders a model: macros/dialect is not linted, what calls it is."""

from collections.abc import Callable


def dispatch(macro: str, package: str) -> Callable[..., str]:
    """Give a macro that returns rows for those that do, an object for `json_object`, else its first argument."""
    if macro == "shared_size":  # compares two tables, and each counts as joined for it
        return lambda first, second: f"{first} & {second}"
    fixed = {"source_rows": "select 1 as one", "whole_numbers": "generate_series(1, 2)", "json_object": "'{}'"}
    return lambda first, *_, **__: fixed.get(macro, str(first))
