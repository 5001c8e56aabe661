"""A refusal for people: where a browser shows the answer, problem+json becomes a page with the same status."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gmsd_chassis.http.problem import PROBLEM_JSON
from gmsd_publication.http import site

WORDS = {
    404: ("Deze pagina bestaat niet", "Op dit adres staat niets. Misschien is het adres niet helemaal overgenomen."),
    405: ("Dit kan hier niet", "Deze pagina is er alleen om te lezen."),
    410: ("Deze publicatie is ingetrokken", "De cijfers op deze pagina zijn zojuist ingetrokken en niet meer te lezen."),
    500: ("Er ging bij ons iets mis", "Dat ligt niet aan u. Probeer het later opnieuw."),
    503: ("De cijfers zijn even niet te lezen", "Probeer het over enkele seconden opnieuw."),
}  # fmt: skip
"""By status, title and text. What was asked is never repeated."""
_OTHER = ("Dit lukt niet", "Het adres klopt niet helemaal.")


class Apology:
    """Middleware, outside the Envelope: also what nobody foresaw then comes in words.

    The page itself is HTML whatever the reader accepts; elsewhere outside /v1 a program gets problem+json, as under /v1.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._template = site.environment().get_template("fout.html")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or not _for_people(scope):
            await self._app(scope, receive, send)
            return
        page: bytes | None = None

        async def spoken(message: Message) -> None:
            nonlocal page
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type") == PROBLEM_JSON:
                    page = self._page(message["status"])
                    headers["Content-Type"] = "text/html; charset=utf-8"
                    headers["Content-Length"] = str(len(page))
            elif page is not None and message["type"] == "http.response.body":
                if message.get("more_body", False):
                    return
                message = {**message, "body": page}
            await send(message)

        await self._app(scope, receive, spoken)

    def _page(self, status: int) -> bytes:
        title, what = WORDS.get(status, _OTHER)
        return self._template.render(title=title, what=what, status=status).encode()


def _for_people(scope: Scope) -> bool:
    path: str = scope["path"]
    if path == "/":
        return True
    return not path.startswith("/v1/") and "text/html" in Headers(scope=scope).get("accept", "")
