"""Access tokens: signed JWTs after RFC 9068, checked against the identity provider's published keys."""

import asyncio
import json
import re
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from gmsd_chassis.errors import ConfigError
from gmsd_intake.errors import Problem

DELIVERER = "aanleveraar"
PLATFORM = "platform"
# A new signing key is found within a minute; a stream of tokens with invented key ids asks the provider no more often.
_REFRESH_SECONDS = 60.0
_FETCH_SECONDS = 5.0
# Clocks of provider and platform; RFC 9068 gives no number, a minute is what most libraries take.
_LEEWAY = 60
_DELIVERER_ID = re.compile(r"[A-Z0-9]{2,20}")
_CLIENT_ID = re.compile(r"[A-Za-z][A-Za-z0-9._:/-]{0,99}")
_BEARER = re.compile(r"Bearer +([A-Za-z0-9_=-]+\.[A-Za-z0-9_=-]+\.[A-Za-z0-9_=-]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Caller:
    """Who asks. `deliverer` is None for the platform team. `client` is the token's client, never a person."""

    roles: frozenset[str]
    deliverer: str | None
    client: str

    @property
    def is_platform(self) -> bool:
        return PLATFORM in self.roles

    def may_see(self, deliverer: str) -> bool:
        """The platform team sees every deliverer's, a deliverer its own."""
        return self.is_platform or (self.deliverer is not None and self.deliverer == deliverer)


class KeySource:
    """The key set behind a setting: a file, or an https address. Read again when a key is unknown."""

    def __init__(self, place: str) -> None:
        if "://" in place and not place.startswith("https://"):
            raise ConfigError(
                "GMSD_JWKS must be a file or an https:// address: keys over http can be replaced on the way."
            )
        self._place = place
        self._keys: KeySet | None = None
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def keys(self, *, fresh: bool) -> KeySet | None:
        """The keys; None when `fresh` is asked and they were read only just now.

        Raises Problem(aanmelding-niet-te-controleren) when there is nothing to check against.
        """
        async with self._reading:
            if self._keys is not None and not fresh:
                return self._keys
            if time.monotonic() - self._read_at < _REFRESH_SECONDS and self._keys is not None:
                return None
            try:
                self._keys = KeySet.import_key_set(json.loads(await self._text()))
            except (OSError, ValueError, JoseError, httpx.HTTPError):
                raise Problem("aanmelding-niet-te-controleren", headers={"Retry-After": "30"}) from None
            self._read_at = time.monotonic()
            return self._keys

    async def _text(self) -> str:
        if not self._place.startswith("https://"):
            return await asyncio.to_thread(Path(self._place).read_text, "utf-8")
        async with httpx.AsyncClient(timeout=_FETCH_SECONDS, follow_redirects=False) as client:
            answer = await client.get(self._place)
            answer.raise_for_status()
            return answer.text


class TokenCheck:
    """Turns the header Authorization into a Caller, or a Problem of 401 or 403."""

    def __init__(self, source: KeySource, *, issuer: str, audience: str, algorithms: tuple[str, ...]) -> None:
        if not algorithms or any(name.startswith("HS") or name == "none" for name in algorithms):
            raise ConfigError("GMSD_TOKEN_ALGORITHMS must name algorithms with a public key, such as ES256.")
        self._source = source
        self._algorithms = list(algorithms)
        self._claims = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            sub={"essential": True},
        )

    async def caller(self, authorization: str | None) -> Caller:
        """Who asks; the roles are not judged here."""
        if authorization is None:
            raise Problem("niet-aangemeld", headers={"WWW-Authenticate": "Bearer"})
        match = _BEARER.fullmatch(authorization.strip())
        if match is None:
            raise _invalid("het is geen Bearer-token")
        token = await self._decode(match[1])
        if str(token.header.get("typ", "")).lower() not in ("at+jwt", "application/at+jwt"):
            raise _invalid("het is geen toegangstoken (typ at+jwt)")
        try:
            self._claims.validate(token.claims)
        except JoseError:
            raise _invalid("uitgever, doelgroep of geldigheid klopt niet") from None
        return _caller(token.claims)

    async def _decode(self, text: str) -> jwt.Token:
        keys = await self._source.keys(fresh=False)
        for attempt in (keys, None):
            if attempt is None:
                # The provider may have changed its key since we read the set.
                attempt = await self._source.keys(fresh=True)
            if attempt is None:
                break
            try:
                return jwt.decode(text, attempt, algorithms=self._algorithms)
            except (JoseError, ValueError):
                continue
        raise _invalid("de handtekening klopt niet")


def _caller(claims: dict[str, object]) -> Caller:
    given = claims.get("roles")
    names = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    roles = frozenset(name for name in names if name in (DELIVERER, PLATFORM))
    deliverer = claims.get("aanleveraar") if DELIVERER in roles else None
    if deliverer is not None and not (isinstance(deliverer, str) and _DELIVERER_ID.fullmatch(deliverer)):
        raise _invalid("de claim aanleveraar is geen kenmerk van een aanleveraar")
    if roles == {DELIVERER} and deliverer is None:
        raise _invalid("de claim aanleveraar ontbreekt")
    client = claims.get("client_id")
    # A client id lands in the log for ever, so only what cannot be a number of a person is taken over.
    known = isinstance(client, str) and _CLIENT_ID.fullmatch(client) and not re.search(r"\d{8}", client)
    return Caller(roles, deliverer, str(client) if known else "onbekend")


def _invalid(reason: str) -> Problem:
    headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return Problem("token-ongeldig", reden=reason, headers=headers)
