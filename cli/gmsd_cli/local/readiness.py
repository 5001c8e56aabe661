"""Asking a service whether it can do its work."""

import asyncio

import httpx

POLL_SECONDS = 0.2


async def is_ready(client: httpx.AsyncClient, url: str) -> bool:
    """Whether `url` answers 200 now."""
    try:
        answer = await client.get(url, timeout=5.0)
    except httpx.HTTPError:
        return False
    return answer.status_code == 200


async def wait_ready(urls: dict[str, str]) -> None:
    """Return once every url (name → readiness address) has answered 200, each counted from its first 200 on."""
    waiting = dict(urls)
    # proxies from the environment must not stand between us and our own loopback
    async with httpx.AsyncClient(trust_env=False) as client:
        while waiting:
            names = list(waiting)
            answers = await asyncio.gather(*(is_ready(client, waiting[name]) for name in names))
            for name, ready in zip(names, answers, strict=True):
                if ready:
                    del waiting[name]
            if waiting:
                await asyncio.sleep(POLL_SECONDS)


async def not_ready(urls: dict[str, str]) -> list[str]:
    """The names that do not answer 200 now, sorted."""
    async with httpx.AsyncClient(trust_env=False) as client:
        answers = await asyncio.gather(*(is_ready(client, url) for url in urls.values()))
    return sorted(name for name, ready in zip(urls, answers, strict=True) if not ready)
