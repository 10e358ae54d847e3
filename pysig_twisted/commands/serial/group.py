"""
C{pysig serial}: the serial ports of this machine, and the devices that bridges have.
"""

from __future__ import annotations

import click

from ..options import Settings, linkOptions
from .devices import devices
from .monitor import monitor
from .ports import ports
from .probe import probe
from .send import send


@click.group(
    "serial",
    invoke_without_command=True,
    short_help="Serial ports, and the devices of bridges.",
    epilog="""\b
Examples:
  pysig serial list                  the serial ports of this machine
  pysig serial probe /dev/ttyUSB0    the baud rate of what is plugged in there
  pysig serial devices               the devices of all bridges, and how they are
  pysig serial monitor meter         one device, live
  pysig serial send meter '*IDN?'    say something to it, and print its answer

A server bridges the devices of the tables [serial.NAME] in its configuration;
`twistd -n pysig bridge` does that on another machine.
""",
)
@linkOptions
@click.pass_context
def serial(context: click.Context, settings: Settings) -> None:
    """
    Show serial ports and devices, and try them out.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(2)


for command in (ports, probe, devices, monitor, send):
    serial.add_command(command)
