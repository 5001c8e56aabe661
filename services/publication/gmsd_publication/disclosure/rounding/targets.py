"""Where each cell would like to be rounded to: by a secret permanent random number (disclosure.md 5.2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from gmsd_publication.disclosure.errors import KeyMissing
from gmsd_publication.disclosure.model import Ints

KEY_BYTES = 32
NUMBER_BITS = 48
"""Of a permanent random number: times a base of at most 2^15 it still fits a signed 64-bit integer, so every comparison
is exact and no machine can round it otherwise."""
COST_UNITS = 1000
TIE_UNITS = 100
LEAN_UNITS = 450
"""How much dearer an unlikely target is to give up than a likely one. Asked alike, cells drift from r/base towards the nearer
multiple, for a flip that lowers the error helps its neighbours too. On the reference release Σ|err| is 2,031 asked alike (16
keys) and 2,089 so (30 keys), where unbiased rounding expects 2,091."""


@dataclass(frozen=True)
class Targets:
    """`up` [n]: whether the target is the upper multiple (False where the truth is a multiple).

    `cost` [n]: what the other neighbour costs: COST_UNITS, more the less likely the target was, and a little by the number,
    so that the secret number decides between equals.
    """

    up: np.ndarray[tuple[int], np.dtype[np.bool_]]
    cost: Ints


def numbers(key: bytes, identities: Iterable[str]) -> Ints:
    """The permanent random number of each cell, NUMBER_BITS bits: BLAKE2b, keyed, of what the cell is.

    `identities` name definition, region and period, never a release: the same cell has the same number in every release.
    Raises KeyMissing.
    """
    if len(key) < KEY_BYTES:
        raise KeyMissing(f"keyed rounding needs a secret of at least {KEY_BYTES} bytes")
    secret = blake2b(key, digest_size=64).digest()
    digests = b"".join(
        blake2b(identity.encode(), digest_size=8, key=secret).digest() for identity in identities
    )
    return (np.frombuffer(digests, dtype=">u8") >> np.uint64(64 - NUMBER_BITS)).astype(np.int64)


def targets(truth: Ints, base: Ints, number: Ints) -> Targets:
    """The upper multiple with probability remainder / base over the keys, so unbiased (Cox 1987)."""
    remainder = truth % base
    up = number * base < remainder << NUMBER_BITS
    unlikely = np.where(up, base - 2 * remainder, 2 * remainder - base)
    return Targets(up, COST_UNITS + LEAN_UNITS * unlikely // base + number % TIE_UNITS)


def aimed_at(publication: Ints, truth: Ints, base: Ints) -> Targets:
    """Targets that are a given publication, where the truth has it as a neighbour: what some key would have asked for."""
    return Targets(up=publication > truth, cost=np.full(len(truth), COST_UNITS, dtype=np.int64))
