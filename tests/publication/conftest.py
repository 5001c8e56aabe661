"""Publication with its HTTP side on a real socket, without a broker."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from joserfc.jwk import ECKey

from gmsd_chassis.http.bearer import KeySource, TokenCheck
from gmsd_publication.domain.protection import Protection
from gmsd_publication.errors import Problem
from gmsd_publication.http.app import create
from gmsd_publication.http.feed import Feed
from tests.publication.world import Stage


class Site(Stage):
    """A stage that people can visit at `url`."""

    url: str
    feed: Feed


@asynccontextmanager
async def open_site(root: Path, protection: Protection | None = None) -> AsyncIterator[Site]:
    """Serve until the block ends."""
    site = Site(root, protection=protection)
    key = ECKey.generate_key("P-256", {"kid": "test"})
    (root / "jwks.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    tokens = TokenCheck(
        KeySource(str(root / "jwks.json")),
        Problem,
        issuer="urn:gmsd:lokaal",
        audience="gmsd-intake",
        algorithms=["ES256"],
    )
    site.feed = Feed(site.facts)
    app = create(reading=site.reading, feed=site.feed, desk=site.desk, tokens=tokens, public_url="")
    listener = socket.create_server(("127.0.0.1", 0))
    site.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=3)
    server = uvicorn.Server(config)
    watching = asyncio.create_task(site.feed.watch())
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:  # noqa: ASYNC110 - uvicorn has a flag, no event
            await asyncio.sleep(0.01)
        yield site
    finally:
        site.feed.stopping.set()
        server.should_exit = True
        await serving
        watching.cancel()
        site.store.close()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """A site without releases."""
    async with open_site(tmp_path) as made:
        yield made
