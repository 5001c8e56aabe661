"""The `gmsd` command: each subcommand is one module of `commands`."""

import sys

import typer

from gmsd_cli import dutch
from gmsd_cli.commands import quarantine
from gmsd_cli.commands.akkoord import akkoord
from gmsd_cli.commands.audit import audit
from gmsd_cli.commands.deliver import deliver
from gmsd_cli.commands.demo import demo
from gmsd_cli.commands.generate import generate
from gmsd_cli.commands.register import register
from gmsd_cli.commands.status import status
from gmsd_cli.commands.token import token
from gmsd_cli.commands.up import up
from gmsd_cli.console import errors, plain
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


for command in (up, demo, status, generate, register, deliver, akkoord, token, audit):
    app.command()(command)
app.add_typer(quarantine.app, name="quarantine")


dutch.translate_help()


def main() -> None:
    """Run the command line; what goes wrong becomes one sentence on stderr and an exit code."""
    try:
        code = app(standalone_mode=False, prog_name="gmsd")
    except LocalError as e:
        errors.print(plain(e.sentence))
        sys.exit(e.exit_code)
    except typer.TyperException as e:
        if said := dutch.sentence(e):
            errors.print(plain(said))
        sys.exit(e.exit_code)
    except typer.Abort:
        errors.print("Afgebroken.")
        sys.exit(1)
    if code:
        sys.exit(code)
