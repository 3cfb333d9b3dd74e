"""Stands in for dbt's `run_started_at` while sqlfluff renders a model."""


def isoformat() -> str:
    """Give a moment, as `datetime.isoformat` does."""
    return "2000-01-01T00:00:00+00:00"
