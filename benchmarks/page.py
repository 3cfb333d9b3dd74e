"""The benchmark's result as one HTML page with a picture."""

from html import escape
from pathlib import Path
from typing import Any

COLORS = ("#4c78a8", "#9ecae9", "#f58518")
WIDTH, BAR = 720, 8


def write_page(result: dict[str, Any], file: Path) -> None:
    """Write a page: a table of the runs, and a bar per node and run of the last round."""
    runs = result["rounds"][-1]["runs"]
    rows = "".join(
        f"<tr><th>{escape(name)}</th>" + "".join(f"<td>{run[key]:.1f}</td>" for key in COLUMNS) + "</tr>"
        for name, run in runs.items()
    )
    head = "".join(f"<th>{escape(text)}</th>" for text in COLUMNS.values())
    read = "".join(
        f"<tr><th>{escape(name)}</th><td>{1000 * seconds:.0f}</td></tr>"
        for name, seconds in result["rounds"][-1]["read"].items()
    )
    about = f"{', '.join(result['folders'])} as of {result['as_of']}, {result['cpus']} CPUs, "
    about += f"PostgreSQL {result['postgresql']}, commit {result['commit']}, {result['at']}"
    file.write_text(
        f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>How long fieldlab takes</title>
<style>body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem }}
th {{ text-align: left; font-weight: 500 }} td {{ text-align: right }} td, th {{ padding: .2rem .8rem .2rem 0 }}</style>
<h1>How long fieldlab takes</h1><p>{escape(about)}</p>
<table><tr><th></th>{head}</tr>{rows}</table>
<h2>CPU seconds of the server, by node</h2>{picture(runs)}
<h2>Reading</h2><table><tr><th></th><th>ms</th></tr>{read}</table></html>
""",
        encoding="utf-8",
    )


COLUMNS = {
    "seconds": "seconds",
    "dbt_seconds": "of these dbt's build",
    "server_cpu": "CPU s of the server",
    "client_cpu": "CPU s of dbt and the runner",
    "server_mb": "MB of the server",
    "client_mb": "MB of dbt and the runner",
}


def picture(runs: dict[str, Any], number: int = 25) -> str:
    """Bars as SVG: the nodes that take most, one bar per run."""
    names = {name for run in runs.values() for name in run["nodes"]}
    used = {name: [run["nodes"].get(name, {}).get("cpu", 0.0) for run in runs.values()] for name in names}
    shown = sorted(used.items(), key=lambda entry: -max(entry[1]))[:number]
    scale = (WIDTH - 330) / max(0.1, *(max(values) for _, values in shown))
    height = (BAR + 1) * len(runs) + 6
    parts = [
        f'<text x="{i * 130 + 300}" y="12" fill="{color}">■ {escape(name)}</text>'
        for i, (name, color) in enumerate(zip(runs, COLORS, strict=True))
    ]
    for place, (name, values) in enumerate(shown):
        top = 20 + place * height
        parts.append(f'<text x="290" y="{top + height / 2}" text-anchor="end">{escape(name)}</text>')
        for i, (value, color) in enumerate(zip(values, COLORS, strict=True)):
            y = top + i * (BAR + 1)
            parts.append(f'<rect x="300" y="{y}" width="{value * scale:.1f}" height="{BAR}" fill="{color}"/>')
        parts.append(f'<text x="{305 + max(values) * scale:.0f}" y="{top + height / 2}">{max(values):.1f}</text>')
    total = 20 + len(shown) * height
    return f'<svg viewBox="0 0 {WIDTH} {total}" font-size="10" font-family="system-ui">{"".join(parts)}</svg>'
