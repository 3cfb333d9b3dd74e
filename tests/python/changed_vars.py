"""Other legal values for the vars of dbt_project.yml."""

from collections.abc import Mapping
from typing import Any

from runner.settings import load_settings
from runner.vars import read_ranges

# Where the tests' tables are.
KEPT = {"alignment_source_schema", "procurement_source_schema"}


def changed_vars() -> dict[str, Any]:
    """Each var with a legal value that is not its default."""
    settings = load_settings()
    ranges = read_ranges(settings.project_dir)
    return {name: _other(value, ranges[name]) for name, value in settings.variables.items() if name not in KEPT}


def _other(value: Any, limits: Mapping[str, Any]) -> Any:
    match limits["type"]:
        case "boolean":
            other = not value
        case "integer":
            known = value or limits["min"]
            other = known + 1 if known < limits["max"] else known - 1
        case "number":
            other = (value + limits["max"]) / 2 if limits["max"] <= 1 else value * 1.5
        case "date":
            other = limits["min"]
        case "texts":
            other = [*value, "it's another"]
        case "zone":
            other = "Asia/Kathmandu"
        case _:
            other = next((text for text in limits.get("allowed", []) if text != value), limits.get("example"))
    return other
