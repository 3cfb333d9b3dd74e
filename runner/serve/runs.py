"""Starts `fieldlab run` as a process of its own: a run stops on signals, which a thread of a server cannot take."""

import logging
import subprocess
import sys
import threading
from collections.abc import Sequence
from datetime import date
from uuid import UUID, uuid4

from runner.settings import Settings

log = logging.getLogger(__name__)


def start_run(settings: Settings, jobs: Sequence[str], as_of: date | None) -> UUID:
    """Start a run; it goes on when the server stops.

    Args:
        settings: Which project.
        jobs: Names of jobs; none is all.
        as_of: The date it is about; None is today.

    Returns:
        The run's id. Whatever comes of it, also that it could not begin, is in job_runs under it; what it says goes
        to a file in fieldlab's own folder.
    """
    run_id = uuid4()
    command = [sys.executable, "-m", "runner", "run", "--run-id", str(run_id)]
    command += [f"--job={job}" for job in jobs]
    command += [f"--as-of={as_of}"] if as_of else []
    folder = settings.home / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "serve-run.log").open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=settings.project_dir,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    threading.Thread(target=process.wait, daemon=True).start()
    log.info("Run %s was started from the web service.", run_id)
    return run_id
