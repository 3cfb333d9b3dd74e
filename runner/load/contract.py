"""The source contract: what the applications' tables hold, as models/staging/<domain>/_<domain>__sources.yml says it.

The files are dbt's own declaration of the sources; `config.meta` adds what dbt has no word for. The loader, the doctor,
the demo's generator, the documentation page and the tests read the contract here, without dbt.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

from runner.errors import FieldlabError
from runner.settings import find_project, package_of

DOMAINS = ("alignment", "procurement")

_SQL_TYPES = {"timestamp": "timestamp(3)"}


@dataclass(frozen=True)
class Column:
    """One column of a source table.

    Attributes:
        name: The name in the application's table, camelCase.
        type: text, integer, numeric, boolean or timestamp (UTC, without zone).
        description: What it holds.
        nullable: Whether null is allowed.
        optional: Whether the table may lack the column; staging then yields null.
        default: The value, as SQL, of a row that does not give one.
        references: The table whose key this column holds.
        allowed: The values of an enum, in the application's order; empty when any value is allowed.
        loaded_since: The version of fieldlab that first knew the column; tables made by an older one lack it.
    """

    name: str
    type: str
    description: str = ""
    nullable: bool = False
    optional: bool = False
    default: str | None = None
    references: str | None = None
    allowed: tuple[str, ...] = ()
    loaded_since: str | None = None

    @property
    def sql_type(self) -> str:
        """The type as `create table` wants it."""
        return _SQL_TYPES.get(self.type, self.type)


@dataclass(frozen=True)
class Table:
    """One source table.

    Attributes:
        name: The application's name, PascalCase; also the name of its file.
        domain: alignment or procurement.
        description: What one row is.
        columns: In the application's order.
        key: The names of the primary key's columns.
        unique: Column names that are unique together, beside the primary key.
        optional: Whether the database may lack the table; staging then yields no rows.
    """

    name: str
    domain: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    unique: tuple[tuple[str, ...], ...] = ()
    optional: bool = False

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """The columns under their camelCase names."""
        return {column.name: column for column in self.columns}

    @property
    def required_columns(self) -> tuple[Column, ...]:
        """The columns that are always there."""
        return tuple(column for column in self.columns if not column.optional)

    @property
    def optional_columns(self) -> tuple[Column, ...]:
        """The columns the table may lack."""
        return tuple(column for column in self.columns if column.optional)


def source_tables() -> tuple[Table, ...]:
    """The tables of both domains; parents come before the tables that reference them."""
    return tuple(table for domain in DOMAINS for table in tables_of(domain))


def tables_of(domain: str) -> tuple[Table, ...]:
    """The tables of one domain, parents first.

    Raises:
        FieldlabError: The project's file that declares them is missing, or is no such declaration.
    """
    file = package_of(find_project()) / "models" / "staging" / domain / f"_{domain}__sources.yml"
    try:
        return _read(file, domain, file.stat().st_mtime_ns)
    except (OSError, yaml.YAMLError, LookupError, TypeError, AttributeError) as error:
        raise FieldlabError(f"{file} does not declare the source tables: {error!r}", "Put the file back.") from error


@cache
def _read(file: Path, domain: str, _changed_at: int) -> tuple[Table, ...]:
    (source,) = yaml.load(file.read_bytes(), yaml.CSafeLoader)["sources"]
    return tuple(_table(entry, domain) for entry in source["tables"])


def _table(entry: Mapping[str, Any], domain: str) -> Table:
    meta = entry["config"]["meta"]
    return Table(
        entry["name"],
        domain,
        entry["description"].strip(),
        tuple(map(_column, entry["columns"])),
        key=tuple(meta["key"]),
        unique=tuple(tuple(names) for names in meta.get("unique", ())),
        optional=meta.get("optional", False),
    )


def _column(entry: Mapping[str, Any]) -> Column:
    meta = entry.get("config", {}).get("meta", {})
    optional = meta.get("optional", False)
    return Column(
        entry["name"],
        entry["data_type"],
        entry["description"].strip(),
        nullable=meta.get("nullable", optional),
        optional=optional,
        default=None if "default" not in meta else str(meta["default"]),
        references=meta.get("references"),
        allowed=tuple(meta.get("allowed", ())),
        loaded_since=meta.get("loaded_since"),
    )
