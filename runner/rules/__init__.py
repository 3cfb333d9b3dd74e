"""The rules: pure functions from rows of the marts to decisions, and the one list of all of them.

A rule's numbers come from seeds/recommendation_rules.csv. Each rule declares its parameters as a `Rule`;
`read_parameters(connection, schema, RULES)` reads them all in one query and refuses a seed that does not fit.
"""

from runner.rules import alignment
from runner.rules.parameters import Rule

RULES: tuple[Rule, ...] = (alignment.KEEP, alignment.DROP, alignment.ADD)
