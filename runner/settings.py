"""Where things are: the dbt project, fieldlab's own folder, the schemas and the dbt vars."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from runner.database.profile import read_profile
from runner.errors import FieldlabError
from runner.lookup import closest, either
from runner.vars import complaints, read_ranges

PROJECT = "fieldlab"
# Dates that people may ask for: windows of a hundred years around them are dates, too.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)


@dataclass(frozen=True)
class Settings:
    """Folders and names, the same for every command.

    Attributes:
        project_dir: The folder with dbt_project.yml.
        home: fieldlab's own folder (embedded database, password, logs).
        target_schema: The prefix of every schema fieldlab writes (`fieldlab` gives `fieldlab_ops`).
        threads: How many models dbt builds at a time.
    """

    project_dir: Path
    home: Path
    target_schema: str = "fieldlab"
    threads: int = 4

    @property
    def package_dir(self) -> Path:
        """The folder with fieldlab's own models, macros and seeds: the project, or the package installed in it."""
        return package_of(self.project_dir)

    @property
    def is_host(self) -> bool:
        """Whether the project is somebody's own and uses fieldlab as a dbt package."""
        return self.package_dir != self.project_dir

    @cached_property
    def variables(self) -> Mapping[str, Any]:
        """The `vars:` of dbt_project.yml; those below the project's name take precedence over the others, as in dbt.

        Raises:
            FieldlabError: The file is not valid YAML, its `vars:` is no mapping, or a var is unknown or not what
                macros/var_ranges.sql allows.
        """
        file = self.project_dir / "dbt_project.yml"
        defaults = _read_project(self.package_dir / "dbt_project.yml")[1] if self.is_host else {}
        name, variables = _read_project(file)
        own = variables.get(PROJECT)
        own = own if isinstance(own, Mapping) else {}
        values = {**defaults, **variables, **own}
        # A host project's own vars are none of fieldlab's business, nor are those of other packages.
        others = [key for key, value in variables.items() if not isinstance(value, Mapping)] if name == PROJECT else []
        ranges = read_ranges(self.project_dir)
        problems = [_unknown(str(key), list(ranges)) for key in [*own, *others] if key not in ranges]
        problems += complaints(values, ranges)
        if problems:
            raise FieldlabError("\n".join(problems), f"Correct it under `vars:` in {file}.")
        return values

    def variable(self, name: str) -> Any:
        """The value of a var that has to be there: its default is in dbt_project.yml and nowhere else.

        Raises:
            FieldlabError: It is not there.
        """
        try:
            return self.variables[name]
        except KeyError:
            raise FieldlabError(
                f"The var `{name}` is missing in {self.project_dir / 'dbt_project.yml'}.",
                "Put it back under `vars:`, with the value it came with or your own.",
            ) from None

    @property
    def zone(self) -> ZoneInfo:
        """The business time zone."""
        return ZoneInfo(self.variables.get("timezone", "UTC"))

    @property
    def currency(self) -> str:
        """The ISO code that amounts are shown with; empty for none."""
        return self.variables.get("currency") or ""

    @property
    def lock_timeout(self) -> str:
        """How long a statement waits for a lock that others hold, as PostgreSQL writes it."""
        return f"{self.variable('lock_timeout')}s"

    def schema(self, part: str) -> str:
        """The schema that holds `part`: staging, alignment, procurement, shared, snapshots or ops.

        A host project may name schemas its own way: dbt's manifest says how, once it has parsed the project. The tables
        of `ops` are the runner's and not dbt's.
        """
        named = {} if part == "ops" or not self.is_host else _schemas(self.manifest_file)
        return named.get(part, f"{self.target_schema}_{part}")

    @property
    def manifest_file(self) -> Path:
        """Where dbt writes what it knows of the project."""
        return self.project_dir / (os.environ.get("DBT_TARGET_PATH") or "target") / "manifest.json"

    def source_schema(self, domain: str) -> str:
        """The schema of the application's tables for `alignment` or `procurement`."""
        return str(self.variable(f"{domain}_source_schema"))


def load_settings() -> Settings:
    """Read the settings from the environment and the place fieldlab runs in.

    The project is FIELDLAB_PROJECT_DIR, else the nearest folder upward from here with a dbt_project.yml, else the
    checkout this package was installed from. FIELDLAB_HOME names the state folder, default `.fieldlab` in the project.
    The user's dbt profile, where there is one, says the target schema and the number of threads.

    Raises:
        FieldlabError: There is no dbt project in any of these places, or the profile cannot be used.
    """
    project_dir = find_project()
    home = Path(os.environ.get("FIELDLAB_HOME") or project_dir / ".fieldlab").expanduser().resolve()
    profile = read_profile(project_dir)
    if profile is None:
        return Settings(project_dir, home)
    return Settings(project_dir, home, target_schema=profile.schema, threads=profile.threads)


def package_of(project_dir: Path) -> Path:
    """The folder with fieldlab's own models: the project itself, or the package that is installed in it."""
    package = project_dir / "dbt_packages" / PROJECT
    return package if (package / "dbt_project.yml").is_file() else project_dir


def _schemas(manifest_file: Path) -> Mapping[str, str]:
    """The schema of each part of fieldlab, as dbt's manifest has it; none before dbt parsed the project."""
    try:
        return _read_schemas(manifest_file, manifest_file.stat().st_mtime_ns)
    except OSError:
        return {}


@cache
def _read_schemas(manifest_file: Path, _changed_at: int) -> Mapping[str, str]:
    found = {}
    for node in json.loads(manifest_file.read_text(encoding="utf-8"))["nodes"].values():
        if node["package_name"] == PROJECT and node["resource_type"] in {"model", "snapshot"}:
            layer, domain = (*node["fqn"][1:3], "")[:2]
            part = domain if layer == "marts" else "snapshots" if node["resource_type"] == "snapshot" else "staging"
            found[part] = node["schema"]
    return found


def _read_project(file: Path) -> tuple[object, Mapping[Any, Any]]:
    """The name and the `vars:` of a dbt_project.yml.

    Raises:
        FieldlabError: The file is not valid YAML, or its `vars:` is no mapping.
    """
    try:
        project = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError) as error:  # such as text that is not UTF-8, or a number of 5,000 digits
        raise FieldlabError(f"{file} is not valid YAML: {error}", "Correct it; `dbt parse` checks it too.") from error
    variables: object = (project.get("vars") or {}) if isinstance(project, Mapping) else None
    if not isinstance(variables, Mapping):
        raise FieldlabError(f"The `vars:` of {file} must map names to values.", "Correct it.")
    return project.get("name"), variables


def _unknown(name: str, known: Sequence[str]) -> str:
    return f"There is no var {name}. Did you mean {either(closest(name, known))}?"


def find_project() -> Path:
    """The folder of the dbt project to work in: see `load_settings`.

    Raises:
        FieldlabError: There is none.
    """
    given = os.environ.get("FIELDLAB_PROJECT_DIR")
    here = Path.cwd()
    candidates = [Path(given)] if given else [here, *here.parents, Path(__file__).resolve().parent.parent]
    for folder in candidates:
        if _uses_fieldlab(folder):
            return folder.resolve()
    raise FieldlabError(
        f"No fieldlab project in {candidates[0]}.",
        "Run this inside a fieldlab checkout, or name one with FIELDLAB_PROJECT_DIR.",
    )


def _uses_fieldlab(folder: Path) -> bool:
    file = folder / "dbt_project.yml"
    if not file.is_file():
        return False
    named = re.search(rb"(?m)^name: *['\"]?fieldlab(?![\w-])", file.read_bytes())
    return named is not None or package_of(folder) != folder
