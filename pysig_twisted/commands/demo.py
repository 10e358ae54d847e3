"""
C{pysig demo}: a router, senders and a serial device, to be seen at work.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click

from ..names import CONNECT, isBuiltin
from .failing import CommandFailed, Interrupted
from .options import Settings, verbosityOptions
from .output import isTerminal
from .stale import OWNER, PREFIX, removeStale

ENOUGH: Final = 10
"""
Events after which it ends where no person looks on.
"""

START: Final = 30.0
"""
Seconds in which the first event must come.
"""

LONGEST_PATH: Final = 90
"""
Bytes of a socket's path that every system takes.
"""

HIDDEN: Final = "bridge"
"""
A sender that is not shown: what it tells is told by the device's own events, too.
"""

SWITCH: Final = '{"relay": 2, "state": "on"}'
"""
The parameters of a request that switches a relay of the thermometer.
"""

TWISTD: Final = ("twistd", "-n", "--pidfile=", "pysig", "server", "--listen")


@click.command(
    short_help="See it work, without a router.",
    epilog="""\b
Examples:
  pysig demo                 until Ctrl-C
  pysig demo --quiet | cat   ten events
""",
)
@verbosityOptions
@click.pass_obj
def demo(settings: Settings) -> None:
    """
    See it work: real events, from real processes.

    Starts a router and a sender as processes of their own, on a socket in a
    temporary folder. The sender fires this machine's load, memory and disk
    figures once a second, and answers requests. A thermometer, which is simulated,
    is plugged into a serial port of the router's. This command listens, until
    Ctrl-C ends all three. Where its output is not a terminal it ends by itself
    after 10 events.
    """
    from .running import begin, run

    session = begin(settings)  # before there is a folder that a signal could leave behind
    with temporaryFolder() as folder:
        try:
            run(lambda session: show(session, folder), session)
        except Interrupted as error:
            if error.number != signal.SIGINT:
                raise


@contextmanager
def temporaryFolder() -> Iterator[Path]:
    """
    A folder that only this user can look into, removed in the end.

    @raise CommandFailed: there is no place for one.
    """
    try:
        folder = tempfile.mkdtemp(prefix=PREFIX)
        if len(os.fsencode(folder)) > LONGEST_PATH - len("/bus"):
            os.rmdir(folder)
            folder = tempfile.mkdtemp(prefix=PREFIX, dir="/tmp")
        (Path(folder) / OWNER).write_text(str(os.getpid()))
    except OSError as error:
        raise CommandFailed(
            f"there is no place for a temporary folder: {error.strerror}"
        ) from error
    try:
        removeStale(Path(folder).parent)
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def ownCommand(arguments: Sequence[str], interpreter: str) -> str:
    """
    How the user can run this command, from any folder.

    @param arguments: the process's.
    @param interpreter: Python's path.
    """
    path = Path(arguments[0])
    if path.name != "pysig" or not os.access(path, os.X_OK):
        return f"{shlex.quote(interpreter)} -m pysig_twisted.commands.main"
    found = shutil.which("pysig")
    if found is not None and os.path.samefile(found, path):
        return "pysig"
    return shlex.quote(str(path.absolute()))


def introduction(command: str, endpoint: str, lack: str) -> str:
    """
    What is said before the events.

    @param lack: why there is no instrument; empty if there is one.
    """
    ending = "Ctrl-C ends all of it."
    if not isTerminal(sys.stdout):
        ending = f"It ends after {ENOUGH} events."
    start = f"  {command} --connect {shlex.quote(endpoint)}"
    if lack:
        serial = [f"(A simulated serial device would be here, too, but {lack}.)"]
    else:
        serial = [
            "The thermometer is a serial device (a simulated one). Switch one of its relays, pull"
            " its plug, and plug it in:",
            "",
            f"{start} request thermometer set_relay '{SWITCH}'",
            f"{start} request bench unplug",
            f"{start} request bench replug",
        ]
    return "\n".join(
        (
            "A router and its senders run now, as processes of their own. This one listens.",
            "Try these in another terminal:",
            "",
            f"{start} senders",
            f"{start} request machine uptime",
            f'{start} trigger kitchen hello \'{{"to": "everyone"}}\'',
            "",
            *serial,
            "",
            ending,
            "",
        )
    )


def shortened(event: str, data: Any) -> Any:
    """
    What is shown of an event's data: of who comes and goes, what matters here.
    """
    if not isBuiltin(event):
        return data
    keys = ("events", "requests") if event == CONNECT else ("reason",)
    return {key: data[key] for key in keys}


async def show(session: Any, folder: Path) -> None:
    """
    Run the other processes, and listen.

    @param session: the L{Session<pysig_twisted.commands.running.Session>}.
    @raise CommandFailed: they do not come up, or do not stay.
    """
    from twisted.internet.endpoints import quoteStringArgument

    from ..testing.instrument import withoutTerminals
    from .bench import TABLES
    from .child import Child
    from .linkobserver import LinkObserver
    from .listen import Printer

    endpoint = f"unix:{quoteStringArgument(str(folder / 'bus'))}"
    printer = Printer(session, count=None if isTerminal(sys.stdout) else ENOUGH)
    router = session.router(endpoint, observer=LinkObserver(session, True))
    server = Child(session.reactor, "the router", folder / "router.log")
    machine = Child(session.reactor, "the sender", folder / "sender.log")
    children = (server, machine)

    def ended(status: str, child: Child) -> None:
        session.end(
            CommandFailed(f"{child.name} ended {status}; it printed:", details=child.lastLines())
        )

    def late() -> None:
        lines = [line for child in children for line in child.lastLines()]
        session.end(
            CommandFailed(f"no event came within {START:g} s; the others printed:", details=lines)
        )

    def hear(info: Any, data: Any) -> Any:
        if info.sender == HIDDEN:
            return None
        if deadline.active() and not isBuiltin(info.event):
            deadline.cancel()
        return printer.event(info, shortened(info.event, data))

    deadline = session.reactor.callLater(START, late)
    lack = withoutTerminals()
    more, device = [], []
    if not lack:
        device = [str(folder / "thermometer")]
        config = folder / "devices.toml"
        config.write_text(TABLES.format(port=json.dumps(device[0])))
        more = ["--config", str(config)]
    try:
        server.start((*TWISTD, endpoint, *more))
        machine.start(("machine", endpoint, *device))
        for child in children:
            child.whenEnded().addCallback(ended, child)
        async with session.link(router, lambda why: None):
            printer.line(introduction(ownCommand(sys.argv, sys.executable), endpoint, lack))
            router.addListener(hear, snapshot=True, onGap=printer.gap)
            await printer.ended
            await printer.drained()
    finally:
        session.closing()
        if deadline.active():
            deadline.cancel()
        for child in children:
            await child.stop()
