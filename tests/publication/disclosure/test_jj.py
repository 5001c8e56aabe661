"""JJ files: there and back, what is wrong with them, and tau-ARGUS's own audit of what we hide."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gmsd_publication.disclosure.errors import Infeasible, InputInvalid
from gmsd_publication.disclosure.jj import JJ, read_jj, write_jj
from gmsd_publication.disclosure.model import UNBOUNDED
from gmsd_publication.disclosure.suppression import Effort, Suppression, small_counts, suppress

TWO_BY_TWO = """0
9
0 3 3 u 0 100 1 2 0
1 20 20 s 0 100 0 0 0
2 23 23 s 0 100 0 0 0
3 8 8 s 0 100 0 0 0
4 7 7 s 0 100 0 0 0
5 15 15 s 0 100 0 0 0
6 11 11 s 0 100 0 0 0
7 27 27 s 0 100 0 0 0
8 38 38 s 0 100 0 0 0
6
0 3 : 2 (-1) 0 (1) 1 (1)
0 3 : 5 (-1) 3 (1) 4 (1)
0 3 : 8 (-1) 6 (1) 7 (1)
0 3 : 6 (-1) 0 (1) 3 (1)
0 3 : 7 (-1) 1 (1) 4 (1)
0 3 : 8 (-1) 2 (1) 5 (1)
"""


def text_of(jj: JJ) -> str:
    target = io.StringIO()
    write_jj(jj, target)
    return target.getvalue()


def same(one: JJ, other: JJ) -> bool:
    return (
        one.cells == other.cells
        and one.decimals == other.decimals
        and (one.truth == other.truth).all()
        and (one.status == other.status).all()
        and (one.cost == other.cost).all()
        and (one.levels == other.levels).all()
        and (one.model.lower == other.model.lower).all()
        and (one.model.upper == other.model.upper).all()
        and (one.model.published == other.model.published).all()
        and (one.model.equations != other.model.equations).nnz == 0
    )


@st.composite
def files(draw: st.DrawFn) -> str:
    cells = draw(st.integers(0, 6))
    decimals = draw(st.integers(0, 3))
    number = st.integers(0, 10**7).map(lambda n: f"{n / 10**decimals:.{decimals}f}")
    level = st.sampled_from(["0", "1", "0.01", "2.5"])
    lines = ["anything", str(cells)]
    for i in range(cells):
        response = draw(number)
        upper = draw(st.sampled_from([response, "99999999.0", "1e30"]))
        rest = " ".join(draw(level) for _ in range(3))
        lines.append(f"{i} {response}  {draw(number)} {draw(st.sampled_from('uszm'))} 0 {upper} {rest}")
    rows = draw(st.integers(0, 4))
    lines.append(str(rows))
    for _ in range(rows):
        ids = draw(st.lists(st.integers(0, cells - 1), unique=True, max_size=cells)) if cells else []
        terms = " ".join(f"{i} ({draw(st.sampled_from([-2, -1, 1, 3]))})" for i in ids)
        lines.append(f"{draw(st.sampled_from(['0', '-3', '7', '0.5'])) if ids else '0'} {len(ids)} : {terms}")
    return "\n".join(lines) + "\n"


@given(files())
def test_what_is_read_is_written_and_read_again(text: str) -> None:
    once = read_jj(io.StringIO(text))
    again = read_jj(io.StringIO(text_of(once)))
    assert same(once, again)
    assert text_of(again) == text_of(once)


def test_a_file_becomes_a_model() -> None:
    jj = read_jj(io.StringIO(TWO_BY_TWO))
    jj.model.check()
    jj.model.check_truth(jj.truth)
    assert jj.truth.tolist() == [3, 20, 23, 8, 7, 15, 11, 27, 38]
    assert jj.model.finest.tolist() == [True, True, False, True, True, False, False, False, False]
    assert jj.status.tolist() == ["u"] + 8 * ["s"] and jj.levels[0].tolist() == [1, 2, 0]


def test_a_right_hand_side_is_a_cell_that_everybody_knows() -> None:
    text = "0\n2\n0 3 1 s 0 9 0 0 0\n1 4.5 1 s 0 1e40 0 0 0\n1\n7.5 2 : 0 (1) 1 (1)\n"
    jj = read_jj(io.StringIO(text))
    assert (jj.cells, jj.decimals, jj.model.size) == (2, 1, 3)
    assert jj.truth.tolist() == [30, 45, 75] and not jj.model.published[2]
    assert jj.model.lower[2] == jj.model.upper[2] == 75 and jj.model.upper[1] == UNBOUNDED
    jj.model.check_truth(jj.truth)
    assert "7.5 2 : 0 (1) 1 (1)" in text_of(jj)


@pytest.mark.parametrize(
    ("line", "new", "what"),
    [
        (2, "nine", "line 2: expected the number of cells"),
        (2, "99999999999999", "line 2"),
        (2, "10", "line 12: expected id"),
        (2, "8", "line 11: expected the number of equations"),
        (3, "0 3 3 u 0 100 1 2", "line 3: expected id, response"),
        (4, "0 20 20 s 0 100 0 0 0", "line 4: expected the cell with id 1"),
        (4, "1 20 20 q 0 100 0 0 0", "line 4: expected a status"),
        (4, "1 x 20 s 0 100 0 0 0", "line 4: expected a number"),
        (4, "1 nan 20 s 0 100 0 0 0", "line 4: expected a finite number"),
        (4, "1 -1 20 s -5 100 0 0 0", "line 4: expected a response of 0 or more"),
        (4, "1 20 20 s 0 19 0 0 0", "line 4: expected a response of 0 or more"),
        (4, "1 20.00000001 20 s 0 100 0 0 0", "line 4: expected numbers with at most"),
        (4, "1 20 20 s 0 100 -1 0 0", "line 4: expected protection levels"),
        (13, "0 3 2 (-1) 0 (1) 1 (1)", "line 13: expected a right-hand side"),
        (13, "0 2 : 2 (-1) 0 (1) 1 (1)", "line 13: expected 2 terms"),
        (13, "0 3 : 2 (-1) 0 (1) 0 (1)", "line 13: expected 3 terms with different ids"),
        (13, "0 3 : 2 (-1) 0 (1) 9 (1)", "line 13: expected 3 terms with different ids under 9"),
        (13, "0 3 : 2 (-1) 0 (1) 1 (0.5)", "line 13: expected terms"),
        (18, "0 3 : 8 (-1) 2 (1) 5 (1)\nmore", "line 19: expected nothing after"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(line: int, new: str, what: str) -> None:
    lines = TWO_BY_TWO.splitlines()
    lines[line - 1] = new
    with pytest.raises(InputInvalid) as refused:
        read_jj(io.StringIO("\n".join(lines)))
    assert refused.value.detail.startswith(what)


@pytest.mark.parametrize("length", range(18))
def test_a_file_that_stops_early_is_refused(length: int) -> None:
    with pytest.raises(InputInvalid, match="end of the file"):
        read_jj(io.StringIO("\n".join(TWO_BY_TWO.splitlines()[:length])))


def test_a_file_that_promises_more_than_it_holds_takes_no_memory() -> None:
    with pytest.raises(InputInvalid, match="line 3"):
        read_jj(io.StringIO("0\n999999999999\n"))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.jj"
    path.write_bytes(b"0\n\xff\xfe\n")
    with pytest.raises(InputInvalid, match="line 2"):
        read_jj(path)


def audited(jj: JJ, path: Path) -> dict[int, dict[str, float]]:
    """tau-ARGUS's intervals of the hidden cells."""
    engine = pytest.importorskip("pytauargus._tauargus")
    write_jj(jj, path)
    return {row["cell"]: row for row in engine.audit_jj(str(path))}


