"""The `gmsd` command: each subcommand is one module of `commands`."""

import sys

import typer
from rich.markup import escape

from gmsd_cli.commands import quarantine
from gmsd_cli.commands.akkoord import akkoord
from gmsd_cli.commands.deliver import deliver
from gmsd_cli.commands.demo import demo
from gmsd_cli.commands.generate import generate
from gmsd_cli.commands.register import register
from gmsd_cli.commands.status import status
from gmsd_cli.commands.token import token
from gmsd_cli.commands.up import up
from gmsd_cli.console import errors
from gmsd_cli.local.errors import LocalError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    # a traceback with local variables could print a key
    pretty_exceptions_show_locals=False,
)


@app.callback()
def gmsd() -> None:
    """gmsd: de Gemeentelijke Monitor Sociaal Domein op uw eigen machine."""


for command in (up, demo, status, generate, register, deliver, akkoord, token):
    app.command()(command)
app.add_typer(quarantine.app, name="quarantine")


def main() -> None:
    """Run the command line; a LocalError becomes one sentence on stderr and its exit code."""
    try:
        app()
    except LocalError as e:
        errors.print(escape(e.sentence))
        sys.exit(e.exit_code)
