"""Hierarchies and plain tables: what lies in what, which cells there are, and what adds up."""

import itertools
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gmsd_publication.disclosure.description import parse, read
from gmsd_publication.disclosure.errors import CyclicHierarchy, InputInvalid
from gmsd_publication.disclosure.hierarchy import Hierarchy, Line, exact_cover
from gmsd_publication.disclosure.intervals import NO_FIGURE
from gmsd_publication.disclosure.published import published
from gmsd_publication.disclosure.tables import Tabulated, build
from tests.publication.disclosure import instances

HEAD = "dimensie,code,ligt_in\n"


def divided(hierarchy: Hierarchy) -> set[tuple[str, tuple[str, ...], bool]]:
    return {
        (
            hierarchy.codes[each.whole],
            tuple(sorted(hierarchy.codes[part] for part in each.parts)),
            each.complete,
        )
        for each in hierarchy.divisions
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("dimensie,code\nr,a\n", "regel 1: kolom ligt_in ontbreekt"),
        ("dimensie,code,ligt_in,kleur\nr,a,,b\n", "regel 1: kolom 'kleur'"),
        (HEAD + "r,NL,\nr,a,BE\n", "regel 3: r=a ligt in BE, en die code staat er niet bij"),
        (HEAD + "r,NL,\nr,a,NL\nr,a,NL\n", "regel 4: r=a staat er dubbel"),
        (HEAD + "r,NL,\nr,NL,\n", "regel 3: r=NL staat er dubbel"),
        (HEAD + "r,NL,\nr,BE,\nr,NL,BE\n", "r=NL ligt in BE en elders in niets"),
        (HEAD + "r,NL,\nr,a\n", "regel 3: 2 velden waar de kop er 3 heeft"),
        (HEAD + ",NL,\n", "regel 2: dimensie en code mogen niet leeg zijn"),
        (HEAD, "geen enkele code"),
        ("", "kolom dimensie ontbreekt"),
    ],
)
def test_a_description_that_cannot_be_is_refused_by_line(text: str, says: str) -> None:
    with pytest.raises(InputInvalid, match=says):
        parse(text)


def test_a_cycle_is_named() -> None:
    with pytest.raises(CyclicHierarchy, match="regio: (b in c in b|c in b in c)"):
        parse(HEAD + "regio,top,\nregio,a,b\nregio,b,c\nregio,c,b\n")


