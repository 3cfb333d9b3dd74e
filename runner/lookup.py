"""Finding what a person means: by id, by name, and what to say when nothing or too much fits."""

import difflib
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from runner.errors import FieldlabError, NotFoundError

SUGGESTIONS = 3


Thing = TypeVar("Thing")


class Called(NamedTuple):
    """How people call a thing.

    Attributes:
        key: Its id, as they type it.
        name: Its name.
        remark: What tells it apart from others of the same name.
    """

    key: str
    name: str
    remark: str = ""


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


def choose(
    kind: str,
    text: str,
    found: Sequence[Thing],
    called: Callable[[Thing], Called],
    names: Callable[[], Iterable[str]],
) -> Thing:
    """The thing that a person means: by id, else by name, else by name in other capitals.

    Args:
        kind: What it is, in the singular: dealer, item.
        text: What the person typed.
        found: Those with this id, or with this name in whatever capitals.
        called: How people call one of them.
        names: All names there are, asked for only when nothing was found.

    Raises:
        AmbiguousError: Several have this name; all of them are listed.
        NotFoundError: There is none; the error gives the closest names.
    """
    by_key = [thing for thing in found if called(thing).key == text]
    by_name = [thing for thing in found if called(thing).name == text]
    matches = by_key or by_name or found
    if len(matches) == 1:
        return matches[0]
    if matches:
        each = [called(thing) for thing in matches]
        listed = "\n".join(f"  {one.key}  {', '.join(part for part in one[1:] if part)}" for one in each)
        raise AmbiguousError(f"{len(matches)} {kind}s are called {text!r}; name one by its id:\n{listed}")
    near = closest(text, list(names()))
    raise NotFoundError(
        f"There is no {kind} {text!r}.",
        f"Did you mean {either(near)}?" if near else f"The marts hold no {kind} at all; load some and run again.",
    )
