"""Every wrong request that intake should refuse by name."""

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

from joserfc.jwk import ECKey

from gmsd_cli.local.keys import signing_key
from gmsd_cli.local.tokens import issue_token
from tests.e2e.door import Door
from tests.e2e.stage import PERIODS

WHERE = {"bestandssoort": "wmo", "periode": PERIODS[0]}


def wrong_requests(door: Door) -> Iterator[tuple[str, int, str, str, str, dict[str, Any]]]:
    """Name, status and slug of the answer, and the request."""
    mine, post = door.token(), ("POST", "/v1/leveringen")
    platform = {"Authorization": f"Bearer {issue_token(door.platform.layout, 'platform')}"}
    strange = ECKey.generate_key("P-256")
    expired = {"exp": int(time.time()) - 3600, "iat": int(time.time()) - 7200}
    unsigned = _unsigned(door)
    for name, headers in {
        "an expired token": door.token(**expired),
        "a token for another audience": door.token(aud="iets-anders"),
        "a token of another issuer": door.token(iss="urn:vreemd"),
        "a token signed by a stranger": door.signed(strange, {}),
        "a token with an unknown key": door.signed(strange, {}, kid="vreemd"),
        "an identity token": door.signed(signing_key(door.platform.layout), {}, typ="JWT"),
        "a token that is not signed": unsigned,
        "no token but a word": {"Authorization": "Bearer abc"},
        "a password": {"Authorization": "Basic YTpi"},
    }.items():
        yield name, 401, "token-ongeldig", *post, {"params": WHERE, "headers": headers, "content": b"x"}
    yield "no token", 401, "niet-aangemeld", *post, {"params": WHERE, "content": b"x"}
    yield (
        "a token without role",
        403,
        "geen-toegang",
        "GET",
        "/v1/leveringen",
        {"headers": door.token(roles=[])},
    )
    yield "the platform delivers", 403, "geen-toegang", *post, {"params": WHERE, "headers": platform}
    yield (
        "a deliverer opens",
        403,
        "geen-toegang",
        "PUT",
        "/v1/vensters/2025HJ01",
        {"headers": mine, "json": {"open": True}},
    )

    def sent(
        name: str, status: int, slug: str, **request: Any
    ) -> tuple[str, int, str, str, str, dict[str, Any]]:
        headers = {**mine, **request.pop("headers", {})}
        return name, status, slug, *post, {"params": WHERE, "headers": headers, "content": b"x", **request}

    yield sent("for somebody else", 404, "aanleveraar-onbekend", params={**WHERE, "aanleveraar": door.other})
    yield sent(
        "unknown dataset", 400, "bestandssoort-onbekend", params={**WHERE, "bestandssoort": "jeugdzorg"}
    )
    yield sent(
        "a dataset of another", 403, "bestandssoort-niet-toegestaan", params={**WHERE, "bestandssoort": "brp"}
    )
    yield sent("unknown period", 400, "verzoek-ongeldig", params={**WHERE, "periode": "2025HJ03"})
    yield sent("a month", 400, "periode-soort", params={**WHERE, "periode": "2025MM01"})
    yield sent("with a part", 400, "deel-niet-toegestaan", params={**WHERE, "deel": "GM0037"})
    yield sent("closed window", 409, "venster-gesloten", params={**WHERE, "periode": "2024HJ01"})
    yield sent("no bytes", 400, "bestand-ontbreekt", content=b"")
    yield sent("a zip", 415, "zip-geweigerd", content=b"PK\x03\x04" + bytes(200))
    yield sent("compressed", 415, "codering-niet-ondersteund", headers={"Content-Encoding": "gzip"})
    yield sent("wrong digest", 400, "digest-klopt-niet", headers={"Content-Digest": f"sha-256=:{'A' * 43}=:"})
    yield sent("no digest", 400, "digest-ongeldig", headers={"Content-Digest": "sha-256=abc"})
    for name, kind, body in (
        ("no boundary", "multipart/form-data", b"x"),
        (
            "no end",
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="bestand"\r\n\r\nx',
        ),
        ("another boundary", "multipart/form-data; boundary=b", b"--c\r\n\r\n--c--\r\n"),
        (
            "no name",
            "multipart/form-data; boundary=b",
            b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
        ),
    ):
        yield sent(
            f"a form with {name}", 400, "multipart-ongeldig", headers={"Content-Type": kind}, content=body
        )
    nobody = uuid.uuid4()
    yield "unknown delivery", 404, "levering-onbekend", "GET", f"/v1/leveringen/{nobody}", {"headers": mine}
    yield "no id", 400, "verzoek-ongeldig", "GET", "/v1/leveringen/abc", {"headers": mine}
    akkoord = ("POST", f"/v1/leveringen/{nobody}/akkoord")
    yield "akkoord on nothing", 404, "levering-onbekend", *akkoord, {"headers": mine, "json": {}}
    yield "no JSON", 400, "verzoek-ongeldig", *akkoord, {"headers": mine, "content": b'{"a":'}
    yield "unknown field", 400, "verzoek-ongeldig", *akkoord, {"headers": mine, "json": {"onbekend": 1}}
    yield "a list", 400, "verzoek-ongeldig", *akkoord, {"headers": mine, "json": []}
    yield "far too much JSON", 413, "verzoek-te-groot", *akkoord, {"headers": mine, "content": b" " * 200_000}
    yield "no such address", 404, "niet-gevonden", "GET", "/v1/niets", {"headers": mine}
    yield "no such method", 405, "methode-niet-toegestaan", "DELETE", "/v1/leveringen", {"headers": mine}
    yield (
        "a cursor of one's own",
        400,
        "verzoek-ongeldig",
        "GET",
        "/v1/leveringen?cursor=abc",
        {"headers": mine},
    )
    yield "too many", 400, "verzoek-ongeldig", "GET", "/v1/leveringen?aantal=100000", {"headers": mine}


def _unsigned(door: Door) -> dict[str, str]:
    """Algorithm `none`, with the claims of a good token."""
    import base64

    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    good = door.token()["Authorization"].split(".")[1]
    head = part({"alg": "none", "typ": "at+jwt", "kid": signing_key(door.platform.layout).kid})
    return {"Authorization": f"Bearer {head}.{good}."}
