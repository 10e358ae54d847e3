"""
C{pysig serial send}: say something to a device, and print what it answers.
"""

from __future__ import annotations

from typing import Any, Final

import click
import msgspec

from ...errors import BadData, NoSuchMethod, NoSuchSender
from ...names import checkName
from ..arguments import checkSender
from ..completing import deviceNames
from ..failing import CommandFailed
from ..options import Seconds, Settings, linkOptions, outputOptions
from ..output import escape, toJson, write
from ..template import TEXT, lineOf

METHOD: Final = "send"
"""
The request that a device answers whose table has C{console = true}.
"""

LONGEST: Final = 60.0
LEAST: Final = 0.001
USUAL: Final = 1.0
PATIENCE: Final = 65.0
"""
Seconds: for which one may listen, at most and at least; for which that is done if nothing
else is said; and for which the device may be busy with others before.
"""

SILENT: Final = 124
FIELDS: Final = {"device": TEXT, "line": TEXT}


class Said(msgspec.Struct, frozen=True):
    """
    What a device answers to L{METHOD}.

    @ivar lines: what came while it was listened to.
    """

    lines: list[str]


@click.command(
    short_help="Say something to a device, and print its answer.",
    # So that -5 is a text, and no option.
    context_settings={"ignore_unknown_options": True},
    epilog="""\b
Examples:
  pysig serial send meter '*IDN?'
  pysig serial send meter 'OUTP ON' --wait 0        it has no answer to that
  pysig serial send gps '$PMTK605*31' --wait 5

It is for trying a device out, and works only where its bridge allows it, by
console = true in the table [serial.NAME]. What is used again and again is better
a request of its own.
""",
)
@click.argument("name", shell_complete=deviceNames)
@click.argument("text")
@click.option(
    "--wait",
    type=Seconds(0, LONGEST),
    default=USUAL,
    show_default=True,
    metavar="SECONDS",
    help="How long to listen for the answer; 0 if there is none.",
)
@outputOptions
@linkOptions
def send(
    settings: Settings, name: str, text: str, wait: float, asJson: bool, layout: str | None
) -> None:
    """
    Send TEXT and the end of a line to the serial device NAME, and print the lines
    that come back.

    NAME is that of its table, [serial.NAME].
    """
    checkSender(name)
    line = lineOf(FIELDS, asJson, layout)

    from ..running import begin, run

    checkName(name, "sender")
    lines = run(
        lambda session: say(session, settings.endpoint, name, text, wait),
        begin(settings),
    )
    if line is not None:
        shown = [line({"device": name, "line": one}) for one in lines]
    else:
        shown = [escape(one) for one in lines]
    if shown:
        write("\n".join(shown), "utf-8" if line is toJson else None)
    elif wait:
        raise CommandFailed(
            f"{name} has said nothing within {wait:g} s; --wait gives it longer", SILENT
        )


async def say(session: Any, endpoint: str, name: str, text: str, wait: float) -> list[str]:
    """
    What a device answers.

    @param session: the L{Session<pysig_twisted.commands.running.Session>}.
    @param wait: seconds to listen.
    @raise CommandFailed: the device is not there, or takes no text.
    @raise PysigError: there is no answer.
    """
    from ..request import ask

    params = {"text": text, "wait": max(wait, LEAST)}
    try:
        answer = await ask(session, endpoint, name, METHOD, params, wait + PATIENCE)
    except NoSuchSender as error:
        raise CommandFailed(
            f"{name} is not there; `pysig serial devices` tells why, or what devices there are",
            error.exitCode,
        ) from error
    except NoSuchMethod as error:
        raise CommandFailed(
            f"{name} takes no text: if it is a serial device, put console = true into its table"
            f" [serial.{name}], and have that read again, by SIGHUP to its bridge; one that says"
            " itself what it offers answers `pysig request` only",
            error.exitCode,
        ) from error
    try:
        return msgspec.convert(answer, Said).lines
    except msgspec.ValidationError as error:
        raise BadData(f"the answer of {name} is none to {METHOD}: {error}") from None
