"""
C{pysig serial devices}: the devices of all bridges.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click
import msgspec

from ...errors import PysigError
from ..facts import tableHere
from ..failing import describe, say
from ..options import Settings, linkOptions, outputOptions
from ..output import escape, isTerminal, toJson, write
from ..screen import terminalSize
from ..template import PARTS, TEXT, Line, lineOf
from .bridges import DeviceState, askDevices, isBridge, portText

HEADINGS: Final = ("device", "state", "boot", "bridge", "port, or why not")
NUMBERS: Final = ("boot",)
FIELDS: Final = {
    "device": TEXT,
    "state": TEXT,
    "reason": TEXT,
    "message": TEXT,
    "boot": TEXT,
    "port": PARTS,
    "description": TEXT,
    "senders": PARTS,
    "bridge": TEXT,
}


@click.command(
    short_help="List the devices of all bridges.",
    epilog="""\b
Examples:
  pysig serial devices
  pysig serial devices --json | jq -r 'select(.state != "up") | .device'
  pysig serial devices --format '{device} {state} {reason}'

In a pipe there is one line for each device, and between its columns a tab:
device, state, reason, message, boot, port, description, bridge.
""",
)
@outputOptions
@linkOptions
def devices(settings: Settings, asJson: bool, layout: str | None) -> None:
    """
    List the serial devices of all bridges of the router, also those that are not
    there: what each is doing, and why it is not up.
    """
    line = lineOf(FIELDS, asJson, layout)

    from ..looking import once
    from ..running import begin, run

    endpoint, session = settings.endpoint, begin(settings)
    found = run(lambda session: once(session, endpoint, listDevices), session)
    showDevices(found, line)
    for bridge, error in found.errors:
        say(f"the devices of {bridge} are not known: {describe(error).rstrip('. ')}")
    if found.errors:
        sys.exit(found.errors[0][1].exitCode)


class Listing(msgspec.Struct):
    """
    What the bridges have told.

    @ivar bridges: how many there are.
    @ivar records: their devices, for programs.
    @ivar errors: the bridges that have not told, and why.
    """

    bridges: int
    records: list[dict[str, Any]]
    errors: list[tuple[str, Any]]


async def listDevices(router: Any) -> Listing:
    """
    The devices of all bridges, by name.

    @raise PysigError: the router does not tell who is there.
    """
    from twisted.internet.defer import Deferred, DeferredList

    senders = await router.senders()
    bridges = [one.name for one in senders if isBridge(one.events, one.requests)]
    asking = [Deferred.fromCoroutine(askDevices(router, bridge)) for bridge in bridges]
    listing = Listing(len(bridges), [], [])
    answers: Any = await DeferredList(asking, consumeErrors=True)
    for bridge, (isGood, answer) in zip(bridges, answers, strict=True):
        if isGood:
            listing.records += (
                {**msgspec.structs.asdict(state), "bridge": bridge} for state in answer
            )
            continue
        answer.trap(PysigError)
        listing.errors.append((bridge, answer.value))
    listing.records.sort(key=lambda record: (record["device"], record["bridge"]))
    return listing


def row(record: Mapping[str, Any]) -> tuple[str, ...]:
    """
    The columns of a device for programs.
    """
    return (
        escape(record["device"]),
        escape(record["state"]),
        escape(record["reason"] or ""),
        escape(record["message"]),
        str(record["boot"]),
        portText(record["port"]),
        escape(record["description"]),
        escape(record["bridge"]),
    )


def peopleRow(record: Mapping[str, Any]) -> tuple[str, ...]:
    """
    The columns of a device for people.
    """
    state = msgspec.convert({**record}, DeviceState)
    reason = f" ({escape(state.reason)})" if state.reason else ""
    return (
        escape(state.device),
        f"{escape(state.state)}{reason}",
        str(state.boot),
        escape(record["bridge"]),
        escape(state.why) or f"{portText(state.port)}{state.among}",
    )


def showDevices(found: Listing, line: Line | None) -> None:
    """
    Print them: as lines if C{line} is given, else for people, else with a tab between
    columns.
    """
    records: Sequence[Mapping[str, Any]] = found.records
    if line is not None:
        lines = [line(record) for record in records]
    elif not isTerminal(sys.stdout):
        lines = ["\t".join(row(record)) for record in records]
    elif not records:
        lines = [nothing(found)]
    else:
        rows = [peopleRow(record) for record in records]
        lines = tableHere(HEADINGS, rows, terminalSize()[0], NUMBERS)
    if lines:
        write("\n".join(lines), "utf-8" if line is toJson else None)


def nothing(found: Listing) -> str:
    """
    What people are told where there is no device.
    """
    if not found.bridges:
        return (
            "no bridge is connected: neither a server with a table [serial.NAME] in its"
            " configuration nor a `twistd pysig bridge`"
        )
    return "no device is known" if found.errors else "no bridge has a device"
