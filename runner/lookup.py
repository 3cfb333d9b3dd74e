"""Finding what a person means: by id, by name, and what to say when nothing or too much fits."""

import difflib
from collections.abc import Sequence

from runner.errors import FieldlabError

SUGGESTIONS = 3


class AmbiguousError(FieldlabError):
    """What was asked for fits several things; the caller has to say which."""


def closest(text: str, names: Sequence[str]) -> list[str]:
    """The names most like a text; those that contain it come first."""
    wanted = text.casefold()
    matcher = difflib.SequenceMatcher(b=wanted, autojunk=False)

    def likeness(name: str) -> tuple[bool, float, str]:
        matcher.set_seq1(name.casefold())
        return wanted not in name.casefold(), -matcher.ratio(), name

    return sorted(names, key=likeness)[:SUGGESTIONS]


def either(names: Sequence[str]) -> str:
    """Names as a choice: A, B or C."""
    return " or ".join([part for part in (", ".join(names[:-1]), names[-1]) if part])
