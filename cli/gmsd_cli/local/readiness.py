"""Asking the broker and the services whether they can do their work."""

import asyncio

import httpx

from gmsd_cli.local.cluster import describe

POLL_SECONDS = 0.2


async def all_answer(bootstrap: str, urls: dict[str, str]) -> None:
    """Return once the broker at `bootstrap` and every url (name → readiness address) have answered."""
    await asyncio.gather(_broker_answers(bootstrap), _services_answer(urls))


async def not_answering(urls: dict[str, str]) -> list[str]:
    """The names whose url does not answer 200 now, sorted."""
    async with _client() as client:
        return await _late(client, urls)


async def _broker_answers(bootstrap: str) -> None:
    while await describe(bootstrap) is None:  # noqa: ASYNC110 - what is awaited happens in another process
        await asyncio.sleep(POLL_SECONDS)


async def _services_answer(urls: dict[str, str]) -> None:
    waiting = urls
    async with _client() as client:
        while late := await _late(client, waiting):
            waiting = {name: urls[name] for name in late}
            await asyncio.sleep(POLL_SECONDS)


def _client() -> httpx.AsyncClient:
    # a proxy from the environment must not stand between us and our own loopback
    return httpx.AsyncClient(trust_env=False, timeout=5.0)


async def _late(client: httpx.AsyncClient, urls: dict[str, str]) -> list[str]:
    answers = await asyncio.gather(*(_answers(client, url) for url in urls.values()))
    return sorted(name for name, answered in zip(urls, answers, strict=True) if not answered)


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == 200
    except httpx.HTTPError:
        return False
