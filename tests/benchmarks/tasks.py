"""Tasks for children of a test: a module of their own, so that a child imports nothing else."""

import time


def weigh(size: int) -> int:
    """Hold `size` bytes for a moment."""
    return len(bytearray(b"x" * size))


def wait(seconds: float) -> float:
    """Take time."""
    time.sleep(seconds)
    return seconds


def spin() -> None:
    """Work without an end."""
    while True:
        pass
