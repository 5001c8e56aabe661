"""The HTTP app of publication."""

from fastapi import FastAPI

from gmsd_chassis.http.answers import Answers
from gmsd_chassis.http.bearer import TokenCheck
from gmsd_chassis.http.envelope import Envelope
from gmsd_publication.desk import Desk
from gmsd_publication.errors import Problem
from gmsd_publication.http import openapi
from gmsd_publication.http.apology import Apology
from gmsd_publication.http.feed import Feed
from gmsd_publication.http.headers import count, headers
from gmsd_publication.http.interface import interface
from gmsd_publication.http.page import page
from gmsd_publication.reading import Reading


def create(*, reading: Reading, feed: Feed, desk: Desk, tokens: TokenCheck, public_url: str) -> FastAPI:
    """Interface and page, with their headers and problems."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.include_router(interface(reading=reading, feed=feed, desk=desk, tokens=tokens, public_url=public_url))
    app.include_router(page(reading=reading, feed=feed))
    answers = Answers(Problem, slugs={413: "verzoek-te-groot"})
    answers.install(app)
    app.add_middleware(Envelope, answers=answers, headers=headers, answered=count)
    app.add_middleware(Apology)
    openapi.install(app, public_url)
    return app
