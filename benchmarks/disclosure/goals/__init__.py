"""A goal each (disclosure.md 5.8): what it asks, and `measure`."""

from collections.abc import Callable, Mapping

from benchmarks.disclosure.data import Data
from benchmarks.disclosure.goals import g1, g2, g3, g4, g5, g6, g7, g8
from benchmarks.disclosure.lines import Line

GOALS: Mapping[str, tuple[str, Callable[[Data], list[Line]]]] = {
    "G1": (g1.ASKS, g1.measure),
    "G2": (g2.ASKS, g2.measure),
    "G3": (g3.ASKS, g3.measure),
    "G4": (g4.ASKS, g4.measure),
    "G5": (g5.ASKS, g5.measure),
    "G6": (g6.ASKS, g6.measure),
    "G7": (g7.ASKS, g7.measure),
    "G8": (g8.ASKS, g8.measure),
}
"""By name, in the order in which they are measured."""
