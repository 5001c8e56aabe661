"""Access tokens of the platform team: RFC 9068, checked against the identity provider's published keys."""

import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from gmsd_chassis.errors import ConfigError
from gmsd_publication.errors import Problem

PLATFORM = "platform"
_LEEWAY_SECONDS = 60  # the clocks of provider and platform
# A new signing key is found at once; a stream of tokens with invented keys reads the file once a minute.
_REFRESH_SECONDS = 60.0
_CHALLENGE = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class PlatformTokens:
    """Decides whether a request comes from the platform team."""

    def __init__(self, keys: Path, *, issuer: str, audience: str, algorithms: Sequence[str]) -> None:
        if not algorithms or any(name.startswith("HS") or name == "none" for name in algorithms):
            raise ConfigError("GMSD_TOKEN_ALGORITHMS must name algorithms with a public key, such as ES256.")
        if not keys.is_file():
            raise ConfigError(f"GMSD_JWKS names {keys}, which is not a file")
        self._path = keys
        self._algorithms = list(algorithms)
        self._keys: KeySet | None = None
        self._read_at = float("-inf")
        self._claims = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            sub={"essential": True},
        )

    async def require(self, authorization: str | None) -> None:
        """Raises Problem 401 without a valid token, 403 without the role, 503 without keys to check against."""
        if authorization is None:
            raise Problem("niet-aangemeld", headers={"WWW-Authenticate": "Bearer"})
        scheme, _, text = authorization.strip().partition(" ")
        if scheme.lower() != "bearer" or text.count(".") != 2:
            raise _invalid("het is geen Bearer-token")
        token = await asyncio.to_thread(self._decode, text.strip())
        if str(token.header.get("typ", "")).lower() not in ("at+jwt", "application/at+jwt"):
            raise _invalid("het is geen toegangstoken (typ at+jwt)")
        try:
            self._claims.validate(token.claims)
        except JoseError:
            raise _invalid("uitgever, doelgroep of geldigheid klopt niet") from None
        if PLATFORM not in _roles(token.claims):
            raise Problem("geen-toegang", rol=PLATFORM)

    def _decode(self, text: str) -> jwt.Token:
        for fresh in (False, True):
            keys = self._read(fresh=fresh)
            if keys is None:
                break
            try:
                return jwt.decode(text, keys, algorithms=self._algorithms)
            except (JoseError, ValueError):
                continue
        raise _invalid("de handtekening klopt niet")

    def _read(self, *, fresh: bool) -> KeySet | None:
        if self._keys is not None and (not fresh or time.monotonic() - self._read_at < _REFRESH_SECONDS):
            return None if fresh else self._keys
        try:
            self._keys = KeySet.import_key_set(json.loads(self._path.read_text("utf-8")))
        except (OSError, ValueError, JoseError):
            raise Problem("aanmelding-niet-te-controleren", headers={"Retry-After": "30"}) from None
        self._read_at = time.monotonic()
        return self._keys


def _roles(claims: dict[str, Any]) -> list[object]:
    given = claims.get("roles")
    return [given] if isinstance(given, str) else given if isinstance(given, list) else []


def _invalid(reason: str) -> Problem:
    return Problem("token-ongeldig", reden=reason, headers=_CHALLENGE)
