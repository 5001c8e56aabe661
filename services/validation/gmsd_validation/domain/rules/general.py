"""Rules for every file, whatever the dataset: its form (ALG-0xx) and its fields (ALG-1xx)."""

from gmsd_contracts.events.delivery_assessed_v1 import Severity
from gmsd_validation.domain.rules.rule import Rule, Scope

RESEND = "Corrigeer het bestand en lever opnieuw aan."
CONFIRM = "Bevestig dat het klopt, of corrigeer het bestand en lever opnieuw aan."
NOTHING = "U hoeft niets te doen."


def _file(id: str, severity: Severity, title: str, explanation: str, message: str, action: str) -> Rule:
    return Rule(
        id=id,
        severity=severity,
        scope=Scope.FILE,
        title=title,
        explanation=explanation,
        message=message,
        action=action,
    )


def _fatal(id: str, title: str, explanation: str, message: str, action: str = RESEND) -> Rule:
    return _file(id, Severity.FATAAL, title, explanation, message, action)


EMPTY = _fatal(
    "ALG-001",
    "Bestand is leeg",
    "Het bestand bevat geen enkele byte en er is niet gemeld dat er niets te melden is.",
    "Het bestand is leeg; verwacht: {verwacht}.",
    "Lever het juiste bestand aan, of geef bij het aanleveren aan dat er niets te melden is.",
)
ZIP = _fatal(
    "ALG-002",
    "ZIP wordt nog niet aangenomen",
    "Het bestand is een ZIP. Alleen losse CSV-bestanden worden aangenomen.",
    "Gevonden: {gevonden}; verwacht: {verwacht}.",
    "Pak het bestand uit en lever het CSV-bestand zelf aan.",
)
BINARY = _fatal(
    "ALG-003",
    "Geen tekstbestand",
    "De inhoud is geen tekst maar bijvoorbeeld een werkmap, afbeelding of PDF.",
    "Gevonden: {gevonden}; verwacht: {verwacht}.",
    "Sla de gegevens op als CSV met puntkomma en lever dat bestand aan.",
)
NUL_BYTES = _fatal(
    "ALG-004",
    "Onleesbare bytes (NUL of UTF-16)",
    "Het bestand bevat NUL-bytes. Dat wijst op een beschadigd bestand of op opslag als UTF-16 ('Unicode-tekst').",
    "Gevonden: {gevonden}; verwacht: {verwacht}.",
    "Sla het bestand op als CSV in UTF-8 en lever opnieuw aan.",
)
NO_HEADER = _fatal(
    "ALG-005",
    "Kolomnamen ontbreken",
    "De eerste regel bevat niet de kolomnamen van deze gegevensset. De inhoud wordt daarom niet gelezen of getoond.",
    "De eerste regel bevat {gevonden}; verwacht: {verwacht}.",
    "Zet de kolomnamen op de eerste regel (zie het sjabloon), controleer of het de juiste gegevensset is en lever opnieuw aan.",
)
MISSING_COLUMN = _file(
    "ALG-006",
    Severity.FOUT,
    "Verplichte kolom ontbreekt",
    "Een kolom die in elke rij gevuld moet zijn, of elke kolom van een groep waarvan er een gevuld moet zijn, ontbreekt.",
    "Kolom {kolom} staat niet in de eerste regel; verwacht: {verwacht}.",
    RESEND,
)
UNKNOWN_COLUMN = _file(
    "ALG-007",
    Severity.FOUT,
    "Onbekende kolom",
    "De eerste regel noemt een kolom die de specificatie niet kent. Wat niet gevraagd is, mag niet worden aangeleverd.",
    "Kolom {gevonden} is niet bekend; verwacht: {verwacht}.",
    "Verwijder de kolom, of corrigeer de kolomnaam, en lever opnieuw aan.",
)
DUPLICATE_COLUMN = _fatal(
    "ALG-008",
    "Kolom staat er meer dan eens",
    "Een kolomnaam komt meer dan eens voor; welke van de kolommen geldt, is niet te bepalen.",
    "Kolom {kolom} komt {gevonden} keer voor; verwacht: {verwacht}.",
)
HEADER_FORM = _file(
    "ALG-009",
    Severity.INFO,
    "Kolomnaam anders geschreven",
    "Hoofdletters en spaties rond een kolomnaam worden genegeerd.",
    "Kolom {kolom} is geschreven als {gevonden}; verwacht: {verwacht}.",
    NOTHING,
)
SEPARATOR = _file(
    "ALG-010",
    Severity.WAARSCHUWING,
    "Ander scheidingsteken",
    "De velden zijn gescheiden door een ander teken dan de puntkomma. Het bestand is wel gelezen.",
    "Gevonden: {gevonden}; verwacht: {verwacht}.",
    CONFIRM,
)
ENCODING = _file(
    "ALG-011",
    Severity.WAARSCHUWING,
    "Andere tekenset",
    "Het bestand is geen geldige UTF-8 en is gelezen als Windows-1252. Controleer namen met een trema of accent.",
    "Gevonden: {gevonden}; verwacht: {verwacht}.",
    CONFIRM,
)
NO_ROWS = _fatal(
    "ALG-012",
    "Geen rijen",
    "Onder de kolomnamen staat geen enkele rij en er is niet gemeld dat er niets te melden is.",
    "Gevonden: {gevonden}; verwacht: {verwacht}.",
    "Lever het volledige bestand aan, of geef bij het aanleveren aan dat er niets te melden is.",
)
ROWS_DESPITE_FLAG = _file(
    "ALG-013",
    Severity.FOUT,
    "Rijen bij 'niets te melden'",
    "Bij het aanleveren is gemeld dat er niets te melden is, maar het bestand bevat rijen.",
    "Gevonden: {gevonden}; verwacht: {verwacht}.",
    "Lever opnieuw aan: zonder rijen, of zonder de melding dat er niets te melden is. Corrigeer wat niet klopt.",
)
OPEN_QUOTE = _fatal(
    "ALG-014",
    "Aanhalingsteken niet gesloten",
    "Een veld begint met een aanhalingsteken dat nergens wordt gesloten; alles daarna hoort dan bij dat veld. Vaak is het bestand afgekapt.",
    "Vanaf deze rij is het bestand niet te lezen: {gevonden}; verwacht: {verwacht}.",
)
LONG_LINE = _fatal(
    "ALG-015",
    "Regel is te lang",
    "Een regel is langer dan een rij van deze gegevensset kan zijn; waarschijnlijk ontbreken de regeleinden.",
    "Gevonden: {gevonden}; verwacht: {verwacht}.",
)
MANY_COLUMNS = _fatal(
    "ALG-016",
    "Te veel kolommen",
    "De eerste regel bevat veel meer velden dan de gegevensset kolommen heeft.",
    "Gevonden: {gevonden} velden; verwacht: {verwacht}.",
)
FIELD_COUNT = Rule(
    id="ALG-017",
    severity=Severity.FOUT,
    scope=Scope.ROW,
    title="Aantal velden in de rij klopt niet",
    explanation="Een rij heeft meer of minder velden dan de eerste regel. Vaak staat er een scheidingsteken in een veld zonder aanhalingstekens, of is de rij afgekapt.",
    message="De rij heeft {gevonden} velden; verwacht: {verwacht}.",
    action=RESEND,
)
EMPTY_ROW = Rule(
    id="ALG-018",
    severity=Severity.INFO,
    scope=Scope.ROW,
    title="Lege regel overgeslagen",
    explanation="Een regel zonder gevuld veld telt niet mee als rij; de nummering van de rijen telt haar wel.",
    message="De regel is leeg en overgeslagen.",
    action=NOTHING,
)
MANY_MALFORMED = _fatal(
    "ALG-019",
    "Te veel rijen met een onjuist aantal velden",
    "Zoveel rijen hebben een onjuist aantal velden dat dit geen bestand van deze vorm is. De controle is gestopt.",
    "Gevonden: ten minste {gevonden}; verwacht: {verwacht}.",
)
SURROUNDING_SPACE = Rule(
    id="ALG-020",
    severity=Severity.INFO,
    scope=Scope.FIELD,
    title="Spaties rond een waarde",
    explanation="Spaties voor en achter een waarde worden weggelaten.",
    message="In {kolom} staan spaties rond de waarde.",
    action=NOTHING,
)
ABSENT_COLUMN = _file(
    "ALG-021",
    Severity.WAARSCHUWING,
    "Kolom ontbreekt",
    "Een kolom die niet verplicht is, ontbreekt en wordt als leeg gelezen.",
    "Kolom {kolom} staat niet in de eerste regel; verwacht: {verwacht}.",
    CONFIRM,
)


