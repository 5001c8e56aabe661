"""The HTTP app of publication."""

from fastapi import FastAPI

from gmsd_publication.adapters.tokens import PlatformTokens
from gmsd_publication.desk import Desk
from gmsd_publication.http import openapi, problems
from gmsd_publication.http.feed import Feed
from gmsd_publication.http.headers import Headers
from gmsd_publication.http.interface import interface
from gmsd_publication.http.page import page
from gmsd_publication.reading import Reading


def create(*, reading: Reading, feed: Feed, desk: Desk, tokens: PlatformTokens, public_url: str) -> FastAPI:
    """Interface and page, with their headers and problems."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.include_router(interface(reading=reading, feed=feed, desk=desk, tokens=tokens, public_url=public_url))
    app.include_router(page(reading=reading, feed=feed))
    app.add_middleware(Headers)
    problems.install(app)
    openapi.install(app, public_url)
    return app
