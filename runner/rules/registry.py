"""The rules: pure functions from rows of the marts to decisions, and the one list of all of them.

A rule's numbers come from seeds/recommendation_rules.csv. Each rule declares its parameters as a `Rule`;
`read_parameters(connection, schema, RULES)` reads them all in one query and refuses a seed that does not fit.
"""

from runner.alignment import rules as alignment
from runner.procurement import findings
from runner.procurement.rules import orders, prices, supply
from runner.rules.parameters import COUNT, Rule

LIFECYCLE = Rule("lifecycle", {"quiet_days": COUNT}, switchable=False)

RULES: tuple[Rule, ...] = (
    alignment.KEEP,
    alignment.DROP,
    alignment.ADD,
    prices.CHEAPER_VENDOR,
    prices.MANY_VENDORS,
    prices.SAME_VENDOR_PRICE_GAP,
    prices.PRICE_RISE,
    orders.SMALL_ORDERS,
    orders.OVER_ORDERING,
    orders.UNUSUAL_SPEND,
    supply.SINGLE_SOURCE,
    supply.SEASONAL_PEAK,
    orders.REORDER_DUE,
    findings.SAVINGS_PRIORITY,
    LIFECYCLE,
)
