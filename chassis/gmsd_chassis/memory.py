"""Memory that was freed, given back."""

import ctypes
import gc


def give_back() -> None:
    """Return what nobody holds to the system, after a job that took much of it; where the C library cannot (no glibc) it is only freed.

    Why: the allocator keeps arrays of some megabytes for the next of their size. After a release of 80 gemeenten those were 0.2 of the
    0.5 GB that a service held until its next release, twelve hours later perhaps. Takes a moment: not for an event loop.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
