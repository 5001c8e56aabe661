"""Freed memory goes back to the system."""

import platform
from pathlib import Path

import numpy as np
import pytest

from gmsd_chassis.memory import give_back

MEBI = 2**20


def resident() -> int:
    """Bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps and returns memory so")
def test_what_was_freed_is_given_back() -> None:
    # Once freed, a block of 30 MiB makes the allocator keep all smaller ones for the next of their size.
    del (first := [np.ones(30 * MEBI // 8)])[:]
    made = [np.ones(MEBI // 8) for _ in range(400)]
    stays = made[9::10]  # so that no long run at the end is free, which would be returned anyway
    del made, first
    before = resident()
    give_back()
    assert resident() < before - 200 * MEBI
    assert len(stays) == 40
