"""Every way in which publication says no: to a reader (RFC 9457, Dutch), and to a release (for the platform team).

Values in a template are names of parameters, allowed values and identifiers of our own making; what a client sent freely is
never repeated.
"""

from collections.abc import Mapping
from http import HTTPStatus

from gmsd_chassis.http import problem
from gmsd_chassis.http.problem import COMMON, Entry

_S = HTTPStatus

CATALOGUE: Mapping[str, Entry] = COMMON | {
    "verzoek-ongeldig": Entry(
        _S.BAD_REQUEST,
        "Verzoek ongeldig",
        "Het verzoek klopt niet. Per fout staat in errors welke parameter het is en wat er mag staan.",
    ),
    "publicatie-onbekend": Entry(
        _S.NOT_FOUND, "Publicatie onbekend", "Deze publicatie bestaat niet. Zie /v1/publicaties."
    ),
    "tabel-onbekend": Entry(
        _S.NOT_FOUND,
        "Tabel onbekend",
        "Deze tabel bestaat niet. De tabellen van elke publicatie staan in /v1/publicaties.",
    ),
    "toets-onbekend": Entry(
        _S.NOT_FOUND,
        "Geen onthullingstoets",
        "Bij deze publicatie hoort geen onthullingstoets, of geen bewijs. De publicaties staan in /v1/publicaties.",
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
}


class Problem(problem.Problem, catalogue=CATALOGUE):
    """An answer of publication with a status of 400 or more."""


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
    "disclosure": "The disclosure check will not let this release out; what and where stands beside it in the log.",
    "not_additive": "The exact counts break an equation of the catalogue. Let aggregation compute the snapshot again.",
    "contradictory": "Public facts exclude one another or a count. Look at the definitional zeros and bounds it names.",
    "infeasible": "No figures within the declared steps add up. Declare a larger step for the margins, or wait for other input.",
    "work_limit": "The solver used up its work before it had an answer. A replay ends alike: raise the limit on work.",
    "workers_lost": "Processes that round were killed again and again. Give publication more memory, and ask for the release.",
    "cyclic_hierarchy": "A region or category lies in itself. Look at the regio delivery.",
    "broken_decomposition": "A figure joins gemeenten that are decided apart. Look at the region or equation it names.",
    "mixed_bases": "An equation joins figures with different rounding bases. Give them one base in the catalogue.",
    "key_missing": "The key of keyed rounding is absent or too short. Put back the file that GMSD_ROUNDING_KEY names.",
    "input_invalid": "A hierarchy or option is not what it should be. The log says which and what was expected.",
    "not_proved": "The auditor could not certify a figure. The log names the first; nothing comes out that is not proved.",
}
"""From `disclosure` on: codes of DisclosureError. Why a release is held, for the log alone: metrics and public answers say that it is, never why."""
