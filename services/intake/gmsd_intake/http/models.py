"""Bodies of the API. The only place, with `words`, where the names of the code become those of its users."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from gmsd_contracts.bsn import masked
from gmsd_intake.domain.state import State

DatumTijd = Annotated[datetime, Field(json_schema_extra={"format": "date-time"})]
Datum = Annotated[date | None, Field(json_schema_extra={"format": "date"})]
Regel = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


class Invoer(BaseModel):
    """A body that comes in: a field nobody knows is a mistake the sender should hear about."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


def _without_bsn(text: str) -> str:
    if masked(text) != text:
        # The name stays in the log for ever, where no number of a person may stand.
        raise PydanticCustomError("bsn", "may hold a BSN")
    return text


class AkkoordVerzoek(Invoer):
    bevestigdeWaarschuwingen: list[Regel] = Field(
        default_factory=list, max_length=500, description="De regels van elke waarschuwing van de levering"
    )


class AanleveraarInvoer(Invoer):
    soort: Literal["gemeente", "zorgaanbieder", "registerhouder"]
    naam: Annotated[
        str,
        StringConstraints(min_length=1, max_length=200, strip_whitespace=True),
        AfterValidator(_without_bsn),
    ]
    bestandssoorten: list[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,30}$")]] = Field(
        max_length=50
    )


class VensterInvoer(Invoer):
    open: bool = Field(description="true opent de periode, false sluit haar")
    tot: Datum = Field(default=None, description="Laatste dag waarop geleverd kan worden; leeg: tot sluiten")


class ToestemmingInvoer(Invoer):
    toestemming: bool = Field(description="true: toestemming; false: bezwaar")


class Ontvangstbewijs(BaseModel):
    levering: UUID
    sha256: str
    bytes: int
    ontvangenOp: DatumTijd
    aanleveraar: str
    bestandssoort: str
    periode: str
    deel: str | None
    volgnummer: int
    nietsTeMelden: bool


class Ontvangst(BaseModel):
    id: UUID
    status: State
    nieuw: bool = Field(description="false: dezelfde bytes waren al ontvangen")
    ontvangstbewijs: Ontvangstbewijs


class Levering(BaseModel):
    id: UUID
    aanleveraar: str
    bestandssoort: str
    periode: str
    deel: str | None
    volgnummer: int
    status: State
    sinds: DatumTijd
    wachtOp: str | None = Field(description="Waar de levering op wacht; leeg als zij nergens op wacht")
    koppeling: Literal["wacht", "geladen", "mislukt"] | None
    ontvangenOp: DatumTijd


class Leveringen(BaseModel):
    leveringen: list[Levering]
    volgende: str | None = Field(description="Cursor van de volgende pagina; leeg op de laatste")


class RegelTelling(BaseModel):
    regel: str
    ernst: str
    aantal: int


class Controle(BaseModel):
    oordeel: Literal["ok", "fout", "fataal"]
    specificatie: str
    regelset: str
    rijen: int
    tellingen: list[RegelTelling]
    volledig: bool = Field(
        description="false: van sommige regels zijn niet alle bevindingen bewaard; tellingen kloppen wel"
    )
    teBevestigen: list[str] = Field(description="Waarschuwingen die bij akkoord bevestigd moeten worden")


class KolomProfiel(BaseModel):
    kolom: str
    gevuld: int
    onbekend: int
    codes: dict[str, int]


class Profiel(BaseModel):
    rijen: int
    personen: int
    kolommen: list[KolomProfiel]


class Dekking(BaseModel):
    gevonden: int
    nietGevonden: int
    registerdelen: int


class Uitgave(BaseModel):
    product: str
    nummer: int
    status: str
    uitgebrachtOp: DatumTijd
    ingetrokkenOp: DatumTijd | None
    zonderDezeAanleveraar: bool


class Gebeurtenis(BaseModel):
    gebeurtenis: str
    tijd: DatumTijd


class LeveringVolledig(Levering):
    ontvangstbewijs: Ontvangstbewijs
    nieuwereLevering: UUID | None
    controle: Controle | None
    profiel: Profiel | None
    dekking: Dekking | None
    sleutels: Literal["aanwezig", "vernietigd"] | None = Field(
        description="Of het bestand nog te lezen is; leeg als er geen bestand was"
    )
    publicatie: list[Uitgave]
    geschiedenis: list[Gebeurtenis]


class Bevinding(BaseModel):
    regel: str
    ernst: str
    rij: int | None
    kolom: str | None
    waarde: str | None
    verwacht: str | None
    sleutel: str | None
    melding: str | None
    watTeDoen: str | None


class Bevindingen(BaseModel):
    levering: UUID
    totaal: int = Field(description="Aantal bewaarde bevindingen")
    volledig: bool
    bevindingen: list[Bevinding]
    volgende: str | None


class Aanleveraar(BaseModel):
    id: str
    soort: str
    naam: str
    bestandssoorten: list[str]


class Aanleveraars(BaseModel):
    aanleveraars: list[Aanleveraar]


class Venster(BaseModel):
    periode: str
    open: bool
    tot: Datum
    sinds: DatumTijd


class Vensters(BaseModel):
    vensters: list[Venster]


class Toestemming(BaseModel):
    gemeente: str
    product: str
    periode: str
    toestemming: bool
    versie: int
    sinds: DatumTijd


class Toestemmingen(BaseModel):
    toestemmingen: list[Toestemming]


class Wachtende(BaseModel):
    id: UUID
    aanleveraar: str
    status: State
    sinds: DatumTijd
    wachtOp: str | None


class PlatformStatus(BaseModel):
    leveringen: dict[State, int]
    langstWachtend: Wachtende | None
    achterstand: int = Field(description="Gebeurtenissen in de log die hier nog niet verwerkt zijn")
    geparkeerd: int = Field(description="Feiten over leveringen waarvan de ontvangst hier nog niet bekend is")
    overgeslagen: int = Field(description="Gebeurtenissen die niet te lezen waren")


class Fout(BaseModel):
    plaats: str
    melding: str


class Probleem(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[Fout] | None = None
