"""What was typed is understood, or refused in one sentence before anything is sent."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmsd_cli.client import Sending
from gmsd_cli.commands.generate import require_test_numbers
from gmsd_cli.commands.status import lasted
from gmsd_cli.condition import lags
from gmsd_cli.console import plain
from gmsd_cli.filenames import Stated, sendings
from gmsd_cli.local.errors import BadArgument
from gmsd_cli.local.ports import free_block
from gmsd_cli.main import main
from gmsd_cli.quarantine import Position
from gmsd_cli.registration import Deliverer, Window, read
from gmsd_contracts.topics import SERVICES
from tests.cli.support import gmsd


def made(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(b"x")
    return path


@pytest.mark.parametrize(
    ("name", "slot"),
    [
        ("wmo_GM0344_2025HJ01.csv", ("GM0344", "wmo", "2025HJ01", "")),
        ("brp_RVIG_2025HJ02_GM0344.csv", ("RVIG", "brp", "2025HJ02", "GM0344")),
        ("wmo_client_12345678_2025KW01.CSV", ("12345678", "wmo_client", "2025KW01", "")),
    ],
)
def test_a_name_says_what_a_file_is(name: str, slot: tuple[str, ...], tmp_path: Path) -> None:
    (found,) = sendings([made(tmp_path, name)], Stated())
    assert found.slot == slot


@given(
    st.from_regex(r"[a-z][a-z_]{1,30}", fullmatch=True),
    st.from_regex(r"[A-Z0-9]{2,20}", fullmatch=True),
    st.from_regex(r"20[0-9]{2}(HJ|JJ|MM|KW)[0-9]{2}", fullmatch=True),
    st.from_regex(r"([A-Z0-9]{2,20})?", fullmatch=True),
)
def test_every_name_by_the_convention_is_read_back(
    dataset: str, deliverer: str, period: str, part: str
) -> None:
    from gmsd_cli.filenames import NAME

    name = "_".join(filter(None, (dataset, deliverer, period, part))) + ".csv"
    match = NAME.fullmatch(name)
    assert match is not None
    assert (match["dataset"], match["deliverer"], match["period"], match["part"] or "") == (
        dataset,
        deliverer,
        period,
        part,
    )


def test_options_go_before_the_name(tmp_path: Path) -> None:
    path = made(tmp_path, "wmo_GM0344_2025HJ01.csv")
    (found,) = sendings([path], Stated(period="2025HJ02", deliverer="GM0363", nothing_to_report=True))
    assert found == Sending("wmo", "GM0363", "2025HJ02", "", path, nothing_to_report=True)
    (whole,) = sendings([made(tmp_path, "brp_RVIG_2025HJ02_GM0344.csv")], Stated(part=""))
    assert whole.part == ""


def test_nothing_to_report_needs_no_file() -> None:
    (found,) = sendings([], Stated("wmo", "GM0344", "2025HJ01", None, nothing_to_report=True))
    assert (found.path, found.nothing_to_report) == (None, True)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["deliver"], "ten minste een bestand"),
        (["deliver", "--niets-te-melden", "--periode", "2025HJ01"], "--bestandssoort, --aanleveraar."),
        (["deliver", "nergens.csv"], "nergens.csv is niet te lezen (bestaat niet)"),
        (["deliver", "."], "is een map"),
        (["deliver", "HERE/bestand.csv"], "--bestandssoort, --aanleveraar, --periode"),
        (
            ["deliver", "HERE/wmo_GM0344_2025HJ01.csv", "HERE/sub/wmo_GM0344_2025HJ01.csv"],
            "zou het eerste vervangen",
        ),
        (["register", "HERE/nergens.toml"], "bestaat niet"),
        (["quarantine", "show", "validation-3"], "validation/0/12"),
        (["quarantine", "requeue", "nobody/0/3"], "de diensten zijn intake"),
        (["generate", "--uit", "HERE"], "is niet leeg"),
        (["generate", "--uit", "HERE/n", "--periode", "2025MM01"], "halfjaren"),
        (["generate", "--uit", "HERE/bestand.csv/n"], "geen map"),
        (["generate", "--uit", "HERE/n", "--eigen-bsn", "123456782"], "De 1e --eigen-bsn"),
    ],
)
def test_what_cannot_be_is_one_sentence(arguments: list[str], part: str, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("bestand.csv", "wmo_GM0344_2025HJ01.csv", "sub/wmo_GM0344_2025HJ01.csv"):
        made(tmp_path, name)
    if arguments[0] != "generate":
        (tmp_path / "platform.json").write_text(json.dumps({"bootstrap": "x:1", "services": {"intake": "y"}}))
        arguments = [*arguments, "--state", "HERE"]
    said = gmsd(*(each.replace("HERE", str(tmp_path)) for each in arguments))
    assert said.code in (1, 2)
    assert said.out == ""
    assert part in said.err
    assert said.err.count("\n") == 1
    assert "123456782" not in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["akkoord", "00000000-0000-4000-8000-000000000000"],
        [
            "deliver",
            "--niets-te-melden",
            "--bestandssoort",
            "wmo",
            "--aanleveraar",
            "GM0344",
            "--periode",
            "2025HJ01",
        ],
        ["quarantine", "list"],
        ["quarantine", "show", "intake/0/0"],
        ["quarantine", "requeue", "intake/0/0", "--ja"],
    ],
)
def test_without_a_platform_each_command_says_so(arguments: list[str], tmp_path: Path) -> None:
    never = gmsd(*arguments, "--state", tmp_path)
    assert (never.code, never.out) == (1, "")
    assert "gmsd up" in never.err
    (tmp_path / "platform.json").write_text('{"bootstrap": 1')
    assert "is onleesbaar (JSONDecodeError)" in gmsd(*arguments, "--state", tmp_path).err


def test_a_platform_that_stopped_is_told_from_one_that_never_was(tmp_path: Path) -> None:
    port = free_block(1)
    addresses = {"bootstrap": f"127.0.0.1:{port}", "services": {"intake": f"http://127.0.0.1:{port}"}}
    (tmp_path / "platform.json").write_text(json.dumps(addresses))
    said = gmsd("status", "--state", tmp_path)
    assert (said.code, said.out) == (1, "")
    assert "draait niet meer" in said.err
    assert f"Kafka antwoordt niet op 127.0.0.1:{port}" in gmsd("quarantine", "list", "--state", tmp_path).err


def test_an_unknown_state_and_an_id_that_is_none_are_named(tmp_path: Path) -> None:
    (tmp_path / "platform.json").write_text(json.dumps({"bootstrap": "x:1", "services": {"intake": "y"}}))
    assert "VAN_KRACHT" in gmsd("status", "--status", "weg", "--state", tmp_path).err
    assert "ontvangstbewijs" in gmsd("akkoord", "GM0344", "--state", tmp_path).err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["token"], "'--rol' ontbreekt. Zie `gmsd token --help`."),
        (
            ["generate", "--uit", "n", "--schaal", "7"],
            "'--schaal' heeft een waarde die niet kan. Zie `gmsd generate --help`.",
        ),
        (
            ["generate", "--uit", "n", "--eigen-bsn", "x123456782"],
            "'--eigen-bsn' heeft een waarde die niet kan. Zie",
        ),
        (
            ["deliver", "--wachten"],
            "De optie --wachten kan hier niet. Bedoelt u --state of --wacht of --wachttijd?",
        ),
        (["quarantine", "requeue"], "'POSITIE...' ontbreekt. Zie `gmsd quarantine requeue --help`."),
        (["leveren"], "De opdracht is niet te begrijpen. Zie `gmsd --help`."),
        (["status", "alles"], "De opdracht is niet te begrijpen. Zie `gmsd status --help`."),
    ],
)
def test_what_was_typed_wrongly_is_said_in_dutch(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["gmsd", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert said in shown.err
    assert shown.err.count("\n") == 1
    assert "123456782" not in shown.err


def test_without_arguments_the_help_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["gmsd"])
    with pytest.raises(SystemExit):
        main()
    shown = capsys.readouterr()
    assert shown.err == ""
    assert "Opdrachten" in shown.out
    assert "Commands" not in shown.out


def test_positions_are_written_as_they_are_read() -> None:
    for service in SERVICES:
        assert Position.parse(str(Position(service, 0, 12))) == Position(service, 0, 12)
    for wrong in (
        "validation/0",
        "validation/0/-1",
        "validation/0/1/2",
        "Validation/0/1",
        "",
        "validation/٠/1",
    ):
        with pytest.raises(BadArgument):
            Position.parse(wrong)


def test_numbers_of_others_are_refused_without_repeating_them() -> None:
    assert require_test_numbers([999_990_019]) == [999_990_019]
    for wrong in (111_222_333, 999_990_018, 999_899_999):
        with pytest.raises(BadArgument) as refused:
            require_test_numbers([999_990_019, wrong])
        assert "De 2e" in refused.value.sentence
        assert str(wrong) not in refused.value.sentence


def test_a_nation_is_generated_with_the_marked_number(tmp_path: Path) -> None:
    folder = tmp_path / "natie"
    arguments = ("generate", "--uit", folder, "--schaal", "0.0005", "--gemeenten", "6", "--zaad", "3")
    said = gmsd(*arguments, "--eigen-bsn", "999990019", "--periode", "2025HJ01")
    assert (said.code, said.err) == (0, "")
    assert "6 van 6 gemeenten." in said.out
    plan = [json.loads(line) for line in (folder / "deliveries.jsonl").read_text().splitlines()]
    assert f"{len(plan)} bestanden" in said.out
    assert any(b"999990019" in (folder / line["path"]).read_bytes() for line in plan)
    assert gmsd(*arguments).code == 2


def test_too_many_marked_numbers_are_refused(tmp_path: Path) -> None:
    numbers = [999_990_019] * 2
    marked = [part for number in numbers for part in ("--eigen-bsn", str(number))]
    said = gmsd("generate", "--uit", tmp_path / "n", "--schaal", "0.0005", "--gemeenten", "6", *marked)
    assert said.code == 2
    assert "vergroot --schaal" in said.err


def test_a_registration_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "register.toml"
    path.write_text(
        '[[aanleveraar]]\nid = "GM0344"\nsoort = "gemeente"\nnaam = "Utrecht"\nbestandssoorten = ["wmo"]\n'
        '[[venster]]\nperiode = "2025HJ01"\ntot = 2025-09-01\n'
        '[[venster]]\nperiode = "2024HJ02"\nopen = false\n'
    )
    found = read(path)
    assert found.aanleveraar == (
        Deliverer(id="GM0344", soort="gemeente", naam="Utrecht", bestandssoorten=("wmo",)),
    )
    assert found.venster[1] == Window(periode="2024HJ02", open=False, tot=None)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[[aanleveraar", "geen geldige TOML"),
        ("", "noemt geen"),
        ('[[venster]]\nperiode = "2025HJ03"', "venster.1.periode bestaat niet"),
        ('[[venster]]\nperiod = "2025HJ01"', "venster.1.period is onbekend"),
        ('[[aanleveraar]]\nid = "GM0344"', "aanleveraar.1.soort ontbreekt"),
        (
            '[[aanleveraar]]\nid = "gm"\nsoort = "x"\nnaam = "n"\nbestandssoorten = "wmo"',
            "aanleveraar.1.id heeft niet de juiste vorm; aanleveraar.1.soort is geen bekende soort; "
            "aanleveraar.1.bestandssoorten heeft niet het juiste type",
        ),
        ('[[venster]]\nperiode = "2025HJ01"\n[[venster]]\nperiode = "2025HJ01"', "meer dan eens"),
    ],
)
def test_every_fault_of_a_registration_file_has_its_place(text: str, part: str, tmp_path: Path) -> None:
    path = tmp_path / "register.toml"
    path.write_text(text)
    with pytest.raises(BadArgument) as refused:
        read(path)
    assert part in refused.value.sentence


def test_lag_is_summed_per_topic() -> None:
    text = (
        "# TYPE gmsd_inbox_lag_records gauge\n"
        'gmsd_inbox_lag_records{group="a",topic="deliveries"} 3\n'
        'gmsd_inbox_lag_records{group="b",topic="deliveries"} 4\n'
        "# TYPE gmsd_fold_lag_records gauge\n"
        'gmsd_fold_lag_records{fold="intake"} 2\n'
        "# TYPE gmsd_service_ready gauge\ngmsd_service_ready 1\n"
    )
    assert lags(text) == {"deliveries": 7, "intake": 2}
    assert lags("gmsd_service_ready 1\n") is None
    assert lags('gmsd_inbox_lag_records{group="a" 3') is None


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (7300, "2 u"), (200_000, "2 d"), (-5, "0 s")],
)
def test_how_long_is_told_in_the_largest_unit(seconds: int, said: str) -> None:
    now = datetime(2025, 7, 1, tzinfo=UTC)
    assert lasted(now - timedelta(seconds=seconds), now) == said


@given(st.text())
def test_text_of_others_never_drives_the_terminal(text: str) -> None:
    shown = plain(text)
    assert all(each.isprintable() for each in shown)


def test_help_is_there_for_every_command() -> None:
    said = gmsd("--help")
    readme = (Path(__file__).parents[2] / "cli" / "README.md").read_text()
    for command in (
        "up",
        "demo",
        "status",
        "generate",
        "register",
        "deliver",
        "akkoord",
        "token",
        "quarantine",
    ):
        assert command in said.out
        assert f"`gmsd {command}" in readme
        assert gmsd(command, "--help").code == 0
