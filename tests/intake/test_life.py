"""The life of a delivery over HTTP, on a real broker; the tests play validation, linkage and aggregation."""

import asyncio
from uuid import uuid4

import httpx
import pytest

from gmsd_contracts.events.delivery_assessed_v1 import Verdict
from gmsd_contracts.events.delivery_decided_v1 import DeliveryDecided
from gmsd_contracts.events.delivery_withdrawn_v1 import DeliveryWithdrawn
from gmsd_contracts.events.publication import PublicationReleased
from tests.intake.conftest import CSV, PERIOD, Intake, Tenant
from tests.intake.play import Others, playing

pytestmark = pytest.mark.broker


def akkoord(tenant: Tenant, delivery: str, *rules: str) -> httpx.Response:
    return tenant.client.post(
        f"/v1/leveringen/{delivery}/akkoord", json={"bevestigdeWaarschuwingen": list(rules)}
    )


async def in_force(tenant: Tenant, others: Others) -> None:
    await others.bring_to_load()
    tenant.wait_for(str(others.delivery), status="TE_BEOORDELEN", koppeling="geladen")
    assert akkoord(tenant, str(others.delivery)).status_code == 200


async def test_from_receipt_to_force(intake: Intake, tenant: Tenant) -> None:
    delivery = tenant.new()
    found = tenant.get(delivery)
    assert (found["status"], found["wachtOp"], found["koppeling"]) == (
        "ONTVANGEN",
        "de technische controle",
        None,
    )
    assert akkoord(tenant, delivery).json()["type"].endswith("staat-laat-niet-toe")
    async with playing(intake, tenant, delivery) as others:
        assessed = await others.assess(warnings=("WMO-8", "WMO-9"))
        found = tenant.wait_for(delivery, status="TE_BEOORDELEN")
        assert found["controle"]["teBevestigen"] == ["WMO-8", "WMO-9"]
        assert found["controle"]["tellingen"][2] == {"regel": "WMO-1", "ernst": "INFO", "aantal": 3}
        assert found["profiel"]["personen"] == 5
        assert found["koppeling"] == "wacht"
        missing = akkoord(tenant, delivery, "WMO-8")
        assert (missing.status_code, "WMO-9" in missing.json()["detail"]) == (400, True)
        assert akkoord(tenant, delivery, "WMO-8", "WMO-9", "WMO-1").status_code == 400
        answer = akkoord(tenant, delivery, "WMO-9", "WMO-8")
        assert (answer.status_code, answer.json()["status"]) == (200, "AKKOORD")
        assert akkoord(tenant, delivery).status_code == 200  # it is so already
        await others.load(await others.link(assessed))
        found = tenant.wait_for(delivery, status="VAN_KRACHT")
        assert found["dekking"] == {"gevonden": 4, "nietGevonden": 1, "registerdelen": 342}
        steps = [step["gebeurtenis"] for step in found["geschiedenis"]]
        assert steps == ["ontvangen", "gecontroleerd", "akkoord", "gekoppeld", "geladen"]
        decided = (await others.from_intake())[-1]
        assert decided.data.confirmed_warnings == ("WMO-8", "WMO-9")
        assert (decided.data.slot_version, decided.data.by) == (2, "proef-client")
    back = tenant.client.post(f"/v1/leveringen/{delivery}/intrekken")
    assert (back.status_code, back.json()["type"]) == (409, "urn:nld:gmsd:fout:alleen-platform")
    erased = tenant.platform.post(f"/v1/leveringen/{delivery}/intrekken")
    assert (erased.json()["status"], erased.json()["sleutels"]) == ("INGETROKKEN", "vernietigd")
    assert tenant.platform.post(f"/v1/leveringen/{delivery}/intrekken").status_code == 200


