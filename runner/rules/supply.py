"""Rules about what may happen next: an item that hangs on one vendor, a season that is coming."""

from runner.rules.parameters import COUNT, NUMBER, POSITIVE, PRIORITY, SHARE, Rule

SINGLE_SOURCE = Rule(
    "single_source",
    {
        "window_days": POSITIVE,
        "spend_share": SHARE,
        "min_amount": NUMBER,
        "min_branches": COUNT,
        "priority": PRIORITY,
        "valid_days": COUNT,
    },
)
SEASONAL_PEAK = Rule("seasonal_peak", {"min_index": NUMBER, "priority": PRIORITY})
