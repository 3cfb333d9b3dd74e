"""The Superset dashboard in bi/superset: its datasets have the columns of the marts, with their descriptions.

`python tests/python/superset.py` writes the columns anew from dbt's manifest (`dbt parse`). What people choose remains:
a dataset's metrics, and everything in charts and dashboards.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[2]
FOLDER = PROJECT / "bi" / "superset"
DATES = {"date", "timestamp", "timestamp with time zone"}


def files(kind: str) -> dict[Path, dict[str, Any]]:
    """What the files of a kind (databases, datasets, charts, dashboards) hold."""
    return {file: yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted((FOLDER / kind).rglob("*.yaml"))}


def described(dataset: Mapping[str, Any], manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The dataset with the mart's schema, description and columns."""
    mart = manifest["nodes"][f"model.fieldlab.{dataset['table_name']}"]
    columns = [
        {
            "column_name": column["name"],
            "verbose_name": column["name"].removesuffix("_pct").replace("_", " ").capitalize(),
            "type": column["data_type"].upper(),
            "is_dttm": column["data_type"] in DATES,
            "description": first_paragraph(column["description"]),
        }
        for column in mart["columns"].values()
    ]
    description = first_paragraph(mart["description"])
    return {**dataset, "schema": mart["schema"], "description": description, "columns": columns}


def first_paragraph(text: str) -> str:
    """A description's beginning, in one line."""
    return " ".join(text.strip().split("\n\n", 1)[0].split())


def query(chart_file: Path) -> str:
    """SQL that asks what a chart asks, but for the grain of time: its columns, its metrics, its filters.

    Raises:
        KeyError: The chart names a metric that its dataset does not have.
    """
    chart = yaml.safe_load(chart_file.read_text(encoding="utf-8"))
    (dataset,) = (one for one in files("datasets").values() if one["uuid"] == chart["dataset_uuid"])
    expressions = {metric["metric_name"]: metric["expression"] for metric in dataset["metrics"]}
    params = chart["params"]
    columns = [params["x_axis"]] if "x_axis" in params else []
    columns += params.get("groupby", [])
    metrics = [expressions[name] for name in params.get("metrics") or [params["metric"]]]
    conditions = [f"({condition['sqlExpression']})" for condition in params["adhoc_filters"]]
    return (
        f"select {', '.join(columns + metrics)} from {dataset['schema']}.{dataset['table_name']}"
        f" where {' and '.join(conditions) or 'true'} group by {', '.join(columns)}"
    )


class _Indented(yaml.SafeDumper):
    """Lists below a key are indented, as yamllint wants them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


if __name__ == "__main__":
    manifest_now = json.loads((PROJECT / "target" / "manifest.json").read_text(encoding="utf-8"))
    for path, content in files("datasets").items():
        text = yaml.dump(
            described(content, manifest_now), Dumper=_Indented, sort_keys=False, allow_unicode=True, width=120
        )
        path.write_text(text, encoding="utf-8")
