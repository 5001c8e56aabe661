"""Who may come in: tokens, keys of the identity provider, and settings that would let anybody in."""

from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey

from gmsd_chassis.errors import ConfigError
from gmsd_chassis.http import bearer, problem
from gmsd_chassis.http.bearer import DELIVERER, PLATFORM, Caller, KeySource, TokenCheck
from gmsd_chassis.http.problem import COMMON, Entry
from tests.support.identity import ISSUER, Identity

OURS = {slug: Entry(HTTPStatus.BAD_REQUEST, slug, slug) for slug in ("verzoek-ongeldig", "interne-fout")}


class Problem(problem.Problem, catalogue=COMMON | OURS):
    """As a service binds it."""


def check(place: Path | str) -> TokenCheck:
    return TokenCheck(
        KeySource(str(place)), Problem, issuer=ISSUER, audience="gmsd-intake", algorithms=("ES256",)
    )


@pytest.fixture
def identity() -> Identity:
    return Identity()


@pytest.fixture
def place(tmp_path: Path, identity: Identity) -> Path:
    found = tmp_path / "jwks.json"
    found.write_text(identity.jwks())
    return found


async def ask(judge: TokenCheck, identity: Identity, **claims: Any) -> Caller:
    token = identity.token(**({"roles": [PLATFORM]} | claims))
    return await judge.caller(f"Bearer {token}", [PLATFORM, DELIVERER])


async def test_a_deliverer_sees_its_own_and_the_platform_team_all(place: Path, identity: Identity) -> None:
    judge = check(place)
    deliverer = await ask(judge, identity, roles=[DELIVERER], aanleveraar="GM0344")
    assert (deliverer.may_see("GM0344"), deliverer.may_see("GM0363"), deliverer.is_platform) == (True, False, False)  # fmt: skip
    # One role may stand as text, and a claim of a role that the caller does not have counts for nothing.
    platform = await ask(judge, identity, roles=PLATFORM, aanleveraar="GM0344")
    assert (platform.may_see("GM0363"), platform.deliverer) == (True, None)


@pytest.mark.parametrize("roles", [[], ["iets-anders"], [DELIVERER], None, 5])
async def test_a_valid_token_without_the_role_is_403(place: Path, identity: Identity, roles: object) -> None:
    with pytest.raises(Problem, match="geen-toegang") as refused:
        await check(place).caller(f"Bearer {identity.token(roles=roles, aanleveraar='GM0344')}", [PLATFORM])
    assert refused.value.status == 403
    assert PLATFORM in refused.value.detail


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "urn:iemand-anders"},
        {"iss": None},
        {"aud": "iets-anders"},
        {"exp": 1_600_000_000},
        {"exp": None},
        {"sub": None},
        {"nbf": 9_000_000_000},
        {"typ": "JWT"},
        {"key": ECKey.generate_key("P-256", {"kid": "een"})},
        {"key": ECKey.generate_key("P-256", {"kid": "onbekend"})},
        {"roles": [DELIVERER]},
        {"roles": [DELIVERER], "aanleveraar": "gm0344; drop"},
    ],
)
async def test_a_token_that_is_not_ours_is_401(
    place: Path, identity: Identity, claims: dict[str, Any]
) -> None:
    with pytest.raises(Problem, match="token-ongeldig") as refused:
        await ask(check(place), identity, **claims)
    assert refused.value.status == 401
    assert "invalid_token" in refused.value.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "text", ["", "Basic YTpi", "Bearer", "Bearer a.b", "Bearer a.b.c", "Bearer e30.e30."]
)
async def test_what_is_no_token_is_401(place: Path, text: str) -> None:
    with pytest.raises(Problem, match="token-ongeldig"):
        await check(place).caller(text, [PLATFORM])


async def test_without_a_header_the_scheme_is_named(place: Path) -> None:
    with pytest.raises(Problem, match="niet-aangemeld") as refused:
        await check(place).caller(None, [PLATFORM])
    assert refused.value.headers == {"WWW-Authenticate": "Bearer"}


async def test_a_new_key_of_the_provider_is_found(
    place: Path, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge, second = check(place), Identity()
    assert (await ask(judge, identity)).is_platform
    place.write_text(second.jwks())  # noqa: ASYNC240
    with pytest.raises(Problem, match="token-ongeldig"):
        await ask(judge, second)  # asked too soon: invented keys must not make us read
    monkeypatch.setattr(bearer, "_REFRESH_SECONDS", 0.0)
    assert (await ask(judge, second)).is_platform
    with pytest.raises(Problem, match="token-ongeldig"):
        await ask(judge, identity)


@pytest.mark.parametrize("text", [None, "geen json", '{"keys": [{"kty": "onzin"}]}'])
async def test_without_keys_nobody_is_let_in_and_nobody_is_blamed(tmp_path: Path, text: str | None) -> None:
    place = tmp_path / "jwks.json"
    if text is not None:
        place.write_text(text)  # noqa: ASYNC240
    with pytest.raises(Problem, match="aanmelding-niet-te-controleren") as refused:
        await ask(check(place), Identity())
    assert refused.value.headers["Retry-After"]


def test_settings_that_would_let_anybody_in_are_refused() -> None:
    with pytest.raises(ConfigError):
        KeySource("http://idp.example/jwks")
    for algorithms in (("HS256",), ("none",), ("ES256", "HS512"), ()):
        with pytest.raises(ConfigError):
            TokenCheck(KeySource("x"), Problem, issuer="x", audience="x", algorithms=algorithms)


async def test_a_client_that_could_be_a_person_is_not_taken_over(place: Path, identity: Identity) -> None:
    assert (await ask(check(place), identity)).client == "proef-client"
    for client in ("999990019", "x-999990019", None, 5, "met spatie"):
        assert (await ask(check(place), identity, client_id=client)).client == "onbekend"
