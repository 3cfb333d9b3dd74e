"""Puts dbt_utils where dbt looks for it: the real one where dbt's package hub is reached, else fieldlab's stand-in.

`python -m runner.dbt.packages` does it for a set-up or an image; a run does it by itself when it is missing.
"""

import logging
import subprocess
import sys
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

from runner.errors import FieldlabError
from runner.settings import Settings, load_settings

log = logging.getLogger(__name__)

STAND_IN = Path(__file__).parent / "dbt_utils"
DEPS = (sys.executable, "-P", "-c", "from dbt.cli.main import cli; cli()", "deps", "--quiet")
LONGEST_DEPS_S = 120


def ensure_packages(settings: Settings) -> None:
    """Install dbt_utils where it is missing.

    Raises:
        FieldlabError: It is missing in a host project, whose packages are its own business.
    """
    project = settings.project_dir
    packages = project / "dbt_packages"
    if (packages / "dbt_utils").is_dir() or not (project / "packages.yml").is_file():
        return
    if settings.is_host:
        raise FieldlabError(f"The dbt packages of {project} are not installed.", "Run `dbt deps`.")
    log.info("Getting dbt_utils …")
    if _deps(project) and (packages / "dbt_utils").is_dir():
        return
    log.info("dbt's package hub is not reached: using fieldlab's stand-in for dbt_utils.")
    packages.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=packages, prefix=".dbt_utils") as folder:
        copytree(STAND_IN, Path(folder) / "dbt_utils").rename(packages / "dbt_utils")


def _deps(project: Path) -> bool:
    try:
        subprocess.run(DEPS, cwd=project, check=True, capture_output=True, timeout=LONGEST_DEPS_S)
    except (subprocess.SubprocessError, OSError):
        return False
    return True


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    ensure_packages(load_settings())
