"""The commands against a running platform: what a deliverer and the platform team see, from registration to quarantine."""

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer

from gmsd_chassis.keyring.scan import scan
from gmsd_cli.local.ports import free_block
from gmsd_contracts.topics import DELIVERIES, quarantine_of
from tests.cli.support import Said, gmsd, gmsd_beside
from tests.e2e.stage import stage

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

REGISTER = """
[[aanleveraar]]
id = "GM0014"
soort = "gemeente"
naam = "Groningen"
bestandssoorten = ["wmo"]

[[aanleveraar]]
id = "GM0034"
soort = "gemeente"
naam = "Almere"
bestandssoorten = ["wmo"]

[[venster]]
periode = "2025HJ01"

[[venster]]
periode = "2025HJ02"
open = false
"""
BSN = "999990019"
BAD = f"no JSON, and {BSN} in it".encode()
BAD_HEADERS = [
    ("ce_specversion", b"1.0"),
    ("ce_type", b"nl.gmsd.delivery.received.v1"),
    ("x-note", f"about {BSN}\x1b[31m".encode()),
    ("gmsd_quarantine_reason", b"the sender's own"),
    ("gmsd_quarantine_value", b"the sender's own"),
]


@dataclass
class Here:
    """A running platform and files to deliver to it."""

    state: Path
    bootstrap: str
    plan: list[dict[str, Any]]
    nation: Path

    def file(self, fault: str, deliverer: str) -> Path:
        """The one of this deliverer with this class of fault, in the first half-year."""
        (line,) = (
            line
            for line in self.plan
            if fault in line["faults"] and line["deliverer"] == deliverer and line["period"] == "2025HJ01"
        )
        return self.nation / str(line["path"])

    async def type(self, *arguments: str | Path, typed: str = "") -> Said:
        """Type a command about this platform."""
        return await gmsd_beside(*arguments, "--state", self.state, typed=typed)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Here]:
    root = tmp_path_factory.mktemp("cli")
    nation = root / "nation"
    made = gmsd("generate", "--uit", nation, "--schaal", "0.0005", "--gemeenten", "6", "--zaad", "3")
    assert made.code == 0, made.err
    plan = [json.loads(line) for line in (nation / "deliveries.jsonl").read_text().splitlines()]
    register = root / "register.toml"
    register.write_text(REGISTER)
    async with stage(root) as running:
        here = Here(running.platform.layout.root, running.platform.bootstrap, plan, nation)
        said = await here.type("register", register)
        assert said.out.splitlines() == ["Aanleveraars: 2 nieuw.", "Vensters: 2 nieuw."], said
        yield here


async def test_registering_again_changes_only_what_differs(here: Here, tmp_path: Path) -> None:
    path = tmp_path / "register.toml"
    path.write_text(REGISTER)
    said = await here.type("register", path)
    assert said.out.splitlines() == ["Aanleveraars: 2 ongewijzigd.", "Vensters: 2 ongewijzigd."]
    path.write_text(REGISTER.replace("Almere", "Gemeente Almere"))
    assert "1 gewijzigd, 1 ongewijzigd" in (await here.type("register", path)).out
    path.write_text(
        '[[aanleveraar]]\nid = "GM0014"\nsoort = "gemeente"\nnaam = "G"\nbestandssoorten = ["brp"]'
    )
    refused = await here.type("register", path)
    assert (refused.code, refused.err.strip()[-1]) == (1, ".")
    assert "Bestandssoort past niet bij de aanleveraar" in refused.err


async def test_a_rejected_file_is_explained_row_by_row(here: Here) -> None:
    said = await here.type(
        "deliver", "--wacht", "--voorbeelden", "2", here.file("end-before-start", "GM0034")
    )
    assert said.code == 1
    assert "Niet gelukt: het bestand niet door de controle gekomen." in said.err
    digest = hashlib.sha256(here.file("end-before-start", "GM0034").read_bytes()).hexdigest()
    assert f"sha256    {digest}" in said.out
    assert "Status AFGEKEURD" in said.out
    assert re.search(r"^WMO-\d{3}  FOUT  \d+ keer$", said.out, re.MULTILINE), said.out
    assert re.search(r"^  rij \d+, kolom \w+, waarde '\d+'.*: ", said.out, re.MULTILINE), said.out
    assert "  Wat te doen: " in said.out
    assert "lever het opnieuw aan" in said.out


