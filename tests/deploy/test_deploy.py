"""Compose, images and alerts agree with what the services declare. What needs an engine is not claimed here."""

import importlib
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from gmsd_chassis.metrics import registry
from gmsd_chassis.settings import ServiceSettings
from gmsd_contracts.topics import SERVICES

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()


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
def test_compose_gives_each_service_what_it_declares_and_no_more(service: str) -> None:
    settings = settings_of(service)
    given = set(COMPOSE["services"][service]["environment"])
    in_image = set(re.findall(r"(GMSD_[A-Z_]+)=", DOCKERFILE))
    known = set(settings.variables())
    assert given <= known, "compose sets something the service would refuse"
    required = {
        f"GMSD_{name.upper()}" for name, field in settings.model_fields.items() if field.is_required()
    } | {f"GMSD_KEK_{zone.value.upper()}" for zone in settings.zones}
    assert required <= given | in_image, "the service would not start"
    assert {name for name in given if name.startswith("GMSD_KEK_")} == {
        f"GMSD_KEK_{zone.value.upper()}" for zone in settings.zones
    }


def test_compose_holds_together() -> None:
    services, secrets = COMPOSE["services"], COMPOSE["secrets"]
    for name, service in services.items():
        assert set(service.get("secrets", [])) <= set(secrets)
        assert set(service.get("depends_on", {})) <= set(services)
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), f"{name} is open to the network"
        if "image" in service:
            assert re.search(r":[v0-9][0-9.]+$", service["image"]), f"{name} is not pinned to a version"
        if "build" in service:
            assert f" AS {service['build']['target']}\n" in DOCKERFILE
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (ROOT / source).exists()
    assert "GMSD_PSEUDONYM_KEY" in services["linkage"]["environment"]
    holders = [name for name, service in services.items() if "pseudonym_key" in service.get("secrets", [])]
    assert holders == ["linkage"]
    assert "GMSD_ROUNDING_KEY" in services["publication"]["environment"]
    holders = [name for name, service in services.items() if "rounding_key" in service.get("secrets", [])]
    assert holders == ["publication"]


def test_every_image_is_made_of_files_that_exist_and_runs_unprivileged() -> None:
    for source in re.findall(r"^COPY (\S+) ", DOCKERFILE, re.MULTILINE):
        assert (ROOT / source).exists(), source
    for service in SERVICES:
        stage = DOCKERFILE.split(f" AS {service}\n")[1].split("\nFROM ")[0]
        assert "USER gmsd" in stage
        assert f'"gmsd_{service}"' in stage
        others = set(SERVICES) - {service}
        build = DOCKERFILE.split(f" AS build-{service}\n")[1].split("\nFROM ")[0]
        assert not any(f"services/{other}" in build for other in others)
        assert "--require-hashes" in build


def test_a_service_owns_its_state_and_keys_and_has_time_to_stop() -> None:
    from gmsd_chassis.service import GONE_SECONDS
    from gmsd_cli.local.supervisor import SERVICE_STOP_SECONDS

    base = DOCKERFILE.split("\nFROM ")[1]
    (owned,) = re.findall(r"install -d -o gmsd -g gmsd -m 0700 (.+)", base)
    places = {re.findall(rf"{name}=(\S+)", base)[0] for name in ("GMSD_STATE_DIR", "GMSD_KEYS_DIR")}
    assert set(owned.split()) == places
    for name in SERVICES:
        service = COMPOSE["services"][name]
        mode = ":ro" if name == "publication" else ""
        assert service["volumes"] == [f"keys:/var/lib/gmsd/keys{mode}", f"{name}:/var/lib/gmsd/state"]
        assert int(service["stop_grace_period"].removesuffix("s")) >= SERVICE_STOP_SECONDS
    assert SERVICE_STOP_SECONDS > GONE_SECONDS


def test_the_management_port_is_scraped_and_not_published() -> None:
    (port,) = re.findall(r"GMSD_MANAGEMENT_PORT=(\d+)", DOCKERFILE)
    scraped = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())["scrape_configs"][0]
    assert set(scraped["static_configs"][0]["targets"]) == {f"{name}:{port}" for name in SERVICES}
    for name in SERVICES:
        assert not any(entry.endswith(f":{port}") for entry in COMPOSE["services"][name].get("ports", []))


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not on this machine")
def test_alerts_fire_when_they_should() -> None:
    folder = ROOT / "deploy" / "prometheus"
    for command in (["check", "config", "prometheus.yml"], ["test", "rules", "alerts_test.yml"]):
        done = subprocess.run(["promtool", *command], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_alerts_watch_metrics_that_exist_and_say_what_to_do() -> None:
    import gmsd_chassis.keyring  # noqa: F401 - declares the metrics of the sweep
    import gmsd_publication.metrics  # noqa: F401

    declared = {doc.name for doc in registry.documented()}
    rules = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"][0]["rules"]
    tested = (ROOT / "deploy/prometheus/alerts_test.yml").read_text()
    for rule in rules:
        used = set(re.findall(r"gmsd_[a-z_]+", rule["expr"].replace('job="gmsd"', "")))
        assert used <= declared, rule["alert"]
        assert {"summary", "action"} <= set(rule["annotations"])
        assert f"alertname: {rule['alert']}" in tested, f"{rule['alert']} has no test"
