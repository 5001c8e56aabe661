"""Who may do what: every operation of the published document, for every role."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc.jwk import ECKey

from tests.intake.conftest import CSV, PERIOD, Intake, Tenant
from tests.support.identity import Identity

pytestmark = pytest.mark.broker

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "api-version": "1.0.0",
}


def document(intake: Intake) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{intake.url}/v1/openapi.json").json()
    return found


def require_problem(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    body: dict[str, Any] = answer.json()
    assert body["type"] == f"urn:nld:gmsd:fout:{slug}"
    assert (body["status"], bool(body["title"]), bool(body["detail"])) == (status, True, True)
    return body


def concrete(path: str) -> str:
    names = {"{id}": str(uuid4()), "{periode}": PERIOD, "{gemeente}": "GM9999", "{product}": "basis"}
    if path.startswith("/aanleveraars"):
        names["{id}"] = "GM9999"
    for name, value in names.items():
        path = path.replace(name, value)
    return f"/v1{path}"


def test_every_operation_asks_for_a_token_and_its_role(intake: Intake, identity: Identity) -> None:
    nobody = {"Authorization": f"Bearer {identity.token(roles=['iets-anders'])}"}
    holders = {"aanleveraar": identity.deliverer("GM9998"), "platform": identity.platform()}
    judged = 0
    with httpx.Client(base_url=intake.url) as client:
        for path, item in document(intake)["paths"].items():
            for method, operation in item.items():
                place = concrete(path)
                answer = client.request(method, place, content=b"")
                require_problem(answer, 401, "niet-aangemeld")
                assert answer.headers["www-authenticate"].startswith("Bearer")
                require_problem(client.request(method, place, headers=nobody), 403, "geen-toegang")
                for role, headers in holders.items():
                    refused = client.request(method, place, headers=headers).status_code == 403
                    assert refused == (role not in operation["x-rollen"]), (method, path, role)
                    judged += 1
    assert judged == 2 * 14


def test_the_matrix_of_roles_is_the_one_that_was_decided(intake: Intake) -> None:
    found = {
        (method.upper(), path): "".join(sorted(role[0] for role in operation["x-rollen"]))
        for path, item in document(intake)["paths"].items()
        for method, operation in item.items()
    }
    assert found == {
        ("POST", "/leveringen"): "a",
        ("GET", "/leveringen"): "ap",
        ("GET", "/leveringen/{id}"): "ap",
        ("GET", "/leveringen/{id}/bevindingen"): "a",
        ("POST", "/leveringen/{id}/akkoord"): "a",
        ("POST", "/leveringen/{id}/intrekken"): "ap",
        ("POST", "/leveringen/{id}/opnieuw"): "p",
        ("PUT", "/aanleveraars/{id}"): "p",
        ("GET", "/aanleveraars"): "ap",
        ("PUT", "/vensters/{periode}"): "p",
        ("GET", "/vensters"): "ap",
        ("PUT", "/toestemmingen/{gemeente}/{product}/{periode}"): "ap",
        ("GET", "/toestemmingen"): "ap",
        ("GET", "/status"): "p",
    }


def test_another_deliverers_delivery_does_not_exist(tenant: Tenant, other: Tenant) -> None:
    delivery = tenant.new()
    absent = str(uuid4())
    for id in (delivery, absent):
        for method, path in (
            ("GET", ""),
            ("GET", "/bevindingen"),
            ("POST", "/akkoord"),
            ("POST", "/intrekken"),
        ):
            body: dict[str, list[str]] | None = (
                {"bevestigdeWaarschuwingen": []} if path == "/akkoord" else None
            )
            answer = other.client.request(method, f"/v1/leveringen/{id}{path}", json=body)
            require_problem(answer, 404, "levering-onbekend")
    assert other.client.get("/v1/leveringen").json()["leveringen"] == []
    assert other.client.get("/v1/leveringen", params={"aanleveraar": tenant.id}).json()["leveringen"] == []
    require_problem(other.deliver(aanleveraar=tenant.id), 404, "aanleveraar-onbekend")
    known = other.client.get("/v1/aanleveraars").json()["aanleveraars"]
    assert [each["id"] for each in known] == [other.id]
    assert len(tenant.platform.get("/v1/aanleveraars").json()["aanleveraars"]) >= 2
    assert tenant.get(delivery)["status"] == "ONTVANGEN"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "urn:iemand-anders"},
        {"aud": "gmsd-publication"},
        {"exp": 1_600_000_000},
        {"typ": "JWT"},
        {"key": ECKey.generate_key("P-256", {"kid": "een"})},
        {"key": ECKey.generate_key("P-256", {"kid": "onbekend"})},
        {"aanleveraar": None},
        {"aanleveraar": "gm0344; drop"},
    ],
)
def test_a_token_that_is_not_ours_is_refused(
    intake: Intake, identity: Identity, claims: dict[str, Any]
) -> None:
    token = identity.token(**({"roles": ["aanleveraar"], "aanleveraar": "GM0344"} | claims))
    answer = httpx.get(f"{intake.url}/v1/leveringen", headers={"Authorization": f"Bearer {token}"})
    require_problem(answer, 401, "token-ongeldig")
    assert "invalid_token" in answer.headers["www-authenticate"]


@pytest.mark.parametrize("text", ["Basic YTpi", "Bearer", "Bearer a.b", "Bearer a.b.c", "Bearer e30.e30."])
def test_what_is_no_token_is_refused(intake: Intake, text: str) -> None:
    answer = httpx.get(f"{intake.url}/v1/leveringen", headers={"Authorization": text})
    require_problem(answer, 401, "token-ongeldig")


def test_framework_errors_are_problems_too(intake: Intake, tenant: Tenant) -> None:
    require_problem(httpx.get(f"{intake.url}/v1/999990019"), 404, "niet-gevonden")
    require_problem(httpx.get(f"{intake.url}/v1/leveringen/"), 404, "niet-gevonden")
    answer = httpx.delete(f"{intake.url}/v1/leveringen")
    require_problem(answer, 405, "methode-niet-toegestaan")
    assert "GET" in answer.headers["allow"]


def test_bad_input_is_400_and_never_repeated(tenant: Tenant) -> None:
    secret = "999990019"
    place = f"/v1/aanleveraars/{tenant.id}"
    good = {"soort": "gemeente", "naam": "Proef", "bestandssoorten": ["wmo"]}
    for body in (
        b"{" + secret.encode(),
        b'{"soort": "%b"}' % secret.encode(),
        b'{"soort": "gemeente", "naam": "x", "bestandssoorten": [], "%b": 1}' % secret.encode(),
    ):
        answer = tenant.platform.put(place, content=body, headers={"Content-Type": "application/json"})
        problem = require_problem(answer, 400, "verzoek-ongeldig")
        assert problem["errors"]
        assert secret not in answer.text
    assert secret not in tenant.platform.get(f"/v1/leveringen/{secret}").text
    require_problem(
        tenant.platform.put(f"/v1/aanleveraars/{secret}", json=good), 400, "aanleveraar-id-ongeldig"
    )
    wrong = good | {"bestandssoorten": ["brp"]}
    require_problem(tenant.platform.put(place, json=wrong), 400, "bestandssoort-past-niet")
    unknown = good | {"bestandssoorten": ["jeugd"]}
    require_problem(tenant.platform.put(place, json=unknown), 400, "bestandssoort-onbekend")
    require_problem(
        tenant.platform.put("/v1/vensters/2025HJ03", json={"open": True}), 400, "verzoek-ongeldig"
    )
    many = tenant.deliver(bestandssoort=secret, periode=secret, deel="-", nietsTeMelden="ja")
    assert {fault["plaats"] for fault in require_problem(many, 400, "verzoek-ongeldig")["errors"]} == {
        "bestandssoort",
        "periode",
        "deel",
        "nietsTeMelden",
    }
    assert secret not in many.text
    large = tenant.platform.put(place, content=b" " * 100_000)
    require_problem(large, 413, "verzoek-te-groot")


def test_registrations_and_windows(tenant: Tenant) -> None:
    closed = tenant.platform.put("/v1/vensters/2024HJ02", json={"open": False}).json()
    assert (closed["periode"], closed["open"]) == ("2024HJ02", False)
    until = tenant.platform.put("/v1/vensters/2024HJ01", json={"open": True, "tot": "2020-01-01"}).json()
    assert (until["open"], until["tot"]) == (True, "2020-01-01")
    require_problem(tenant.deliver(periode="2024HJ02"), 409, "venster-gesloten")
    require_problem(tenant.deliver(periode="2024HJ01"), 409, "venster-gesloten")
    require_problem(tenant.deliver(periode="2023HJ01"), 409, "venster-gesloten")
    assert {each["periode"] for each in tenant.client.get("/v1/vensters").json()["vensters"]} >= {
        "2024HJ01",
        PERIOD,
    }
    again = {"soort": "gemeente", "naam": "Anders", "bestandssoorten": []}
    assert tenant.platform.put(f"/v1/aanleveraars/{tenant.id}", json=again).json()["naam"] == "Anders"
    require_problem(tenant.deliver(), 403, "bestandssoort-niet-toegestaan")


def test_the_platform_sees_counts_and_what_waits(tenant: Tenant) -> None:
    tenant.new()
    found = tenant.platform.get("/v1/status").json()
    assert found["leveringen"]["ONTVANGEN"] >= 1
    assert found["langstWachtend"]["wachtOp"]
    assert found["achterstand"] == 0


def test_the_document_follows_the_design_rules(intake: Intake) -> None:
    answer = httpx.get(f"{intake.url}/v1/openapi.json")
    assert answer.headers["access-control-allow-origin"] == "*"
    found = answer.json()
    assert found["servers"][0]["url"].endswith("/v1")
    assert set(found["info"]["contact"]) == {"name", "email", "url"}
    assert found["info"]["version"] == answer.headers["api-version"]
    identifiers = []
    for path, item in found["paths"].items():
        assert not path.endswith("/")
        for operation in item.values():
            identifiers.append(operation["operationId"])
            assert "422" not in operation["responses"]
            for status, response in operation["responses"].items():
                assert "API-Version" in response["headers"]
                if status >= "400":
                    assert "application/problem+json" in response["content"]
            for parameter in operation.get("parameters", ()):
                assert "_" not in parameter["name"]
    assert len(identifiers) == len(set(identifiers))
    assert "HTTPValidationError" not in found["components"]["schemas"]


def test_no_bsn_in_the_log_of_the_process(intake: Intake, tenant: Tenant) -> None:
    tenant.deliver(CSV + b"1", bestandssoort="999990019")
    tenant.platform.get("/v1/leveringen/999990019")
    assert b"999990019" not in intake.log.read_bytes()
