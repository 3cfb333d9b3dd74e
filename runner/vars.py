"""What the vars of dbt_project.yml may be: macros/var_ranges.sql, read before dbt starts."""

import json
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from runner.errors import FieldlabError

# The entry of one var in macros/var_ranges.sql, which says what its keys mean.
Limits = Mapping[str, Any]

NOUNS = {
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "date": "a date",
    "text": "a text",
    "texts": "a list of texts",
    "zone": "a time zone such as America/Chicago",
}


def read_ranges(project_dir: Path) -> dict[str, Limits]:
    """The limits of each var of a project, of the fieldlab package in it, or else of the checkout this runs from.

    Raises:
        FieldlabError: The file is not there, or holds no JSON.
    """
    places = (project_dir / "dbt_packages" / "fieldlab", project_dir, Path(__file__).resolve().parents[1])
    files = [place / "macros" / "var_ranges.sql" for place in places]
    file = next((file for file in files if file.is_file()), files[0])
    try:
        macro = file.read_text(encoding="utf-8")
        ranges: dict[str, Limits] = json.loads(macro[macro.index("%}") + 2 : macro.rindex("{%")])
    except (OSError, ValueError) as error:
        raise FieldlabError(f"{file} cannot be read: {error}", "Put it back as it came with fieldlab.") from error
    return ranges


def complaints(values: Mapping[str, Any], ranges: Mapping[str, Limits]) -> list[str]:
    """A sentence for each var that is not what it may be; the macro check_vars says the same.

    Args:
        values: The vars of a project; those without limits are not looked at.
        ranges: What `read_ranges` gives.
    """
    found = [_complaint(name, values, ranges) for name in ranges if name in values]
    return [f"The var {complaint}." for complaint in found if complaint]


def _complaint(name: str, values: Mapping[str, Any], ranges: Mapping[str, Limits]) -> str:
    value, limits = values[name], ranges[name]
    if not is_legal(value, limits):
        return f"{name} is {_shown(value)}; it must be {_in_words(limits)}"
    other = limits.get("at_most")
    if other and other in values and is_legal(values[other], ranges[other]) and value > values[other]:
        return f"{name} is {value}; it must be at most {other}, {values[other]}"
    needed = limits.get("needs", {}).get(value) if isinstance(value, str) else None
    if needed and values.get(needed) is not True:
        return f"{name} is {_shown(value)}; that needs {needed}: true"
    return ""


def is_legal(value: Any, limits: Limits) -> bool:
    """Whether a var may have a value; the macro is_legal_var says the same."""
    if value is None:
        return bool(limits.get("nullable"))
    match limits["type"]:
        case "boolean":
            legal = isinstance(value, bool)
        case "integer" | "number" as kind:
            types = int if kind == "integer" else int | float
            legal = isinstance(value, types) and not isinstance(value, bool) and _is_within(value, limits)
        case "date":
            legal = _is_date(str(value)) and _is_within(str(value), limits)
        case "texts":
            legal = isinstance(value, list) and all(isinstance(text, str) and text for text in value)
            legal = legal and _is_within(len(value), limits)
        case "zone":
            legal = isinstance(value, str) and _is_zone(value)
        case _:
            allowed, pattern = limits.get("allowed", []), limits.get("pattern")
            legal = isinstance(value, str) and (value in allowed or bool(pattern and re.fullmatch(pattern, value)))
    return legal


def _is_within(value: Any, limits: Limits) -> bool:
    return bool(limits["min"] <= value <= limits["max"])


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _in_words(limits: Limits) -> str:
    """What a var must be, as the end of a sentence; the macro var_limits_in_words says the same."""
    words = " or ".join(limits["allowed"]) if "allowed" in limits else NOUNS[limits["type"]]
    if limits["type"] in {"integer", "number", "date"}:
        words += f" from {limits['min']} to {limits['max']}"
    if limits["type"] == "texts":
        words += f", {limits['min']} to {limits['max']} of them"
    if "example" in limits:
        words += f" such as {limits['example']}"
    return f"{words}, or null" if limits.get("nullable") else words


def _shown(value: object) -> str:
    """A value as it would be written in the file, or nearly so."""
    return json.dumps(value, ensure_ascii=False) if value is None or isinstance(value, str | bool) else str(value)
