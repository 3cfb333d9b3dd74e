"""PostgreSQL drops a view with the table it reads, and dbt makes its tables anew: no job may leave such a gap."""

from datetime import date
from pathlib import Path

from dbt_database import dbt_database

from runner.jobs import JOBS, job_nodes


def test_every_job_makes_the_views_again_that_it_drops(server_url: str, tmp_path: Path) -> None:
    with dbt_database(server_url, tmp_path) as database:
        database.run("compile", "--select", "vendors", as_of=date(2024, 3, 31))
        manifest = database.dbt.manifest()
    nodes, children = manifest["nodes"], manifest["child_map"]
    views = {key for key, node in nodes.items() if node.get("config", {}).get("materialized") == "view"}
    tables = {key for key, node in nodes.items() if node.get("config", {}).get("materialized") == "table"}

    for job, built in job_nodes(manifest, JOBS).items():
        dropped: set[str] = set()
        waiting = [child for key in built & (tables | views) for child in children[key]]
        while waiting:
            key = waiting.pop()
            if key in views and key not in dropped:
                dropped.add(key)
                waiting.extend(children[key])
        assert dropped <= built, f"tag these with {job}, which drops them"
