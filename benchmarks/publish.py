"""How long publishing alignment takes on the marts that are there, and in how much memory. Changes nothing.

Example: FIELDLAB_DATABASE_URL=… python -m benchmarks.publish
"""

import resource
import time
from datetime import UTC, datetime

from runner.alignment.publish import publish_alignment
from runner.cli.console import out
from runner.database.migrate import ensure
from runner.database.warehouse import open_warehouse
from runner.ops.runs import Run
from runner.rules.registry import RULES
from runner.rules.seed import read_parameters
from runner.settings import load_settings


def main() -> None:
    """Publish three times, each undone again, and print what each took."""
    settings = load_settings()
    with open_warehouse(settings) as warehouse, warehouse.connect(autocommit=True) as connection:
        ensure(connection, settings)
        parameters = read_parameters(connection, settings, RULES)
        run = Run(as_of=datetime.now(UTC).date(), explicit_as_of=False)
        for _ in range(3):
            begun = time.perf_counter()
            with connection.transaction(force_rollback=True):
                vendors = publish_alignment(connection, settings, parameters, run=run, now=datetime.now(UTC))
            seconds = time.perf_counter() - begun
            reports = sum(vendor.reports for vendor in vendors)
            actions = sum(vendor.keep + vendor.drop + vendor.add for vendor in vendors)
            out().print(f"{len(vendors)} vendors, {reports:,} reports, {actions:,} recommendations: {seconds:.1f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # kilobytes on Linux
    out().print(f"peak memory {peak:.0f} MB")


if __name__ == "__main__":
    main()