async def test_a_file_refused_at_the_door_does_not_stop_the_next(here: Here, tmp_path: Path) -> None:
    zipped = tmp_path / "wmo_GM0014_2025HJ01.csv"
    zipped.write_bytes(b"PK\x03\x04rest")
    closed = tmp_path / "wmo_GM0034_2025HJ02.csv"
    closed.write_bytes(b"x")
    good = here.file("separator-comma", "GM0034")
    said = await here.type("deliver", zipped, closed, good)
    assert said.code == 1
    assert "wmo_GM0014_2025HJ01.csv: ZIP-bestanden worden niet aangenomen." in said.err
    assert "wmo_GM0034_2025HJ02.csv: Venster gesloten." in said.err
    assert "Niet alles is gelukt: 2 van de 3 bestanden niet aangenomen." in said.err
    assert said.out.count("ontvangen\n") == 1
    again = await here.type("deliver", good)
    assert again.code == 0
    assert "was al ontvangen, er is niets veranderd" in again.out
    assert again.id() == said.id()


async def test_akkoord_asks_about_the_warnings(here: Here) -> None:
    said = await here.type("deliver", "--wacht", here.file("dates-dashed", "GM0014"))
    assert (said.code, said.err) == (0, ""), said
    assert "Status TE_BEOORDELEN" in said.out
    assert f"gmsd akkoord {said.id()}" in said.out
    for answer in ("", "n\n", "jawel\n"):
        refused = await here.type("akkoord", said.id(), typed=answer)
        assert (refused.code, refused.err) == (1, "Er is geen akkoord gegeven.\n")
        assert "ALG-106  WAARSCHUWING" in refused.out
        assert "Wat te doen: Bevestig" in refused.out
    agreed = await here.type("akkoord", said.id(), typed="j\n")
    assert (agreed.code, agreed.err) == (0, "")
    assert "Status AKKOORD" in agreed.out or "Status VAN_KRACHT" in agreed.out
    assert (await here.type("akkoord", said.id(), "--bevestig-alles")).code == 0


async def test_a_refused_akkoord_is_the_sentence_of_intake(here: Here) -> None:
    said = await here.type("deliver", here.file("end-before-start", "GM0034"))
    await here.type("deliver", "--wacht", here.file("end-before-start", "GM0034"))
    refused = await here.type("akkoord", said.id(), "--bevestig-alles")
    assert refused.code == 1
    assert "Kan niet in deze status" in refused.err or "nieuwere levering" in refused.err
    unknown = await here.type("akkoord", "00000000-0000-4000-8000-000000000000")
    assert unknown.err == "Levering onbekend. Deze levering bestaat niet.\n"


async def test_status_tells_each_delivery_and_each_service(here: Here) -> None:
    arguments = ("--bestandssoort", "wmo", "--aanleveraar", "GM0014", "--periode", "2025HJ01")
    delivered = await here.type("deliver", "--niets-te-melden", "--wacht", *arguments)
    assert (delivered.code, delivered.err) == (0, ""), delivered
    said = await here.type("status", "--aanleveraar", "GM0014", "--status", "te-beoordelen")
    assert (said.code, said.err) == (0, ""), said
    (row,) = (line for line in said.out.splitlines() if delivered.id() in line)
    assert "TE_BEOORDELEN" in row
    assert "akkoord van de aanleveraar" in row
    assert "GM0034" not in said.out
    for name in ("kafka", "intake", "validation", "linkage", "aggregation", "publication"):
        assert re.search(rf"^{name} .*gereed", said.out, re.MULTILINE), said.out
    assert re.search(r"^validation .* gereed +\d+", said.out, re.MULTILINE), said.out
    assert "1 levering: 1 TE_BEOORDELEN. 6 van 6 processen gereed." in said.out
    assert "Geen leveringen. 6 van 6" in (await here.type("status", "--periode", "2024HJ01")).out


@pytest.mark.parametrize(("absent", "told"), [("linkage", "leveringen:"), ("intake", "Leveringen onbekend.")])
async def test_status_works_when_a_service_is_down_and_says_which(
    absent: str, told: str, here: Here, tmp_path: Path
) -> None:
    """A copy of the state's addresses in which one service stands where nobody listens."""
    addresses = json.loads((here.state / "platform.json").read_text())
    addresses["services"][absent] = f"http://127.0.0.1:{free_block(1)}"
    (tmp_path / "platform.json").write_text(json.dumps(addresses))
    (tmp_path / "auth").symlink_to(here.state / "auth")
    said = await gmsd_beside("status", "--state", tmp_path)
    assert said.code == 1
    assert said.err.splitlines()[-1] == f"Niet gereed: {absent}."
    assert re.search(rf"^{absent} .*antwoordt niet \(ConnectError\) +onbekend", said.out, re.MULTILINE), (
        said.out
    )
    assert told in said.out
    assert "5 van 6 processen gereed." in said.out


