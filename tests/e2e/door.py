"""A platform with a gemeente at its door, and all a test needs to knock."""

import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from gmsd_cli.client import Sending
from gmsd_cli.local.keys import signing_key
from gmsd_cli.local.supervisor import LocalPlatform
from gmsd_cli.local.tokens import AUDIENCE, CLIENT, ISSUER, issue_token
from tests.e2e.faults import (
    reached,
)
from tests.e2e.stage import PERIODS, Stage


@dataclass
class Door:
    """A platform, a gemeente with a good file, and as many different good files as asked for."""

    stage: Stage
    who: str
    other: str
    header: bytes
    rows: list[bytes]
    root: Path
    good_files: int = 0
    files: list[Path] = field(default_factory=list)

    @property
    def platform(self) -> LocalPlatform:
        return self.stage.platform

    def token(self, **claims: Any) -> dict[str, str]:
        """A token of the gemeente, with some claims as given."""
        if not claims:
            return {"Authorization": f"Bearer {issue_token(self.platform.layout, 'aanleveraar', self.who)}"}
        return self.signed(signing_key(self.platform.layout), claims)

    def signed(self, key: ECKey, claims: dict[str, Any], **header: Any) -> dict[str, str]:
        now = int(time.time())
        ours = {
            "iss": ISSUER, "aud": AUDIENCE, "sub": self.who, "client_id": CLIENT, "jti": str(uuid.uuid4()),
            "iat": now, "exp": now + 600, "roles": ["aanleveraar"], "aanleveraar": self.who, **claims,
        }  # fmt: skip
        head = {"alg": "ES256", "typ": "at+jwt", "kid": signing_key(self.platform.layout).kid, **header}
        return {"Authorization": f"Bearer {jwt.encode(head, ours, key, algorithms=['ES256'])}"}

    def write(self, data: bytes) -> Path:
        path = self.root / f"{uuid.uuid4()}.csv"
        path.write_bytes(data)
        return path

    def good(self) -> Path:
        """Good, and not sent before: each has one row fewer than the one before."""
        self.good_files += 1
        return self.write(self.header + b"".join(self.rows[self.good_files :]))

    async def send(self, path: Path) -> str:
        receipt = await self.stage.client.deliver(Sending("wmo", self.who, PERIODS[0], path=path))
        return str(receipt["id"])

    async def good_goes_through(self) -> None:
        """The proof after every kind of bad input."""
        delivery = await self.send(self.good())
        full = await reached(self.stage.client, delivery, {"TE_BEOORDELEN", "AFGEKEURD", "MISLUKT"})
        assert full["status"] == "TE_BEOORDELEN", full["controle"]
        await self.stage.client.akkoord(delivery, self.who, full["controle"]["teBevestigen"])
        await reached(self.stage.client, delivery, {"VAN_KRACHT"})
