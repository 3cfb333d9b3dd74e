"""Rules about what is paid for an item: another vendor, one vendor for all, a gap between branches, a rise."""

from runner.rules.parameters import COUNT, NUMBER, POSITIVE, Rule

CHEAPER_VENDOR = Rule(
    "cheaper_vendor",
    {
        "window_days": POSITIVE,
        "max_price_ratio": NUMBER,
        "min_lines": COUNT,
        "confidence_lines": POSITIVE,
        "valid_days": COUNT,
    },
)
MANY_VENDORS = Rule("many_vendors", {"confidence_lines": POSITIVE, "valid_days": COUNT})
SAME_VENDOR_PRICE_GAP = Rule(
    "same_vendor_price_gap",
    {"min_branches": COUNT, "min_price_ratio": NUMBER, "confidence_lines": POSITIVE, "valid_days": COUNT},
)
PRICE_RISE = Rule(
    "price_rise",
    {
        "window_days": POSITIVE,
        "baseline_age_days": POSITIVE,
        "min_price_ratio": NUMBER,
        "min_lines": COUNT,
        "confidence_lines": POSITIVE,
        "valid_days": COUNT,
    },
)
