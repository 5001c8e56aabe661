"""No BSN in what validation says of a file, wherever it was typed."""

import json

import pytest

from gmsd_validation.domain.assess import Assessment
from gmsd_validation.domain.findings import FINDINGS
from gmsd_validation.jobs import OUTCOME
from tests.validation.support import Outcome, header, lines, row, run, text

CANARY = "999992351"
"""A BSN from the test range that stands nowhere else."""
SPELLINGS = (
    CANARY,
    "999.992.351",
    "999 992 351",
    "99999 2351",
    "9999-92351",
    f"x{CANARY}y",
    f"{CANARY}{CANARY}",
)
MARKS = (CANARY, "999.992.351", "999 992 351", "99999 2351", "9999-92351", CANARY[1:], "9992351")


def test_the_canary_is_a_bsn() -> None:
    assert (sum((9 - i) * int(CANARY[i]) for i in range(8)) - int(CANARY[8])) % 11 == 0


def said(outcome: Outcome) -> str:
    """Everything that leaves validation, but the records of a file that is ok."""
    assessment: Assessment = outcome.assessment
    return json.dumps([OUTCOME.dump_python(assessment, mode="json"), outcome.findings], ensure_ascii=False)


@pytest.mark.parametrize(("dataset", "column"), [(d, c) for d in ("wmo", "brp", "regio") for c in header(d)])
def test_a_bsn_in_any_column(dataset: str, column: str) -> None:
    """Spelled in several ways, in good rows and in bad ones, each twice so that rules over rows fire too."""
    bad = dict.fromkeys(header(dataset), "?")
    rows = [values for s in SPELLINGS for values in (row(dataset, **{column: s}), bad | {column: s})]
    outcome = run(text(dataset, *rows, *rows), dataset)
    words = said(outcome)
    assert len(outcome.findings) > len(SPELLINGS)
    assert not [mark for mark in MARKS if mark in words]


def test_a_bsn_in_a_date_column_is_hidden_and_a_date_is_shown() -> None:
    outcome = run(text("wmo", row("wmo", datum_toewijzing=CANARY), row("wmo", datum_toewijzing="19990230")))
    assert [f["value"] for f in outcome.of("ALG-105")] == ["•" * 9, "19990230"]


def test_the_bsn_column_is_never_shown() -> None:
    outcome = run(
        text("wmo", *(row("wmo", bsn=b) for b in ("999992351", "12345", " 999992351", "999999999")))
    )
    assert {f["value"] for f in outcome.findings if f["column"] == "bsn"} == {None}


def test_a_bsn_as_own_key() -> None:
    outcome = run(text("wmo", row("wmo", toewijzingsnummer=CANARY, leveringsvorm="7")))
    assert [(f["rule"], f["key"]) for f in outcome.findings] == [("ALG-104", "•" * 9)]


@pytest.mark.parametrize("dataset", ["wmo", "brp", "regio"])
def test_a_bsn_in_the_form_of_a_file(dataset: str) -> None:
    good = lines(dataset, [row(dataset)])
    files = [
        "\n".join([CANARY, good[1]]),  # instead of a header
        "\n".join(good[1:] + [CANARY]),  # no header at all
        good[0] + ";" + CANARY + "\n" + good[1] + ";1\n",  # as the name of a column
        "\n".join([*good, CANARY]),  # a row with one field
        "\n".join([*good, f'"{CANARY}']),  # an open quote
        good[0] + f';"{CANARY}\n' + good[1],  # an open quote in the header
        "\n".join([*good, f'"{CANARY}\n{CANARY}";1']),  # a row over two lines
        good[0] + "\n" + CANARY * 8_000,  # no line ends
        "\n".join([*good, CANARY + "\x00"]),
    ]
    for file in files:
        words = said(run(file.encode(), dataset))
        assert not [mark for mark in MARKS if mark in words], file[:60]


def test_the_words_of_the_rules_travel_with_the_findings() -> None:
    rules = json.loads(FINDINGS.metadata[b"rules"])
    assert rules["WMO-041"]["title"] == "Intensiteit is niet volledig"
    assert set(rules["WMO-041"]) == {"severity", "scope", "title", "explanation", "message", "action"}
