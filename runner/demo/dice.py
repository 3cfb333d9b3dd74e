"""Chance that falls the same way everywhere.

Only `random()` of Python's generator is promised to stay the same from one Python version to the next, so everything
here is made of it.
"""

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """A seeded source of chance."""

    def __init__(self, seed: str) -> None:
        self.roll: Callable[[], float] = random.Random(seed).random  # noqa: S311 - demo data, not a secret

    def chance(self, share: float) -> bool:
        """True in this share of all throws."""
        return self.roll() < share

    def between(self, low: float, high: float) -> float:
        """A number from low to high, all equally likely."""
        return low + (high - low) * self.roll()

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high, both possible."""
        return low + int(self.roll() * (high - low + 1))

    def pick(self, values: Sequence[T]) -> T:
        """One of the values."""
        return values[int(self.roll() * len(values))]

    def sample(self, values: Sequence[T], size: int) -> list[T]:
        """Some of the values, none twice, in their order."""
        left = min(size, len(values))
        chosen = []
        for position, value in enumerate(values):
            if self.roll() * (len(values) - position) < left:
                chosen.append(value)
                left -= 1
        return chosen
