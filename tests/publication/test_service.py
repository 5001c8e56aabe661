"""Publication as a process on a real broker."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from gmsd_chassis.keyring.scan import scan
from gmsd_contracts.events.publication import PublicationHeld, PublicationReleased, PublicationRetracted
from gmsd_contracts.topics import CONTENT_RELEASES, PUBLICATIONS
from gmsd_publication.errors import REASONS
from tests.publication.world import consent, event, populated, snapshot
from tests.support.bus import Bus, bus
from tests.support.process import ServiceProcess, service

pytestmark = pytest.mark.broker


def jwks(root: Path) -> ECKey:
    """A signing key, its public half in `root/jwks.json`."""
    key = ECKey.generate_key("P-256", {"kid": "test", "use": "sig", "alg": "ES256"})
    (root / "jwks.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    return key


@asynccontextmanager
async def running(
    kafka: str, root: Path, policies: dict[str, Any] | None = None
) -> AsyncIterator[tuple[Bus, ServiceProcess]]:
    if not (root / "jwks.json").exists():
        jwks(root)
    key = root / "rounding.key"
    if not key.exists():
        key.write_bytes(bytes(range(32)))
        key.chmod(0o600)
    settings = {
        "GMSD_JWKS": str(root / "jwks.json"),
        "GMSD_ROUNDING_KEY": str(key),
        "GMSD_RELEASE_POLICIES": json.dumps(policies or {"basis": {"kind": "quiet", "seconds": 0}}),
    }
    async with bus(kafka, root) as ours, service("publication", kafka, root, settings) as publication:
        yield ours, publication


def about(kind: type[Any], period: str, number: int | None = None) -> Any:
    return lambda said: (
        isinstance(said.data, kind) and said.data.period == period and number in (None, getattr(said.data, "number", None))
    )  # fmt: skip


async def test_release_retraction_replacement_and_hold_over_the_log(kafka: str, tmp_path: Path) -> None:
    period = "2031HJ01"
    async with (
        running(kafka, tmp_path) as (ours, publication),
        httpx.AsyncClient(base_url=publication.url) as client,
    ):
        country = populated()
        await ours.publisher.publish([event(await snapshot(ours.content, country, "svc-1", period))])
        first = await ours.wait_for(PUBLICATIONS, about(PublicationReleased, period))
        listed = (await client.get("/v1/publicaties", params={"periode": period})).json()["publicaties"]
        assert [(one["nummer"], one["actueel"], one["status"]) for one in listed] == [(1, True, "voorlopig")]
        table = listed[0]["tabellen"][0]["url"]
        assert (await client.get(table, params={"regio": "GM0141"})).status_code == 200

        await ours.publisher.publish([event(consent("GM0141", False, 1, period=period))])
        gone = await ours.wait_for(PUBLICATIONS, about(PublicationRetracted, period))
        second = await ours.wait_for(PUBLICATIONS, about(PublicationReleased, period, 2))
        assert gone.data.release_id == first.data.release_id
        assert second.data.excluded == ("GM0141",)
        answer = await client.get(table)
        assert answer.status_code == 410
        assert answer.headers["content-type"] == "application/problem+json"
        said = [said.data for said in await ours.events(PUBLICATIONS) if said.data.period == period]
        assert [type(data) for data in said] == [
            PublicationReleased,
            PublicationRetracted,
            PublicationReleased,
        ]

        broken = populated(seed=3)
        broken.cells[0]["region"] = "BU99999999"
        await ours.publisher.publish([event(await snapshot(ours.content, broken, "svc-bad", period))])
        held = await ours.wait_for(PUBLICATIONS, about(PublicationHeld, period))
        assert held.data.snapshot_id == "svc-bad"
        await ours.publisher.publish([event(await snapshot(ours.content, populated(), "svc-good", period))])
        third = await ours.wait_for(PUBLICATIONS, about(PublicationReleased, period, 3))
        assert third.data.snapshot_id == "svc-good"
        metrics = (await client.get("/metrics")).text
        assert 'gmsd_publication_answers_total{route="tabelOphalen",status="410"}' in metrics
        assert 'gmsd_publication_held_total{product="basis"}' in metrics
        public = (
            metrics + (await client.get("/v1/publicaties")).text + (await client.get("/health/ready")).text
        )
        assert not [reason for reason in REASONS if reason in public]
        # A number can stand in the log twice (at-least-once); every reader takes the first.
        sequences = list(dict.fromkeys(said.data.sequence for said in await ours.events(PUBLICATIONS)))
        assert sequences == list(range(1, len(sequences) + 1))


async def test_kills_at_any_moment_heal(kafka: str, tmp_path: Path) -> None:
    period = "2031HJ02"
    async with bus(kafka, tmp_path) as ours:
        await ours.publisher.publish(
            [event(await snapshot(ours.content, populated(seed=2), "svc-2", period))]
        )
        before = await _tables(ours)
    async with running(kafka, tmp_path) as (ours, publication):
        # Tables are written before the event: most moments in this stretch have content that nothing refers to.
        for _ in range(400):
            if await _tables(ours) > before:
                break
            await asyncio.sleep(0.01)
        publication.kill()
    async with running(kafka, tmp_path) as (ours, publication):
        await ours.wait_for(PUBLICATIONS, about(PublicationReleased, period))
        await ours.publisher.publish([event(consent("GM0193", False, 1, period=period))])
        # The retraction is one write; the release after it takes the reading and writing of tables. Kill at once.
        for _ in range(400):
            if await _retracted(ours, period):
                break
            await asyncio.sleep(0.01)
        publication.kill()
    async with running(kafka, tmp_path) as (ours, publication):
        second = await ours.wait_for(PUBLICATIONS, about(PublicationReleased, period, 2))
        await asyncio.sleep(1)
        said = [said.data for said in await ours.events(PUBLICATIONS) if said.data.period == period]
        assert [type(data) for data in said] == [
            PublicationReleased,
            PublicationRetracted,
            PublicationReleased,
        ]
        assert second.data.excluded == ("GM0193",)
        async with httpx.AsyncClient(base_url=publication.url) as client:
            listed = (await client.get("/v1/publicaties", params={"periode": period})).json()["publicaties"]
            assert [(one["nummer"], one["actueel"]) for one in listed] == [(2, True), (1, False)]
            assert (
                await client.get(listed[0]["tabellen"][0]["url"], params={"niveau": "LD"})
            ).status_code == 200


async def _tables(ours: Bus) -> int:
    """How many chunks of released tables stand in the log, whether an event refers to them or not."""
    async with aclosing(scan(ours.bootstrap, [CONTENT_RELEASES.name])) as records:
        return len([record async for record in records])


async def _retracted(ours: Bus, period: str) -> bool:
    return any(about(PublicationRetracted, period)(said) for said in await ours.events(PUBLICATIONS))


async def test_the_platform_team_releases_by_hand(kafka: str, tmp_path: Path) -> None:
    period = "2032HJ02"
    key = jwks(tmp_path)
    manual = {"basis": {"kind": "manual"}}
    async with running(kafka, tmp_path, manual) as (ours, publication), httpx.AsyncClient(base_url=publication.url, timeout=30) as client:  # fmt: skip
        order = {"product": "basis", "periode": period}
        assert (await client.post("/v1/vrijgaven", json=order)).status_code == 401
        deliverer = {"Authorization": f"Bearer {token(key, 'aanleveraar')}"}
        assert (await client.post("/v1/vrijgaven", json=order, headers=deliverer)).status_code == 403
        platform = {"Authorization": f"Bearer {token(key, 'platform')}"}
        assert (await client.post("/v1/vrijgaven", json=order, headers=platform)).status_code == 409
        await ours.publisher.publish([event(await snapshot(ours.content, populated(), "svc-3", period))])
        for _ in range(100):
            answer = await client.post("/v1/vrijgaven", json=order, headers=platform)
            if answer.status_code != 409:
                break
            await asyncio.sleep(0.1)
        assert answer.status_code == 201, answer.text
        again = await client.post("/v1/vrijgaven", json=order, headers=platform)
        assert (again.status_code, again.json()["id"]) == (200, answer.json()["id"])
        wrong = token(key, "platform", aud="somebody-else")
        refused = await client.post("/v1/vrijgaven", json=order, headers={"Authorization": f"Bearer {wrong}"})
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Bearer")


def token(key: ECKey, role: str, **claims: Any) -> str:
    """As the local identity provider makes them."""
    import time

    now = int(time.time())
    given = {
        "iss": "urn:gmsd:lokaal", "aud": "gmsd-intake", "sub": "test", "client_id": "test", "iat": now, "exp": now + 600,
        "roles": [role],
    }  # fmt: skip
    return jwt.encode(
        {"alg": "ES256", "typ": "at+jwt", "kid": "test"}, given | claims, key, algorithms=["ES256"]
    )
