"""Where fieldlab finds its project and what it reads there."""

from pathlib import Path

import pytest

from runner.errors import FieldlabError
from runner.settings import Settings


def test_a_project_file_that_is_no_yaml_is_named(tmp_path: Path) -> None:
    (tmp_path / "dbt_project.yml").write_text("name: fieldlab\n<<<<<<< mine\nvars: {}\n", encoding="utf-8")
    with pytest.raises(FieldlabError, match=r"dbt_project\.yml is not valid YAML"):
        _ = Settings(tmp_path, tmp_path).variables
