"""Writes files whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runner.errors import FieldlabError


@contextmanager
def written_whole(file: Path, mode: int = 0o644) -> Iterator[Path]:
    """An empty file beside the one that is meant, which takes its place once it is written; after an error it is gone.

    Args:
        file: The file to make or replace.
        mode: Who may read and write it, less what the umask takes away.

    Raises:
        FieldlabError: There is something else of that name.
        OSError: It cannot be written.
    """
    if file.exists() and not file.is_file():  # a device that is replaced, such as /dev/null, is lost to the system
        raise FieldlabError(f"{file} is no ordinary file.", "Name a file that may be made or replaced.")
    unfinished = file.with_name(f"{file.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
    try:
        yield unfinished
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
