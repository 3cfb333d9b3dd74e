"""Where each number of a recommendation comes from: the mart and the columns it is read or computed from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from runner.procurement.findings import ProcurementRule

PARAMETERS = "recommendation_rules"
"""The seed whose values people may tune."""

MONEY = {"price", "amount", "cost", "savings", "saved", "effect", "stake"}
NO_MONEY = {"share", "index", "ratio", "change", "deviation"}
SHARES = {"share", "strength", "confidence"}


class Source(NamedTuple):
    """A mart and the columns of it that a rule's numbers come from.

    Attributes:
        mart: The mart that the rule reads.
        columns: The columns behind a number that is not a column of its own name.
    """

    mart: str
    columns: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Figure:
    """A value of a recommendation.

    Attributes:
        name: Its name in the context.
        value: What it is: as stored, or as it is shown.
        mart: Where it comes from; a seed for what people tune.
        columns: Which columns of it.
    """

    name: str
    value: Any
    mart: str
    columns: Sequence[str]

    @property
    def label(self) -> str:
        """Its name in words."""
        return self.name.replace("_", " ").capitalize()

    @property
    def is_money(self) -> bool:
        """Whether it is an amount or a price."""
        words = self.name.split("_")
        return not MONEY.isdisjoint(words) and words[-1] not in NO_MONEY

    @property
    def is_share(self) -> bool:
        """Whether it is a part of a whole, 0 to 1."""
        return self.name.rpartition("_")[2] in SHARES


class Subject(NamedTuple):
    """An item, vendor or branch that a recommendation names."""

    kind: str
    role: str
    id: int
    name: str


def figures(rule: ProcurementRule, context: Mapping[str, Any]) -> list[Figure]:
    """The numbers, dates and words of a context, each with where it comes from; not the ids and names of subjects."""
    source = SOURCES[rule.rule_id]
    return [
        Figure(name, value, *_origin(rule, source, name))
        for name, value in sorted(context.items())
        if not name.endswith(("_id", "_ids", "_name", "_names"))
    ]


def subjects(context: Mapping[str, Any]) -> list[Subject]:
    """The items, vendors and branches of a context, each once, with the part they play."""
    found: dict[tuple[str, int], Subject] = {}
    for name, value in sorted(context.items()):
        role, _, last = name.rpartition("_")
        kind = role.rpartition("_")[2]
        if last == "id" and kind in KINDS and value is not None:
            words = role.replace("_", " ").capitalize()
            found.setdefault(
                (kind, value), Subject(kind, words, value, context.get(f"{role}_name") or f"{words} {value}")
            )
    return sorted(found.values(), key=lambda one: (KINDS.index(one.kind), one.role))


KINDS = ("item", "branch", "vendor")


def _origin(rule: ProcurementRule, source: Source, name: str) -> tuple[str, Sequence[str]]:
    if name in source.columns:
        return source.mart, source.columns[name]
    if name in rule.parameters:
        return PARAMETERS, ("value",)
    return source.mart, (name,)


_PRICE = ("amount", "quantity")
_COUNT = ("line_id",)
_ORDERED = ("total_amount", "purchase_order_id")

SOURCES: Mapping[str, Source] = {
    "cheaper_vendor": Source(
        "invoice_lines",
        {
            "main_price": _PRICE,
            "best_price": _PRICE,
            "price_difference": _PRICE,
            "price_difference_share": _PRICE,
            "saved_in_window": _PRICE,
            "main_newest_price": ("date", *_PRICE),
            "best_newest_price": ("date", *_PRICE),
            "main_newest_date": ("date",),
            "best_newest_date": ("date",),
            "main_amount": ("amount",),
            "main_quantity": ("quantity",),
            "main_line_count": _COUNT,
            "best_line_count": _COUNT,
        },
    ),
    "many_vendors": Source(
        "consolidation_opportunities",
        {
            "best_price": ("best_amount", "best_quantity"),
            "other_price": ("other_amount", "other_quantity"),
            "dearer_price": ("dearer_amount", "dearer_quantity"),
            "mean_price": ("best_amount", "other_amount", "best_quantity", "other_quantity"),
        },
    ),
    "same_vendor_price_gap": Source(
        "price_snapshots",
        {
            "price_difference": ("price",),
            "price_difference_share": ("price",),
            "saved_in_window": ("price", "quantity"),
            "lowest_price": ("price",),
            "lowest_line_count": ("line_count",),
            "branch_count": ("branch_id",),
            "window_days": ("snapshot_date",),
        },
    ),
    "price_rise": Source(
        "invoice_lines",
        {
            "price": _PRICE,
            "earlier_price": _PRICE,
            "price_difference": _PRICE,
            "price_difference_share": _PRICE,
            "saved_in_window": _PRICE,
            "line_count": _COUNT,
            "earlier_line_count": _COUNT,
            "earlier_last_date": ("date",),
        },
    ),
    "small_orders": Source(
        "vendor_order_patterns",
        {
            "orders_per_year": ("avg_order_cycle_days",),
            "fewer_orders_per_year": ("avg_order_cycle_days",),
            "target_orders_per_year": ("avg_order_cycle_days",),
        },
    ),
    "over_ordering": Source(
        "order_anomalies",
        {
            "excess_quantity": ("quantity", "expected_quantity"),
            "unit_price": _PRICE,
        },
    ),
    "unusual_spend": Source(
        "order_anomalies",
        {
            "unit_price": _PRICE,
            "expected_unit_price": ("expected_amount", "expected_quantity"),
        },
    ),
    "single_source": Source(
        "invoice_lines",
        {
            "line_count": _COUNT,
            "branch_count": ("branch_id",),
            "vendor_count": ("vendor_id",),
        },
    ),
    "seasonal_peak": Source(
        "purchase_patterns",
        {
            "month": ("as_of",),
            "year": ("as_of",),
            "month_index": ("seasonality_pattern",),
            "above_average_share": ("seasonality_pattern",),
        },
    ),
    "reorder_due": Source("purchase_patterns", {}),
    "vendor_price_increase": Source(
        "spend_bridge",
        {
            "price_index": ("purchase_amount_now", "purchase_amount_before", "quantity_now", "quantity_before"),
            "price_index_change": ("purchase_amount_now", "purchase_amount_before", "quantity_now", "quantity_before"),
            "matched_item_count": ("item_id",),
            "dearer_item_count": ("item_id", "purchase_amount_now", "purchase_amount_before"),
            "dearest_items": ("item_name", "price_effect"),
        },
    ),
    "duplicate_invoice": Source("duplicate_invoices", {}),
    "pack_size_error": Source("unit_price_errors", {}),
    "off_usual_vendor": Source(
        "off_usual_purchases",
        {
            "price": ("total_amount", "quantity"),
            "window_days": ("as_of",),
        },
    ),
    "vendor_twin": Source("vendor_twins", {}),
    "no_purchase_order": Source(
        "int_procurement__invoices_totalled",
        {
            "uncovered_invoice_count": ("invoice_id", "purchase_order_id"),
            "uncovered_amount": _ORDERED,
            "other_amount": _ORDERED,
            "other_covered_amount": _ORDERED,
            "covered_share": _ORDERED,
        },
    ),
}
"""By rule: a number of its own name is that column, a parameter of the rule is in the seed, the others are here."""
