"""The user that the embedded server runs as, and how it gets to its files.

PostgreSQL refuses root. Root's server runs as a system account of its own, which is made for it: any process of a
shared account such as nobody could change who may log in, and become the database's superuser.
"""

import contextlib
import fcntl
import logging
import os
import pwd
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypedDict

from runner.errors import FieldlabError

ACCOUNT = "fieldlab-postgres"
SHARED_ACCOUNT = "nobody"

log = logging.getLogger(__name__)


class RunAs(TypedDict, total=False):
    """What `subprocess` needs to start a program as another user; empty for the user we are."""

    user: int
    group: int
    extra_groups: list[int]


def is_root() -> bool:
    """Whether we are root, whom PostgreSQL refuses."""
    return os.geteuid() == 0


def run_as() -> RunAs:
    """The user the server runs as: the current user, or an account of its own when that is root."""
    if not is_root():
        return {}
    return {"user": account().pw_uid, "group": account().pw_gid, "extra_groups": []}


@cache
def account() -> pwd.struct_passwd:
    """The account of root's server: its own, made now if need be, else nobody.

    Raises:
        FieldlabError: There is neither.
    """
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(ACCOUNT)
    with contextlib.suppress(OSError, KeyError):
        return _make_account()
    try:
        shared = pwd.getpwnam(SHARED_ACCOUNT)
    except KeyError as error:
        raise FieldlabError(
            f"PostgreSQL does not run as root, and there is neither a user {ACCOUNT} nor {SHARED_ACCOUNT}.",
            "Work as a user other than root.",
        ) from error
    log.warning(
        "PostgreSQL does not run as root, and no account of its own could be made: its data belongs to %s, and so to "
        "every other program that runs as %s.",
        SHARED_ACCOUNT,
        SHARED_ACCOUNT,
    )
    return shared


def _make_account() -> pwd.struct_passwd:
    """Make the server's own account.

    Raises:
        OSError, KeyError: It could not be made.
    """
    folder = os.open("/etc", os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # two programs that add users at once overwrite what the other wrote
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(ACCOUNT)
        command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
        subprocess.run([*command, "--shell", "/usr/sbin/nologin", ACCOUNT], check=False, capture_output=True)
        made = pwd.getpwnam(ACCOUNT)
    finally:
        os.close(folder)
    log.info("PostgreSQL does not run as root: its data belongs to the new system account %s.", ACCOUNT)
    return made


def is_passable(path: Path) -> bool:
    """Whether every user can pass through all the folders above a path."""
    return all(folder.stat().st_mode & 0o001 for folder in path.resolve().parents)


def _own(data: Path) -> None:
    """Make the server's user the owner of a data folder, whoever it belonged to before."""
    user = run_as()
    if data.stat().st_uid == user["user"]:
        return
    for parent, folders, files in os.walk(data):
        for name in (*folders, *files):
            os.chown(Path(parent, name), user["user"], user["group"], follow_symlinks=False)
    os.chown(data, user["user"], user["group"])  # last: what was stopped half way is done again


@dataclass(frozen=True)
class DataFolderAccess:
    """How the server's user gets to a data folder.

    Attributes:
        path: The folder, as that user sees it.
        descriptors: What the program has to inherit for that.
    """

    path: str
    descriptors: Sequence[int] = ()


@contextlib.contextmanager
def data_folder_access(data: Path) -> Iterator[DataFolderAccess]:
    """Give the way to a data folder.

    When root starts the server, another user must get there. Where the folders above are closed (a checkout in root's
    home), Linux lets a process in through a descriptor that it inherits, without opening anything to others.
    """
    if not is_root():
        yield DataFolderAccess(str(data))
        return
    _own(data)
    if is_passable(data):
        yield DataFolderAccess(str(data))
        return
    if not Path("/proc/self/fd").is_dir():
        raise FieldlabError(
            f"PostgreSQL does not run as root, and the user {account().pw_name} cannot reach {data}.",
            "Work as another user, or name a folder that everybody can pass through with FIELDLAB_HOME.",
        )
    folder = os.open(data, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield DataFolderAccess(f"/proc/self/fd/{folder}", [folder])
    finally:
        os.close(folder)


def change_owner(descriptor: int) -> None:
    """Make the server's user the owner of an open file, so that it can open it again."""
    if is_root():
        user = run_as()
        os.fchown(descriptor, user["user"], user["group"])
