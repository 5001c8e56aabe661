"""One block as an integer program, solved by HiGHS."""

from dataclasses import dataclass

import highspy
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gmsd_publication.disclosure.errors import Infeasible, WorkLimit
from gmsd_publication.disclosure.model import Flags, Ints, Model

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Program:
    """min cost·x subject to rows: low ≤ matrix·x ≤ high, lower ≤ x ≤ upper; x integer where `integer`."""

    cost: Floats
    lower: Floats
    upper: Floats
    integer: Flags
    matrix: sp.csr_array
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Work:
    """How much a solver may do. Counts, never seconds: seconds differ between machines, and a replay must end alike."""

    nodes: int = 20_000
    iterations: int = 5_000_000


@dataclass(frozen=True)
class Solution:
    """`optimal` False: the best found when the work was used up."""

    x: Floats
    optimal: bool


def solve(program: Program, work: Work | None = None, start: Floats | None = None) -> Solution:
    """The best x. `start`: a feasible x to begin with. Raises Infeasible, WorkLimit (no answer within the work)."""
    work = work or Work()
    highs = highspy.Highs()
    for option, value in (
        ("output_flag", False),
        ("threads", 1),
        ("random_seed", 0),
        ("mip_rel_gap", 0.0),
        ("mip_abs_gap", 0.999_999 if _integral_costs(program) else 1e-6),
        # Cuts hardly move the bound of these programs and strong branching costs more than the nodes it saves: on z3 both
        # proofs (optimum, keyed) take half the time without.
        ("mip_pool_soft_limit", 10),
        ("mip_pool_age_limit", 3),
        ("mip_pscost_minreliable", 0),
        ("mip_max_nodes", work.nodes),
        ("simplex_iteration_limit", work.iterations),
    ):
        highs.setOptionValue(option, value)
    highs.passModel(_lp(program))
    if start is not None:
        solution = highspy.HighsSolution()
        solution.col_value = start.tolist()
        highs.setSolution(solution)
    highs.run()
    status = highs.getModelStatus()
    if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
        raise Infeasible("no rounding within the declared steps adds up")
    info = highs.getInfo()
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        raise WorkLimit("no rounding that adds up was found within the work allowed")
    x = np.asarray(highs.getSolution().col_value)
    return Solution(x, status == highspy.HighsModelStatus.kOptimal)


def _integral_costs(program: Program) -> bool:
    """With whole costs on integers an answer less than 1 from the bound is the best."""
    return bool((program.cost == np.round(program.cost)).all() and program.integer[program.cost != 0].all())


def _lp(program: Program) -> highspy.HighsLp:
    lp = highspy.HighsLp()
    rows, columns = program.matrix.shape
    lp.num_col_, lp.num_row_ = columns, rows
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = program.cost, program.lower, program.upper
    lp.row_lower_, lp.row_upper_ = program.low, program.high
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = program.matrix.indptr
    lp.a_matrix_.index_ = program.matrix.indices
    lp.a_matrix_.value_ = program.matrix.data.astype(float)
    lp.integrality_ = [
        highspy.HighsVarType.kInteger if flag else highspy.HighsVarType.kContinuous
        for flag in program.integer
    ]
    return lp
