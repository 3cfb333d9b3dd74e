"""What several recommendations save together, when they may claim the same money."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from runner.procurement.findings import SavingsBasis
from runner.rules.registry import PRICE_RULES


@dataclass(frozen=True)
class Claim:
    """The saving that one recommendation names."""

    rule_id: str
    item_id: int | None
    vendor_id: int | None
    savings: Decimal
    basis: SavingsBasis


def total_savings(claims: Iterable[Claim]) -> dict[SavingsBasis, Decimal]:
    """Add up savings, those that claim the same money once.

    Several price rules can find the same overpayment of an item, so per item only the largest counts of: all that
    branches save with other vendors, buying from one vendor, and, per vendor, all gaps between branches or the rise.

    Returns:
        The savings a year, and those that come once.
    """
    totals: dict[SavingsBasis, Decimal] = {"year": Decimal(0), "once": Decimal(0)}
    by_item: dict[int | None, dict[tuple[str, int | None], Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for claim in claims:
        if claim.rule_id in PRICE_RULES:
            by_item[claim.item_id][claim.rule_id, claim.vendor_id] += claim.savings
        else:
            totals[claim.basis] += claim.savings
    # cheaper_vendor and many_vendors are not about one vendor: each is one sum per item.
    totals["year"] += sum((max(sums.values()) for sums in by_item.values()), Decimal(0))
    return totals
