"""What a service answers at addresses that are not the chassis's own."""

import httpx

from gmsd_chassis.asgi import no_addresses


async def test_a_service_without_http_app_says_404_and_not_come_back_later() -> None:
    transport = httpx.ASGITransport(app=no_addresses)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        answer = await client.get("/anything")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "retry-after" not in answer.headers
    assert answer.json()["title"] == "Niet gevonden"
