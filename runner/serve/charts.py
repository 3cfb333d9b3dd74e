"""Charts as SVG made on the server: they need no script, no inline style, and follow the page's colours and width.

Horizontal positions are percentages and vertical ones pixels, so that a chart is as wide as its place while its letters
keep their size. Colours, dashes and letters are classes of static/charts.css. Geometry is floating point; every number
that a person reads is written from the exact value by the caller.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple, TypeVar

from markupsafe import Markup, escape

from runner.words import listing

# The plot: percentages across, pixels down. Labels of the vertical axis are written in the left margin, on their lines.
LEFT, RIGHT = 9.0, 98.5
TOP, BOTTOM, HEIGHT = 20.0, 212.0, 236.0
TICKS = 4
LABELS = 5
MOST_COLUMN_LABELS = 12
MOST_DOTS = 80
MOST_POINTS = 200
SERIES = 5

Thing = TypeVar("Thing")
Write = Callable[[Decimal], str]


class Series(NamedTuple):
    """A line: its name, and a value or a gap per date."""

    name: str
    points: Sequence[tuple[date, Decimal | None]]


class Band(NamedTuple):
    """A shaded range: its name, and the lowest and highest value per date."""

    name: str
    points: Sequence[tuple[date, Decimal, Decimal]]


class Column(NamedTuple):
    """An upright bar.

    Attributes:
        label: What is written below it.
        value: How high it is.
        before: Where the mark to compare it with is, if there is one.
        is_marked: Whether it is the one that the chart is about.
    """

    label: str
    value: Decimal | None
    before: Decimal | None = None
    is_marked: bool = False


class Level(NamedTuple):
    """A line right across, such as a mean."""

    name: str
    value: Decimal


class Dot(NamedTuple):
    """A point of a scatter chart; the name is shown when it is pointed at."""

    name: str
    x: int
    y: int
    is_marked: bool = False


class Step(NamedTuple):
    """A step of a waterfall: a part that is added, or a total that the parts lead to."""

    name: str
    value: Decimal
    is_total: bool = False


@dataclass(frozen=True)
class Chart:
    """A drawing with everything that goes with it.

    Attributes:
        title: What it shows.
        unit: What is measured in which unit.
        summary: What a person would say who sees it: the text alternative.
        picture: The SVG, below a legend where there are several kinds of marks.
        headings: Of the table behind it.
        rows: Its cells as they are read, the first one naming the row.
        note: What a reader has to know, if anything.
    """

    title: str
    unit: str
    summary: str
    picture: Markup
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


class Axis(NamedTuple):
    """Round values from the lowest to the highest, and how many decimal places they need."""

    values: Sequence[float]
    places: int

    def y(self, value: float | Decimal) -> float:
        """How far down a value is, in pixels."""
        low, high = self.values[0], self.values[-1]
        return BOTTOM - (float(value) - low) / (high - low) * (BOTTOM - TOP)

    def x(self, value: float | Decimal) -> float:
        """How far across a value is, in percent."""
        low, high = self.values[0], self.values[-1]
        return LEFT + (float(value) - low) / (high - low) * (RIGHT - LEFT)


def line_chart(
    title: str,
    unit: str,
    series: Sequence[Series],
    write: Write,
    *,
    band: Band | None = None,
    level: Level | None = None,
    note: str = "",
) -> Chart | None:
    """Values over time, one line each; the first is the one that matters.

    Args:
        title: What it shows.
        unit: What is measured.
        series: The first `SERIES` are drawn, those that are equal as one; the dates are months or days.
        write: How a value reads.
        band: A range behind the lines.
        level: A line right across.
        note: What a reader has to know.

    Returns:
        None where there is no value at all.
    """
    series = _merged(series)[:SERIES]
    dated = sorted({day for one in series for day, value in one.points if value is not None})
    if not dated:
        return None
    values = [value for one in series for _, value in one.points if value is not None]
    values += [value for _, *ends in band.points for value in ends] if band else []
    values += [level.value] if level else []
    axis = round_axis(min(values), max(values))
    first, last = dated[0], dated[-1]
    days = (last - first).days

    def x(day: date) -> float:
        return LEFT + (day - first).days / days * (RIGHT - LEFT) if days else (LEFT + RIGHT) / 2

    few = sum(len(one.points) for one in series) <= MOST_DOTS
    stretched: list[Markup] = []
    dots: list[Markup] = []
    if band and band.points:
        upper = [(x(day), axis.y(high)) for day, _, high in band.points]
        lower = [(x(day), axis.y(low)) for day, low, _ in reversed(band.points)]
        stretched.append(_element("path", class_="band", d=f"M{_joined([*upper, *lower])}Z"))
    for number, one in reversed(list(enumerate(series, 1))):
        stretched.append(_element("path", class_=f"line s{number}", d=_path(one, x, axis)))
        known = [(day, value) for day, value in one.points if value is not None]
        for day, value in known if few else known[-1:]:
            hint = _element("title", f"{one.name}, {written_day(day, days)}: {write(value)}")
            dots.append(_element("circle", hint, class_=f"dot s{number}", cx=_percent(x(day)), cy=axis.y(value), r=2.5))
    across = [_level(axis.y(level.value))] if level else []
    labels = [(x(day), written_day(day, days)) for day in _spread(dated)]
    legend = [(f"line s{number}", one.name) for number, one in enumerate(series, 1)]
    legend += [("band", band.name)] if band else []
    legend += [("level", level.name)] if level else []
    summary = f"{title}, {unit}. " + " ".join(_told(one, write, days) for one in series)
    by_day = [dict(one.points) for one in series]
    return Chart(
        title,
        unit,
        summary,
        _drawing(summary, legend, *_grid(axis), _stretched(stretched), *across, *dots, *_below(labels)),
        ["", *(one.name for one in series)],
        [
            [written_day(day, days), *("" if (v := values.get(day)) is None else write(v) for values in by_day)]
            for day in dated
        ],
        note,
    )


def column_chart(
    title: str,
    unit: str,
    columns: Sequence[Column],
    write: Write,
    *,
    named: str = "",
    before: str = "",
    level: Level | None = None,
    note: str = "",
) -> Chart | None:
    """Values side by side, each with a mark to compare it with where there is one.

    Args:
        title: What it shows.
        unit: What is measured.
        columns: From left to right.
        write: How a value reads.
        named: What the bars are, where the marks have to be told apart from them.
        before: What the marks are.
        level: A line right across.
        note: What a reader has to know.

    Returns:
        None where there is no value at all.
    """
    values = [value for one in columns for value in (one.value, one.before) if value is not None]
    if not values:
        return None
    values += [level.value] if level else []
    axis = round_axis(min(Decimal(0), *values), max(Decimal(0), *values))
    width = (RIGHT - LEFT) / len(columns)
    drawn: list[Markup] = []
    for place, one in enumerate(columns):
        left = LEFT + place * width
        if one.value is not None:
            top, bottom = sorted((axis.y(one.value), axis.y(0)))
            hint = _element("title", _column_hint(one, write, before))
            attributes = {"x": _percent(left + width * 0.16), "width": _percent(width * 0.68)}
            kind = "column marked" if one.is_marked else "column"
            drawn.append(_element("rect", hint, class_=kind, y=top, height=max(bottom - top, 0.5), **attributes))
        if one.before is not None:
            ends = {"x1": _percent(left + width * 0.06), "x2": _percent(left + width * 0.94)}
            drawn.append(_element("line", class_="before", y1=axis.y(one.before), y2=axis.y(one.before), **ends))
    places = [(LEFT + (place + 0.5) * width, one.label) for place, one in enumerate(columns)]
    labels = places if len(columns) <= MOST_COLUMN_LABELS else _spread(places)
    across = [_level(axis.y(level.value))] if level else []
    has_marks = any(one.before is not None for one in columns)
    legend = [("column", named)] if named else []
    legend += [("before", before)] if has_marks else []
    legend += [("level", level.name)] if level else []
    known = [one for one in columns if one.value is not None]
    highest = max(known, key=lambda one: one.value or 0, default=None)
    summary = f"{title}, {unit}." + (f" {_column_hint(known[-1], write, before)}." if known else "")
    if highest and highest is not known[-1]:
        summary += f" Highest: {_column_hint(highest, write, before)}."
    if level:
        summary += f" {level.name}: {write(level.value)}."
    return Chart(
        title,
        unit,
        summary,
        _drawing(summary, legend, *_grid(axis), *drawn, *across, *_below(labels)),
        ["", named or unit, *([before] if has_marks else [])],
        [
            [one.label, *(_cell(v, write) for v in ((one.value, one.before) if has_marks else (one.value,)))]
            for one in columns
        ],
        note,
    )


def scatter_chart(
    title: str, across: str, upward: str, dots: Sequence[Dot], *, marked: str, others: str, note: str = ""
) -> Chart | None:
    """Points by two scores from 0 to 100.

    Args:
        title: What it shows.
        across: What is measured to the right.
        upward: What is measured upwards.
        dots: One point each.
        marked: What the marked ones are.
        others: What the others are.
        note: What a reader has to know.

    Returns:
        None where there is no point.
    """
    if not dots:
        return None
    axis = Axis([0, 25, 50, 75, 100], 0)
    plain = [(axis.x(dot.x), axis.y(dot.y)) for dot in dots if not dot.is_marked]
    # A line of no length with round ends is a dot that keeps its shape where the drawing is stretched.
    many = _element("path", class_="dots", d="".join(f"M{_point(x, y)}h0" for x, y in dict.fromkeys(plain)))
    named = [
        _element(
            "circle",
            _element("title", f"{dot.name}: {across.lower()} {dot.x}, {upward.lower()} {dot.y}"),
            class_="dot marked",
            cx=_percent(axis.x(dot.x)),
            cy=axis.y(dot.y),
            r=4,
        )
        for dot in dots
        if dot.is_marked
    ]
    labels = [(axis.x(value), f"{value:g}") for value in axis.values]
    legend = [("dot marked", marked), ("dot plain", others)]
    measured = f"{across.lower()} and {upward.lower()}"
    summary = f"{title}: {len(dots):,} points by {measured}, {len(named):,} of them {marked.lower()}."
    return Chart(
        title,
        f"upwards {upward.lower()}, to the right {across.lower()}; each 0 to 100",
        summary,
        _drawing(summary, legend, *_grid(axis), _stretched([many]), *named, *_below(labels)),
        ["", across, upward],
        [[dot.name, str(dot.x), str(dot.y)] for dot in dots if dot.is_marked],
        note,
    )


class Mark(NamedTuple):
    """A share of the whole to draw a line at: its name, the share (0 to 1) and how many of the largest reach it."""

    name: str
    share: Decimal | Fraction
    needed: int


def share_chart(title: str, unit: str, amounts: Sequence[Decimal], marks: Sequence[Mark]) -> Chart | None:
    """Which part of the whole the largest make up: a Pareto chart.

    Args:
        title: What it shows.
        unit: What the whole is and what the parts are.
        amounts: Above 0, largest first.
        marks: Shares to draw a line at.

    Returns:
        None where there is nothing.
    """
    whole = sum(amounts)
    if not whole:
        return None
    axis = Axis([0, 25, 50, 75, 100], 0)
    points, running = [(axis.x(0), axis.y(0))], Decimal(0)
    step = max(1, len(amounts) // MOST_POINTS)
    for place, amount in enumerate(amounts, 1):
        running += amount
        if place % step == 0 or place == len(amounts):
            points.append((axis.x(100 * place / len(amounts)), axis.y(100 * running / whole)))
    curve = [_element("path", class_="area", d=f"M{_joined([*points, (axis.x(100), axis.y(0))])}Z")]
    curve.append(_element("path", class_="line s1", d=f"M{_joined(points)}"))
    levels: list[Markup] = []
    for mark in marks:
        y = axis.y(100 * float(mark.share))
        levels.append(_level(y))
        levels.append(_element("text", mark.name, class_="tick", x=_percent(RIGHT), y=y + 13, text_anchor="end"))
    summary = f"{title}. " + " ".join(f"{mark.name}: {mark.needed:,} of {len(amounts):,}." for mark in marks)
    labels = [(axis.x(value), f"{value:g}%") for value in axis.values]
    return Chart(
        title,
        unit,
        summary,
        _drawing(summary, (), *_grid(axis, "%"), _stretched(curve), *levels, *_below(labels)),
        ["part of the whole", "how many", "share of all"],
        [[mark.name, f"{mark.needed:,}", f"{100 * mark.needed / len(amounts):.1f}%"] for mark in marks],
    )


class WaterfallStep(NamedTuple):
    """A step with its bar, to be put side by side in a table."""

    step: Step
    bar: Markup


def waterfall(steps: Sequence[Step]) -> Sequence[WaterfallStep]:
    """The bars of a waterfall; the scale is the same for all and holds every step, and 0 only if they come near it."""
    spans, running = [], Decimal(0)
    for step in steps:
        start = Decimal(0) if step.is_total else running
        running = step.value if step.is_total else running + step.value
        spans.append((start, running))
    ends = [end for _, end in spans]
    low, high = min(ends), max(ends)
    room = (high - low) / 2 or abs(high) or Decimal(1)
    low = Decimal(0) if low >= 0 and low < 3 * (high - low) else low - room
    shown = []
    for step, (start, end) in zip(steps, spans, strict=True):
        kind = "total" if step.is_total else "more" if step.value > 0 else "less"
        shown.append(WaterfallStep(step, bar(low if step.is_total else start, end, low, high, kind)))
    return shown


def bar(start: Decimal, end: Decimal, low: Decimal, high: Decimal, kind: str = "value") -> Markup:
    """A bar of a table's row, from one value to another on a scale; the number beside it says all."""
    span = float(high - low) or 1.0
    left, right = sorted((float(start - low) / span * 100, float(end - low) / span * 100))
    left, right = max(left, 0.0), min(right, 100.0)
    drawn = _element("rect", class_=kind, x=_percent(left), y=0, width=_percent(max(right - left, 0.3)), height="100%")
    return _element("svg", drawn, class_="track", aria_hidden="true")


