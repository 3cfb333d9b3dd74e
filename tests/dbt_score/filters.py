"""To what dbt-score's rules apply in this project; pyproject.toml says which filter goes with which rule."""

from dbt_score import Macro, Model, rule_filter


@rule_filter
def is_mart(model: Model) -> bool:
    """Models that people query: an example query for a step on the way would help nobody."""
    return model.access == "public"


@rule_filter
def is_called_by_name(macro: Macro) -> bool:
    """Macros that others call; what they dispatch to (`ENGINE__NAME`) does the same, and is described there."""
    return "__" not in macro.name
