"""The vars of dbt_project.yml: pinned in unit tests, declared, read and checked."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from changed_vars import KEPT, changed_vars

from runner.settings import load_settings
from runner.vars import complaints, is_legal, read_ranges

PROJECT = Path(__file__).parents[2]
MODELS = {file.stem: file.read_text(encoding="utf-8") for file in PROJECT.glob("models/**/*.sql")}
MACRO = re.compile(r"{%-?\s*macro\s+(\w+)\(.*?\)\s*-?%}(.*?){%-?\s*endmacro", re.DOTALL)
MACROS = {
    name: body
    for file in PROJECT.glob("macros/**/*.sql")
    for name, body in MACRO.findall(file.read_text(encoding="utf-8"))
}


def vars_read_by(text: str, seen: frozenset[str] = frozenset()) -> set[str]:
    """The vars that a model or macro reads, itself or through the macros it calls.

    What a config() reads decides how a model is stored, which is of no account to a unit test.
    """
    text = re.sub(r"{{\s*config\(.*?\)\s*}}", "", text, flags=re.DOTALL)
    found = set(re.findall(r"\bvar\(\s*['\"](\w+)", text))
    for name in set(re.findall(r"\b\w+(?=\()", text)) - seen:
        for macro in (name, f"default__{name}", f"postgres__{name}"):
            found |= vars_read_by(MACROS.get(macro, ""), seen | {name})
        if name == "as_of_iso":
            found -= {"timezone"}  # it is asked only where as_of is not pinned
    return found


UNIT_TESTS = [
    test
    for file in sorted(PROJECT.glob("models/**/*.yml"))
    for test in yaml.safe_load(file.read_text(encoding="utf-8")).get("unit_tests", [])
]


@pytest.mark.parametrize("test", [pytest.param(test, id=test["name"]) for test in UNIT_TESTS])
def test_a_unit_test_pins_each_var_that_its_model_reads(test: dict[str, Any]) -> None:
    pinned = test.get("overrides", {}).get("vars", {})
    assert vars_read_by(MODELS[test["model"]]) - set(pinned) == set()


def test_vars_are_found_through_macros() -> None:
    assert vars_read_by("{{ within_last_days('day', var('price_window_days')) }}") == {"as_of", "price_window_days"}
    assert vars_read_by("{{ business_date('at') }}") == {"timezone"}


def test_each_declared_var_has_limits_and_is_within_them() -> None:
    settings = load_settings()
    ranges = read_ranges(settings.project_dir)
    assert set(ranges) == {*settings.variables, "as_of"}
    assert complaints(settings.variables, ranges) == []


def test_the_changed_vars_are_legal_and_other_than_the_defaults() -> None:
    settings = load_settings()
    ranges = read_ranges(settings.project_dir)
    changed = changed_vars()
    assert set(changed) == set(settings.variables) - KEPT
    assert complaints(changed, ranges) == []
    assert [name for name, value in changed.items() if value == settings.variables[name]] == []
    assert all(is_legal(value, ranges[name]) for name, value in changed.items())
