"""Bytes to rows: encodings, separators, headers, quotes, cuts."""

import csv
import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gmsd_contracts.columns import DATASETS
from gmsd_contracts.events.delivery_assessed_v1 import Verdict
from gmsd_validation.domain.form.body import body
from gmsd_validation.domain.form.rows import Shape, read_rows
from gmsd_validation.domain.form.survey import HEAD_BYTES, survey
from gmsd_validation.domain.rules.rule import ROW_NUMBER
from tests.validation.support import BSN, header, lines, order, pieces, row, run, text

ONE = text("wmo", row("wmo"))


def parsed(data: bytes, fields: int = 3, size: int = 7) -> tuple[pl.DataFrame, Shape]:
    """Rows of a body of `fields` columns a, b, c…"""
    names = [chr(97 + i) for i in range(fields)]
    shape = Shape(fields)
    source = body(pieces(data, size), skip=0, utf8=True, separator=";", fields=fields)
    frames = list(read_rows(source, ";", names, shape, names, 1000))
    return pl.concat(frames), shape


FIELD = st.text(st.sampled_from('ab1;"\n\r ë'), max_size=6)


@given(
    st.lists(st.tuples(FIELD, FIELD, FIELD), max_size=20), st.sampled_from(["\n", "\r\n"]), st.integers(1, 50)
)
def test_rows_are_those_of_another_reader(rows: list[tuple[str, str, str]], end: str, size: int) -> None:
    target = io.StringIO()
    csv.writer(target, delimiter=";", lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    frame, shape = parsed(target.getvalue().encode(), size=size)
    assert frame.select("a", "b", "c").rows() == rows
    assert frame[ROW_NUMBER].to_list() == list(range(1, len(rows) + 1))
    assert (shape.malformed_count, shape.open_at) == (0, None)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=40), st.booleans())
def test_numbers_count_malformed_rows_too(widths: list[int], ended: bool) -> None:
    data = "\n".join(";".join("x" * width) for width in widths) + ("\n" if ended else "")
    frame, shape = parsed(data.encode())
    assert frame[ROW_NUMBER].to_list() == [n for n, width in enumerate(widths, 1) if width == 3]
    assert shape.malformed == [(n, width) for n, width in enumerate(widths, 1) if width != 3]


@pytest.mark.parametrize("tail", ['"', '1;"', '1;2;"', '1;2;"x\n4;5;6\n', '1;"2\n', '"' + "x\n" * 10])
def test_an_open_quote_is_found_at_its_row(tail: str) -> None:
    frame, shape = parsed(b"1;2;3\n1;2\n4;5;6\n" + tail.encode())
    assert shape.open_at == 4
    assert shape.malformed == [(2, 2)]


def test_an_open_quote_far_from_the_end_is_found_at_its_row() -> None:
    """The field that never ends is larger than a block."""
    good = b"1;2;3\n" * 200_000
    _, shape = parsed(good + b'1;"2;3\n' + b"4;5;6\n" * 900_000, size=700_000)
    assert shape.open_at == 200_001


@given(st.binary(max_size=200), st.integers(1, 40))
def test_the_survey_knows_utf8_however_it_is_cut(data: bytes, size: int) -> None:
    try:
        data.decode()
        valid = True
    except UnicodeDecodeError:
        valid = False
    found = survey(pieces(data, size))
    assert found.utf8 is valid
    assert found.size == len(data) - found.skip
    assert found.head == data[found.skip :]


def test_a_late_byte_decides_the_encoding_of_the_whole() -> None:
    many = lines("regio", [row("regio", code=f"PV{i}", naam="Zuid") for i in range(10_000)])
    last = ";".join(row("regio", code="PV99999", naam="Ommelandë").values())
    data = "\n".join([*many, last]).encode("cp1252")
    assert len(data) > 4 * HEAD_BYTES
    outcome = run(data, "regio")
    assert outcome.counts["ALG-011"] == 1 and "ALG-103" not in outcome.counts
    assert run("\n".join([*many, last]).encode(), "regio").counts.get("ALG-011") is None


def test_bytes_that_windows_1252_does_not_define_are_a_finding() -> None:
    data = text("regio", row("regio", naam="Om\x07")).replace(b"\x07", b"\x81\xff")
    assert run(data, "regio").counts.keys() >= {"ALG-011", "ALG-103"}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("size", [1, 3, 100_000])
