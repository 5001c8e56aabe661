"""Findings equal those of a row-by-row oracle; partitions and block boundaries do not show."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gmsd_contracts.events.delivery_assessed_v1 import Severity, Verdict
from gmsd_validation.domain.checks import crossing
from gmsd_validation.domain.findings import EXAMPLES_PER_RULE
from gmsd_validation.domain.form import rows as form_rows
from gmsd_validation.domain.rules.catalogue import RULES
from tests.validation import oracle
from tests.validation.support import BSN, OTHER_BSN, header, row, run, text

DATES = ["", "20250120", "20250601", "20250630", "20250701", "20241231", "20250101", "18991231", "20250229",
         "2025-01-20", "2025-13-01", "00000000", "2025", "20250821", "20250820", "x"]  # fmt: skip
ODD = {
    "gemeentecode": ["GM0344", "0344", "GM0345", "344", "gm0344", ""],
    "bsn": [
        BSN,
        OTHER_BSN,
        "999990032",
        "999990018",
        BSN[1:],
        "999999999",
        "000000000",
        "",
        " " + BSN,
        "+99990019",
    ],
    "toewijzingsnummer": ["", "1", "2", "A1", "1 2", "1234567890", "é"],
    "type_maatwerkarrangement_toewijzing": ["", "02", "15", "2", "99"],
    "type_maatwerkarrangement_declaratie": ["", "02", "15", "1 5"],
    "type_aanbieder": ["", "05", "09", "5", " 05"],
    "leveringsvorm": ["", "1", "2", "7"],
    "intensiteit_volume": ["", "4", "007", "-1", "2,5", "1234567890"],
    "intensiteit_eenheid": ["", "04", "4"],
    "intensiteit_frequentie": ["", "2", "3"],
    "reden_beeindiging": ["", "19", "99", "20"],
    "ambulantisering": ["", "1", "9"],
}


def _values(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from(ODD.get(name, DATES))


def _changed(names: list[str]) -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries({name: _values(name) for name in names}).map(lambda c: row("wmo", **c))


ROWS = st.one_of(
    st.lists(st.sampled_from(header("wmo")), max_size=3, unique=True).flatmap(_changed),
    _changed(header("wmo")),
    st.just(dict.fromkeys(header("wmo"), "")),
    st.just(row("wmo")),
)


def _found(outcome: Any) -> Counter[tuple[str, int | None]]:
    return Counter((finding["rule"], finding["row"]) for finding in outcome.findings)


@settings(max_examples=150)
@given(st.lists(ROWS, min_size=1, max_size=8))
def test_findings_are_those_of_the_oracle(rows: list[dict[str, str]]) -> None:
    outcome = run(text("wmo", *rows))
    expected = oracle.findings(rows)
    assert _found(outcome) == expected
    by_rule: Counter[str] = Counter()
    for (rule, _), count in expected.items():
        by_rule[rule] += count
    assert outcome.counts == by_rule
    severities = {RULES[rule].severity for rule in by_rule}
    assert (outcome.assessment.verdict is Verdict.OK) is severities.isdisjoint(
        {Severity.FOUT, Severity.FATAAL}
    )


def _many(n: int) -> list[dict[str, str]]:
    """Rows with every rule over rows in them, a few times."""
    people = [BSN, OTHER_BSN, "999990032", "999990044", "999990056"]
    assert all(len(p) == 9 for p in people)
    return [
        row("wmo", bsn=people[i % 5], toewijzingsnummer=str(i % 7), intensiteit_volume=str(i % 11))
        for i in range(n)
    ]


def _spells(n: int) -> list[dict[str, str]]:
    people = [BSN, OTHER_BSN, "999990032"]
    return [
        row("brp", bsn=people[i % 3], datum_vanaf=f"202501{1 + i % 28:02d}", datum_tot=f"202502{1 + i % 28:02d}",
            geslacht="VM"[i % 5 == 0])
        for i in range(n)
    ]  # fmt: skip


def _regions(n: int) -> list[dict[str, str]]:
    return [
        row("regio", code=f"GM{i % 20:04d}", soort="GM", geldig_vanaf=f"2025010{1 + i % 3}", deel_van=f"PV{i % 4:02d}|GM0001")
        for i in range(n)
    ]  # fmt: skip


@pytest.mark.parametrize("partitions", [2, 3, 7])
@pytest.mark.parametrize(
    ("dataset", "rows"), [("wmo", _many(300)), ("brp", _spells(60)), ("regio", _regions(80))]
)
def test_partitions_do_not_show(dataset: str, rows: list[dict[str, str]], partitions: int) -> None:
    data = text(dataset, *rows)
    whole, parts = run(data, dataset, partitions=1), run(data, dataset, partitions=partitions)
    keyed = {rule for rule in whole.counts if RULES[rule].scope.value == "over rijen"}
    assert keyed
    assert parts.assessment == whole.assessment
    assert parts.findings == whole.findings


def test_the_number_of_partitions_follows_the_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    data = text("wmo", *_many(50))
    whole = run(data)
    monkeypatch.setattr(crossing, "ROWS_PER_PARTITION", 10)
    assert crossing.partitions_for(51) == 6
    assert run(data).findings == whole.findings


@pytest.mark.parametrize("block", [700, 3_000])
def test_blocks_do_not_show(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = _many(100)
    rows[50] = dict.fromkeys(header("wmo"), "")
    rows[60] = row("wmo", aanmaakdatum_bestand="20250816")
    data = text("wmo", *rows) + b"1;2\n"
    whole = run(data)
    monkeypatch.setattr(form_rows, "BLOCK_BYTES", block)
    cut = run(data)
    assert cut.assessment == whole.assessment
    assert cut.findings == whole.findings


def test_examples_are_capped_and_counts_are_not() -> None:
    rows = [row("wmo", toewijzingsnummer=str(i), leveringsvorm="7", type_aanbieder="5") for i in range(1_500)]
    outcome = run(text("wmo", *rows))
    assert outcome.counts == {"ALG-104": 3_000}
    assert len(outcome.findings) == EXAMPLES_PER_RULE
    assert not outcome.assessment.complete
    assert run(text("wmo", *rows[:500])).assessment.complete


def test_capped_examples_of_keyed_rules_are_the_first_rows() -> None:
    rows = [row("wmo", bsn=[BSN, OTHER_BSN][i % 2]) for i in range(2_500)]
    data = text("wmo", *rows)
    whole, parts = run(data, partitions=1), run(data, partitions=5)
    assert whole.counts == {"WMO-060": 2_498}
    assert [f["row"] for f in whole.of("WMO-060")] == list(range(3, 3 + EXAMPLES_PER_RULE))
    assert whole.findings == parts.findings
