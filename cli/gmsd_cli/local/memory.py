"""How much memory each process of the platform takes, its descendants included."""

from collections.abc import Mapping

import psutil


def resident(roots: Mapping[str, int]) -> dict[str, int]:
    """Resident bytes per name, of the process with that pid and all its descendants now; 0 for one that has ended.

    One pass over the process table for all of them: asking psutil for the children of each would make one pass per name.
    """
    parent: dict[int, int] = {}
    size: dict[int, int] = {}
    for process in psutil.process_iter(["ppid", "memory_info"]):
        info = process.info
        parent[process.pid] = info["ppid"] or 0
        size[process.pid] = info["memory_info"].rss if info["memory_info"] else 0
    name_of = {pid: name for name, pid in roots.items()}
    total = dict.fromkeys(roots, 0)
    for pid, bytes_ in size.items():
        ancestor = pid
        while ancestor not in name_of and ancestor in parent and ancestor > 1:
            ancestor = parent[ancestor]
        if ancestor in name_of:
            total[name_of[ancestor]] += bytes_
    return total


class PeakMemory:
    """The highest sample per name. Restarts do not reset it: what a machine must hold is what counts."""

    def __init__(self) -> None:
        self._peak: dict[str, int] = {}

    def sample(self, roots: Mapping[str, int]) -> None:
        for name, bytes_ in resident(roots).items():
            self._peak[name] = max(self._peak.get(name, 0), bytes_)

    def bytes(self) -> dict[str, int]:
        """Name → peak resident bytes so far."""
        return dict(self._peak)