def _field(
    id: str,
    title: str,
    explanation: str,
    message: str,
    severity: Severity = Severity.FOUT,
    action: str = RESEND,
) -> Rule:
    return Rule(
        id=id,
        severity=severity,
        scope=Scope.FIELD,
        title=title,
        explanation=explanation,
        message=message,
        action=action,
    )


REQUIRED = _field(
    "ALG-101",
    "Verplicht veld is leeg",
    "Dit veld moet in elke rij gevuld zijn.",
    "{kolom} is leeg; verwacht: {verwacht}.",
)
LENGTH = _field(
    "ALG-102",
    "Waarde is te lang",
    "De waarde heeft meer tekens dan de kolom toelaat.",
    "{kolom} bevat {gevonden}; verwacht: {verwacht}.",
)
CHARACTERS = _field(
    "ALG-103",
    "Teken dat niet mag",
    "Tekst mag geen stuurtekens of onleesbare tekens bevatten; een kenmerk alleen letters, cijfers en . _ / -",
    "{kolom} bevat {gevonden}; verwacht: {verwacht}.",
)
CODE = _field(
    "ALG-104",
    "Code staat niet in de codelijst",
    "De waarde is geen code van de lijst van deze kolom. Let op voorloopnullen.",
    "{kolom} bevat {gevonden}; verwacht: {verwacht}.",
)
DATE = _field(
    "ALG-105",
    "Geen bestaande datum",
    "De waarde is geen datum die bestaat, in de vorm JJJJMMDD.",
    "{kolom} bevat {gevonden}; verwacht: {verwacht}.",
)
DATE_FORM = _field(
    "ALG-106",
    "Datum met streepjes",
    "De datum is geschreven als JJJJ-MM-DD en zo gelezen; de vorm is JJJJMMDD.",
    "{kolom} bevat {gevonden}; verwacht: {verwacht}.",
    Severity.WAARSCHUWING,
    CONFIRM,
)
NUMBER = _field(
    "ALG-107",
    "Geen geheel getal",
    "De waarde mag alleen uit cijfers bestaan: geen komma, punt, teken of eenheid.",
    "{kolom} bevat {gevonden}; verwacht: {verwacht}.",
)
BSN_FORM = _field(
    "ALG-108",
    "BSN heeft geen negen cijfers",
    "Een burgerservicenummer heeft negen cijfers. Bij acht cijfers is vaak de voorloopnul weggevallen.",
    "{kolom} heeft niet de vorm van een BSN; verwacht: {verwacht}.",
)
BSN_REFUSED = _field(
    "ALG-109",
    "BSN 000000000 of 999999999",
    "Deze nummers staan niet voor een persoon en worden in deze gegevensset niet aangenomen.",
    "{kolom} is een nummer dat voor niemand staat; verwacht: {verwacht}.",
)
BSN_CHECK = _field(
    "ALG-110",
    "BSN voldoet niet aan de elfproef",
    "Het nummer heeft negen cijfers maar kan geen burgerservicenummer zijn; er is een cijfer fout of verwisseld.",
    "{kolom} voldoet niet aan de elfproef; verwacht: {verwacht}.",
)
POSTCODE = _field(
    "ALG-111",
    "Geen postcode",
    "Een postcode heeft vier cijfers en twee hoofdletters, zonder spatie.",
    "{kolom} bevat {gevonden}; verwacht: {verwacht}.",
)
GEMEENTE = _field(
    "ALG-112",
    "Geen gemeentecode",
    "Een gemeentecode is GM met vier cijfers, of vier cijfers. Let op voorloopnullen.",
    "{kolom} bevat {gevonden}; verwacht: {verwacht}.",
)
REGION = _field(
    "ALG-113",
    "Geen regiocode",
    "Een regiocode heeft twee hoofdletters en daarna twee tot acht hoofdletters of cijfers.",
    "{kolom} bevat {gevonden}; verwacht: {verwacht}.",
)
ONE_OF = _field(
    "ALG-114",
    "Geen van de kolommen is gevuld",
    "Van deze kolommen moet er in elke rij ten minste een gevuld zijn.",
    "{kolom} is leeg; verwacht: {verwacht}.",
)

FILE_RULES = (
    EMPTY, ZIP, BINARY, NUL_BYTES, NO_HEADER, MISSING_COLUMN, UNKNOWN_COLUMN, DUPLICATE_COLUMN, HEADER_FORM, SEPARATOR,
    ENCODING, NO_ROWS, ROWS_DESPITE_FLAG, OPEN_QUOTE, LONG_LINE, MANY_COLUMNS, FIELD_COUNT, EMPTY_ROW, MANY_MALFORMED,
    SURROUNDING_SPACE, ABSENT_COLUMN,
)  # fmt: skip
FIELD_RULES = (
    REQUIRED, LENGTH, CHARACTERS, CODE, DATE, DATE_FORM, NUMBER, BSN_FORM, BSN_REFUSED, BSN_CHECK, POSTCODE, GEMEENTE,
    REGION, ONE_OF,
)  # fmt: skip
GENERAL: tuple[Rule, ...] = (*FILE_RULES, *FIELD_RULES)
"""In order of their ids."""
