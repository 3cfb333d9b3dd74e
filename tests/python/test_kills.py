"""Kills at random moments leave nothing broken and nothing running."""

import sys
from pathlib import Path

import pytest
from kills import VICTIMS, kill_at_random

KILLS = 20
SEED = 1


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found in /proc")
def test_kills_at_random_moments_leave_nothing_broken_and_nothing_running(tmp_path: Path) -> None:
    harness = kill_at_random(tmp_path, KILLS, SEED, lambda line: print(line, file=sys.stderr))  # noqa: T201
    assert not harness.faults
    assert harness.tally.keys() == set(VICTIMS)
    assert sum(harness.tally[victim].total() for victim in VICTIMS) == KILLS
