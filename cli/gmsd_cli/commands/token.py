"""`gmsd token`: an access token of the local platform."""

from enum import StrEnum
from typing import Annotated

import typer

from gmsd_cli.local.errors import BadSetting
from gmsd_cli.local.places import DEFAULT_STATE, Layout
from gmsd_cli.local.tokens import LIFETIME_SECONDS, issue_token
from gmsd_cli.options import State


class RoleChoice(StrEnum):
    AANLEVERAAR = "aanleveraar"
    PLATFORM = "platform"


def token(
    rol: Annotated[RoleChoice, typer.Option("--rol", help="Wat de houder mag.")],
    aanleveraar: Annotated[
        str | None, typer.Option("--aanleveraar", help="Namens wie, bijvoorbeeld GM0344.")
    ] = None,
    state: State = DEFAULT_STATE,
    geldig: Annotated[
        int, typer.Option("--geldig", min=1, help="Geldigheid in seconden.")
    ] = LIFETIME_SECONDS,
) -> None:
    """Geef een toegangstoken voor het lokale platform."""
    if rol is RoleChoice.AANLEVERAAR and not aanleveraar:
        raise BadSetting("De rol aanleveraar vraagt om --aanleveraar, bijvoorbeeld --aanleveraar GM0344.")
    if rol is RoleChoice.PLATFORM and aanleveraar:
        raise BadSetting("De rol platform handelt namens niemand: laat --aanleveraar weg.")
    typer.echo(issue_token(Layout(state.resolve()), rol.value, aanleveraar, geldig))
