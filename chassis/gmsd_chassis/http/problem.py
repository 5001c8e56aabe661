"""Saying no over HTTP (RFC 9457), in Dutch, from one catalogue per service.

    CATALOGUE = COMMON | {"levering-onbekend": Entry(HTTPStatus.NOT_FOUND, "Levering onbekend", "…")}

    class Problem(problem.Problem, catalogue=CATALOGUE): ...

    raise Problem("levering-onbekend")

Values in a template are of our own making or passed a strict pattern; what a client sent freely is never repeated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar

PROBLEM_JSON = "application/problem+json"
TYPE_PREFIX = "urn:nld:gmsd:fout:"
INVALID, INTERNAL = "verzoek-ongeldig", "interne-fout"
NOT_FOUND, WRONG_METHOD = "niet-gevonden", "methode-niet-toegestaan"


@dataclass(frozen=True)
class Entry:
    """One way to fail. `detail` is a template for `str.format`."""

    status: HTTPStatus
    title: str
    detail: str


@dataclass(frozen=True)
class Fault:
    """One of several faults in a request: where it stands (a parameter, header or field) and what to do."""

    place: str
    text: str


COMMON: dict[str, Entry] = {
    "niet-aangemeld": Entry(
        HTTPStatus.UNAUTHORIZED,
        "Niet aangemeld",
        "Stuur een toegangstoken mee in de header Authorization: Bearer.",
    ),
    "token-ongeldig": Entry(
        HTTPStatus.UNAUTHORIZED,
        "Toegangstoken ongeldig",
        "Het toegangstoken is niet aanvaard: {reden}. Vraag een nieuw token aan.",
    ),
    "geen-toegang": Entry(
        HTTPStatus.FORBIDDEN,
        "Geen toegang",
        "Dit token geeft geen toegang tot deze handeling; nodig is de rol {rol}.",
    ),
    NOT_FOUND: Entry(
        HTTPStatus.NOT_FOUND, "Niet gevonden", "Op dit adres staat niets. Zie /v1/openapi.json."
    ),
    WRONG_METHOD: Entry(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "Methode niet toegestaan",
        "Dit adres kent deze methode niet. Zie /v1/openapi.json.",
    ),
    "aanmelding-niet-te-controleren": Entry(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Aanmelding niet te controleren",
        "De sleutels van de aanmelddienst zijn nu niet te lezen. Probeer het later opnieuw.",
    ),
}
"""What every public interface says in the same words; the chassis raises these itself."""

_REQUIRED = {*COMMON, INVALID, INTERNAL}


class Problem(Exception):
    """An answer with a status of 400 or more; a service binds it to its catalogue.

    The catalogue holds COMMON, and `verzoek-ongeldig` and `interne-fout` in the service's own words: TypeError otherwise.
    """

    catalogue: ClassVar[Mapping[str, Entry]]

    def __init_subclass__(cls, *, catalogue: Mapping[str, Entry]) -> None:
        super().__init_subclass__()
        missing = _REQUIRED - catalogue.keys()
        if missing:
            raise TypeError(f"the catalogue of {cls.__module__} lacks {', '.join(sorted(missing))}")
        cls.catalogue = catalogue

    def __init__(
        self,
        slug: str,
        *,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        values: Mapping[str, str] | None = None,
        **named: str,
    ) -> None:
        super().__init__(slug)
        entry = self.catalogue[slug]
        self.slug = slug
        self.status = entry.status
        self.title = entry.title
        self.detail = entry.detail.format(**(values or {}), **named)
        self.faults = tuple(faults)
        self.headers = dict(headers or {})

    def body(self) -> dict[str, object]:
        """The problem+json members."""
        body: dict[str, object] = {
            "type": TYPE_PREFIX + self.slug,
            "title": self.title,
            "status": int(self.status),
            "detail": self.detail,
        }
        if self.faults:
            body["errors"] = [{"plaats": fault.place, "melding": fault.text} for fault in self.faults]
        return body
