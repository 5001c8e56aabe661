"""Where content lies. An event that carries a ContentRef is what makes that content exist."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, StringConstraints

CHUNK_BYTES = 768 * 1024
"""Plaintext bytes per chunk: sealed and framed it stays under Kafka's default 1 MB message even when it does not compress."""


class LogRange(BaseModel):
    """A contiguous run of messages in a content topic; other writers' messages may stand between ours."""

    model_config = ConfigDict(frozen=True)
    kind: Literal["log"] = "log"
    topic: str
    partition: NonNegativeInt
    first: NonNegativeInt
    last: NonNegativeInt


class Object(BaseModel):
    """One object in an object store or directory."""

    model_config = ConfigDict(frozen=True)
    kind: Literal["object"] = "object"
    url: str


class ContentRef(BaseModel):
    """A reference to sealed content.

    Not part of an event's identity: offsets, nonces and Arrow bytes differ per attempt, the event does not.
    `sha256` and `bytes` are of the plaintext. `rows` is None for raw files.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="ignore")
    location: Annotated[LogRange | Object, Field(discriminator="kind")]
    content_id: UUID
    content_schema: str = Field(
        alias="schema", description="what is inside: raw, wmo.checked/1, wmo.linked/1, cells/1 …"
    )
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    rows: NonNegativeInt | None = None
    bytes: NonNegativeInt
