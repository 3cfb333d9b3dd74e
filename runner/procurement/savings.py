"""What several recommendations save together, when they may claim the same money."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from runner.procurement.findings import SavingsBasis

# What is summed over rules and vendors before it is compared: `negotiate` is one sum per rule and vendor.
SUMMED = ("switch", "consolidate")


@dataclass(frozen=True)
class Saving:
    """The saving that one recommendation names; `claim` is which money it is (`runner.procurement.findings.Claim`)."""

    rule_id: str
    claim: str | None
    item_id: int | None
    vendor_id: int | None
    invoice_id: int | None
    paid_vendor_id: int | None
    savings: Decimal
    basis: SavingsBasis


def total_savings(savings: Iterable[Saving]) -> dict[SavingsBasis, Decimal]:
    """Add up savings, money that several recommendations claim once.

    - Of an item the largest claim counts: all that is saved by buying it elsewhere, buying it from one vendor, or, per
      vendor, one rule's negotiations. Equal claims: in this order, then by rule and lower vendor.
    - Of a vendor the larger counts of what that leaves to it and a claim against all its prices. What is saved by
      buying an item from one vendor belongs to no vendor.
    - Of an invoice the larger counts of a claim to all of it and, per item, its rules' largest.
    - What no other rule claims is added.

    Returns:
        The savings a year, and those that come once.
    """
    totals: dict[SavingsBasis, Decimal] = {"year": Decimal(0), "once": Decimal(0)}
    items: dict[int | None, dict[tuple[str, str, int], list[Saving]]] = defaultdict(lambda: defaultdict(list))
    vendors: dict[int | None, Decimal] = defaultdict(Decimal)
    orders: dict[int | None, dict[int | None, dict[str, Decimal]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(Decimal))
    )
    invoices: dict[int | None, Decimal] = defaultdict(Decimal)
    for one in savings:
        if one.claim in SUMMED:
            items[one.item_id][f"{SUMMED.index(one.claim)}", "", 0].append(one)
        elif one.claim == "negotiate":
            items[one.item_id]["2", one.rule_id, one.vendor_id or 0].append(one)
        elif one.claim == "vendor":
            vendors[one.vendor_id] += one.savings
        elif one.claim == "order":
            orders[one.invoice_id][one.item_id][one.rule_id] += one.savings
        elif one.claim == "invoice":
            invoices[one.invoice_id] += one.savings
        else:
            totals[one.basis] += one.savings

    parts: dict[int | None, Decimal] = defaultdict(Decimal)
    for claims in items.values():
        largest = max(sorted(claims), key=lambda key: _sum(claims[key]))
        for one in claims[largest]:
            parts[one.paid_vendor_id] += one.savings
    totals["year"] += sum((max(parts[vendor], vendors[vendor]) for vendor in {*parts, *vendors}), Decimal(0))

    ordered = {
        invoice: sum((max(rules.values()) for rules in of_item.values()), Decimal(0))
        for invoice, of_item in orders.items()
    }
    totals["once"] += sum(
        (max(ordered.get(invoice, Decimal(0)), invoices[invoice]) for invoice in {*ordered, *invoices}), Decimal(0)
    )
    return totals


def _sum(savings: Iterable[Saving]) -> Decimal:
    return sum((one.savings for one in savings), Decimal(0))
