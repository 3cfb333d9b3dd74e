"""The one list of procurement rules: what each reads and how it decides, in the order they are published."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from runner.procurement.findings import Facts, Finding, Row
from runner.procurement.rules import orders, prices, supply
from runner.rules.parameters import Rule


@dataclass(frozen=True)
class ProcurementRule:
    """A rule with its question to the marts.

    Attributes:
        rule: Its name and parameters.
        query: The file in `queries/`, without ending, that gives its rows.
        decide: The rule itself: rows in, findings out.
    """

    rule: Rule
    query: str
    decide: Callable[[Iterable[Row], Facts], list[Finding]]


PROCUREMENT_RULES = (
    ProcurementRule(prices.CHEAPER_VENDOR, "cheaper_vendor", prices.cheaper_vendor),
    ProcurementRule(prices.MANY_VENDORS, "many_vendors", prices.many_vendors),
    ProcurementRule(prices.SAME_VENDOR_PRICE_GAP, "same_vendor_price_gap", prices.same_vendor_price_gap),
    ProcurementRule(prices.PRICE_RISE, "price_rise", prices.price_rise),
    ProcurementRule(orders.SMALL_ORDERS, "small_orders", orders.small_orders),
    ProcurementRule(orders.OVER_ORDERING, "order_anomalies", orders.over_ordering),
    ProcurementRule(orders.UNUSUAL_SPEND, "order_anomalies", orders.unusual_spend),
    ProcurementRule(supply.SINGLE_SOURCE, "single_source", supply.single_source),
    ProcurementRule(supply.SEASONAL_PEAK, "seasonal_peak", supply.seasonal_peak),
    ProcurementRule(orders.REORDER_DUE, "reorder_due", orders.reorder_due),
)
