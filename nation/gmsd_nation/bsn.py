"""Citizen service numbers: the elfproef, and a source that hands out each number once.

A number with digits d1…d9 passes the elfproef when 9·d1 + 8·d2 + … + 2·d8 − d9 is a multiple of 11. The first eight
digits therefore fix the ninth, and one prefix in eleven has none.
"""

import math
from collections.abc import Iterable

import numpy as np

from gmsd_nation.kinds import BoolArray, Int64Array

FIRST_SYNTHETIC, LAST_SYNTHETIC = 70_000_000, 99_989_999
FIRST_TEST, LAST_TEST = 99_990_000, 99_999_999
"""Prefixes (first eight digits): a synthetic nation, and the test range 999900006 to 999999990."""

_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2)


class BsnsExhausted(ValueError):
    """More persons than the chosen range holds."""


def passes_elfproef(numbers: Int64Array) -> BoolArray:
    """Which nine-digit numbers pass the elfproef (zero does not count as a number)."""
    total = np.zeros(len(numbers), dtype=np.int64)
    for place, weight in enumerate((*_WEIGHTS, -1)):
        total += weight * (numbers // 10 ** (8 - place) % 10)
    passed: BoolArray = (total % 11 == 0) & (numbers > 0)
    return passed


def _complete(prefixes: Int64Array) -> Int64Array:
    """Numbers for the prefixes that have a ninth digit, in the order of the prefixes."""
    total = np.zeros(len(prefixes), dtype=np.int64)
    for place, weight in enumerate(_WEIGHTS):
        total += weight * (prefixes // 10 ** (7 - place) % 10)
    last = total % 11
    numbers: Int64Array = (prefixes * 10 + last)[last < 10]
    return numbers


class BsnSource:
    """Hands out numbers without repetition, in an order that looks random and follows from the seed.

    The prefixes are walked by an affine permutation (step coprime with their count), so nothing has to be remembered
    but a cursor, whatever the size of the nation. `reserved` numbers are never handed out: they belong to marked persons.
    """

    def __init__(self, seed: int, *, test_range: bool, reserved: Iterable[int] = ()) -> None:
        first, last = (FIRST_TEST, LAST_TEST) if test_range else (FIRST_SYNTHETIC, LAST_SYNTHETIC)
        self._first = first
        self._count = last - first + 1
        rng = np.random.default_rng([seed, 1])
        self._offset = int(rng.integers(self._count))
        step = int(rng.integers(self._count // 3, self._count // 2))
        while math.gcd(step, self._count) != 1:
            step += 1
        self._step = step
        self._cursor = 0
        self._reserved = np.fromiter(reserved, dtype=np.int64)
        self._left: Int64Array = np.empty(0, dtype=np.int64)

    def take(self, n: int) -> Int64Array:
        """The next `n` numbers. Raises `BsnsExhausted` when the range holds no more."""
        parts = [self._left]
        have = len(self._left)
        while have < n:
            size = min(int((n - have) * 1.2) + 64, self._count - self._cursor)
            if size <= 0:
                raise BsnsExhausted(
                    f"the range holds no more numbers: {n - have} persons are left without one; lower the scale"
                )
            index = np.arange(self._cursor, self._cursor + size, dtype=np.int64)
            self._cursor += size
            numbers = _complete(self._first + (self._offset + self._step * index) % self._count)
            if len(self._reserved):
                numbers = numbers[~np.isin(numbers, self._reserved)]
            parts.append(numbers)
            have += len(numbers)
        together = np.concatenate(parts)
        self._left = together[n:]
        return together[:n]
