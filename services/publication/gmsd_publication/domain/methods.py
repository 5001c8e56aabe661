"""The methods of protection, by the name with which a setting chooses one."""

from collections.abc import Callable, Mapping

from gmsd_publication.domain.keyed.method import KeyedRounding
from gmsd_publication.domain.protection import NearestFive, Protection

Secret = Callable[[], bytes]
"""Reads the rounding key, and complains when there is none; a method that needs no key never asks."""

METHODS: Mapping[str, Callable[[Secret], Protection]] = {
    KeyedRounding.name: lambda key: KeyedRounding(key()),
    NearestFive.name: lambda key: NearestFive(),
}
DEFAULT_METHOD = KeyedRounding.name
