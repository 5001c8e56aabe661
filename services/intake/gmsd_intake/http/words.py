"""From the domain to the bodies users see."""

from typing import Literal

from gmsd_contracts.catalogue import CATALOGUE
from gmsd_contracts.events.delivery_assessed_v1 import DeliveryAssessed
from gmsd_contracts.events.delivery_decided_v1 import DeliveryDecided
from gmsd_contracts.events.delivery_expired_v1 import DeliveryExpired, LinkExpired
from gmsd_contracts.events.delivery_failed_v1 import AssessmentFailed, LinkFailed, LoadFailed
from gmsd_contracts.events.delivery_linked_v1 import DeliveryLinked
from gmsd_contracts.events.delivery_loaded_v1 import DeliveryLoaded
from gmsd_contracts.events.delivery_received_v1 import DeliveryReceived
from gmsd_contracts.events.delivery_requeued_v1 import DeliveryRequeued
from gmsd_contracts.events.delivery_withdrawn_v1 import DeliveryWithdrawn
from gmsd_intake.adapters.answers import Consent, Detail, KnownWindow, Listed, Registration, Release
from gmsd_intake.domain.slot import warnings_of
from gmsd_intake.domain.state import Link, State, Status
from gmsd_intake.http import models as m

STAGES = {"validation": "de technische controle", "linkage": "de koppeling", "aggregation": "het laden"}
STEPS = {
    DeliveryReceived.TYPE: "ontvangen",
    DeliveryDecided.TYPE: "akkoord",
    DeliveryWithdrawn.TYPE: "ingetrokken",
    DeliveryRequeued.TYPE: "opnieuw aangeboden",
    DeliveryAssessed.TYPE: "gecontroleerd",
    AssessmentFailed.TYPE: "controle mislukt",
    DeliveryExpired.TYPE: "verlopen voor de controle",
    DeliveryLinked.TYPE: "gekoppeld",
    LinkFailed.TYPE: "koppeling mislukt",
    LinkExpired.TYPE: "verlopen voor de koppeling",
    DeliveryLoaded.TYPE: "geladen",
    LoadFailed.TYPE: "laden mislukt",
}


def waits_for(status: Status) -> str | None:
    """What a delivery waits for, in words; None when for nothing."""
    if not status.live:
        return None
    if status.failed_stage is not None:
        reason = f" ({status.reason})" if status.reason else ""
        stuck = f"het platformteam: {STAGES[status.failed_stage]} is mislukt{reason}"
        return stuck if status.state is not State.TE_BEOORDELEN else f"akkoord van de aanleveraar, en {stuck}"
    match status.state:
        case State.ONTVANGEN:
            return STAGES["validation"]
        case State.TE_BEOORDELEN:
            return "akkoord van de aanleveraar"
        case State.AKKOORD:
            return "de koppeling en het laden"
        case _:
            return None


def listed(each: Listed) -> m.Levering:
    """A delivery in a list."""
    return m.Levering(
        id=each.id,
        aanleveraar=each.slot.deliverer,
        bestandssoort=each.slot.dataset,
        periode=each.slot.period,
        deel=each.slot.part or None,
        volgnummer=each.seq,
        status=each.status.state,
        sinds=each.status.since,
        wachtOp=waits_for(each.status),
        koppeling=None if each.status.link is None else _LINKS[each.status.link],
        ontvangenOp=each.received_at,
    )


_LINKS: dict[Link, Literal["wacht", "geladen", "mislukt"]] = {
    Link.WACHT: "wacht",
    Link.GELADEN: "geladen",
    Link.MISLUKT: "mislukt",
}


def receipt(detail: Detail) -> m.Ontvangstbewijs:
    """What a deliverer keeps."""
    received = detail.delivery.received
    return m.Ontvangstbewijs(
        levering=received.delivery_id,
        sha256=received.sha256,
        bytes=received.bytes,
        ontvangenOp=detail.received_at,
        aanleveraar=received.slot.deliverer,
        bestandssoort=received.slot.dataset,
        periode=received.slot.period,
        deel=received.slot.part or None,
        volgnummer=received.seq,
        nietsTeMelden=received.nothing_to_report,
    )


def detailed(detail: Detail, readable: bool | None) -> m.LeveringVolledig:
    """A delivery in full. `readable`: whether its raw file can still be read, None without file."""
    delivery = detail.delivery
    short = listed(
        Listed(delivery.id, delivery.received.slot, delivery.seq, detail.received_at, delivery.status)
    )
    coverage = None if detail.loaded is None else detail.loaded.coverage
    return m.LeveringVolledig(
        **short.model_dump(),
        ontvangstbewijs=receipt(detail),
        nieuwereLevering=detail.newer,
        controle=None if delivery.assessed is None else _check(delivery.assessed),
        profiel=None if delivery.assessed is None else _profile(delivery.assessed),
        dekking=None
        if coverage is None
        else m.Dekking(
            gevonden=coverage.found, nietGevonden=coverage.not_found, registerdelen=coverage.register_parts
        ),
        sleutels=None if readable is None else "aanwezig" if readable else "vernietigd",
        publicatie=[_release(each, detail) for each in detail.releases if _concerns(each, detail)],
        geschiedenis=[
            m.Gebeurtenis(gebeurtenis=STEPS.get(step.type, "overig"), tijd=step.at) for step in detail.history
        ],
    )


def _check(assessed: DeliveryAssessed) -> m.Controle:
    return m.Controle(
        oordeel=assessed.verdict.value,
        specificatie=assessed.specification,
        regelset=assessed.rule_set,
        rijen=assessed.rows,
        tellingen=[
            m.RegelTelling(regel=each.rule, ernst=each.severity, aantal=each.count)
            for each in assessed.counts
        ],
        volledig=assessed.complete,
        teBevestigen=list(warnings_of(assessed)),
    )


def _profile(assessed: DeliveryAssessed) -> m.Profiel | None:
    if assessed.profile is None:
        return None
    return m.Profiel(
        rijen=assessed.profile.rows,
        personen=assessed.profile.persons,
        kolommen=[
            m.KolomProfiel(kolom=each.column, gevuld=each.filled, onbekend=each.unknown, codes=each.codes)
            for each in assessed.profile.columns
        ],
    )


def _concerns(release: Release, detail: Detail) -> bool:
    """A release of a product that uses the dataset, made since the delivery is in force."""
    delivery = detail.delivery
    uses = any(
        indicator.product == release.product and delivery.received.slot.dataset in indicator.sources
        for indicator in CATALOGUE
    )
    return uses and delivery.status.state is State.VAN_KRACHT and release.at >= delivery.status.since


def _release(release: Release, detail: Detail) -> m.Uitgave:
    return m.Uitgave(
        product=release.product,
        nummer=release.number,
        status=release.status,
        uitgebrachtOp=release.at,
        ingetrokkenOp=release.retracted_at,
        zonderDezeAanleveraar=detail.delivery.received.slot.deliverer in release.excluded,
    )


def deliverer(each: Registration) -> m.Aanleveraar:
    """A registered deliverer."""
    data = each.data
    return m.Aanleveraar(
        id=data.deliverer, soort=data.kind, naam=data.name, bestandssoorten=list(data.datasets)
    )


def window(each: KnownWindow) -> m.Venster:
    """A window."""
    return m.Venster(periode=each.window.period, open=each.window.open, tot=each.window.until, sinds=each.at)


def consent(each: Consent) -> m.Toestemming:
    """A consent or objection."""
    return m.Toestemming(
        gemeente=each.gemeente,
        product=each.product,
        periode=each.period,
        toestemming=each.given,
        versie=each.version,
        sinds=each.at,
    )
