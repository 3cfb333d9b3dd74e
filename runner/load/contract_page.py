"""The source contract as a page: docs/source-contract.md.

Write the page anew with `python -m runner.load.contract_page > docs/source-contract.md`.
"""

import click

from runner.load.contract import DOMAINS, Column, Table, tables_of

HEAD = """# What fieldlab reads

The applications' own tables, as their ORM made them: PascalCase tables, camelCase columns, quoted. In place they are
read from the schemas that the vars `alignment_source_schema` and `procurement_source_schema` name. From files they come
with `fieldlab load`: one file per table, named after it, `.csv`, `.csv.gz` or `.parquet`; a folder of parquet parts
counts as one file.

One of the two databases is enough. *Optional* columns and tables may be absent; a missing column counts as null.

In CSV files:

- A header row names the columns in any order; case, blanks and `_` make no difference: `vendorId`, `vendor_id`,
  `Vendor Id`.
- Fields are separated by commas, semicolons, tabs or bars, as in the header, and quoted as RFC 4180 has it. The text is
  UTF-8, or UTF-16 that begins with its mark; `--encoding cp1252` reads what Excel on Windows saves as plain CSV.
- Numbers have a decimal point, or a comma with `--decimal ,`. `1.0` is a whole number.
- Timestamps are ISO 8601 with `T` or a space, fraction and zone optional; none is UTC, and a date alone is midnight.
- Booleans are true/false, t/f or 1/0.
- An empty field is null, or the empty text where the column is a text that must be there; `NULL` and `NA` are texts.
  Rows without any value are passed over.

This page is written by `python -m runner.load.contract_page` from the `_<domain>__sources.yml` of models/staging, which
the loader reads too.
"""


def page() -> str:
    """The page as Markdown."""
    parts = [HEAD]
    for domain in DOMAINS:
        parts.append(f"## {domain.capitalize()}\n")
        parts.extend(_section(table) for table in tables_of(domain))
    return "\n".join(parts)


def _section(table: Table) -> str:
    optional = " (optional)" if table.optional else ""
    lines = [
        f"### {table.name}{optional}",
        "",
        table.description,
        "",
        "| column | type | what it holds | |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{column.name}` | {column.type} | {column.description} | {_notes(table, column)} |"
        for column in table.columns
    ]
    if table.unique:
        lines += ["", *(f"Unique together: {', '.join(f'`{name}`' for name in names)}." for names in table.unique)]
    return "\n".join([*lines, ""])


def _notes(table: Table, column: Column) -> str:
    notes = []
    if column.name in table.key:
        notes.append("primary key")
    if column.references:
        notes.append(f"an `id` of {column.references}")
    if column.allowed:
        notes.append(f"one of {', '.join(column.allowed)}")
    if column.optional:
        notes.append("*optional*" + (f", since {column.loaded_since}" if column.loaded_since else ""))
    elif column.nullable:
        notes.append("may be null")
    if column.default is not None:
        notes.append(f"default {column.default}")
    return "; ".join(notes)


if __name__ == "__main__":
    click.echo(page(), nl=False)
