"""An identity provider for tests."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

ISSUER = "urn:gmsd:lokaal"


@dataclass
class Identity:
    """An identity provider with one key."""

    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "een"}))

    def jwks(self) -> str:
        return json.dumps({"keys": [self.key.as_dict(private=False)]})

    def token(self, *, typ: str = "at+jwt", key: ECKey | None = None, **claims: Any) -> str:
        now = int(time.time())
        base = {
            "iss": ISSUER,
            "aud": "gmsd-intake",
            "sub": "proef",
            "client_id": "proef-client",
            "iat": now,
            "exp": now + 600,
        }
        key = key or self.key
        header = {"alg": "ES256", "typ": typ, "kid": key.kid}
        return jwt.encode(header, base | claims, key, algorithms=["ES256"])

    def deliverer(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(roles=['aanleveraar'], aanleveraar=name)}"}

    def platform(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(roles=['platform'])}"}
