"""Access tokens: signed JWTs after RFC 9068, checked against the identity provider's published keys."""

import asyncio
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from gmsd_chassis.errors import ConfigError
from gmsd_chassis.http.problem import Problem
from gmsd_chassis.settings import TokenSettings

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


class KeysUnreadable(Exception):
    """There is no key set to check against now."""


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
        """The keys; None when `fresh` is asked and they were read only just now. Raises KeysUnreadable."""
        async with self._reading:
            if self._keys is not None and not fresh:
                return self._keys
            if time.monotonic() - self._read_at < _REFRESH_SECONDS and self._keys is not None:
                return None
            try:
                self._keys = KeySet.import_key_set(json.loads(await self._text()))
            except (OSError, ValueError, JoseError, httpx.HTTPError):
                raise KeysUnreadable from None
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
    """Turns the header Authorization into a Caller, or the service's Problem of 401, 403 or 503."""

    def __init__(
        self,
        source: KeySource,
        problem: type[Problem],
        *,
        issuer: str,
        audience: str,
        algorithms: Sequence[str],
    ) -> None:
        if not algorithms or any(name.startswith("HS") or name == "none" for name in algorithms):
            raise ConfigError("GMSD_TOKEN_ALGORITHMS must name algorithms with a public key, such as ES256.")
        self._source = source
        self._problem = problem
        self._algorithms = list(algorithms)
        self._claims = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            sub={"essential": True},
        )

    @classmethod
    def of(cls, settings: TokenSettings, problem: type[Problem]) -> Self:
        """As the operator says. Raises ConfigError."""
        source = KeySource(settings.jwks)
        if "://" not in settings.jwks and not Path(settings.jwks).is_file():
            raise ConfigError(f"GMSD_JWKS names {settings.jwks}, which is not a file")
        return cls(
            source,
            problem,
            issuer=settings.token_issuer,
            audience=settings.token_audience,
            algorithms=settings.token_algorithms,
        )

    async def caller(self, authorization: str | None, allowed: Sequence[str]) -> Caller:
        """Who asks, when the token is valid and has one of the roles `allowed`."""
        if authorization is None:
            raise self._problem("niet-aangemeld", headers={"WWW-Authenticate": "Bearer"})
        match = _BEARER.fullmatch(authorization.strip())
        if match is None:
            raise self._invalid("het is geen Bearer-token")
        try:
            token = await self._decode(match[1])
        except KeysUnreadable:
            raise self._problem("aanmelding-niet-te-controleren", headers={"Retry-After": "30"}) from None
        if str(token.header.get("typ", "")).lower() not in ("at+jwt", "application/at+jwt"):
            raise self._invalid("het is geen toegangstoken (typ at+jwt)")
        try:
            self._claims.validate(token.claims)
        except JoseError:
            raise self._invalid("uitgever, doelgroep of geldigheid klopt niet") from None
        return self._caller(token.claims, allowed)

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
        raise self._invalid("de handtekening klopt niet")

    def _caller(self, claims: dict[str, object], allowed: Sequence[str]) -> Caller:
        given = claims.get("roles")
        names = [given] if isinstance(given, str) else given if isinstance(given, list) else []
        roles = frozenset(name for name in names if name in (DELIVERER, PLATFORM))
        if not roles & set(allowed):
            raise self._problem("geen-toegang", rol=" of ".join(allowed))
        deliverer = claims.get("aanleveraar") if DELIVERER in roles else None
        if deliverer is not None and not (isinstance(deliverer, str) and _DELIVERER_ID.fullmatch(deliverer)):
            raise self._invalid("de claim aanleveraar is geen kenmerk van een aanleveraar")
        if roles == {DELIVERER} and deliverer is None:
            raise self._invalid("de claim aanleveraar ontbreekt")
        client = claims.get("client_id")
        # A client id lands in the log for ever, so only what cannot be a number of a person is taken over.
        known = isinstance(client, str) and _CLIENT_ID.fullmatch(client) and not re.search(r"\d{8}", client)
        return Caller(roles, deliverer, str(client) if known else "onbekend")

    def _invalid(self, reason: str) -> Problem:
        headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        return self._problem("token-ongeldig", reden=reason, headers=headers)
