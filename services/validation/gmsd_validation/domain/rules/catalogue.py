"""Every specification and every rule, and the page that documents them."""

import hashlib

from gmsd_validation.domain.rules.brp import BRP_V1
from gmsd_validation.domain.rules.general import GENERAL
from gmsd_validation.domain.rules.regio import REGIO_V1
from gmsd_validation.domain.rules.rule import Rule
from gmsd_validation.domain.rules.specification import Specification
from gmsd_validation.domain.rules.wmo import WMO_V1

SPECIFICATIONS: dict[str, Specification] = {
    specification.version.id: specification for specification in (WMO_V1, BRP_V1, REGIO_V1)
}
"""By the id of the dataset version, such as `wmo/1`."""

RULES: dict[str, Rule] = {
    rule.id: rule
    for rules in (GENERAL, *(specification.own_rules for specification in SPECIFICATIONS.values()))
    for rule in rules
}
"""By id."""


def _described(rule: Rule) -> str:
    return "|".join(
        (rule.id, rule.severity, rule.title, rule.explanation, rule.message, rule.action, str(rule.since))
    )


RULE_SET = (
    "1-" + hashlib.sha256("\n".join(_described(rule) for rule in RULES.values()).encode()).hexdigest()[:8]
)
"""Names the rules a delivery was judged by. The number is raised when what a rule tests changes, the rest follows."""


def described() -> dict[str, dict[str, str]]:
    """The words of every rule by id, as they travel with the findings."""
    return {
        rule.id: {
            "severity": rule.severity.value,
            "scope": rule.scope.value,
            "title": rule.title,
            "explanation": rule.explanation,
            "message": rule.message,
            "action": rule.action,
        }
        for rule in RULES.values()
    }


def _section(title: str, rules: tuple[Rule, ...]) -> list[str]:
    lines = [f"## {title}", ""]
    for rule in rules:
        lines += [
            f"### {rule.id} {rule.title}",
            "",
            f"{rule.severity.value} · {rule.scope.value} · sinds versie {rule.since}",
            "",
            rule.explanation,
            "",
            f"- Melding: {rule.message}",
            f"- Wat te doen: {rule.action}",
            "",
        ]
    return lines


def page() -> str:
    """The catalogue for deliverers, in Dutch (Markdown)."""
    lines = [
        "# Controleregels",
        "",
        "Dit overzicht is gemaakt uit de regels zelf (`python -m gmsd_validation.regels`).",
        "FATAAL: het bestand kan niet worden gelezen. FOUT: de levering wordt afgekeurd. WAARSCHUWING: bevestig of corrigeer.",
        "INFO: ter informatie. Aantallen zijn altijd volledig; per regel worden ten hoogste 1.000 voorbeelden bewaard.",
        "",
        *_section("Alle bestanden", GENERAL),
    ]
    for specification in SPECIFICATIONS.values():
        version = specification.version
        lines += _section(
            f"{version.title} (`{version.name}`, versie {version.version})", specification.own_rules
        )
    return "\n".join(lines).rstrip() + "\n"
