"""An integer program and its relaxation, solved by HiGHS within an amount of work."""

from dataclasses import dataclass

import highspy
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gmsd_publication.disclosure.errors import Infeasible, WorkLimit
from gmsd_publication.disclosure.model import Flags

Floats = NDArray[np.float64]

LARGE = 5_000
"""Columns of a relaxation from which interior point pays."""
SPARING_GAP = 0.02
"""How far above the bound an answer may cost when it need not be the best."""
TOLERANCE = 1e-5
"""How far a row may be off after integers are rounded. Rows hold whole numbers: a real breach is 1."""


@dataclass(frozen=True)
class Program:
    """min cost·x subject to low ≤ matrix·x ≤ high, lower ≤ x ≤ upper; x integer where `integer`.

    `whole`: the best cost is a whole number, so an answer less than 1 above the bound is the best.
    """

    cost: Floats
    lower: Floats
    upper: Floats
    integer: Flags
    matrix: sp.csr_array
    low: Floats
    high: Floats
    whole: bool


@dataclass(frozen=True)
class Work:
    """How much a solver may do. Counts, never seconds: seconds differ between machines, and a replay must end alike.

    `nodes`: branches of one integer program. `iterations`: of one simplex or interior point run.
    `rounds`: neighbourhoods the search looks at. `sparing`: try first with steps only where the relaxation has a use for them:
    much sooner done, and no longer proved nearest.
    """

    nodes: int = 20_000
    iterations: int = 5_000_000
    rounds: int = 400
    sparing: bool = False


@dataclass(frozen=True)
class Solution:
    """`optimal` False: the best found when the work was used up. `bound`: no x costs less."""

    x: Floats
    optimal: bool
    bound: float


@dataclass(frozen=True)
class Relaxation:
    """The best x when none has to be integer; what one unit of each row is worth there, and what one more of each x would cost."""

    x: Floats
    duals: Floats
    worth: Floats
    cost: float


def solve(program: Program, work: Work | None = None, start: Floats | None = None) -> Solution:
    """The best x. `start`: a feasible x to begin with. Raises Infeasible, WorkLimit (no answer within the work)."""
    work = work or Work()
    highs = _highs(program, work)
    for option, value in (
        ("mip_rel_gap", SPARING_GAP if work.sparing else 0.0),
        ("mip_abs_gap", 0.999 if program.whole else 1e-6),
        ("mip_max_nodes", work.nodes),
        # Cuts hardly move the bound of these programs, and strong branching costs more than the nodes it saves:
        # without, both proofs of the reference release (optimum, keyed) take half the time.
        ("mip_pool_soft_limit", 10),
        ("mip_pool_age_limit", 3),
        ("mip_pscost_minreliable", 0),
    ):
        highs.setOptionValue(option, value)
    if start is not None:
        given = highspy.HighsSolution()
        given.col_value = start.tolist()
        highs.setSolution(given)
    highs.run()
    status = highs.getModelStatus()
    _refuse_infeasible(status)
    info = highs.getInfo()
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        raise WorkLimit("no rounding that adds up was found within the work allowed")
    x = _rounded(program, np.asarray(highs.getSolution().col_value))
    optimal = status == highspy.HighsModelStatus.kOptimal
    bound = info.mip_dual_bound if program.integer.any() else info.objective_function_value
    return Solution(x, optimal, float(bound))


def relax(program: Program, work: Work | None = None) -> Relaxation:
    """The linear relaxation. Raises Infeasible (then no integer x exists either), WorkLimit."""
    highs = _highs(program, work or Work(), integers=False)
    # Interior point with crossover: 0.4 s where the simplex method takes 1.9 (14,160 linked cells); of 2,000 cells the reverse.
    highs.setOptionValue("solver", "ipx" if len(program.cost) > LARGE else "simplex")
    highs.run()
    status = highs.getModelStatus()
    _refuse_infeasible(status)
    if status != highspy.HighsModelStatus.kOptimal:
        raise WorkLimit("the relaxation was not solved within the work allowed")
    found = highs.getSolution()
    return Relaxation(
        np.asarray(found.col_value),
        np.asarray(found.row_dual),
        np.asarray(found.col_dual),
        float(highs.getInfo().objective_function_value),
    )


def _highs(program: Program, work: Work, integers: bool = True) -> highspy.Highs:
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    for option, value in (
        ("output_flag", False),
        ("threads", 1),
        ("random_seed", 0),
        ("simplex_iteration_limit", work.iterations),
        ("ipm_iteration_limit", work.iterations),
    ):
        highs.setOptionValue(option, value)
    if highs.passModel(_lp(program, integers)) == highspy.HighsStatus.kError:
        raise Infeasible("no value fits the bounds of a cell")
    return highs


def _refuse_infeasible(status: highspy.HighsModelStatus) -> None:
    if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
        raise Infeasible("no rounding within the declared steps adds up")


def _rounded(program: Program, x: Floats) -> Floats:
    """x with integers made exact; refused when a row does not survive that."""
    x = np.where(program.integer, np.round(x), x)
    activity = program.matrix @ x
    if (activity < program.low - TOLERANCE).any() or (activity > program.high + TOLERANCE).any():
        raise WorkLimit("the solver's answer does not add up in whole numbers")
    return x


def _lp(program: Program, integers: bool) -> highspy.HighsLp:
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = program.matrix.shape
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = program.cost, program.lower, program.upper
    lp.row_lower_, lp.row_upper_ = program.low, program.high
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = program.matrix.indptr
    lp.a_matrix_.index_ = program.matrix.indices
    lp.a_matrix_.value_ = program.matrix.data.astype(np.float64)
    if integers:
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[flag] for flag in program.integer.tolist()]
    return lp
