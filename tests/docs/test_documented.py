"""What exists is documented: settings, metrics, errors, topics, dependencies, links. An undocumented one fails here."""

import importlib
import re
import tomllib
from pathlib import Path

import pytest

from gmsd_chassis.metrics import registry
from gmsd_chassis.settings import ServiceSettings
from gmsd_contracts.topics import SERVICES, TOPICS

ROOT = Path(__file__).parents[2]
PACKAGES = ["contracts", "chassis", "cli", "nation", *(f"services/{name}" for name in SERVICES)]


def readme(folder: str) -> str:
    return (ROOT / folder / "README.md").read_text(encoding="utf-8")


def settings_of(service: str) -> type[ServiceSettings]:
    module = importlib.import_module(f"gmsd_{service}.settings")
    (found,) = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, ServiceSettings)
        and value.__module__ == module.__name__
    ]
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_settings(service: str) -> None:
    shared = readme("chassis")
    missing = [name for name in ServiceSettings.variables() if name not in shared]
    own = [name for name in settings_of(service).variables() if name not in ServiceSettings.variables()]
    missing += [name for name in own if name not in readme(f"services/{service}")]
    assert not missing


def test_metrics() -> None:
    importlib.import_module("gmsd_chassis.keyring")
    shared = {
        doc.name
        for doc in registry.documented()
        if not doc.name.startswith(tuple(f"gmsd_{s}" for s in SERVICES))
    }
    assert not [name for name in shared if name not in readme("chassis")]
    for service in SERVICES:
        importlib.import_module(f"gmsd_{service}.metrics")
        own = [doc.name for doc in registry.documented() if doc.name.startswith(f"gmsd_{service}_")]
        assert own, f"{service} counts nothing"
        assert not [name for name in own if name not in readme(f"services/{service}")]


@pytest.mark.parametrize("service", ["intake", "publication"])
def test_errors_of_the_public_interfaces(service: str) -> None:
    catalogue = importlib.import_module(f"gmsd_{service}.errors").CATALOGUE
    assert len(catalogue) > 5
    assert not [slug for slug in catalogue if slug not in readme(f"services/{service}")]


def test_reasons_of_linkage() -> None:
    reasons = importlib.import_module("gmsd_linkage.errors").REASONS
    assert not [slug for slug in reasons if slug not in readme("services/linkage")]


def test_topics_stand_with_their_owner() -> None:
    for topic in TOPICS.values():
        assert topic.name in readme(f"services/{topic.owner}"), (
            f"{topic.name} is not in the README of {topic.owner}"
        )


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_says_what_it_consumes_produces_guarantees_and_does_on_failure(service: str) -> None:
    text = readme(f"services/{service}").lower()
    for word in ("consumes", "produces", "guarantees", "on failure", "metrics", "settings"):
        assert word in text


def test_dependencies_are_justified_in_a_line() -> None:
    lines = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    declared = set()
    for folder in PACKAGES:
        project = tomllib.loads((ROOT / folder / "pyproject.toml").read_text())["project"]
        declared |= {re.split(r"[\[<>=~! ;]", line)[0] for line in project.get("dependencies", [])}
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    declared |= {re.split(r"[\[<>=~! ;]", line)[0] for line in groups["dev"]}
    missing = [
        name for name in declared if not name.startswith("gmsd-") and name.lower() not in lines.lower()
    ]
    assert not missing


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for document in [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *(ROOT / f / "README.md" for f in PACKAGES),
    ]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
            if not (document.parent / target).exists():
                broken.append((str(document.relative_to(ROOT)), target))
    assert not broken


def test_the_repository_says_nothing_of_machines_or_registries() -> None:
    import subprocess

    files = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()
    words = re.compile(r"https?://[^\s\"')]*/(simple|maven2|-/)[/\s\"']|(?<![\w.])/(root|home)/[a-z]")
    found = []
    for name in files:
        path = ROOT / name
        if path.suffix in {".png", ".lock", ".csv", ".parquet"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [(name, match.group()) for match in words.finditer(text)]
    assert not found


def test_the_walkthrough_names_files_that_exist() -> None:
    text = (ROOT / "docs" / "walkthrough.md").read_text(encoding="utf-8")
    tracked = [
        path for folder in PACKAGES for path in (ROOT / folder).rglob("*") if "__pycache__" not in path.parts
    ]
    names = re.findall(r"`([\w./-]+(?:\.(?:py|md|html)|/))`", text)
    assert len(names) > 25
    missing = [
        name
        for name in names
        if not any(str(path).endswith("/" + name.rstrip("/")) for path in tracked)
        and not (ROOT / name).exists()
    ]
    assert not missing