async def test_what_is_put_aside_is_shown_without_its_payload_and_goes_back_as_it_was(here: Here) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=here.bootstrap)
    await producer.start()
    sent = await producer.send_and_wait(
        DELIVERIES.name, BAD, key=b"GM0014/wmo", partition=5, headers=BAD_HEADERS
    )
    await producer.stop()
    origin = f"deliveries/5/{sent.offset}"

    listed = await _until(here, f"{origin} ")
    row = re.search(rf"^(validation/0/\d+) +\w+ +{origin} .* {len(BAD)} bytes\s*$", listed.out, re.MULTILINE)
    assert row is not None, listed.out
    position = row[1]

    shown = await here.type("quarantine", "show", position)
    assert (shown.code, shown.err) == (0, "")
    assert f"sha256 {hashlib.sha256(BAD).hexdigest()}" in shown.out
    assert "x-note: about [bsn]\ufffd[31m" in shown.out
    assert "gmsd_quarantine_reason: the sender's own" in shown.out
    for said in (listed, shown):
        assert BSN not in said.out
        assert "no JSON" not in said.out
        assert "\x1b" not in said.out

    refused = await here.type("quarantine", "requeue", position, typed="n\n")
    assert (refused.code, refused.err) == (1, "Er is niets teruggezet.\n")
    requeued = await here.type("quarantine", "requeue", position, "--ja")
    assert (requeued.code, requeued.err) == (0, "")
    place = re.search(r"staat nu ook op deliveries/5/(\d+)\.", requeued.out)
    assert place is not None
    record = await _record(here.bootstrap, 5, int(place[1]))
    assert (record.key, record.value) == (b"GM0014/wmo", BAD)
    assert list(record.headers)[: len(BAD_HEADERS)] == BAD_HEADERS
    added = dict(list(record.headers)[len(BAD_HEADERS) :])
    assert added["gmsd_requeued_from"] == position.encode()
    assert set(added) == {"gmsd_requeued_from", "gmsd_requeued_at"}

    # A record that nobody put aside has no place to go back to.
    refused = await here.type("quarantine", "requeue", await _written_by_hand(here), "--ja")
    assert refused.code == 1
    assert "alleen een bericht van een topic met gebeurtenissen kan terug" in refused.err

    # It is still wrong, so it comes back; written back once more it says so once.
    again = await _until(here, f"deliveries/5/{place[1]} ")
    (second,) = re.findall(rf"^(validation/0/\d+) .*deliveries/5/{place[1]} ", again.out, re.MULTILINE)
    assert (await here.type("quarantine", "requeue", second, "--ja")).code == 0
    third = await _until(here, f"deliveries/5/{int(place[1]) + 1} ")
    assert "4 berichten in quarantaine." in third.out
    record = await _record(here.bootstrap, 5, int(place[1]) + 1)
    assert [name for name, _ in record.headers].count("gmsd_requeued_from") == 1


async def test_an_absent_position_is_named_and_other_services_have_none(here: Here) -> None:
    said = await here.type("quarantine", "show", "validation/0/999")
    assert said.code == 1
    assert "Op validation/0/999 staat niets in quarantaine" in said.err
    assert (
        await here.type("quarantine", "list", "--dienst", "publication")
    ).out == "Geen berichten in quarantaine.\n"
    assert "kies uit" in (await here.type("quarantine", "list", "--dienst", "nobody")).err


async def _written_by_hand(here: Here) -> str:
    producer = AIOKafkaProducer(bootstrap_servers=here.bootstrap)
    await producer.start()
    sent = await producer.send_and_wait(quarantine_of("validation").name, BAD, headers=BAD_HEADERS)
    await producer.stop()
    return f"validation/0/{sent.offset}"


async def _until(here: Here, part: str) -> Said:
    for _ in range(100):
        said = await here.type("quarantine", "list", "--dienst", "validation")
        if part in said.out:
            return said
        await asyncio.sleep(0.2)
    raise AssertionError(f"{part} did not come: {said}")


async def _record(bootstrap: str, partition: int, offset: int) -> Any:
    async with aclosing(scan(bootstrap, [DELIVERIES.name])) as records:
        async for record in records:
            if (record.partition, record.offset) == (partition, offset):
                return record
    raise AssertionError("no such record")
