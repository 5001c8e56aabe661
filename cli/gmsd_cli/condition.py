"""How each service and the broker are, from outside: `/health/ready`, `/metrics`, an answer or none."""

import asyncio
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

from gmsd_cli.local.cluster import describe
from gmsd_cli.running import Running

LAGS = {"gmsd_inbox_lag_records": "topic", "gmsd_fold_lag_records": "fold"}
"""Gauges of records that a service still has to process, with the label that says of what."""
SECONDS = 5.0
"""Longer than the readiness check itself takes at most (2 s)."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One process. `problem` is empty when it is ready; `lag`: records not processed per topic or fold, None when unknown."""

    name: str
    where: str
    answers: bool
    problem: str = ""
    lag: dict[str, int] | None = None

    @property
    def ready(self) -> bool:
        return self.answers and not self.problem


async def conditions(platform: Running) -> list[Condition]:
    """Of the broker and every service, asked at once."""
    async with httpx.AsyncClient(trust_env=False, timeout=SECONDS) as client:
        services = (_service(client, name, url) for name, url in platform.services.items())
        return list(await asyncio.gather(_broker(platform.bootstrap), *services))


async def _broker(bootstrap: str) -> Condition:
    answers = await describe(bootstrap) is not None
    return Condition("kafka", bootstrap, answers, "" if answers else "antwoordt niet")


async def _service(client: httpx.AsyncClient, name: str, url: str) -> Condition:
    try:
        ready = await client.get(f"{url}/health/ready")
        problem = "" if ready.status_code == 200 else _problems(ready)
        metrics = await client.get(f"{url}/metrics")
        lag = lags(metrics.text) if metrics.status_code == 200 else None
    except httpx.HTTPError as e:
        return Condition(name, url, answers=False, problem=f"antwoordt niet ({type(e).__name__})")
    return Condition(name, url, answers=True, problem=problem, lag=lag)


def _problems(answer: httpx.Response) -> str:
    try:
        checks = answer.json()["checks"]
        failing = [f"{name}: {said}" for name, said in checks.items() if said != "ok"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"niet gereed (HTTP {answer.status_code})"
    return "niet gereed: " + "; ".join(failing)


def lags(exposition: str) -> dict[str, int] | None:
    """Records to process per topic or fold, in a Prometheus text. None when the text holds no such gauge or cannot be read."""
    found: dict[str, int] = {}
    try:
        for family in text_string_to_metric_families(exposition):
            label = LAGS.get(family.name)
            for sample in family.samples if label else ():
                name = sample.labels.get(label or "", family.name)
                found[name] = found.get(name, 0) + int(sample.value)
    except ValueError:
        return None
    return found or None
