"""Stands in for dbt's `adapter` while sqlfluff renders a model: macros/dialect is not linted, what calls it is."""

from collections.abc import Callable


def dispatch(macro: str, package: str) -> Callable[..., str]:
    """Give a macro that returns a query for `source_rows`, else its first argument."""
    return lambda first, *_, **__: "select 1 as one" if macro == "source_rows" else str(first)
