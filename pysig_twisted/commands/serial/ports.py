"""
C{pysig serial list}: the serial ports of this machine.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.shell_completion import CompletionItem

from ..options import Settings, outputOptions, verbosityOptions
from ..output import escape, isTerminal, toJson, write
from ..screen import terminalSize
from ..template import PARTS, TEXT, Line, lineOf
from .table import listed

if TYPE_CHECKING:
    from ...carriers.portinfo import PortInfo

HEADINGS: Final = ("port", "by-id", "by-path", "vid:pid", "serial", "description", "open in")
FIELDS: Final = {
    "path": TEXT,
    "byId": PARTS,
    "byPath": PARTS,
    "vid": TEXT,
    "pid": TEXT,
    "serialNumber": TEXT,
    "location": TEXT,
    "description": TEXT,
    "manufacturer": TEXT,
    "holders": PARTS,
}
NOTHING: Final = (
    "this machine has no serial port",
    "  Is the device plugged in, by a cable that carries data? Some only charge.",
    "  Does the kernel know it? `dmesg` tells of ttyUSB or ttyACM when it is put in;",
    "  `lsusb` shows it even where its driver (ftdi_sio, ch341, cp210x) is missing.",
    "  In a container there are only the devices that it was started with (--device).",
    "  To see a port takes no rights; to open it, most often the group dialout.",
)
UNKNOWN: Final = "?"
"""
Who has a port open where that cannot be told.
"""

_HARMLESS = re.compile(r"/[\w.@%+/-]+")


def portPaths(
    context: click.Context, parameter: click.Parameter, text: str
) -> list[CompletionItem]:
    """
    Completes the path of a port: those of this machine, and the names by what is plugged
    in; where none begins like that, files. Names that a shell takes apart are left out.
    """
    from ...carriers.serialport import describePorts

    paths = {path for port in describePorts() for path in (port.path, *port.byId)}
    found = sorted(path for path in paths if path.startswith(text) and _HARMLESS.fullmatch(path))
    return [CompletionItem(path) for path in found] or [CompletionItem(text, type="file")]


@click.command(
    "list",
    short_help="List the serial ports of this machine.",
    epilog="""\b
Examples:
  pysig serial list
  pysig serial list --json | jq -r '.byId[0]'
  sudo pysig serial list                        who has a port open, whoever it is
  pysig serial list --format '{path} {vid}:{pid} {serialNumber}'

In a pipe there is one line for each port, and between its columns a tab. A ? for
who has it open means that only root is told.
""",
)
@outputOptions
@verbosityOptions
@click.pass_obj
def ports(settings: Settings, asJson: bool, layout: str | None) -> None:
    """
    List the serial ports of this machine: the path, the names that stay the same
    after a replug, by what is plugged in (by-id) and by where (by-path), the
    numbers of USB devices, and the programs that have it open. It needs no router.
    """
    line = lineOf(FIELDS, asJson, layout)

    from ...carriers.portinfo import PROCESSES
    from ...carriers.serialport import describePorts
    from ..notices import Notices

    found = describePorts(isHeldAsked=True)
    isKnown = seesAll(PROCESSES)
    showPorts([record(port, isKnown) for port in found], line)
    notices = Notices(settings.verbosity)
    for text in notes(found, isKnown, PROCESSES.exists()):
        notices.mention(text)


def seesAll(processes: Path) -> bool:
    """
    Can this process see what all others have open?

    @param processes: C{/proc}.
    """
    try:
        folders = [name for name in os.listdir(processes) if name.isdecimal()]
    except OSError:  # this system has none
        return False
    for name in folders:
        try:
            os.listdir(processes / name / "fd")
        except PermissionError:
            return False
        except OSError:  # it has ended
            continue
    return "1" in folders  # or others are hidden


def record(port: PortInfo, isKnown: bool) -> dict[str, Any]:
    """
    A port for programs. Its numbers are written as in a configuration.

    @param isKnown: would anybody who has it open be known?
    """
    holders = [{"pid": one.pid, "command": one.command} for one in port.holders]
    return {
        "path": port.path,
        "byId": port.byId,
        "byPath": port.byPath,
        "vid": None if port.vid is None else f"{port.vid:04x}",
        "pid": None if port.pid is None else f"{port.pid:04x}",
        "serialNumber": port.serialNumber,
        "location": port.location,
        "description": port.description,
        "manufacturer": port.manufacturer,
        "holders": holders if holders or isKnown else None,
    }


def row(port: Mapping[str, Any]) -> tuple[str, ...]:
    """
    The columns of a port.
    """
    isUsb = port["vid"] is not None and port["pid"] is not None
    holders = port["holders"]
    return (
        escape(port["path"]),
        escape(", ".join(port["byId"])),
        escape(", ".join(port["byPath"])),
        f"{port['vid']}:{port['pid']}" if isUsb else "",
        escape(port["serialNumber"] or ""),
        escape(port["description"]),
        UNKNOWN
        if holders is None
        else escape(", ".join(f"{one['command']} ({one['pid']})" for one in holders)),
    )


def showPorts(found: Sequence[Mapping[str, Any]], line: Line | None) -> None:
    """
    Print them: as lines if C{line} is given, else for people, else with a tab between
    columns.
    """
    if line is not None:
        lines = [line(port) for port in found]
    elif not isTerminal(sys.stdout):
        lines = ["\t".join(row(port)) for port in found]
    elif not found:
        lines = list(NOTHING)
    else:
        lines = listed(HEADINGS, [row(port) for port in found], terminalSize()[0])
    if lines:
        write("\n".join(lines), "utf-8" if line is toJson else None)


def notes(found: Sequence[PortInfo], isKnown: bool, isTold: bool = True) -> list[str]:
    """
    What is to be said about them.

    @param isKnown: would anybody who has one open be known?
    @param isTold: would they be known to root?
    """
    from ...carriers.openingerrors import rights

    told = [
        f"you may not open {port.path}: {rights(port.path)}"
        for port in found
        if os.path.exists(port.path) and not os.access(port.path, os.R_OK | os.W_OK)
    ]
    if not isKnown and any(not port.holders for port in found):
        told.append(
            "a ? means that programs of other users may have it open, which only root is told"
            if isTold
            else "who has a port open cannot be told on this system"
        )
    return told