def test_a_description_with_bom_semicolons_and_names_is_read(tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    path.write_bytes(
        "\ufeffdimensie;code;ligt_in;naam\r\nregio;NL;;Nederland\r\nregio;PV20;NL;Groningen\r\n".encode()
    )
    (hierarchy,) = read(path).values()
    assert (hierarchy.codes, hierarchy.names["PV20"], hierarchy.top) == (("NL", "PV20"), "Groningen", 0)


def test_a_file_in_another_encoding_is_refused_by_line(tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    path.write_bytes(HEAD.encode() + "r,Súdwest,\n".encode("latin-1"))
    with pytest.raises(InputInvalid, match="regel 2: geen UTF-8"):
        read(path)


def test_two_overlapping_hierarchies_are_two_divisions() -> None:
    lines = [Line("T"), *(Line(code, "T") for code in ("A", "X", "B", "Y"))]
    lines += [Line("1", "A"), Line("1", "X"), Line("2", "A"), Line("2", "Y"), Line("3", "B"), Line("3", "X")]
    found = divided(Hierarchy("r", lines))
    assert {each for each in found if each[0] == "T"} == {("T", ("A", "B"), True), ("T", ("X", "Y"), True)}


def test_a_region_that_covers_a_part_is_no_division_of_the_whole() -> None:
    lines = [
        Line("T"),
        Line("A", "T"),
        Line("B", "T"),
        Line("1", "A"),
        Line("2", "A"),
        Line("2", "B"),
        Line("3", "B"),
    ]
    found = divided(Hierarchy("r", lines))
    assert {each for each in found if each[0] == "T"} == {
        ("T", ("A",), False),
        ("T", ("B",), False),
        ("T", ("1", "2", "3"), True),
    }


def test_a_stated_division_may_not_overlap_itself() -> None:
    text = "dimensie,code,ligt_in,indeling\nr,T,,\nr,A,T,x\nr,B,T,x\nr,1,A,\nr,1,B,\n"
    with pytest.raises(InputInvalid, match="indeling x van r=T: B overlapt"):
        _ = parse(text)["r"].divisions


@given(st.integers(1, 255), st.lists(st.integers(1, 255), min_size=1, max_size=8))
def test_a_cover_is_found_exactly_when_there_is_one(whole: int, sets: list[int]) -> None:
    parts = {i: each & whole for i, each in enumerate(sets) if each & whole}
    for first in parts:
        found = exact_cover(whole, parts, first, set())
        some = any(
            sum(parts[each] for each in chosen) == whole
            and np.bitwise_or.reduce([parts[each] for each in chosen]) == whole
            for size in range(1, len(parts) + 1)
            for chosen in itertools.combinations(parts, size)
            if first in chosen
        )
        assert (found is not None) == some
        if found is not None:
            assert first in found
            assert sum(parts[each] for each in found) == whole


@st.composite
def linked(draw: st.DrawFn) -> tuple[pl.DataFrame, list[Hierarchy]]:
    """Small tables: regions in two crossing hierarchies, and a second dimension of two levels."""
    regions = draw(st.integers(1, 5))
    lines = [Line("T")]
    for mark in ("P", "G"):
        groups = [draw(st.integers(0, 2)) for _ in range(regions)]
        lines += [Line(f"{mark}{each}", "T") for each in sorted(set(groups))]
        lines += [Line(f"r{i}", f"{mark}{each}") for i, each in enumerate(groups)]
    kinds = draw(st.integers(1, 3))
    rows = draw(
        st.lists(
            st.tuples(st.integers(0, regions - 1), st.integers(0, kinds - 1), st.integers(0, 9)), min_size=1
        )
    )
    inner = pl.DataFrame(
        {
            "regio": [f"r{row[0]}" for row in rows],
            "soort": [f"s{row[1]}" for row in rows],
            "aantal": [row[2] for row in rows],
        }
    )
    kind_lines = [Line("alle"), *(Line(f"s{i}", "alle") for i in range(kinds))]
    return inner, [Hierarchy("regio", lines), Hierarchy("soort", kind_lines)]


@given(linked())
@settings(max_examples=60)
def test_cells_and_counts_are_those_of_counting_by_hand(given: tuple[pl.DataFrame, list[Hierarchy]]) -> None:
    inner, hierarchies = given
    made = build(inner, hierarchies)
    expected: dict[tuple[str, ...], int] = {}
    for regio, soort, count in inner.iter_rows():
        above = [
            [each.codes[code] for code in each.above[each.place[own]]]
            for each, own in zip(hierarchies, (regio, soort), strict=True)
        ]
        for cell in itertools.product(*above):
            expected[cell] = expected.get(cell, 0) + count
    assert dict(zip(made.keys.iter_rows(), made.truth.tolist(), strict=True)) == expected


@given(linked())
@settings(max_examples=60)
def test_finest_counts_and_equations_leave_nothing_free(given: tuple[pl.DataFrame, list[Hierarchy]]) -> None:
    made = build(*given)
    model = made.model
    model.check()
    model.check_truth(made.truth)
    assert model.units is not None
    # Every contributor obeys every equation, and n cells have as many freedoms as there are finest cells.
    assert not (model.equations @ model.units).count_nonzero()
    free = (
        model.size - np.linalg.matrix_rank(model.equations.toarray())
        if model.equations.shape[0]
        else model.size
    )
    assert free == model.finest.sum() == model.units.shape[1]
    finest = model.units.tocsr()[np.flatnonzero(model.finest)].toarray()
    assert (finest == np.eye(len(finest))).all()


def test_steps_and_names_follow_the_level() -> None:
    made = build(*instances.two_way_tables(2, 2), margin_steps=1)
    steps = dict(zip(made.model.names, made.model.steps.tolist(), strict=True))
    assert steps == {
        "totaal": 1, "soort=S00": 1, "soort=S01": 1, "wijk=W00": 1, "wijk=W01": 1,
        "wijk=W00 · soort=S00": 0, "wijk=W00 · soort=S01": 0, "wijk=W01 · soort=S00": 0, "wijk=W01 · soort=S01": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("column", "values", "says"),
    [
        ("wijk", ["W00", "elders"], "onbekende code in wijk: 'elders'"),
        ("wijk", ["W00", None], "onbekende code in wijk: None"),
        ("wijk", ["W00", "alle"], "wijk=alle heeft delen"),
        ("aantal", [1, -1], "niet louter gehele aantallen"),
        ("aantal", [1, None], "niet louter gehele aantallen"),
        ("aantal", [1.0, 2.5], "niet louter gehele aantallen"),
    ],
)
def test_counts_that_cannot_be_are_refused(column: str, values: list[object], says: str) -> None:
    inner = pl.DataFrame({"wijk": ["W00", "W01"], "aantal": [1, 2]}).with_columns(pl.Series(column, values))
    (wijk,) = instances.two_way_tables(2, 1)[1][:1]
    with pytest.raises(InputInvalid, match=says):
        build(inner, [wijk])


def test_a_dimension_without_a_column_is_refused() -> None:
    inner, hierarchies = instances.two_way_tables(2, 2)
    with pytest.raises(InputInvalid, match="kolom soort ontbreekt"):
        build(inner.drop("soort"), hierarchies)


@pytest.mark.skipif(not instances.available(), reason="SDC_TABLES names no folder with the SSB instances")
def test_the_ssb_instances_are_those_described() -> None:
    for made, cells, rows, small in (
        (instances.z3(), 1350, 1245, 416),
        (instances.sosial_fiktiv(), 14160, 10992, 2654),
    ):
        made.model.check()
        made.model.check_truth(made.truth)
        assert (made.model.size, made.model.equations.shape[0]) == (cells, rows)
        assert ((made.truth > 0) & (made.truth < 5)).sum() == small


ALL = pl.lit(True)


def written(made: Tabulated, path: Path, chosen: pl.Expr = ALL) -> Path:
    made.keys.with_columns(aantal=made.truth).filter(chosen).write_csv(path)
    return path


def described(hierarchies: list[Hierarchy]) -> dict[str, Hierarchy]:
    return {each.dimension: each for each in hierarchies}


def test_published_tables_come_back_as_the_model_they_were(tmp_path: Path) -> None:
    inner, hierarchies = instances.overlapping_tables()
    made = build(inner, hierarchies)
    back = published([written(made, tmp_path / "a.csv")], described(hierarchies))
    assert back.keys.equals(made.keys)
    assert (back.figures == made.truth).all() and back.model.published.all()
    assert (back.model.equations != made.model.equations).nnz == 0


def test_what_lies_between_published_cells_is_an_unpublished_cell(tmp_path: Path) -> None:
    inner, hierarchies = instances.gemeente_tables(buurten=6, wijken=2, kinds=2, ages=1)
    path = written(build(inner, hierarchies), tmp_path / "a.csv", ~pl.col("regio").str.starts_with("WK"))
    back = published([path], described(hierarchies))
    unpublished = set(back.keys.filter(~pl.Series(back.model.published))["regio"])
    assert unpublished == {"WK000", "WK001"}
    assert (back.figures[~back.model.published] == NO_FIGURE).all()


def test_overlapping_totals_bring_in_the_regions_they_share(tmp_path: Path) -> None:
    inner, hierarchies = instances.overlapping_tables(regions=6)
    made = build(inner, hierarchies)
    path = written(made, tmp_path / "a.csv", ~pl.col("regio").str.starts_with("GM"))
    back = published([path], described(hierarchies))
    assert set(back.keys.filter(~pl.Series(back.model.published))["regio"]) == {f"GM{i:02}" for i in range(6)}
    one = written(made, tmp_path / "b.csv", pl.col("regio").is_in(["NL", "PV0", "PV1", "PV2"]))
    assert published([one], described(hierarchies)).model.published.all()


def test_left_out_combinations_can_be_zero_or_unknown(tmp_path: Path) -> None:
    inner, hierarchies = instances.two_way_tables(2, 2)
    path = written(
        build(inner, hierarchies), tmp_path / "a.csv", pl.col("wijk") + pl.col("soort") != "W00S00"
    )
    unknown, zero = (published([path], described(hierarchies), absent_is_zero=flag) for flag in (False, True))
    assert list(unknown.model.names) == list(zero.model.names)
    cell = list(zero.model.names).index("wijk=W00 · soort=S00")
    assert (zero.model.upper[cell], unknown.model.upper[cell] > 2**60) == (0, True)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["W00,S00,3", "W00,S00,3"], "regel 3: deze cel staat ook op a.csv, regel 2"),
        (["W00,S00,geheim"], "regel 2: geen geheel aantal"),
        (["W00,S00,-3"], "regel 2: geen geheel aantal"),
        (["W00,S00,12.5"], "regel 2: geen geheel aantal"),
        (["W00,S00,9999999999999"], "regel 2: geen geheel aantal"),
        (["W99,S00,3"], "regel 2: wijk heeft geen code 'W99'"),
        (["W00,S00"], "regel 2: 2 velden"),
        ([], "geen enkel cijfer"),
    ],
)
def test_a_published_line_that_cannot_be_is_refused(lines: list[str], says: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["wijk,soort,aantal", *lines]))
    with pytest.raises(InputInvalid, match=says):
        published([path], described(instances.two_way_tables(2, 2)[1]))


