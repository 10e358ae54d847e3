"""
The C{pysig} command itself: what comes before the name of a command, and how
everything ends.
"""

from __future__ import annotations

import errno
import signal
import sys
from collections.abc import Sequence

import click

from ..errors import PysigError
from ..version import VERSION
from .acl.group import acl
from .completion import completion, isCompleting, silently
from .demo import demo
from .failing import Interrupted, failed, say
from .listen import listen
from .options import groupOptions
from .output import cannotWrite
from .passwd.group import passwd
from .peers import peers
from .request import request
from .senders import senders
from .serial.group import serial
from .stats import stats
from .tls.group import tls
from .trigger import trigger

EPILOG = """\b
Examples:
  pysig demo                                   see it work, without a router
  pysig listen                                 everything that happens
  pysig listen kitchen 'temp*'                 some events of one sender
  pysig trigger door opened '{"by": "Ann"}'    fire an event
  pysig request lamp dim '{"level": 3}'        ask a sender, print its answer
  pysig senders --watch                        who is connected, and who comes and goes
  pysig stats                                  what the router has done so far
  pysig serial monitor meter                   what a serial device does
  pysig passwd add passwd ann                  a user, for servers that ask who connects
  pysig acl check --as ann send lamp           may she, by the rules in acl.toml?
  pysig tls init pki --client alice            certificates for a server and a client
  pysig --connect unix:/run/pysig/bus listen   another router

The status says what went wrong, for example 69: no router there, 80: no such
sender, 124: no answer in time. The documentation has the whole table.
"""


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EPILOG,
)
@groupOptions
@click.version_option(VERSION, message="pysig %(version)s")
@click.pass_context
def pysig(context: click.Context) -> None:
    """
    Events and requests between named senders, at the shell.

    A router brings senders and listeners together: `twistd -n pysig server` runs
    one. These commands connect to it.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(2)


for command in (
    demo,
    listen,
    trigger,
    request,
    senders,
    peers,
    stats,
    serial,
    tls,
    passwd,
    acl,
    completion,
):
    pysig.add_command(command)


def status(arguments: Sequence[str] | None) -> int:
    """
    Run a command line.

    @return: what to exit with.
    @raise SystemExit: the same.
    """
    if isCompleting():
        silently(lambda: pysig.main([], prog_name="pysig", standalone_mode=False))
        return 0
    output = sys.stdout
    try:
        result = pysig.main(arguments, prog_name="pysig", standalone_mode=False)
    except click.ClickException as error:
        say(usage(error))
        return error.exit_code
    except SystemExit:
        if sys.stdout is not output:  # click has put it aside: nobody reads it
            return failed(Interrupted(getattr(signal, "SIGPIPE", 13)))
        raise
    except click.Abort:  # Ctrl-C before the reactor runs
        return failed(KeyboardInterrupt())
    except Exception as error:
        if isinstance(error, OSError) and not isinstance(error, PysigError):
            error = cannotWrite(error)  # help and messages, which click writes itself
        return failed(error)
    if result == 0 and sys.stdout is None:  # help or the version, which click printed nowhere
        return failed(cannotWrite(OSError(errno.EBADF, "it is closed")))
    return result if isinstance(result, int) else 0


def usage(error: click.ClickException) -> str:
    """
    What is wrong with a command line, in one sentence, and where to read more.
    """
    text = " ".join(error.format_message().split()).rstrip(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{text}; see {'pysig' if context is None else context.command_path} --help"
