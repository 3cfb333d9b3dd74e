"""The jobs a run consists of, and which dbt nodes belong to each."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Job:
    """One job.

    Attributes:
        name: Its name, and the dbt tag and selector of its models.
        seconds: Its time limit.
        domain: The database it reads, alignment or procurement; None when it has no models.
        event: What is told to listeners when it succeeded.
    """

    name: str
    seconds: int
    domain: str | None = None
    event: str | None = None


JOBS = (
    Job("spending-metrics", 120, "procurement", "SPENDING_METRICS_COMPUTED"),
    Job("price-benchmarks", 300, "procurement", "PRICE_BENCHMARKS_COMPUTED"),
    Job("purchase-patterns", 300, "procurement", "PATTERNS_COMPUTED"),
    Job("anomalies", 120, "procurement", "ANOMALIES_DETECTED"),
    Job("alignment", 300, "alignment", "ALIGNMENT_COMPUTED"),
    Job("recommendations", 180, "procurement", "RECOMMENDATIONS_GENERATED"),
    Job("cleanup-expired", 60),
)

DOMAINS = frozenset(job.domain for job in JOBS if job.domain)
JOB_NAMES = tuple(job.name for job in JOBS)


def find_jobs(names: Sequence[str]) -> tuple[Job, ...]:
    """The jobs of these names, in the order they run; all of them when none is named."""
    return tuple(job for job in JOBS if not names or job.name in names)


def job_nodes(manifest: Mapping[str, Any], jobs: Iterable[Job]) -> dict[str, frozenset[str]]:
    """Which dbt nodes belong to each job: those with its tag, everything they read, and the tests on these alone.

    A node that two jobs read belongs to both. What is shared by both domains reads both: of that, a job owns what is of
    its own domain, so that a failure in the other one is not its own.

    Args:
        manifest: dbt's manifest.json.
        jobs: The jobs to look for.

    Returns:
        The nodes' unique ids by job name.
    """
    nodes = manifest["nodes"]
    parents = manifest["parent_map"]
    tests = [key for key, node in nodes.items() if node["resource_type"] == "test"]
    belonging = {}
    for job in jobs:
        others = {domain for domain in DOMAINS if domain != job.domain}
        read = _with_parents(tagged_nodes(manifest, job.name), parents)
        built = {key for key in read if not others.intersection(nodes.get(key, {}).get("fqn", ()))}
        tested = {key for key in tests if set(nodes[key]["depends_on"]["nodes"]) <= built}
        belonging[job.name] = frozenset(built | tested)
    return belonging


def tagged_nodes(manifest: Mapping[str, Any], job_name: str) -> frozenset[str]:
    """The nodes that carry the job's tag."""
    nodes = manifest["nodes"].items()
    return frozenset(key for key, node in nodes if job_name in node["tags"] and node["resource_type"] != "test")


def marts(manifest: Mapping[str, Any], job_name: str) -> frozenset[str]:
    """The marts that carry the job's tag: what people read of it."""
    return frozenset(
        key for key in tagged_nodes(manifest, job_name) if manifest["nodes"][key].get("access") == "public"
    )


def views_below(manifest: Mapping[str, Any], built: Collection[str]) -> dict[str, frozenset[str]]:
    """The views that read what a build made anew and were not part of it: PostgreSQL drops a view with its table.

    Args:
        manifest: dbt's manifest.json.
        built: The unique ids of what was built.

    Returns:
        By view, directly below or below such a view: what else it reads, which may never have been built.
    """
    nodes = manifest["nodes"]
    found: dict[str, frozenset[str]] = {}
    waiting = list(built)
    while waiting:
        for key in manifest["child_map"].get(waiting.pop(), ()):
            if key in nodes and key not in built and key not in found and _is_view(nodes[key]):
                found[key] = frozenset()
                waiting.append(key)
    return {key: _relations_read(manifest, key) - found.keys() - set(built) for key in found}


def _is_view(node: Mapping[str, Any]) -> bool:
    return bool(node["resource_type"] == "model" and node["config"]["materialized"] == "view")


def _relations_read(manifest: Mapping[str, Any], key: str) -> frozenset[str]:
    return frozenset(parent for parent in manifest["parent_map"][key] if parent in manifest["nodes"])


def _with_parents(keys: Iterable[str], parents: Mapping[str, Sequence[str]]) -> set[str]:
    """The nodes and everything upstream of them."""
    found: set[str] = set()
    waiting = list(keys)
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting.extend(parents.get(key, ()))
    return found


def domains_read(manifest: Mapping[str, Any], test: str) -> frozenset[str]:
    """The domains of the models a test reads; where these have none, of the test's folder, else of what they read.

    Args:
        manifest: dbt's manifest.json.
        test: A test's unique id.

    Returns:
        Some of `DOMAINS`; none for a test of what belongs to no domain.
    """
    nodes = {**manifest["nodes"], **manifest.get("sources", {})}
    parents = manifest["parent_map"]

    def own(keys: Iterable[str]) -> frozenset[str]:
        return frozenset(domain for key in keys for domain in DOMAINS.intersection(nodes.get(key, {}).get("fqn", ())))

    return own(parents.get(test, ())) or own([test]) or own(_with_parents([test], parents))
