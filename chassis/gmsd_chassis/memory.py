"""Memory that was freed, given back."""

import ctypes
import ctypes.util
from functools import cache


def give_back() -> None:
    """Return what was freed to the system, after a job that took much of it; nothing where the C library cannot (no glibc).

    Why: the allocator keeps arrays of some megabytes for the next of their size. After a release of 80 gemeenten those were 0.2 of the
    0.5 GB that a service held until its next release, twelve hours later perhaps.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> "ctypes._NamedFuncPointer | None":
    library = ctypes.util.find_library("c")
    return getattr(ctypes.CDLL(library), "malloc_trim", None) if library else None
