"""Small integer programs of an audit, solved by HiGHS within a number of branches."""

from dataclasses import dataclass

import highspy
import numpy as np
import scipy.sparse as sp

from gmsd_publication.disclosure.audit.bounds import Floats, solver
from gmsd_publication.disclosure.errors import Infeasible, WorkLimit
from gmsd_publication.disclosure.model import Ints

ITERATIONS = 200_000
"""Of the simplex method in one program: the largest take a tenth of it."""


@dataclass(frozen=True)
class Whole:
    """min cost·x + slack_cost·s, x whole, s ≥ 0, lower ≤ x ≤ upper, low ≤ matrix·(x, s) ≤ high.

    The first columns are the cells x, the others, if any, slack s: cost has an entry for each column.
    """

    cost: Floats
    lower: Ints
    upper: Ints
    matrix: sp.csr_array
    low: Floats
    high: Floats


def solve(program: Whole, nodes: int) -> Ints:
    """Whole numbers x, the best found within so many branches. Raises Infeasible, WorkLimit (none found)."""
    cells, columns = len(program.lower), program.matrix.shape[1]
    slack = columns - cells
    highs = solver(
        mip_rel_gap=0.0,
        # Without slack costs are whole, and an answer less than 1 from the bound is the best.
        mip_abs_gap=1e-6 if slack else 0.999,
        mip_max_nodes=nodes,
        # Cuts hardly move the bound of tables that add up; without them a program takes half the time.
        mip_pool_soft_limit=10,
        mip_pool_age_limit=3,
        mip_pscost_minreliable=0,
        simplex_iteration_limit=ITERATIONS,
    )
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = program.matrix.shape
    lp.col_cost_ = program.cost
    lp.col_lower_ = np.concatenate([program.lower, np.zeros(slack)])
    lp.col_upper_ = np.concatenate([program.upper, np.full(slack, np.inf)])
    lp.row_lower_, lp.row_upper_ = program.low, program.high
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = program.matrix.indptr, program.matrix.indices
    lp.a_matrix_.value_ = program.matrix.data.astype(float)
    lp.integrality_ = [highspy.HighsVarType.kInteger] * cells + [highspy.HighsVarType.kContinuous] * slack
    highs.passModel(lp)
    highs.run()
    status = highs.getModelStatus()
    if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
        raise Infeasible("no whole numbers fit")
    if highs.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        raise WorkLimit("no whole numbers were found within the work allowed")
    return np.round(np.asarray(highs.getSolution().col_value)[:cells]).astype(np.int64)
