"""
The C{pysig} command itself: what comes before the name of a command, and how
everything ends.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from ..errors import PysigError
from ..net.endpoints import DEFAULT_CONNECT
from ..version import VERSION
from .demo import demo
from .failing import failed
from .listen import listen
from .output import cannotWrite
from .request import request
from .senders import senders
from .trigger import trigger

EPILOG = """\b
Examples:
  pysig demo                                   see it work, without a router
  pysig listen                                 everything that happens
  pysig listen kitchen 'temp*'                 some events of one sender
  pysig trigger door opened '{"by": "Ann"}'    fire an event
  pysig request lamp dim '{"level": 3}'        ask a sender, print its answer
  pysig senders                                who is connected
  pysig --connect unix:/run/pysig/bus listen   another router

The status says what went wrong, for example 69: no router there, 80: no such
sender, 124: no answer in time. The documentation has the whole table.
"""


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EPILOG,
)
@click.option(
    "--connect",
    "endpoint",
    metavar="ENDPOINT",
    envvar="PYSIG_CONNECT",
    default=DEFAULT_CONNECT,
    show_default=True,
    show_envvar=True,
    help="The router: host, host:port, or an endpoint string of Twisted's, such as unix:/path.",
)
@click.version_option(VERSION, message="pysig %(version)s")
@click.pass_context
def pysig(context: click.Context, endpoint: str) -> None:
    """
    Events and requests between named senders, at the shell.

    A router brings senders and listeners together: `twistd -n pysig server` runs
    one. These commands connect to it.
    """
    context.obj = endpoint
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(2)


for command in (demo, listen, trigger, request, senders):
    pysig.add_command(command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """
    Run a command line, and exit with its status.
    """
    sys.exit(status(arguments))


def status(arguments: Sequence[str] | None) -> int:
    """
    Run a command line.

    @return: what to exit with.
    @raise SystemExit: the same.
    """
    try:
        result = pysig.main(arguments, prog_name="pysig", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:  # Ctrl-C before the reactor runs
        return failed(KeyboardInterrupt())
    except Exception as error:
        if isinstance(error, OSError) and not isinstance(error, PysigError):
            error = cannotWrite(error)  # help and messages, which click writes itself
        return failed(error)
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    main()
