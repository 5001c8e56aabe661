"""What intake says no with, measures and is told: all of it declared, used and documented."""

import ast
from pathlib import Path

import gmsd_intake.metrics as metrics
from gmsd_chassis.http.problem import COMMON, INTERNAL, INVALID
from gmsd_chassis.settings import ServiceSettings
from gmsd_intake.errors import CATALOGUE, Problem
from gmsd_intake.http.models import Probleem
from gmsd_intake.settings import IntakeSettings

PACKAGE = Path(metrics.__file__).parent
README = PACKAGE.parent / "README.md"


def raised() -> set[str]:
    """Every slug that is written at a raise, and those that the chassis raises."""
    found = {*COMMON, INTERNAL, INVALID}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("Problem", "Refused")
            ):
                found |= {str(arg.value) for arg in node.args[:1] if isinstance(arg, ast.Constant)}
    return found


def test_every_raise_is_in_the_catalogue_and_every_entry_is_raised() -> None:
    assert raised() == set(CATALOGUE)


def test_every_entry_is_documented_with_its_status() -> None:
    text = README.read_text()
    for slug, entry in CATALOGUE.items():
        assert f"| `{slug}` | {int(entry.status)} |" in text, slug


def test_every_metric_and_setting_is_documented() -> None:
    text = README.read_text()
    names = {name for name in dir(metrics) if name.isupper()}
    source = (PACKAGE / "metrics.py").read_text()
    declared = {line.split('"')[1] for line in source.splitlines() if '"gmsd_intake_' in line}
    assert len(declared) == len(names)
    for name in declared:
        assert f"`{name}`" in text, name
    own = IntakeSettings.variables().keys() - ServiceSettings.variables().keys()
    assert len(own) == 11
    for variable in own:
        assert f"`{variable}`" in text, variable


def test_a_problem_has_the_members_of_rfc_9457() -> None:
    for slug, entry in CATALOGUE.items():
        blanks = {name: "x" for name in ["reden", "rol", "soorten", "bestandssoort", "soort", "ontvangen", "aangekondigd", "header", "regels", "periode", "nieuwere", "status", "handeling", "nodig", "grens", "vorm"]}  # fmt: skip
        body = Problem(slug, values=blanks).body()
        parsed = Probleem.model_validate(body)
        assert (parsed.status, parsed.title) == (int(entry.status), entry.title)
        assert "{" not in parsed.detail
        assert body["type"] == f"urn:nld:gmsd:fout:{slug}"
