"""What Typer says itself, in the language of those who type: headings of the help, and what was typed wrongly."""

from typing import Any

import typer
from typer import rich_utils

HEADINGS = {
    "ARGUMENTS_PANEL_TITLE": "Argumenten",
    "OPTIONS_PANEL_TITLE": "Opties",
    "COMMANDS_PANEL_TITLE": "Opdrachten",
    "DEFAULT_STRING": "[standaard: {}]",
    "REQUIRED_LONG_STRING": "[verplicht]",
}


def translate_help() -> None:
    """Give the headings of every help text their Dutch words; a heading that Typer no longer has stays as it is."""
    for name, words in HEADINGS.items():
        if hasattr(rich_utils, name):
            setattr(rich_utils, name, words)


def sentence(error: typer.TyperException) -> str:
    """What was typed wrongly and where the help stands. Values are not repeated: one may be a number of a person.

    Empty when nothing was typed: Typer has printed the help already.
    """
    if type(error).__name__ == "NoArgsIsHelpError":
        return ""
    about: Any = error
    context = getattr(about, "ctx", None)
    command = "gmsd" if context is None else context.command_path
    more = f"Zie `{command} --help`."
    option = getattr(about, "option_name", None)
    if option is not None:
        near = " of ".join(sorted(getattr(about, "possibilities", None) or ()))
        return f"De optie {option} kan hier niet. {f'Bedoelt u {near}? ' if near else ''}{more}"
    parameter = getattr(about, "param", None)
    if parameter is not None:
        name = parameter.get_error_hint()
        kind = "ontbreekt" if type(error).__name__ == "MissingParameter" else "heeft een waarde die niet kan"
        return f"{name} {kind}. {more}"
    return f"De opdracht is niet te begrijpen. {more}"
