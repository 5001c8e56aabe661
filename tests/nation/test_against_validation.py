"""What the nation expects of a delivery is what validation decides, and each fault fires the rule it was made for."""

from collections import defaultdict
from datetime import date

import pytest

from gmsd_contracts.columns import version_for
from gmsd_contracts.slot import Slot
from gmsd_nation.register_faults import BRP_FAULTS, REGIO_FAULTS
from gmsd_nation.wmo_faults import FAULTS
from gmsd_validation.domain.assess import Order, assess
from tests.nation.conftest import Delivered, Written

TODAY = date(2026, 3, 1)

FIRES = {
    "absent-column": "ALG-021",
    "brp-bsn-elfproef": "ALG-110",
    "brp-death-before-birth": "BRP-006",
    "brp-end-before-start": "BRP-003",
    "brp-outside-period": "BRP-002",
    "brp-postcode-form": "ALG-111",
    "brp-two-addresses": "BRP-020",
    "brp-wijk-elsewhere": "BRP-004",
    "brp-wrong-gemeente": "BRP-001",
    "regio-code-twice": "REG-010",
    "regio-end-before-start": "REG-001",
    "regio-unknown-kind": "ALG-104",
    "regio-unknown-parent": "REG-012",
    "aanmaakdatum-in-future": "WMO-002",
    "ambulantisering-without-type-15": "WMO-040",
    "bsn-999999999": "ALG-109",
    "bsn-eight-digits": "ALG-108",
    "bsn-elfproef": "ALG-110",
    "bsn-in-other-column": "ALG-104",
    "dates-dashed": "ALG-106",
    "duplicate-column": "ALG-008",
    "duplicate-key": "WMO-061",
    "duplicate-row": "WMO-060",
    "empty-file": "ALG-001",
    "empty-row": "ALG-018",
    "end-before-start": "WMO-011",
    "end-without-start": "WMO-013",
    "ended-before-period": "WMO-015",
    "extra-field": "ALG-017",
    "gemeentecode-form": "ALG-112",
    "header-case": "ALG-009",
    "header-only": "ALG-012",
    "impossible-date": "ALG-105",
    "intensiteit-incomplete": "WMO-041",
    "legal-end-before-start": "WMO-010",
    "letters-in-date": "ALG-105",
    "made-before-end": "WMO-004",
    "missing-column": "ALG-006",
    "missing-required": "ALG-101",
    "missing-start": "ALG-114",
    "missing-type": "ALG-114",
    "mixed-aanmaakdatum": "WMO-003",
    "no-header": "ALG-005",
    "not-csv": "ALG-003",
    "nothing-in-period": "WMO-016",
    "null-bytes": "ALG-004",
    "one-line": "ALG-015",
    "partly-toewijzingsnummer": "WMO-020",
    "reden-without-einddatum": "WMO-030",
    "rows-despite-flag": "ALG-013",
    "separator-comma": "ALG-010",
    "separator-tab": "ALG-010",
    "share-unknown": "WMO-050",
    "start-after-period": "WMO-014",
    "start-before-1900": "WMO-018",
    "surrounding-space": "ALG-020",
    "toewijzingsnummer-letters": "WMO-021",
    "toewijzingsnummer-too-long": "ALG-102",
    "truncated-quote": "ALG-014",
    "truncated-row": "ALG-017",
    "unknown-code": "ALG-104",
    "unknown-column": "ALG-007",
    "unknown-type": "ALG-104",
    "utf-16": "ALG-004",
    "volume-not-whole": "ALG-107",
    "windows-1252": "ALG-011",
    "wrong-gemeente": "WMO-001",
    "zip": "ALG-002",
}
NOT_SEEN_IN_ONE_FILE = {"cropped-episode", "type-vanished"}


def verdict_and_rules(delivered: Delivered) -> tuple[bool, set[str]]:
    """Whether validation lets a delivery pass, and which rules fire."""
    line = delivered.plan
    order = Order(
        slot=Slot(
            deliverer=line["deliverer"], dataset=line["dataset"], period=line["period"], part=line["part"]
        ),
        specification=version_for(line["dataset"], line["period"]).id,
        nothing_to_report=line["nothing_to_report"],
        today=TODAY,
    )
    outcome = assess(
        lambda: iter([delivered.data]), order, records=lambda batch: None, findings=lambda batch: None
    )
    return outcome.verdict.value == "ok", {count.rule for count in outcome.counts}


@pytest.mark.parametrize("dataset", ["regio", "brp", "wmo"])
def test_validation_decides_as_the_nation_expects(written: Written, dataset: str) -> None:
    fired: dict[str, list[set[str]]] = defaultdict(list)
    for delivered in written.deliveries(dataset):
        passed, rules = verdict_and_rules(delivered)
        assert passed == (delivered.plan["expected"] == "accept"), (delivered.plan["path"], rules)
        for slug in delivered.plan["faults"]:
            fired[slug].append(rules)
    for slug, found in fired.items():
        if slug in FIRES:
            assert all(FIRES[slug] in rules for rules in found), (slug, found)


def test_every_class_of_fault_names_its_rule() -> None:
    declared = {fault.slug for fault in (*FAULTS, *BRP_FAULTS, *REGIO_FAULTS)}
    assert declared - NOT_SEEN_IN_ONE_FILE <= set(FIRES)
