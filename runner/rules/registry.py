"""The one list of all rules: what the modules of rules declare, in the order in which they do.

A rule is a pure function from rows of the marts to decisions. Its declaration says what it is called and what can be
tuned in it; the numbers come from seeds/recommendation_rules.csv.
"""

from types import ModuleType

from runner.alignment import rules as alignment
from runner.procurement import findings
from runner.procurement.findings import ProcurementRule
from runner.procurement.rules import invoices, orders, prices, supply, vendors
from runner.rules.parameters import Rule


def _declared(*modules: ModuleType) -> tuple[Rule, ...]:
    found = (value for module in modules for value in vars(module).values() if isinstance(value, Rule))
    return tuple(dict.fromkeys(found))


RULES = _declared(alignment, prices, invoices, orders, supply, vendors, findings)
PROCUREMENT_RULES = tuple(rule for rule in RULES if isinstance(rule, ProcurementRule))