def _legend_mark(kind: str) -> Markup:
    """The mark of a legend: a short line, a dot or a patch, drawn as in the chart."""
    if kind.startswith("dot"):
        mark = _element("circle", class_=kind, cx=12, cy=6, r=3.5)
    elif kind.startswith(("line", "before", "level")):
        mark = _element("line", class_=kind, x1=0, y1=6, x2=24, y2=6)
    else:
        mark = _element("rect", class_=kind, x=4, y=0, width=16, height=12)
    return _element("svg", mark, class_="key", width=24, height=12, aria_hidden="true")


def round_axis(low: Decimal, high: Decimal) -> Axis:
    """About `TICKS` steps of 1, 2, 2.5 or 5 times a power of ten that hold the lowest and the highest value."""
    lowest, highest = float(low), float(high)
    if lowest == highest:
        lowest, highest = lowest - abs(lowest) / 20, highest + (abs(highest) / 20 or 1.0)
    span = highest - lowest
    power = 10.0 ** math.floor(math.log10(span / TICKS))
    step = next(size * power for size in (1, 2, 2.5, 5, 10) if span / (size * power) <= TICKS)
    first, last = math.floor(lowest / step), math.ceil(highest / step)
    places = max(0, -math.floor(math.log10(step))) + (f"{step / power:g}" == "2.5" and step < TICKS * 2)
    return Axis([number * step for number in range(first, last + 1)], places)