async def test_the_same_bytes_are_the_same_delivery_and_a_b_a_are_three(
    intake: Intake, tenant: Tenant
) -> None:
    first = tenant.new(b"A")
    again = tenant.deliver(b"A")
    assert (again.status_code, again.json()["id"], again.json()["nieuw"]) == (200, first, False)
    second, third = tenant.new(b"B"), tenant.new(b"A")
    assert len({first, second, third}) == 3
    assert [tenant.get(each)["volgnummer"] for each in (first, second, third)] == [1, 2, 3]
    nothing = tenant.deliver(b"A", nietsTeMelden="true")
    assert (nothing.status_code, nothing.json()["ontvangstbewijs"]["volgnummer"]) == (202, 4)
    for each in (nothing.json()["id"], third):
        assert tenant.client.post(f"/v1/leveringen/{each}/intrekken").json()["status"] == "INGETROKKEN"
    assert tenant.deliver(b"B").json()["id"] == second  # the newest live one now
    assert tenant.deliver(b"A").json()["ontvangstbewijs"]["volgnummer"] == 5


async def test_akkoord_on_an_old_version_names_the_newer(intake: Intake, tenant: Tenant) -> None:
    old = tenant.new(b"oud")
    async with playing(intake, tenant, old) as others:
        await others.assess()
        tenant.wait_for(old, status="TE_BEOORDELEN")
        new = tenant.new(b"nieuw")
        refused = akkoord(tenant, old)
        assert (refused.status_code, new in refused.json()["detail"]) == (409, True)
        async with playing(intake, tenant, new) as newer:
            await newer.assess()
            found = tenant.wait_for(old, status="VERVANGEN")
            assert found["nieuwereLevering"] == new
            refused = akkoord(tenant, old)
            assert (refused.status_code, new in refused.json()["detail"]) == (409, True)
            assert tenant.client.post(f"/v1/leveringen/{old}/intrekken").status_code == 409


async def test_a_newer_delivery_that_was_rejected_does_not_stand_in_the_way(
    intake: Intake, tenant: Tenant
) -> None:
    old = tenant.new(b"goed")
    async with playing(intake, tenant, old) as others:
        await others.assess()
        tenant.wait_for(old, status="TE_BEOORDELEN")
        bad = tenant.new(b"slecht")
        async with playing(intake, tenant, bad) as newer:
            await newer.assess(Verdict.FOUT)
            tenant.wait_for(bad, status="AFGEKEURD")
        assert akkoord(tenant, old).json()["status"] == "AKKOORD"


async def test_a_replacement_comes_in_force_whole(intake: Intake, tenant: Tenant) -> None:
    first = tenant.new(b"eerste")
    async with playing(intake, tenant, first) as others:
        await in_force(tenant, others)
    second = tenant.new(b"tweede")
    async with playing(intake, tenant, second) as others:
        assessed = await others.assess()
        tenant.wait_for(second, status="TE_BEOORDELEN")
        assert akkoord(tenant, second).json()["status"] == "AKKOORD"
        assert tenant.get(first)["status"] == "VAN_KRACHT"
        await others.load(await others.link(assessed))
        tenant.wait_for(second, status="VAN_KRACHT")
        tenant.wait_for(first, status="VERVANGEN")


async def test_rejection_destroys_the_file_and_keeps_the_findings(intake: Intake, tenant: Tenant) -> None:
    delivery = tenant.new(b"fout")
    assert tenant.client.get(f"/v1/leveringen/{delivery}/bevindingen").status_code == 409
    async with playing(intake, tenant, delivery) as others:
        rows = [
            {
                "rule": "WMO-1",
                "severity": "FOUT",
                "row": n,
                "column": "bsn",
                "value": "=1+1" if n == 1 else "[bsn]",
                "expected": "elfproef",
                "key": None,
            }
            for n in range(1, 251)
        ]
        await others.assess(Verdict.FOUT, findings=await others.findings(rows))
        tenant.wait_for(delivery, status="AFGEKEURD", sleutels="vernietigd")
        page = tenant.client.get(f"/v1/leveringen/{delivery}/bevindingen", params={"aantal": 90}).json()
        assert (page["totaal"], page["volledig"], len(page["bevindingen"])) == (250, True, 90)
        assert page["bevindingen"][1]["melding"] == "In bsn staat [bsn]; verwacht elfproef."
        seen = [each["rij"] for each in page["bevindingen"]]
        while page["volgende"]:
            page = tenant.client.get(
                f"/v1/leveringen/{delivery}/bevindingen", params={"aantal": 90, "cursor": page["volgende"]}
            ).json()
            seen += [each["rij"] for each in page["bevindingen"]]
        assert seen == list(range(1, 251))
        sheet = tenant.client.get(f"/v1/leveringen/{delivery}/bevindingen", headers={"Accept": "text/csv"})
        lines = sheet.content.decode("utf-8-sig").splitlines()
        assert lines[0] == "regel;ernst;rij;kolom;waarde;verwacht;sleutel;melding;watTeDoen"
        assert lines[1].startswith("WMO-1;FOUT;1;bsn;'=1+1;elfproef;;")
        assert len(lines) == 251
        none = tenant.client.get(f"/v1/leveringen/{delivery}/bevindingen", headers={"Accept": "image/png"})
        assert none.status_code == 406
        others.hub.keyring.destroy(others.delivery)  # as after 21 days
    for accept in ("application/json", "text/csv"):
        gone = tenant.client.get(f"/v1/leveringen/{delivery}/bevindingen", headers={"Accept": accept})
        assert (gone.status_code, gone.json()["title"]) == (410, "VERLOPEN")


