"""The user's dbt profile: which database, schema and number of threads it selects for this project.

Read without dbt, whose import takes longer than most commands. Values are Jinja texts with `env_var`, as in dbt.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from runner.errors import FieldlabError

PROFILE = "fieldlab"
EMBEDDED = "embedded"
ALIASES = {"pass": "password", "dbname": "database"}
REQUIRED = ("host", "port", "user", "password", "database")


@dataclass(frozen=True)
class Profile:
    """The selected target of the user's `fieldlab` profile.

    Attributes:
        file: The profiles.yml.
        target: Its name; `embedded` is fieldlab's own server.
        values: Its settings as written, under dbt's full names (`password`, `database`).
    """

    file: Path
    target: str
    values: Mapping[str, Any]

    @property
    def is_embedded(self) -> bool:
        """Whether the target is fieldlab's own server."""
        return self.target == EMBEDDED

    @property
    def schema(self) -> str:
        """The prefix of the schemas that dbt builds in."""
        return str(_render(self.values.get("schema"), self.file) or PROFILE)

    @property
    def threads(self) -> int:
        """How many models dbt builds at a time; one where the profile does not say, as in dbt."""
        return int(str(_render(self.values.get("threads"), self.file) or 1))

    def connection(self) -> dict[str, object]:
        """The settings, rendered.

        Raises:
            FieldlabError: One is missing, or reads a variable that is not set.
        """
        missing = [name for name in REQUIRED if name not in self.values]
        if missing:
            raise FieldlabError(
                f"The target {self.target} in {self.file} lacks {', '.join(missing)}.",
                "Compare it with profiles.yml.example.",
            )
        return {name: _render(value, self.file) for name, value in self.values.items()}


def read_profile(project_dir: Path) -> Profile | None:
    """Read the target that the user's profile selects, by DBT_TARGET or its own `target`.

    Returns:
        None when the user has no profile for fieldlab.

    Raises:
        FieldlabError: It cannot be used: not YAML, no such target, not PostgreSQL.
    """
    file = _find(project_dir)
    if file is None:
        return None
    try:
        profile = (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get(PROFILE)
    except (yaml.YAMLError, AttributeError, OSError) as error:
        raise FieldlabError(
            f"{file} cannot be read as a dbt profile.", "Compare it with profiles.yml.example."
        ) from error
    if profile is None:
        return None
    outputs = profile.get("outputs") or {}
    target = os.environ.get("DBT_TARGET") or str(_render(profile.get("target") or "default", file))
    if target not in outputs:
        raise FieldlabError(
            f"The profile {PROFILE} in {file} has no target {target}.", f"It has: {', '.join(outputs) or 'none'}."
        )
    raw = outputs[target]
    if raw.get("type") != "postgres":
        raise FieldlabError(
            f"The target {target} in {file} is of type {raw.get('type')}; fieldlab works in PostgreSQL.",
            "Select another target with DBT_TARGET.",
        )
    return Profile(file, target, {ALIASES.get(name, name): value for name, value in raw.items()})


def _find(project_dir: Path) -> Path | None:
    given = os.environ.get("DBT_PROFILES_DIR")
    folders = [Path(given).expanduser()] if given else [project_dir, Path.home() / ".dbt"]
    return next((folder / "profiles.yml" for folder in folders if (folder / "profiles.yml").is_file()), None)


def _render(value: object, file: Path) -> object:
    """Render one value; everything but text is taken as it is."""
    if not isinstance(value, str) or "{" not in value:
        return value
    import jinja2  # noqa: PLC0415 - only profiles that need it pay for it

    jinja = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701 - not HTML
    for name in ("as_text", "as_number", "as_bool", "as_native"):
        jinja.filters[name] = str
    try:
        return jinja.from_string(value).render(env_var=_env_var)
    except jinja2.TemplateError as error:
        raise FieldlabError(f"A value in {file} cannot be rendered: {error}.") from error
    except KeyError as error:
        raise FieldlabError(
            f"{file} reads the environment variable {error.args[0]}, which is not set.",
            "Set it, or select another target with DBT_TARGET.",
        ) from error


def _env_var(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise KeyError(name)
    return value
