"""Keys: made once, private, never made again under existing content; tokens that only this key can have signed."""

import json
import stat
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from gmsd_cli.local.errors import SecretDamaged
from gmsd_cli.local.keys import ensure_secrets
from gmsd_cli.local.places import Layout
from gmsd_cli.local.tokens import issue_token

DATA_KEYS = ["identifying.kek", "pseudonymous.kek", "statistical.kek", "pseudonym.key", "rounding.key"]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    ensure_secrets(layout)
    return layout


def files(layout: Layout) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in layout.root.rglob("*") if p.is_file()}


def test_made_once_private_and_different(layout: Layout) -> None:
    first = files(layout)
    assert sorted(p.name for p in first) == sorted([*DATA_KEYS, "private.json", "jwks.json"])
    assert all(stat.S_IMODE(p.stat().st_mode) == 0o600 for p in first)
    keys = [first[layout.keks / name] for name in DATA_KEYS]
    assert all(len(key) == 32 for key in keys)
    assert len(set(keys)) == 5
    ensure_secrets(layout)
    assert files(layout) == first


@pytest.mark.parametrize("name", DATA_KEYS)
def test_a_lost_or_cut_key_is_refused_once_there_may_be_content(layout: Layout, name: str) -> None:
    layout.cluster_id.write_text("some-cluster\n")
    key = layout.keks / name
    whole = key.read_bytes()
    key.write_bytes(whole[:16])
    with pytest.raises(SecretDamaged, match="32 bytes"):
        ensure_secrets(layout)
    key.unlink()
    with pytest.raises(SecretDamaged, match="ontbreekt"):
        ensure_secrets(layout)
    assert not key.exists()


def test_the_public_set_holds_no_private_part(layout: Layout) -> None:
    (public,) = json.loads((layout.auth / "jwks.json").read_text())["keys"]
    assert "d" not in public
    assert "d" in json.loads((layout.auth / "private.json").read_text())


def test_an_unreadable_signing_key_is_named(layout: Layout) -> None:
    (layout.auth / "private.json").write_text('{"kty": "EC"}')
    with pytest.raises(SecretDamaged, match="onleesbaar"):
        issue_token(layout, "platform")
    with pytest.raises(SecretDamaged, match="gmsd up"):
        issue_token(Layout(layout.root / "none"), "platform")


def test_a_token_is_an_rfc_9068_access_token(
    layout: Layout, tmp_path_factory: pytest.TempPathFactory
) -> None:
    jwks = KeySet.import_key_set(json.loads((layout.auth / "jwks.json").read_text()))
    token = jwt.decode(issue_token(layout, "aanleveraar", "GM0344", 60), jwks, algorithms=["ES256"])
    assert token.header["typ"] == "at+jwt"
    assert token.header["kid"] == jwks.keys[0].kid
    claims = token.claims
    assert claims["iss"] == "urn:gmsd:lokaal"
    assert claims["aud"] == "gmsd-intake"
    assert (claims["roles"], claims["aanleveraar"], claims["sub"]) == (["aanleveraar"], "GM0344", "GM0344")
    assert claims["exp"] - claims["iat"] == 60
    assert {"client_id", "jti"} <= claims.keys()
    platform = jwt.decode(issue_token(layout, "platform"), jwks, algorithms=["ES256"]).claims
    assert platform["roles"] == ["platform"]
    assert "aanleveraar" not in platform
    assert platform["jti"] != claims["jti"]

    other = Layout(tmp_path_factory.mktemp("other"))
    ensure_secrets(other)
    header, _, _ = issue_token(layout, "platform").split(".")
    forged = ".".join([header, *issue_token(other, "platform").split(".")[1:]])
    with pytest.raises(BadSignatureError):
        jwt.decode(forged, jwks, algorithms=["ES256"])


def test_role_and_deliverer_go_together(layout: Layout) -> None:
    with pytest.raises(ValueError, match="names one deliverer"):
        issue_token(layout, "aanleveraar")
    with pytest.raises(ValueError, match="the role platform none"):
        issue_token(layout, "platform", "GM0344")
