"""Every way in which intake says no, in Dutch, in one place (RFC 9457).

    Problem(slug)     any of the entries below
      401 · 403       who are you; you may not
      400 · 413 · 415 the request or the file cannot be taken as it is
      404 · 405       it is not here, or not yours: the answer is the same
      409             it is here, and its state does not allow this
      410             it was here
      500 · 503       ours: try again

`Refused` is the same thing said by the domain. Values in a template are identifiers that passed a strict pattern, numbers
or rule ids; what a client sent freely is never repeated.
"""

from collections.abc import Mapping
from http import HTTPStatus

from gmsd_chassis.http import problem
from gmsd_chassis.http.problem import COMMON, Entry
from gmsd_intake.domain.refusal import Refused

_S = HTTPStatus

CATALOGUE: Mapping[str, Entry] = COMMON | {
    # 400
    "verzoek-ongeldig": Entry(
        _S.BAD_REQUEST,
        "Verzoek ongeldig",
        "Het verzoek klopt niet. Per fout staat in errors waar het misgaat.",
    ),
    "bestandssoort-onbekend": Entry(
        _S.BAD_REQUEST,
        "Bestandssoort onbekend",
        "Deze bestandssoort bestaat niet voor deze periode. Bekend zijn: {soorten}.",
    ),
    "periode-soort": Entry(
        _S.BAD_REQUEST,
        "Periode past niet bij de bestandssoort",
        "Bestandssoort {bestandssoort} wordt geleverd per {soort}; kies een periode van die soort.",
    ),
    "deel-verplicht": Entry(
        _S.BAD_REQUEST,
        "Deel ontbreekt",
        "Bestandssoort {bestandssoort} komt per gemeente: noem de gemeente in deel, bijvoorbeeld GM0344.",
    ),
    "deel-niet-toegestaan": Entry(
        _S.BAD_REQUEST,
        "Deel niet toegestaan",
        "Bestandssoort {bestandssoort} komt als geheel: laat deel weg.",
    ),
    "bestand-ontbreekt": Entry(
        _S.BAD_REQUEST,
        "Bestand ontbreekt",
        "Het verzoek bevat geen bytes. Stuur het bestand mee, of geef nietsTeMelden=true op.",
    ),
    "multipart-ongeldig": Entry(
        _S.BAD_REQUEST, "Formulier onleesbaar", "Het multipart-formulier is onleesbaar: {reden}."
    ),
    "lengte-klopt-niet": Entry(
        _S.BAD_REQUEST,
        "Lengte klopt niet",
        "Er kwamen {ontvangen} bytes aan, Content-Length noemt er {aangekondigd}. Stuur het bestand opnieuw.",
    ),
    "upload-afgebroken": Entry(
        _S.BAD_REQUEST,
        "Upload afgebroken",
        "De verbinding is verbroken voordat het bestand compleet was. Er is niets bewaard; stuur het opnieuw.",
    ),
    "digest-ongeldig": Entry(
        _S.BAD_REQUEST,
        "Digest onleesbaar",
        "De header {header} is onleesbaar. Verwacht wordt sha-256=:<base64 van 32 bytes>: (RFC 9530).",
    ),
    "digest-klopt-niet": Entry(
        _S.BAD_REQUEST,
        "Digest klopt niet",
        "De ontvangen bytes hebben een andere sha-256 dan {header} noemt. Stuur het bestand opnieuw.",
    ),
    "waarschuwingen-niet-bevestigd": Entry(
        _S.BAD_REQUEST,
        "Waarschuwingen niet bevestigd",
        "Bevestig in bevestigdeWaarschuwingen elke waarschuwing; nog niet bevestigd: {regels}.",
    ),
    "waarschuwing-onbekend": Entry(
        _S.BAD_REQUEST,
        "Waarschuwing onbekend",
        "In bevestigdeWaarschuwingen staan regels die deze levering niet heeft. Wel aanwezig: {regels}.",
    ),
    "aanleveraar-id-ongeldig": Entry(
        _S.BAD_REQUEST,
        "Kenmerk van de aanleveraar ongeldig",
        "Het kenmerk van een {soort} is: {vorm}.",
    ),
    "bestandssoort-past-niet": Entry(
        _S.BAD_REQUEST,
        "Bestandssoort past niet bij de aanleveraar",
        "Bestandssoort {bestandssoort} komt van een {soort}.",
    ),
    # 403, 404
    "bestandssoort-niet-toegestaan": Entry(
        _S.FORBIDDEN,
        "Bestandssoort niet toegestaan",
        "Deze aanleveraar is niet geregistreerd voor bestandssoort {bestandssoort}. Neem contact op met het platformteam.",
    ),
    "levering-onbekend": Entry(_S.NOT_FOUND, "Levering onbekend", "Deze levering bestaat niet."),
    "aanleveraar-onbekend": Entry(
        _S.NOT_FOUND,
        "Aanleveraar onbekend",
        "Deze aanleveraar is niet geregistreerd, of het token is niet van deze aanleveraar.",
    ),
    # 409, 410
    "venster-gesloten": Entry(
        _S.CONFLICT,
        "Venster gesloten",
        "Voor periode {periode} kan nu niet worden geleverd. Vraag het platformteam het venster te openen.",
    ),
    "nieuwere-levering": Entry(
        _S.CONFLICT,
        "Er is een nieuwere levering",
        "Levering {nieuwere} is later ontvangen voor dezelfde bestandssoort en periode. Beoordeel die, of trek die in.",
    ),
    "staat-laat-niet-toe": Entry(
        _S.CONFLICT,
        "Kan niet in deze status",
        "De levering heeft status {status}; {handeling} kan alleen bij {nodig}.",
    ),
    "alleen-platform": Entry(
        _S.CONFLICT,
        "Alleen het platformteam",
        "De levering is van kracht; alleen het platformteam kan haar nog intrekken. Een nieuwe levering vervangt haar.",
    ),
    "gelijktijdig-gewijzigd": Entry(
        _S.CONFLICT,
        "Gelijktijdig gewijzigd",
        "Er wordt tegelijk aan hetzelfde gewerkt. Haal de actuele status op en probeer het opnieuw.",
    ),
    "nog-geen-bevindingen": Entry(
        _S.CONFLICT,
        "Nog geen bevindingen",
        "De levering heeft status {status}; bevindingen zijn er pas na de technische controle.",
    ),
    "bevindingen-verlopen": Entry(
        _S.GONE,
        "VERLOPEN",
        "De bevindingen bevatten waarden uit het bestand en zijn daarom vernietigd: na 21 dagen, of bij intrekken.",
    ),
    # 406, 413, 415
    "formaat-niet-beschikbaar": Entry(
        _S.NOT_ACCEPTABLE, "Formaat niet beschikbaar", "Vraag met Accept om application/json of text/csv."
    ),
    "bestand-te-groot": Entry(
        _S.REQUEST_ENTITY_TOO_LARGE, "Bestand te groot", "Een bestand mag ten hoogste {grens} bytes zijn."
    ),
    "verzoek-te-groot": Entry(
        _S.REQUEST_ENTITY_TOO_LARGE, "Verzoek te groot", "Dit verzoek mag ten hoogste {grens} bytes zijn."
    ),
    "codering-niet-ondersteund": Entry(
        _S.UNSUPPORTED_MEDIA_TYPE,
        "Codering niet ondersteund",
        "Stuur het bestand zonder Content-Encoding; gecomprimeerde bestanden worden niet aangenomen.",
    ),
    "zip-geweigerd": Entry(
        _S.UNSUPPORTED_MEDIA_TYPE,
        "ZIP-bestanden worden niet aangenomen",
        "Dit is een ZIP-bestand (ook .xlsx is er een). Pak het uit en stuur elk CSV-bestand apart.",
    ),
    # 500, 503
    "bevindingen-onleesbaar": Entry(
        _S.INTERNAL_SERVER_ERROR,
        "Bevindingen onleesbaar",
        "De opgeslagen bevindingen zijn beschadigd. De status en de aantallen kloppen wel. Meld dit bij het platformteam.",
    ),
    "interne-fout": Entry(
        _S.INTERNAL_SERVER_ERROR,
        "Interne fout",
        "Er ging bij ons iets mis. Probeer het opnieuw; dezelfde bytes nogmaals sturen kan geen kwaad.",
    ),
    "schijf-vol": Entry(
        _S.SERVICE_UNAVAILABLE,
        "Tijdelijk geen ruimte",
        "Er is nu te weinig schijfruimte om een bestand aan te nemen. Probeer het later opnieuw.",
    ),
    "later-opnieuw": Entry(
        _S.SERVICE_UNAVAILABLE,
        "Tijdelijk niet beschikbaar",
        "Het platform kan dit nu niet vastleggen ({reden}). Herhaal het verzoek; dubbel versturen kan geen kwaad.",
    ),
}


class Problem(problem.Problem, catalogue=CATALOGUE):
    """An answer of intake with a status of 400 or more."""

    @classmethod
    def of(cls, refused: Refused) -> "Problem":
        """What the domain refused, as an answer."""
        return cls(refused.slug, values=refused.values)
