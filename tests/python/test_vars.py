"""The vars of dbt_project.yml: pinned in unit tests, declared, read and checked."""

import re
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
import yaml
from changed_vars import KEPT, changed_vars
from click.testing import CliRunner

from runner.cli import cli
from runner.errors import FieldlabError
from runner.ops.doctor import OK, PROBLEM, check_project, examine
from runner.settings import Settings, load_settings
from runner.vars import complaints, is_legal, read_ranges

PROJECT = Path(__file__).parents[2]
DEFAULTS = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
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


# A value of each kind that is wrong, with the end of the sentence that says so.
WRONG = [
    *(
        ("price_window_days", value, "must be a whole number from 1 to 36500")
        for value in (None, 0, -1, 9999999, 10**400, 1.5, "30", "thirty days", [30], {"days": 30}, True, float("nan"))
    ),
    *(
        ("class_b_share", value, "must be a number from 0 to 1")
        for value in (None, -0.1, 80, float("inf"), float("nan"), "0.8", [0.8], False)
    ),
    ("trend_window_days", 0, "must be a whole number from 1 to 36500, or null"),
    *(("enable_centrality", value, "must be true or false") for value in (None, 1, "true", "false", [])),
    *(
        ("counted_statuses", value, "must be a list of texts, 1 to 100 of them")
        for value in (None, [], "APPROVED", [""], [1], ["PAID", None], {"APPROVED": 1}, 7)
    ),
    *(
        ("timezone", value, "must be a time zone such as America/Chicago")
        for value in (None, "", "Mars/Olympus", "../UTC", "/etc/passwd", "America", 5, ["UTC"])
    ),
    *(
        ("currency", value, "must be a text such as EUR, or null")
        for value in ("", "euro", "\u20ac", "eur", "EUR\n", 978, ["EUR"])
    ),
    *(
        ("dates_from", value, "must be a date from 1900-01-01 to 2100-12-31")
        for value in (None, 2010, "2010-02-30", "2010-1-1", "yesterday", "0000-01-01", "9999-12-31", ["2010-01-01"])
    ),
    *(
        ("alignment_source_schema", value, "must be a text such as raw_alignment")
        for value in (None, "", 'a"b', "a\0b", "x" * 64, 3, ["raw"])
    ),
    *(("add_order", value, "must be carriers or trend") for value in (None, "", "Carriers", 1, ["trend"])),
    ("class_a_share", 0.96, "must be at most class_b_share, 0.95"),
    ("medium_confidence_collections", 6, "must be at most high_confidence_collections, 5"),
    ("seasonality_min_months", 37, "must be at most seasonality_max_months, 36"),
    ("trendsetter_method", "centrality", "that needs enable_centrality: true"),
    ("trend_method", "factor", "that needs enable_centrality: true"),
]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The dbt_project.yml of a project whose database answers nobody."""
    monkeypatch.setenv("FIELDLAB_PROJECT_DIR", str(tmp_path))
    monkeypatch.setenv("FIELDLAB_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    return tmp_path / "dbt_project.yml"


def refusal(project: Path, variables: dict[str, Any], name: str = "fieldlab") -> FieldlabError:
    """What `fieldlab run` says about these vars."""
    host = "" if name == "fieldlab" else "# name: fieldlab\n"
    project.write_text(host + yaml.safe_dump({"name": name, "vars": variables}), encoding="utf-8")
    error = CliRunner().invoke(cli, ["run"]).exception
    assert isinstance(error, FieldlabError)
    return error


@pytest.mark.parametrize(("name", "value", "words"), WRONG)
def test_a_run_refuses_a_wrong_var_by_name_before_anything_starts(
    project: Path, name: str, value: object, words: str
) -> None:
    error = refusal(project, {**DEFAULTS, name: value})
    assert str(error).startswith(f"The var {name} is ")
    assert words in str(error)
    assert str(project) in error.hint


def test_all_wrong_vars_are_told_at_once(project: Path) -> None:
    error = refusal(project, {key: [{}] for key in DEFAULTS})
    assert [line.split()[2] for line in str(error).splitlines()] == list(read_ranges(PROJECT))[1:]


def test_an_unknown_var_is_refused_with_what_may_be_meant(project: Path) -> None:
    said = "There is no var price_windows_days. Did you mean price_window_days"
    assert str(refusal(project, {**DEFAULTS, "price_windows_days": 30})).startswith(said)
    assert str(refusal(project, {**DEFAULTS, "fieldlab": {"price_windows_days": 30}})).startswith(said)


def test_a_host_projects_own_vars_are_none_of_fieldlabs_business(tmp_path: Path) -> None:
    host = {"price_windows_days": "theirs", "other_package": {"x": 1}, "fieldlab": {"trend_orders": 4}}
    (tmp_path / "dbt_project.yml").write_text(yaml.safe_dump({"name": "host", "vars": host}), encoding="utf-8")
    package = tmp_path / "dbt_packages" / "fieldlab"
    (package / "macros").mkdir(parents=True)
    for file in ("dbt_project.yml", "macros/var_ranges.sql"):
        copyfile(PROJECT / file, package / file)
    settings = Settings(tmp_path, tmp_path)
    assert (settings.variable("trend_orders"), settings.variable("pattern_min_orders")) == (4, 3)

    host["fieldlab"] = {"trend_order": 4}
    (tmp_path / "dbt_project.yml").write_text(yaml.safe_dump({"name": "host", "vars": host}), encoding="utf-8")
    with pytest.raises(FieldlabError, match=r"There is no var trend_order\. Did you mean trend_orders"):
        Settings(tmp_path, tmp_path).variable("trend_orders")


def test_doctor_has_one_line_for_the_vars(project: Path) -> None:
    (fine,) = [check for check in check_project(Settings(PROJECT, PROJECT)) if " vars " in check.message]
    assert (fine.status, fine.message) == (OK, f"{len(DEFAULTS)} vars are within their limits")
    refusal(project, {**DEFAULTS, "trend_orders": 0})
    (wrong,) = [check for check in examine() if "var" in check.message]
    assert (wrong.area, wrong.status) == ("project", PROBLEM)


def test_each_declared_var_is_read_somewhere() -> None:
    sql = "".join(file.read_text(encoding="utf-8") for file in PROJECT.glob("m[ao]*/**/*.*") if file.is_file())
    python = "".join(file.read_text(encoding="utf-8") for file in PROJECT.glob("runner/**/*.py"))
    in_sql = set(re.findall(r"\bvar\(\s*['\"](\w+)", sql))
    in_python = set(re.findall(r"(?:variable|variables\.get)\(\s*['\"](\w+)", python))
    # Settings.source_schema makes these names.
    in_python |= {"alignment_source_schema", "procurement_source_schema"}
    assert set(DEFAULTS) - in_sql - in_python == set()
