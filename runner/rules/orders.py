"""Rules about how things are ordered: too often, too much, for an unusual amount, or due again."""

from runner.rules.parameters import COUNT, NUMBER, POSITIVE, PRIORITY, SHARE, Rule

SMALL_ORDERS = Rule(
    "small_orders",
    {
        "min_orders": COUNT,
        "max_cycle_days": NUMBER,
        "below_order_amount": NUMBER,
        "target_cycle_days": POSITIVE,
        "cost_per_order": NUMBER,
        "confidence_orders": POSITIVE,
        "valid_days": COUNT,
    },
)
OVER_ORDERING = Rule(
    "over_ordering", {"confidence_deviation": POSITIVE, "increasing_factor": SHARE, "valid_days": COUNT}
)
UNUSUAL_SPEND = Rule("unusual_spend", {"confidence_deviation": POSITIVE, "priority": PRIORITY, "valid_days": COUNT})
REORDER_DUE = Rule(
    "reorder_due",
    {
        "min_orders": COUNT,
        "min_confidence": SHARE,
        "min_cycle_days": NUMBER,
        "max_days_ahead": COUNT,
        "max_cycle_ahead": NUMBER,
        "urgent_days": COUNT,
        "urgent_priority": PRIORITY,
        "priority": PRIORITY,
        "valid_days": COUNT,
    },
)
