"""
C{pysig serial probe}: which baud rate a device has.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import click

from ..options import Seconds, Settings, outputOptions, verbosityOptions
from ..output import isTerminal
from ..template import PARTS, TEXT, lineOf
from .ports import portPaths

if TYPE_CHECKING:
    from .probing import Trial

FIELDS: Final = {
    "baud": TEXT,
    "best": TEXT,
    "bytes": TEXT,
    "printable": TEXT,
    "high": TEXT,
    "lines": TEXT,
    "nmea": TEXT,
    "json": TEXT,
    "score": TEXT,
    "mode": TEXT,
    "frame": PARTS,
    "sample": PARTS,
    "refused": TEXT,
}


@click.command(
    short_help="Find out the baud rate of a device.",
    epilog="""\b
Examples:
  pysig serial probe /dev/ttyUSB0
  pysig serial probe /dev/ttyUSB0 --send '*IDN?'      it speaks only when asked
  pysig serial probe /dev/ttyUSB0 --baud 9600 --baud 31250 --seconds 10
  pysig serial probe /dev/ttyUSB0 --json | jq 'select(.best).baud'

Opening a port resets many boards. At a wrong rate a device hears nonsense: give
--send only where that does no harm.

In a pipe there is one line for each rate, and between its columns a tab: baud,
bytes, printable, lines, nmea, json, score, mode, and a * if it is the right one.
""",
)
@click.argument("port", shell_complete=portPaths)
@click.option(
    "--baud",
    "rates",
    type=click.IntRange(min=1),
    multiple=True,
    metavar="N",
    help="Try this rate, and no other that is not given; may be said several times.",
)
@click.option(
    "--seconds",
    type=Seconds(0, 3600, min_open=True),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to listen at each rate.",
)
@click.option(
    "--send",
    "text",
    metavar="TEXT",
    help="Send this at each rate, with CR LF unless it ends a line itself.",
)
@outputOptions
@verbosityOptions
@click.pass_obj
def probe(
    settings: Settings,
    port: str,
    rates: tuple[int, ...],
    seconds: float,
    text: str | None,
    asJson: bool,
    layout: str | None,
) -> None:
    """
    Find out which baud rate the device at PORT has: open it at each of the usual
    rates, one after the other, listen, and tell at which it makes sense.

    It needs no router. In the end come a sample of what the device says, and the
    lines for a configuration to begin with. Ctrl-C ends it with what has come by then.
    """
    line = lineOf(FIELDS, asJson, layout)

    from ..failing import Interrupted
    from ..running import begin, run
    from .findings import Findings
    from .probing import TOUCH, isPseudo, listen, usualRates

    session = begin(settings)
    notices = session.notices
    tried = tuple(dict.fromkeys(rates)) or usualRates(port)
    sent = b"" if text is None else toSend(text)
    trials: list[Trial] = []

    def opened() -> None:
        notices.mention(plan(port, tried, seconds, sent))
        if isPseudo(port):
            notices.mention(f"{port} is a pseudo-terminal: it has no baud rate, so any is right")
        if not rates and TOUCH not in tried:
            notices.mention(
                f"{TOUCH} baud is left out: boards like this one may take it for the order to"
                f" load a new program; --baud {TOUCH} tries it"
            )

    def done(trial: Trial) -> None:
        tell = notices.mention if isTerminal(sys.stderr) else notices.detail
        tell(trial.refused or f"{trial.baud} baud: {trial.count} bytes")

    def work(session: Any) -> Any:
        return listen(session.reactor, port, tried, seconds, sent, trials, opened, done)

    try:
        failed = run(work, session)
    except Interrupted:
        Findings(port, trials, sent).show(line)
        raise
    findings = Findings(port, trials, sent)
    findings.show(line)
    if failed is not None:
        raise failed
    if not isPseudo(port) and findings.isAnyRate:
        notices.mention(
            "it reads the same at each rate: the rate means nothing to this device, as with"
            " those that have USB of their own, so any will do"
        )
    findings.check()


def toSend(text: str) -> bytes:
    """
    The bytes of a text that is to be sent, with the end of a line.
    """
    return (text if text.endswith(("\r", "\n")) else f"{text}\r\n").encode(errors="surrogateescape")


def plan(port: str, rates: tuple[int, ...], seconds: float, sent: bytes) -> str:
    """
    What is waited for.
    """
    each = f"for {seconds:g} s"
    if len(rates) > 1:
        each = f"at {len(rates)} rates for {seconds:g} s each, {len(rates) * seconds:g} s in all"
    what = "for the answer of" if sent else "to"
    return f"listening {what} {port} {each}; Ctrl-C ends it with what has come by then"
