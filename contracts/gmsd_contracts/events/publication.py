"""The life of a release: released, corrected, retracted, held (all version 1). These are public.

The public types of the NL GOV profile (`nl.gmsd.publicatie.uitgebracht.v1` …) are mapped in publication, in one place.
"""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt

from gmsd_contracts.content import ContentRef
from gmsd_contracts.envelope import Payload
from gmsd_contracts.period import Period

Status = Literal["voorlopig", "nader voorlopig", "definitief"]


class ReleasedTable(BaseModel):
    """One table of a release: an indicator with all its regions, as content of schema `release/1`, or a companion.

    Companions are told by the schema of their content: `regio` (`regions/1`), `toets` (`audit/1`), `bewijs` (`proof/1`).
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    table: str
    title: str
    rows: NonNegativeInt
    content: ContentRef


class AboutPublication(Payload):
    """`sequence` is contiguous over the topic, from 1: the id of the event in the SSE stream."""

    product: str
    period: Period
    sequence: PositiveInt

    def key(self) -> str:
        return f"{self.product}/{self.period}"

    def subject(self) -> str:
        return f"publicatie/{self.key()}"


class PublicationReleased(AboutPublication):
    """An immutable release, number n of its product and period. `excluded` are gemeenten whose records are in no figure.

    `tested_with`: numbers of the earlier releases of this product and period that the disclosure test took into account.
    `steps`: region level → the rounding step K declared for it; a published value lies less than base·(K+1) from the truth.
    """

    TYPE: ClassVar[str] = "nl.gmsd.publication.released.v1"

    release_id: UUID
    number: PositiveInt
    snapshot_id: str
    protection: str
    status: Status
    tables: tuple[ReleasedTable, ...]
    excluded: tuple[str, ...] = ()
    tested_with: tuple[PositiveInt, ...] = ()
    steps: dict[str, NonNegativeInt] = Field(default_factory=dict)

    def indicator_tables(self) -> tuple[ReleasedTable, ...]:
        return tuple(table for table in self.tables if table.content.content_schema == "release/1")

    def companion(self, schema: str) -> ReleasedTable | None:
        return next((table for table in self.tables if table.content.content_schema == schema), None)

    def contents(self) -> tuple[ContentRef, ...]:
        return tuple(table.content for table in self.tables)


class PublicationCorrected(PublicationReleased):
    """A release that replaces an earlier one because that was wrong; `reason` is for readers, in Dutch."""

    TYPE: ClassVar[str] = "nl.gmsd.publication.corrected.v1"

    corrects: UUID
    reason: str


class PublicationRetracted(AboutPublication):
    """A release is taken back: its tables answer 410."""

    TYPE: ClassVar[str] = "nl.gmsd.publication.retracted.v1"

    release_id: UUID
    number: PositiveInt
    reason: Literal["toestemming ingetrokken", "fout", "op verzoek"]


class PublicationHeld(AboutPublication):
    """A release waits. The public hears that it is held, never why."""

    TYPE: ClassVar[str] = "nl.gmsd.publication.held.v1"

    snapshot_id: str