def after(jj: JJ, result: Suppression) -> JJ:
    protection = small_counts(jj.model, jj.truth)
    low = np.where(protection.cells, protection.low, jj.truth)
    high = np.where(protection.cells, protection.high, jj.truth)
    return jj.suppressed(result.hidden, low, high)


NEAR = 1e-6
"""tau-ARGUS compares doubles exactly: on z3 it calls a cell unsafe whose highest is 4.999999999999998 and should be 5."""


def agrees(jj: JJ, result: Suppression, path: Path) -> None:
    """Same hidden cells, every level reached, and what our tables show lies within tau-ARGUS's intervals."""
    hidden = after(jj, result)
    rows = audited(hidden, path)
    assert sorted(rows) == np.flatnonzero(result.hidden[: jj.cells]).tolist()
    assert result.certificate is not None
    tables = result.certificate.tables
    for cell, row in rows.items():
        below, above, _ = hidden.levels[cell]
        assert row["min"] <= row["value"] - below + NEAR and row["max"] >= row["value"] + above - NEAR
        if len(tables):
            assert row["min"] - NEAR <= tables[:, cell].min() and tables[:, cell].max() <= row["max"] + NEAR


def test_tau_argus_audits_a_small_suppression_as_we_do(tmp_path: Path) -> None:
    jj = read_jj(io.StringIO(TWO_BY_TWO))
    agrees(jj, suppress(jj.model, jj.truth), tmp_path / "hidden.jj")


