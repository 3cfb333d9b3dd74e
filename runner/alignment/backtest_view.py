"""A back-test as a person reads it in a terminal, within 100 columns."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from runner.alignment.backtest import LEAST_ADOPTIONS, LEAST_DEALERS, Plan, Row, verdicts
from runner.words import count, day

WHAT_IT_MEASURES = (
    "This measures who would have adopted a collection anyway, not what the advice causes: nobody was advised. "
    "Products, collections and vendors are those of today."
)
LEAK = (
    "LEAKY: selections counted with the status of today, which nobody knew at the cut-off. "
    "The numbers look better than advice can be; do not judge by them."
)
LEGEND = (
    "Advised: by the rule; the others advise up to five to each dealer. Precision, in percent: of what a ranking "
    "advised, the share that the dealer displayed for the first time in the window. "
    "Lift: precision as a multiple of chance, with a 95% interval over resampled dealers. "
    "Difference: precision of the rule less that of the most carried collections, as many for each dealer, in points."
)
VERDICTS = {
    "better": "The rule is better than naming what most dealers carry.",
    "not better": "The rule is not better than naming what most dealers carry.",
    "too few to tell": (
        f"Too few to tell: an interval takes {LEAST_DEALERS} dealers and {LEAST_ADOPTIONS} adoptions at a cut-off."
    ),
}
BASES = {
    "displays": "Known at a cut-off: the displays up to it.",
    "history": "Known at a cut-off: the displays and, from where their history begins, the selections as they were.",
    "leaky": LEAK,
}


def render(rows: Sequence[Row], plan: Plan) -> RenderableType:
    """Lay out a back-test: per vendor a line per cut-off and what it comes to, then what the numbers mean."""
    bases = dict.fromkeys(row.basis for row in rows)
    parts: list[RenderableType] = []
    if "leaky" in bases:
        parts += [Text(LEAK, style="bold red"), ""]
    first, last = plan.cut_offs[0], plan.cut_offs[-1]
    parts.append(
        Text(
            f"{count(len(plan.cut_offs), 'cut-off')} from {day(first)} to {day(last)}, "
            f"each followed for {count(plan.follow_days, 'day')}",
            style="bold",
        )
    )
    found = verdicts(rows)
    for vendor_id in dict.fromkeys(row.vendor_id for row in rows):
        own = [row for row in rows if row.vendor_id == vendor_id]
        parts += ["", Text(vendor_id, style="bold"), _adds(own), Text(VERDICTS[found[vendor_id]]), *_drops(own)]
    parts += ["", Text(LEGEND, style="dim"), *(Text(BASES[basis], style="dim") for basis in bases)]
    return Group(*parts, Text(WHAT_IT_MEASURES, style="yellow"))


def _adds(rows: Sequence[Row]) -> RenderableType:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("ADD")
    for name in (
        "dealers",
        "adopted",
        "advised",
        "rule",
        "trend",
        "carriers",
        "chance",
        "lift of the rule",
        "difference",
    ):
        table.add_column(name, justify="right")
    for cut_off, of_ranking in _by_cut_off(rows, "ADD").items():
        rule = of_ranking["rule"]
        table.add_row(
            cut_off,
            f"{rule.dealer_count:,}",
            f"{rule.adoption_count:,}",
            f"{rule.advised_count:,}",
            *(_percent(of_ranking[name].precision) for name in ("rule", "trend", "carriers", "random")),
            _with_interval(rule.lift, rule.lift_low, rule.lift_high),
            _with_interval(_points(rule.difference), _points(rule.difference_low), _points(rule.difference_high)),
        )
    return table


def _drops(rows: Sequence[Row]) -> Sequence[RenderableType]:
    found = _by_cut_off(rows, "DROP")
    if not found:
        return [Text("DROP: not measurable, no sale is known in any window.", style="dim")]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("DROP")
    for name in ("advised", "gone", "rule", "chance", "lift of the rule"):
        table.add_column(name, justify="right")
    for cut_off, of_ranking in found.items():
        rule = of_ranking["rule"]
        table.add_row(
            cut_off,
            f"{rule.advised_count:,}",
            f"{rule.hit_count:,.0f}",
            _percent(rule.precision),
            _percent(of_ranking["random"].precision),
            _with_interval(rule.lift, rule.lift_low, rule.lift_high),
        )
    missing = len(_by_cut_off(rows, "ADD")) - len(found)
    note = [Text(f"DROP: not measurable at {count(missing, 'cut-off')}, no sale is known.", style="dim")]
    return [table, *(note if missing else [])]


def _by_cut_off(rows: Sequence[Row], advice: str) -> Mapping[str, Mapping[str, Row]]:
    found: dict[str, dict[str, Row]] = {}
    for row in rows:
        if row.advice == advice:
            found.setdefault(row.cut_off.isoformat(), {})[row.ranking] = row
    return found


def _percent(share: Decimal | None) -> str:
    return "-" if share is None else f"{share * 100:.1f}%"


def _points(share: Decimal | None) -> Decimal | None:
    return None if share is None else share * 100


def _with_interval(value: Decimal | None, low: Decimal | None, high: Decimal | None) -> str:
    if value is None:
        return "-"
    if low is None or high is None:
        return f"{value:.1f}"
    return f"{value:.1f} ({low:.1f} … {high:.1f})"