async def test_without_findings_the_list_is_empty(intake: Intake, tenant: Tenant) -> None:
    delivery = tenant.new()
    async with playing(intake, tenant, delivery) as others:
        await others.assess()
        tenant.wait_for(delivery, status="TE_BEOORDELEN")
    page = tenant.client.get(f"/v1/leveringen/{delivery}/bevindingen").json()
    assert (page["totaal"], page["bevindingen"], page["volgende"]) == (0, [], None)


async def test_a_failed_check_is_done_again_on_request(intake: Intake, tenant: Tenant) -> None:
    delivery = tenant.new()
    assert tenant.platform.post(f"/v1/leveringen/{delivery}/opnieuw").status_code == 409
    async with playing(intake, tenant, delivery) as others:
        await others.fail()
        found = tenant.wait_for(delivery, status="MISLUKT")
        assert found["wachtOp"] == "het platformteam: de technische controle is mislukt (worker_died)"
        assert tenant.client.post(f"/v1/leveringen/{delivery}/opnieuw").status_code == 403
        assert tenant.platform.post(f"/v1/leveringen/{delivery}/opnieuw").json()["status"] == "ONTVANGEN"
        received, requeued = await others.from_intake()
        assert (requeued.data.stage, requeued.data.content) == ("validation", received.data.content)
        await others.fail()  # about the first time: too late
        assessed = await others.assess(cause=requeued.id)
        tenant.wait_for(delivery, status="TE_BEOORDELEN", koppeling="wacht")
        await others.fail_link(assessed)
        tenant.wait_for(delivery, status="TE_BEOORDELEN", koppeling="mislukt")
        again = tenant.platform.post(f"/v1/leveringen/{delivery}/opnieuw").json()
        assert (again["status"], again["koppeling"]) == ("TE_BEOORDELEN", "wacht")


async def test_withdrawing_makes_everything_unreadable(intake: Intake, tenant: Tenant) -> None:
    delivery = tenant.new()
    async with playing(intake, tenant, delivery) as others:
        content = (await others.from_intake())[0].data.content
        assert b"".join([piece async for piece in others.hub.content.read(content)]) == CSV
        back = tenant.client.post(f"/v1/leveringen/{delivery}/intrekken")
        assert (back.json()["status"], back.json()["sleutels"]) == ("INGETROKKEN", "vernietigd")
        assert not others.hub.keyring.exists(content.content_id)
        assert others.hub.keyring.is_destroyed(others.delivery)
        await others.assess()  # was on its way
    assert tenant.get(delivery)["status"] == "INGETROKKEN"
    assert akkoord(tenant, delivery).status_code == 409


def test_the_list_is_filtered_and_paged(tenant: Tenant) -> None:
    made = [tenant.new(f"versie {n}".encode()) for n in range(5)]
    tenant.client.post(f"/v1/leveringen/{made[0]}/intrekken")
    query: dict[str, str | int] = {"aantal": 2, "periode": PERIOD, "status": "ONTVANGEN"}
    seen: list[str] = []
    while True:
        page = tenant.client.get("/v1/leveringen", params=query).json()
        seen += [each["id"] for each in page["leveringen"]]
        if page["volgende"] is None:
            break
        query["cursor"] = page["volgende"]
    assert seen == made[:0:-1]
    assert tenant.client.get("/v1/leveringen", params={"cursor": "onzin"}).status_code == 400
    assert tenant.client.get("/v1/leveringen", params={"bestandssoort": "brp"}).json()["leveringen"] == []