def test_line_ends_and_bom_make_no_difference(end: str, bom: bytes, size: int) -> None:
    data = bom + end.join(lines("wmo", [row("wmo"), row("wmo", bsn="999990020")])).encode()
    outcome = run(data, size=size)
    assert (outcome.counts, outcome.assessment.rows) == ({}, 2)
    assert outcome.records["bsn"].to_pylist() == [BSN, "999990020"]


def test_order_of_columns_is_free_and_quotes_are_taken_off() -> None:
    names = list(reversed(header("wmo")))
    data = (
        ";".join(f'"{name}"' for name in names) + "\r\n" + ";".join(f'"{row("wmo")[name]}"' for name in names)
    )
    outcome = run(data.encode())
    assert outcome.counts == {}
    assert outcome.records.equals(run(ONE).records)


def test_without_a_header_nothing_of_the_file_is_shown() -> None:
    outcome = run("\n".join(lines("wmo", [row("wmo"), row("wmo")])[1:]).encode())
    assert outcome.assessment.verdict is Verdict.FATAAL
    assert outcome.counts == {"ALG-005": 1}
    shown = " ".join(str(value) for finding in outcome.findings for value in finding.values())
    assert not [field for field in row("wmo").values() if len(field) > 2 and field in shown]


def test_a_file_of_another_dataset_is_not_read() -> None:
    assert run(text("regio", row("regio"))).counts == {"ALG-005": 1}


@pytest.mark.parametrize("data", [b"", ONE.split(b"\n")[0], ONE.split(b"\n")[0] + b"\r\n\r\n"])
def test_nothing_to_report(data: bytes) -> None:
    outcome = run(data, nothing=True)
    assert (outcome.assessment.verdict, outcome.assessment.rows, outcome.assessment.records) == (
        Verdict.OK,
        0,
        0,
    )
    assert run(data).assessment.verdict is Verdict.FATAAL


def test_records_are_typed_numbered_and_normalised() -> None:
    first = row(
        "wmo",
        gemeentecode="0344",
        datum_toewijzing="2025-01-10",
        leveringsvorm=" 1 ",
        intensiteit_volume="007",
    )
    data = text("wmo", first, row("wmo", bsn="999990020")).replace(b"\nGM", b"\n\nGM")
    outcome = run(data)
    assert outcome.records.schema.equals(DATASETS["wmo"][0].checked_schema, check_metadata=True)
    assert outcome.records["_row"].to_pylist() == [1, 3]
    record = outcome.records.to_pylist()[0]
    assert (record["gemeentecode"], record["leveringsvorm"], record["intensiteit_volume"]) == (
        "GM0344",
        "1",
        7,
    )
    assert str(record["datum_toewijzing"]) == "2025-01-10"
    assert record["ambulantisering"] is None


def test_the_profile_counts() -> None:
    rows = [row("wmo", bsn=b, leveringsvorm=v, type_aanbieder="05") for b, v in
            [("999990019", "1"), ("999990020", "2"), ("999990020", "1"), ("999990032", "")]]  # fmt: skip
    profile = run(text("wmo", *rows)).assessment.profile
    assert profile is not None
    assert (profile.rows, profile.persons) == (4, 3)
    columns = {column.column: column for column in profile.columns}
    assert columns["leveringsvorm"].codes == {"1": 2, "2": 1}
    assert (columns["leveringsvorm"].filled, columns["leveringsvorm"].unknown) == (3, 1)
    assert columns["bsn"].codes == {}


@settings(max_examples=300)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.builds(
            lambda at, junk: ONE[: at % len(ONE)] + junk + ONE[at % len(ONE) :],
            st.integers(0, 2000),
            st.binary(max_size=20),
        ),
        st.builds(
            lambda a, b: ONE[a % len(ONE) : b % (len(ONE) + 1)], st.integers(0, 2000), st.integers(0, 2000)
        ),
    ),
    st.sampled_from(["wmo", "brp", "regio"]),
    st.booleans(),
    st.integers(1, 300),
)
def test_no_bytes_raise(data: bytes, dataset: str, nothing: bool, size: int) -> None:
    outcome = run(data, dataset, nothing=nothing, size=size)
    again = run(data, dataset, nothing=nothing, size=len(data) or 1)
    assert outcome.assessment == again.assessment
    assert outcome.findings == again.findings
    assert sum(outcome.counts.values()) == len(outcome.findings)
    assert outcome.assessment.specification == order(dataset).specification