def test_files_that_differ_on_a_cell_are_refused_and_files_that_agree_are_linked(tmp_path: Path) -> None:
    a, b, c = (tmp_path / f"{name}.csv" for name in "abc")
    for path, figure in ((a, 3), (b, 3), (c, 4)):
        path.write_text(f"wijk,aantal\nW00,{figure}\n")
    hierarchies = described(instances.two_way_tables(2, 2)[1])
    assert published([a, b], hierarchies).figures.tolist() == published([a], hierarchies).figures.tolist()
    with pytest.raises(InputInvalid, match=r"c.csv, regel 2: hier staat iets anders dan op a.csv, regel 2"):
        published([a, b, c], hierarchies)


def test_figures_are_read_as_people_write_them(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "wijk;soort;aantal\nalle;alle;1.234.567\nW00;alle;1 200\nW01;alle;< 5\nalle;S00;.\nalle;S01;\n"
    )
    back = published([path], described(instances.two_way_tables(2, 2)[1]))
    said = dict(zip(back.model.names, zip(back.figures.tolist(), back.marks, strict=True), strict=True))
    assert said["totaal"] == (1_234_567, "")
    assert said["wijk=W00"] == (1200, "")
    assert (said["wijk=W01"], said["soort=S00"], said["soort=S01"]) == ((-1, "<5"), (-1, "."), (-1, ""))


def test_too_large_an_audit_is_refused(tmp_path: Path) -> None:
    hierarchies = [Hierarchy(f"d{i}", [Line("T"), *(Line(str(j), "T") for j in range(99))]) for i in range(3)]
    path = tmp_path / "a.csv"
    path.write_text("d0,d1,d2,aantal\nT,T,T,5\n" + "\n".join(f"{j},{j},{j},0" for j in range(99)))
    with pytest.raises(InputInvalid, match="1000000 cellen; de audit kan er 300000 aan"):
        published([path], described(hierarchies))
