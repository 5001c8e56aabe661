"""Every rule fires where it must and nowhere else."""

import re
from collections import Counter
from pathlib import Path

import pytest

from gmsd_contracts.events.delivery_assessed_v1 import Severity, Verdict
from gmsd_validation.domain.rules import catalogue
from gmsd_validation.domain.rules.general import GENERAL
from gmsd_validation.domain.rules.rule import Rule, Scope
from tests.validation.cases import CASES, Case
from tests.validation.support import row, run, text

PAGE = Path(__file__).parents[2] / "services" / "validation" / "docs" / "regels.md"


def _ids(case: Case) -> str:
    return case.rule


@pytest.mark.parametrize("case", CASES, ids=_ids)
def test_it_fires(case: Case) -> None:
    outcome = run(case.bad, case.dataset, nothing=case.nothing)
    assert outcome.counts.get(case.rule) == case.count
    assert len(outcome.of(case.rule)) == case.count
    rule = catalogue.RULES[case.rule]
    verdict = outcome.assessment.verdict
    if rule.severity is Severity.FATAAL:
        assert verdict is Verdict.FATAAL
    if rule.severity is Severity.FOUT:
        assert verdict is Verdict.FOUT
    if verdict is not Verdict.OK:
        assert outcome.assessment.records == 0


@pytest.mark.parametrize("case", CASES, ids=_ids)
def test_it_does_not_fire(case: Case) -> None:
    assert case.rule not in run(case.good, case.dataset, nothing=case.nothing).counts


def test_every_rule_has_a_case() -> None:
    assert {case.rule for case in CASES} == set(catalogue.RULES)


@pytest.mark.parametrize("dataset", ["wmo", "brp"])
def test_a_good_row_has_no_findings(dataset: str) -> None:
    outcome = run(text(dataset, row(dataset)), dataset)
    assert (outcome.counts, outcome.assessment.verdict) == ({}, Verdict.OK)


def test_ids_are_unique_and_formed() -> None:
    declared = [rule.id for rule in GENERAL]
    declared += [rule.id for spec in catalogue.SPECIFICATIONS.values() for rule in spec.own_rules]
    assert [rule for rule, count in Counter(declared).items() if count > 1] == []
    assert all(re.fullmatch(r"(ALG|WMO|BRP|REG)-\d{3}", rule) for rule in declared)


@pytest.mark.parametrize("rule", catalogue.RULES.values(), ids=lambda rule: rule.id)
def test_words_fit_the_severity(rule: Rule) -> None:
    action = rule.action.lower()
    if rule.severity is Severity.WAARSCHUWING:
        assert action.startswith("bevestig") and "corrigeer" in action
    elif rule.severity is Severity.INFO:
        assert "niets te doen" in action
    else:
        assert "lever" in action and "aan" in action and "bevestig" not in action
    fields = set(re.findall(r"{(\w+)}", rule.message))
    assert fields <= {"kolom", "gevonden", "verwacht"}
    assert rule.title and rule.explanation and rule.since >= 1
    assert isinstance(rule.scope, Scope)


def test_the_page_is_the_catalogue() -> None:
    assert PAGE.read_text(encoding="utf-8") == catalogue.page(), (
        "stale: run `python -m gmsd_validation.regels > services/validation/docs/regels.md`"
    )


def test_every_rule_stands_on_the_page_once() -> None:
    headings = re.findall(r"^### (\S+)", catalogue.page(), re.MULTILINE)
    assert sorted(headings) == sorted(catalogue.RULES)


def test_a_field_at_fault_fires_no_rule_over_the_row() -> None:
    """A date that cannot be read is one finding, not also "reason without end date"."""
    bad = row("wmo", datum_einde_daadwerkelijk="2025060", datum_einde_rechtsgeldigheid="")
    assert run(text("wmo", bad)).counts == {"ALG-105": 1}
    bad = row("wmo", type_maatwerkarrangement_toewijzing="1 5", ambulantisering="1")
    assert run(text("wmo", bad)).counts == {"ALG-104": 1}
