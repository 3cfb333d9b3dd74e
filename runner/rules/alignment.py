"""What a dealer should KEEP, DROP and ADD."""

from runner.rules.parameters import COUNT, SHARE, Rule

KEEP = Rule("keep", {"min_trend": SHARE, "high_trend": SHARE, "max_count": COUNT})
DROP = Rule("drop", {"below_trend": SHARE, "high_below_trend": SHARE, "max_count": COUNT})
ADD = Rule("add", {"min_trend": SHARE, "high_trend": SHARE, "min_carriers": COUNT, "max_count": COUNT})
