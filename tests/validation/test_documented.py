"""README names every setting, metric and reason."""

from pathlib import Path

from gmsd_chassis.isolation import WorkerDied
from gmsd_chassis.metrics import registry
from gmsd_chassis.settings import ServiceSettings
from gmsd_validation import errors, metrics
from gmsd_validation.settings import ValidationSettings

README = (Path(__file__).parents[2] / "services" / "validation" / "README.md").read_text(encoding="utf-8")


def test_settings_of_our_own_are_in_the_readme() -> None:
    own = set(ValidationSettings.variables()) - set(ServiceSettings.variables())
    assert own and all(f"`{name}`" in README for name in own)


def test_metrics_of_our_own_are_in_the_readme() -> None:
    assert metrics.FILES
    own = [doc for doc in registry.documented() if doc.name.startswith("gmsd_validation_")]
    assert own
    for doc in own:
        labels = "{" + ",".join(doc.labels) + "}" if doc.labels else ""
        assert f"`{doc.name}{labels}`" in README, doc.name


def test_every_death_has_a_reason_that_says_what_to_do() -> None:
    for kind in ("memory", "time", "signal", "exit"):
        assert WorkerDied(kind).reason in errors.REASONS
    assert all(len(sentence.split()) > 5 for sentence in errors.REASONS.values())
