"""pytauargus: tau-ARGUS's engine on HiGHS (EUPL-1.2). JJ files go in and out through its native module."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from pytauargus import _tauargus

from benchmarks.disclosure.peers import jj

NAME = "pytauargus 0.6.0"
CONSTANTS = {101: 1e-7, 102: 2.14e13, 103: 1e-4, 104: 0.01}
"""What its own engine sets before a rounding: zero, infinity, the least violation, the largest slack."""


class TauFailed(Exception):
    """It returned a code instead of an answer."""


def round_table(text: str, base: int, minutes: int) -> Mapping[int, int]:
    """RND: zero-restricted controlled rounding, as near as possible by the file's weights. The optimum unless time ran out."""
    with TemporaryDirectory() as place:
        asked, solution = Path(place) / "in.jj", Path(place) / "out"
        asked.write_text(text, encoding="utf-8")
        rounder = _tauargus.RounderCtrl()
        for number, value in CONSTANTS.items():
            rounder.set_double_constant(number, value)
        result, *_, error = rounder.do_round(
            solver="SCIP",
            in_file=str(asked),
            base=float(base),
            upper_bound=[1e40],
            lower_bound=[0.0],
            solution_file=str(solution),
            statistics_file=str(Path(place) / "statistics"),
            max_time=minutes,
        )
        if result > 0:
            raise TauFailed(f"do_round gave {result}, error {error}")
        return jj.rounded(solution)


def suppress(text: str, minutes: int) -> list[int]:
    """OPT: the secondary suppressions of least weight, or the best found in the time."""
    with TemporaryDirectory() as place:
        asked, solution = Path(place) / "in.jj", Path(place) / "out"
        asked.write_text(text, encoding="utf-8")
        control = _tauargus.HiTaSCtrl()
        result = control.full_jj(in_file_jj=str(asked), out_file=str(solution), max_time=minutes)
        if result > 1:
            raise TauFailed(f"full_jj gave {result}: {control.error_string(result)}")
        return jj.suppressed(solution)


def audit(text: str) -> list[dict[str, float]]:
    """Per suppressed cell the interval of an attacker who knows counts are not negative: cell, min, max, value, unsafe."""
    with TemporaryDirectory() as place:
        asked = Path(place) / "in.jj"
        asked.write_text(text, encoding="utf-8")
        return list(_tauargus.audit_jj(str(asked)))
