"""One recommendation of each kind, side by side, as docs/recommendations.md shows them.

Write the page anew with `fieldlab demo`, then
`python -m runner.demo.recommendations_page > docs/recommendations.md`.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import click
import psycopg

from runner.database.warehouse import open_warehouse
from runner.demo import AS_OF
from runner.procurement.read import Filter, list_recommendations
from runner.rules.registry import PROCUREMENT_RULES
from runner.settings import Settings, load_settings
from runner.words import Words, day, percent_of

HEAD = f"""# Recommendations

One recommendation of each kind, the most valuable of those that `make demo` finds as of {day(AS_OF)}. The parameters of
each rule are in [seeds/recommendation_rules.csv](../seeds/recommendation_rules.csv). This page is written by
`python -m runner.demo.recommendations_page`.
"""


def page(connection: psycopg.Connection, settings: Settings) -> str:
    """The page as Markdown: per rule, in the registry's order, the first open recommendation."""
    rows = list_recommendations(connection, settings, Filter())
    parts = [HEAD]
    for rule in PROCUREMENT_RULES:
        rule_id = rule.rule_id
        found = [row for row in rows if row["rule_id"] == rule_id]
        parts.append(f"## {rule_id}\n")
        parts.append(_example(found[0], len(found), settings) if found else "Nothing found.\n")
    return "\n".join(parts)


def _example(row: Mapping[str, Any], number: int, settings: Settings) -> str:
    words = Words(settings.currency)
    last_day = row["expires_at"].astimezone(settings.zone).date() - timedelta(days=1)
    facts = [f"priority {row['priority']}", f"confidence {percent_of(row['confidence_score'])}"]
    if row["estimated_savings"] is not None:
        basis = "a year" if row["savings_basis"] == "year" else "once"
        facts.insert(0, f"saves {words.amount(row['estimated_savings'])} {basis}")
        facts.insert(1, f"{words.amount(row['expected_savings'])} expected")
    facts += [f"good until {day(last_day)}", f"{number} of this kind"]
    paragraphs = [
        f"**{row['title']}** ({row['category'].lower()})",
        row["description"],
        row["reasoning"],
        f"_{'; '.join(facts)}_",
    ]
    return "\n\n".join(paragraphs) + "\n"


def main() -> None:
    """Print the page from the recommendations that are published now."""
    settings = load_settings()
    with open_warehouse(settings) as warehouse, warehouse.connect() as connection:
        click.echo(page(connection, settings), nl=False)


if __name__ == "__main__":
    main()