def short(value: float, places: int) -> str:
    """A value of an axis: 1.2M, 850k, 12.50."""
    for size, letter in ((1e9, "bn"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            number = value / (1e3 if letter == "k" else size)
            return f"{number:,.6g}{letter}"
    return f"{value:,.{places}f}"


def written_day(day: date, days: int) -> str:
    """A date on an axis that spans this many days: a month, or a day where the axis is short."""
    return f"{day.day} {day:%b}" if days < 100 else f"{day:%b} {day.year}"  # noqa: PLR2004 - about a quarter


def _merged(series: Sequence[Series]) -> Sequence[Series]:
    """Lines that would hide each other as one line with both names."""
    names: dict[tuple[tuple[date, Decimal | None], ...], list[str]] = {}
    for one in series:
        names.setdefault(tuple(one.points), []).append(one.name)
    return [Series(listing(those), points) for points, those in names.items()]


def _path(series: Series, x: Callable[[date], float], axis: Axis) -> str:
    parts, is_down = [], False
    for day, value in series.points:
        if value is None:
            is_down = False
            continue
        parts.append(f"{'L' if is_down else 'M'}{_point(x(day), axis.y(value))}")
        is_down = True
    return "".join(parts)


def _told(series: Series, write: Write, days: int) -> str:
    known = [(day, value) for day, value in series.points if value is not None]
    if not known:
        return f"{series.name}: no value."
    (first, start), (last, end) = known[0], known[-1]
    if len(known) == 1:
        return f"{series.name}: {write(start)} in {written_day(first, days)}."
    begin, finish = written_day(first, days), written_day(last, days)
    return f"{series.name}: from {write(start)} in {begin} to {write(end)} in {finish}."


def _column_hint(column: Column, write: Write, before: str) -> str:
    compared = f", {before} {write(column.before)}" if column.before is not None else ""
    return f"{column.label}: {_cell(column.value, write)}{compared}"


def _cell(value: Decimal | None, write: Write) -> str:
    return "" if value is None else write(value)


def _spread(things: Sequence[Thing]) -> Sequence[Thing]:
    """At most `LABELS` of them, evenly, from the first on."""
    step = -(-len(things) // LABELS)
    return things[::step]


def _grid(axis: Axis, sign: str = "") -> Iterator[Markup]:
    for value in axis.values:
        y = axis.y(value)
        yield _element("line", class_="zero" if value == 0 else "grid", x1="0", x2="100%", y1=y, y2=y)
        yield _element("text", f"{short(value, axis.places)}{sign}", class_="tick", x="0", y=y - 4)


def _below(labels: Sequence[tuple[float, str]]) -> Iterator[Markup]:
    for x, text in labels:
        side = "end" if x > RIGHT - 1 else "middle"
        yield _element("text", text, class_="tick", x=_percent(x), y=BOTTOM + 18, text_anchor=side)


def _level(y: float) -> Markup:
    return _element("line", class_="level", x1=_percent(LEFT), x2=_percent(RIGHT), y1=y, y2=y)


def _stretched(parts: Sequence[Markup]) -> Markup:
    """Paths, whose points cannot be percentages: drawn on a sheet that is stretched to the full width."""
    box = f"0 0 100 {HEIGHT:g}"
    return _element("svg", *parts, viewBox=box, preserveAspectRatio="none", width="100%", height=HEIGHT)


def _drawing(summary: str, legend: Sequence[tuple[str, str]], *parts: Markup) -> Markup:
    """The picture; the legend is left out where it has nothing to tell apart."""
    drawn = _element("svg", *parts, class_="plot", role="img", aria_label=summary, width="100%", height=HEIGHT)
    if len(legend) <= 1 and not any(kind == "level" for kind, _ in legend):
        return drawn
    names = [_element("li", _legend_mark(kind), name) for kind, name in legend]
    return _element("ul", *names, class_="legend") + drawn


def _joined(points: Sequence[tuple[float, float]]) -> str:
    return "L".join(_point(x, y) for x, y in points)


def _point(x: float, y: float) -> str:
    return f"{x:.2f},{y:.1f}"


def _percent(value: float) -> str:
    return f"{value:.2f}%"


def _element(name: str, *children: str | Markup, **attributes: str | float) -> Markup:
    """An SVG element; texts and attributes are escaped. `class_` is class, `text_anchor` text-anchor."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value if isinstance(value, str) else f"{value:.6g}")}"'
        for key, value in attributes.items()
    )
    return Markup(f"<{name}{written}>{''.join(escape(child) for child in children)}</{name}>")  # noqa: S704 - escaped
