"""Recommendations as CSV, for a spreadsheet."""

import csv
from collections.abc import Mapping, Sequence
from typing import IO, Any

from runner.as_json import dumps
from runner.text import cell

COLUMNS = (
    "id", "decision_key", "priority", "type", "title", "estimated_savings", "expected_savings", "savings_basis",
    "confidence_score", "status", "expires_at", "description", "reasoning", "rule_id", "category", "item_id",
    "vendor_id", "branch_id", "invoice_id", "named_price", "target_price", "quantity", "as_of", "created_at",
    "updated_at", "viewed_at", "viewed_by", "dismissed_at", "dismissed_by", "dismiss_reason", "applied_at",
    "applied_by", "context", "fingerprint", "run_id",
)  # fmt: skip


def write_csv(file: IO[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write whole recommendations, one a line, below a header.

    Args:
        file: Open for text, with line ends left alone.
        rows: As `read.list_recommendations` gives them.
    """
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: cell(value) for name, value in row.items()} | {"context": dumps(row["context"])})
