"""HiGHS, set so that the same program ends in the same answer."""

from typing import Any

import highspy
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NODES = 500
"""Of an integer program. Counts, never seconds: a replay must end alike on any machine."""


def engine(
    matrix: sp.csr_array, bounds: tuple[Floats, Floats], rows: tuple[Floats, Floats], *, whole: bool = False
) -> Any:
    """A program without costs: `bounds` of columns, `rows` between; in whole numbers or not."""
    highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    for option, value in (
        ("output_flag", False),
        ("solver", "simplex"),
        ("threads", 1),
        ("random_seed", 0),
        ("mip_max_nodes", NODES),
    ):
        highs.setOptionValue(option, value)
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_ = np.zeros(matrix.shape[1])
    lp.col_lower_, lp.col_upper_ = bounds
    lp.row_lower_, lp.row_upper_ = rows
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr, matrix.indices
    lp.a_matrix_.value_ = matrix.data.astype(float)
    if whole:
        lp.integrality_ = [highspy.HighsVarType.kInteger] * matrix.shape[1]
    highs.passModel(lp)
    return highs


def answer(highs: Any) -> Floats | None:
    """Runs it: the columns of a best answer, or of a feasible one when the work was used up; None when there is none."""
    highs.run()
    feasible = highs.getInfo().primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    return np.asarray(highs.getSolution().col_value) if feasible else None
