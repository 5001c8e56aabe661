"""The command line: one sentence and an exit code when it cannot, a clean stop when it is asked to."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gmsd_cli.commands.up import parse_overrides
from gmsd_cli.local.errors import BadSetting
from gmsd_cli.local.keys import ensure_secrets
from gmsd_cli.local.places import Layout
from gmsd_cli.local.ports import free_block
from gmsd_cli.main import main
from gmsd_cli.settings import NAMES, Settings


def as_a_process(*args: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("GMSD_")}
    argv = [sys.executable, "-m", "gmsd_cli", *args]
    return subprocess.run(argv, capture_output=True, text=True, env=clean, timeout=60, check=False)


def test_token_prints_one_token(tmp_path: Path) -> None:
    ensure_secrets(Layout(tmp_path))
    done = as_a_process("token", "--rol", "aanleveraar", "--aanleveraar", "GM0344", "--state", str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.strip().split(".")) == 3


def test_a_refusal_of_the_process_is_one_line_on_stderr(tmp_path: Path) -> None:
    done = as_a_process("token", "--rol", "platform", "--state", str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)


@pytest.mark.parametrize(
    ("args", "env", "code", "part"),
    [
        (["token", "--rol", "platform"], {}, 1, "gmsd up"),
        (["token", "--rol", "aanleveraar"], {}, 78, "--aanleveraar GM0344"),
        (["token", "--rol", "platform", "--aanleveraar", "GM0344"], {}, 78, "namens niemand"),
        (["up"], {"GMSD_KAFKA_BOOTSTRP": "x:1"}, 78, "Onbekende instelling GMSD_KAFKA_BOOTSTRP"),
        (["up"], {"GMSD_KAFKA_BOOTSTRAP": "nowhere"}, 78, "host:poort"),
        (["up", "--zet", "nobody.X=1"], {}, 78, "DIENST.NAAM=WAARDE"),
        (["up"], {"GMSD_JAVA": "/no/java"}, 1, "GMSD_JAVA"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    args: list[str],
    env: dict[str, str],
    code: int,
    part: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name in [name for name in os.environ if name.startswith("GMSD_")]:
        monkeypatch.delenv(name)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    base = ["--port-base", str(free_block(11))] if args[0] == "up" else []
    monkeypatch.setattr(sys, "argv", ["gmsd", *args, *base, "--state", str(tmp_path / "state")])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capfd.readouterr()
    assert ended.value.code == code
    assert said.out == ""
    assert part in said.err
    assert said.err.count("\n") == 1


def test_a_state_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(sys, "argv", ["gmsd", "up", "--state", str(tmp_path / "file" / "state")])
    with pytest.raises(SystemExit):
        main()
    assert "niet te schrijven" in capfd.readouterr().err


def test_overrides_may_hold_equals_signs_and_repeat() -> None:
    texts = ["intake.GMSD_A=b=c", "intake.GMSD_D=", "linkage.GMSD_A=1"]
    assert parse_overrides(texts) == {"intake": {"GMSD_A": "b=c", "GMSD_D": ""}, "linkage": {"GMSD_A": "1"}}


@pytest.mark.parametrize(
    "env",
    [
        {"GMSD_KAFKA_BOOTSTRAP": "host:0"},
        {"GMSD_KAFKA_BOOTSTRAP": "a:1,b"},
        {"GMSD_MAVEN_MIRROR": "ftp://mirror"},
        {"GMSD_KAFKA_HEAP_MB": "12"},
        {"GMSD_KAFKA_HEAP_MB": "much"},
    ],
)
def test_a_malformed_setting_is_named(env: dict[str, str]) -> None:
    with pytest.raises(BadSetting, match=next(iter(env))):
        Settings.from_environment(env)


def test_every_setting_is_read_and_documented() -> None:
    examples = {
        "GMSD_KAFKA_BOOTSTRAP": "h:1",
        "GMSD_MAVEN_MIRROR": "https://m",
        "GMSD_KAFKA_JARS_LOCK": "l",
        "GMSD_KAFKA_HEAP_MB": "600",
        "GMSD_JAVA": "j",
        "GMSD_CACHE_DIR": "c",
    }
    assert examples.keys() == NAMES.keys()
    default = Settings.from_environment({})
    assert default == Settings()
    for name, value in examples.items():
        assert Settings.from_environment({name: value}) != default
    readme = (Path(__file__).parents[2] / "cli" / "README.md").read_text()
    assert [name for name in NAMES if name not in readme] == []
