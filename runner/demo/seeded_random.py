"""Random numbers that are the same everywhere for the same seed.

Only `random()` of Python's generator is promised to stay the same from one Python version to the next, so everything
here is made of it.
"""

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


class SeededRandom:
    """A seeded source of random numbers."""

    def __init__(self, seed: str) -> None:
        self.random: Callable[[], float] = random.Random(seed).random  # noqa: S311 - demo data, not a secret

    def chance(self, share: float) -> bool:
        """True in this share of all calls."""
        return self.random() < share

    def between(self, low: float, high: float) -> float:
        """A number from low to high, all equally likely."""
        return low + (high - low) * self.random()

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high, both possible."""
        return low + int(self.random() * (high - low + 1))

    def pick(self, values: Sequence[T]) -> T:
        """One of the values."""
        return values[int(self.random() * len(values))]

    def sample(self, values: Sequence[T], size: int) -> list[T]:
        """Some of the values, none twice, in their order."""
        left = min(size, len(values))
        chosen = []
        for position, value in enumerate(values):
            if self.random() * (len(values) - position) < left:
                chosen.append(value)
                left -= 1
        return chosen