def test_tau_argus_finds_what_a_pattern_leaves_open(tmp_path: Path) -> None:
    """That its agreement means something: with only the primary cell hidden it is unsafe, and we refuse to call it covered."""
    jj = read_jj(io.StringIO(TWO_BY_TWO))
    only = np.zeros(9, dtype=bool)
    only[0] = True
    rows = audited(jj.suppressed(only, np.ones(9, dtype=np.int64), np.full(9, 5)), tmp_path / "open.jj")
    assert rows[0]["unsafe"] and rows[0]["min"] == rows[0]["max"] == 3


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=9, max_size=9))
def test_tau_argus_agrees_on_any_small_table(
    tmp_path_factory: pytest.TempPathFactory, inner: list[int]
) -> None:
    body = np.array(inner).reshape(3, 3)
    body = np.vstack([body, body.sum(axis=0)])
    counts = np.hstack([body, body.sum(axis=1, keepdims=True)]).ravel()
    rows = [f"{i} {v} {v} s 0 400 0 0 0" for i, v in enumerate(counts)]
    lines = [f"0 4 : {4 * r + 3} (-1) " + " ".join(f"{4 * r + c} (1)" for c in range(3)) for r in range(4)]
    lines += [f"0 4 : {12 + c} (-1) " + " ".join(f"{4 * r + c} (1)" for r in range(3)) for c in range(4)]
    jj = read_jj(io.StringIO("\n".join(["0", "16", *rows, "8", *lines])))
    try:
        result = suppress(jj.model, jj.truth, effort=Effort(moves=80))
    except Infeasible:
        return
    agrees(jj, result, tmp_path_factory.mktemp("jj") / "hidden.jj")


def test_a_file_may_ask_for_its_own_protection(tmp_path: Path) -> None:
    text = TWO_BY_TWO.replace("1 20 20 s", "1 20 20 z").replace("100 1 2 0", "100 0.01 2 4")
    jj = read_jj(io.StringIO(text))
    asked = jj.protection()
    assert np.flatnonzero(asked.cells).tolist() == [0] and np.flatnonzero(asked.kept).tolist() == [1]
    assert (asked.low[0], asked.high[0]) == (2, 6)
    hidden = suppress(jj.model, jj.truth, asked).hidden
    assert not hidden[1]
    rows = audited(jj.suppressed(hidden, asked.low, asked.high), tmp_path / "hidden.jj")
    assert rows[0]["min"] <= 2 and rows[0]["max"] >= 6


def test_a_rounded_table_is_written_as_one_that_needs_nothing(tmp_path: Path) -> None:
    jj = read_jj(io.StringIO(TWO_BY_TWO))
    values = np.array([5, 20, 25, 5, 10, 15, 10, 30, 40])
    path = tmp_path / "rounded.jj"
    write_jj(jj.rounded(values), path)
    again = read_jj(path)
    assert again.truth.tolist() == values.tolist() and set(again.status) == {"s"}
    again.model.check_truth(again.truth)
    assert audited(jj.rounded(values), path) == {}


@pytest.mark.parametrize("name", ["z3_exact.jj", "z3_full5.jj"])
def test_the_reference_release_goes_there_and_back(name: str, tmp_path: Path) -> None:
    folder = os.environ.get("SDC_TABLES")
    if not folder:
        pytest.skip("SDC_TABLES names no folder with reference releases")
    jj = read_jj(Path(folder) / name)
    jj.model.check()
    jj.model.check_truth(jj.truth)
    write_jj(jj, tmp_path / name)
    assert same(jj, read_jj(tmp_path / name))


def test_tau_argus_audits_the_reference_release_as_we_do(tmp_path: Path) -> None:
    """1,554 linear programs of theirs: 22 s of computing, the one test here that takes that long."""
    folder = os.environ.get("SDC_TABLES")
    if not folder:
        pytest.skip("SDC_TABLES names no folder with reference releases")
    jj = read_jj(Path(folder) / "z3_full5.jj")
    agrees(jj, suppress(jj.model, jj.truth, effort=Effort(moves=1)), tmp_path / "hidden.jj")
