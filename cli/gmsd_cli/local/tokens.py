"""Access tokens of the local platform: what an identity provider would issue in production."""

import time
import uuid
from typing import Literal

from joserfc import jwt

from gmsd_cli.local.keys import signing_key
from gmsd_cli.local.places import Layout

ISSUER = "urn:gmsd:lokaal"
AUDIENCE = "gmsd-intake"
CLIENT = "gmsd-cli"
LIFETIME_SECONDS = 3600

Role = Literal["aanleveraar", "platform"]


def issue_token(
    layout: Layout, role: Role, deliverer: str | None = None, lifetime: int = LIFETIME_SECONDS
) -> str:
    """A signed access token after RFC 9068 (`typ` at+jwt, ES256), valid from now for `lifetime` seconds.

    `deliverer` is the id of the deliverer whose deliveries the role `aanleveraar` may see and touch; the role `platform` has none.
    Raises ValueError when role and deliverer do not go together, SecretDamaged when this state has no signing key.
    """
    if (role == "aanleveraar") != (deliverer is not None):
        raise ValueError("the role aanleveraar names one deliverer, the role platform none")
    key = signing_key(layout)
    now = int(time.time())
    claims: dict[str, object] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": deliverer or CLIENT,
        "client_id": CLIENT,
        "jti": str(uuid.uuid4()),
        "iat": now,
        "exp": now + lifetime,
        "roles": [role],
    }
    if deliverer is not None:
        claims["aanleveraar"] = deliverer
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": key.kid}, claims, key, algorithms=["ES256"])
