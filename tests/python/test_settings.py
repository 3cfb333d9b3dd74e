"""Where fieldlab finds its project and what it reads there."""

from pathlib import Path

import pytest

from runner.errors import FieldlabError
from runner.settings import Settings, load_settings


def settings(folder: Path, project_file: str) -> Settings:
    (folder / "dbt_project.yml").write_bytes(project_file.encode("latin-1"))
    return Settings(folder, folder)


@pytest.mark.parametrize(
    ("project_file", "words"),
    [
        ("name: fieldlab\n<<<<<<< mine\nvars: {}\n", r"dbt_project\.yml is not valid YAML"),
        ("name: fieldlab # caf\xe9\n", r"dbt_project\.yml is not valid YAML"),
        ("name: fieldlab\nvars: 3\n", r"`vars:` of .*dbt_project\.yml must map names to values"),
        ("- name: fieldlab\n", r"`vars:` of .*dbt_project\.yml must map names to values"),
    ],
)
def test_a_project_file_that_cannot_be_read_is_named(tmp_path: Path, project_file: str, words: str) -> None:
    with pytest.raises(FieldlabError, match=words):
        _ = settings(tmp_path, project_file).variables


def test_a_missing_var_is_named(tmp_path: Path) -> None:
    with pytest.raises(FieldlabError, match=r"The var `alignment_source_schema` is missing in .*dbt_project\.yml"):
        settings(tmp_path, "name: fieldlab\n").source_schema("alignment")


def test_vars_below_the_projects_name_go_first_as_in_dbt(tmp_path: Path) -> None:
    text = "name: fieldlab\nvars:\n  timezone: UTC\n  trend_orders: 1\n  fieldlab: {timezone: Pacific/Auckland}\n"
    found = settings(tmp_path, text)
    assert (found.zone.key, found.variable("trend_orders")) == ("Pacific/Auckland", 1)


def test_a_project_file_that_is_not_utf_8_is_still_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings(tmp_path, "name: fieldlab # caf\xe9\n")
    monkeypatch.setenv("FIELDLAB_PROJECT_DIR", str(tmp_path))
    monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
    assert load_settings().project_dir == tmp_path
