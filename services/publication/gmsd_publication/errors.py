"""Every way in which publication says no: to a reader (RFC 9457, Dutch), and to a release (for the platform team).

Values in a template are names of parameters, allowed values and identifiers of our own making; what a client sent freely is
never repeated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

TYPE_PREFIX = "urn:nld:gmsd:fout:"


@dataclass(frozen=True)
class Entry:
    """One way to fail. `detail` is a template for `str.format`."""

    status: HTTPStatus
    title: str
    detail: str


@dataclass(frozen=True)
class Fault:
    """One of several faults in a request: the parameter or field, and what is allowed."""

    place: str
    text: str


class Problem(Exception):
    """An answer with a status of 400 or more."""

    def __init__(
        self,
        slug: str,
        *,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        **values: str,
    ) -> None:
        super().__init__(slug)
        entry = CATALOGUE[slug]
        self.slug, self.status, self.title = slug, entry.status, entry.title
        self.detail = entry.detail.format(**values)
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


_S = HTTPStatus

CATALOGUE: dict[str, Entry] = {
    "verzoek-ongeldig": Entry(
        _S.BAD_REQUEST,
        "Verzoek ongeldig",
        "Het verzoek klopt niet. Per fout staat in errors welke parameter het is en wat er mag staan.",
    ),
    "niet-aangemeld": Entry(
        _S.UNAUTHORIZED,
        "Niet aangemeld",
        "Stuur een toegangstoken mee in de header Authorization: Bearer.",
    ),
    "token-ongeldig": Entry(
        _S.UNAUTHORIZED,
        "Toegangstoken ongeldig",
        "Het toegangstoken is niet aanvaard: {reden}. Vraag een nieuw token aan.",
    ),
    "geen-toegang": Entry(
        _S.FORBIDDEN,
        "Geen toegang",
        "Dit token geeft geen toegang tot deze handeling; nodig is de rol {rol}.",
    ),
    "niet-gevonden": Entry(_S.NOT_FOUND, "Niet gevonden", "Op dit adres staat niets. Zie /v1/openapi.json."),
    "publicatie-onbekend": Entry(
        _S.NOT_FOUND, "Publicatie onbekend", "Deze publicatie bestaat niet. Zie /v1/publicaties."
    ),
    "tabel-onbekend": Entry(
        _S.NOT_FOUND,
        "Tabel onbekend",
        "Deze tabel bestaat niet. De tabellen van elke publicatie staan in /v1/publicaties.",
    ),
    "methode-niet-toegestaan": Entry(
        _S.METHOD_NOT_ALLOWED,
        "Methode niet toegestaan",
        "Dit adres kent deze methode niet. Zie /v1/openapi.json.",
    ),
    "formaat-niet-beschikbaar": Entry(
        _S.NOT_ACCEPTABLE, "Formaat niet beschikbaar", "Vraag met Accept om application/json of text/csv."
    ),
    "geen-momentopname": Entry(
        _S.CONFLICT,
        "Nog niets te publiceren",
        "Voor product {product} en periode {periode} zijn nog geen cijfers berekend.",
    ),
    "publicatie-aangehouden": Entry(
        _S.CONFLICT,
        "Publicatie aangehouden",
        "De publicatie wordt aangehouden. De reden staat in het logboek van de dienst.",
    ),
    "publicatie-ingetrokken": Entry(
        _S.GONE,
        "Publicatie ingetrokken",
        "Deze publicatie is ingetrokken ({reden}) en niet meer te lezen. De actuele staat in /v1/publicaties.",
    ),
    "verzoek-te-groot": Entry(
        _S.REQUEST_ENTITY_TOO_LARGE, "Verzoek te groot", "De inhoud van het verzoek is te groot."
    ),
    "interne-fout": Entry(
        _S.INTERNAL_SERVER_ERROR, "Interne fout", "Er ging bij ons iets mis. Probeer het later opnieuw."
    ),
    "tabel-onleesbaar": Entry(
        _S.INTERNAL_SERVER_ERROR,
        "Tabel onleesbaar",
        "De opgeslagen tabel is niet te lezen. Meld dit bij het platformteam.",
    ),
    "later-opnieuw": Entry(
        _S.SERVICE_UNAVAILABLE,
        "Tijdelijk niet beschikbaar",
        "De tabellen zijn nu niet te lezen. Probeer het over enkele seconden opnieuw.",
    ),
    "aanmelding-niet-te-controleren": Entry(
        _S.SERVICE_UNAVAILABLE,
        "Aanmelding niet te controleren",
        "De sleutels van de aanmelddienst zijn nu niet te lezen. Probeer het later opnieuw.",
    ),
}

REASONS: dict[str, str] = {
    "snapshot_expired": "The exact cells are older than their retention. Wait for a new snapshot, or cause one.",
    "snapshot_damaged": "The cells or the frame are not what the event promised. Let aggregation compute them again.",
    "snapshot_too_large": "The cells pass the limit on content in memory. Look at what aggregation wrote.",
    "other_catalogue": "Aggregation counted with another version of the catalogue. Deploy both with the same contracts.",
    "unknown_product": "No indicator of the catalogue belongs to this product. Deploy a newer publication.",
    "unknown_indicator": "The cells hold an indicator that the catalogue does not have. Deploy a newer publication.",
    "unknown_moment": "The cells hold a moment that the catalogue does not have. Deploy a newer publication.",
    "unknown_region": "The cells count people in a region that is not in the frame. Look at the regio delivery.",
    "unknown_level": "The frame has a level that the catalogue does not know. Deploy a newer publication.",
    "unknown_parent": "A region lies in a region that is not in the frame. Look at the regio delivery.",
    "duplicate_region": "A region stands in the frame twice. Look at the regio delivery.",
    "no_land": "The frame must have exactly one country. Look at the regio delivery.",
    "protection_incomplete": "The protection step did not answer for exactly its cells: a defect of that method.",
    "protection": "The protection step will not let this release out; its own reason stands beside it in the log.",
}
"""Why a release is held, in log and metric. Never public."""