def test_consents_are_counted_and_the_last_word_counts(tenant: Tenant, other: Tenant) -> None:
    place = f"/v1/toestemmingen/{tenant.id}/basis/{PERIOD}"
    first = tenant.client.put(place, json={"toestemming": False}).json()
    assert (first["toestemming"], first["versie"]) == (False, 1)
    assert tenant.client.put(place, json={"toestemming": False}).json()["versie"] == 1
    assert tenant.platform.put(place, json={"toestemming": True}).json()["versie"] == 2
    assert other.client.put(place, json={"toestemming": False}).status_code == 404
    assert (
        tenant.client.put(
            f"/v1/toestemmingen/{tenant.id}/onzin/{PERIOD}", json={"toestemming": True}
        ).status_code
        == 400
    )
    mine = tenant.client.get("/v1/toestemmingen").json()["toestemmingen"]
    assert [(each["gemeente"], each["toestemming"]) for each in mine] == [(tenant.id, True)]
    assert other.client.get("/v1/toestemmingen").json()["toestemmingen"] == []


async def test_a_withdrawal_whose_process_died_is_finished(intake: Intake, tenant: Tenant) -> None:
    delivery = tenant.new()
    async with playing(intake, tenant, delivery) as others:
        (received,) = await others.from_intake()
        event = DeliveryWithdrawn(
            slot=others.slot, delivery_id=others.delivery, slot_version=2, by="platform"
        )
        await others.say(event, others.delivery, "withdrawn/2", "intake")
        tenant.wait_for(delivery, status="INGETROKKEN", sleutels="vernietigd")
        assert not others.hub.keyring.exists(received.data.content.content_id)
        assert others.hub.keyring.is_destroyed(others.delivery)


async def test_an_event_that_came_second_in_its_slot_changes_nothing(intake: Intake, tenant: Tenant) -> None:
    delivery = tenant.new()
    skipped = tenant.platform.get("/v1/status").json()["overgeslagen"]
    async with playing(intake, tenant, delivery) as others:
        await others.assess()
        tenant.wait_for(delivery, status="TE_BEOORDELEN")
        for version in (1, 7):
            late = DeliveryDecided(
                slot=others.slot, delivery_id=others.delivery, slot_version=version, by="proef"
            )
            await others.say(late, others.delivery, f"decided/{version}", "intake")
        stranger = DeliveryDecided(slot=others.slot, delivery_id=uuid4(), slot_version=2, by="proef")
        await others.say(stranger, stranger.delivery_id, "decided/2", "intake")
    assert akkoord(tenant, delivery).json()["status"] == "AKKOORD"
    assert tenant.platform.get("/v1/status").json()["overgeslagen"] == skipped + 1
    assert len(tenant.get(delivery)["geschiedenis"]) == 3


async def test_a_release_of_its_period_shows_once_it_is_in_force(intake: Intake, tenant: Tenant) -> None:
    delivery = tenant.new()
    async with playing(intake, tenant, delivery) as others:
        await in_force(tenant, others)
        tenant.wait_for(delivery, status="VAN_KRACHT")
        release = PublicationReleased(
            product="basis",
            period=PERIOD,
            sequence=1,
            release_id=uuid4(),
            number=1,
            snapshot_id="proef",
            protection="naastgelegen-5",
            status="voorlopig",
            tables=(),
            excluded=(tenant.id,),
        )
        await others.say(release, release.release_id, "released", "publication")
        for _ in range(600):
            shown = [each for each in tenant.get(delivery)["publicatie"] if each["zonderDezeAanleveraar"]]
            if shown:
                break
            await asyncio.sleep(0.05)
        assert (shown[0]["product"], shown[0]["nummer"], shown[0]["ingetrokkenOp"]) == ("basis", 1, None)
