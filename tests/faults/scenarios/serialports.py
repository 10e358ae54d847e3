"""
Serial ports that cannot be opened, and those that nobody reads when it is time to end.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

from twisted.internet.defer import Deferred

from pysig_twisted import CONNECT, DISCONNECT
from tests.endtoend.processes import FOREGROUND, Program

from ..devices import METER, Told, bridge, hearing, module, server
from ..rig import Obedient, Rig, eventually, passing
from ..rows import Row, Scenario

LONGEST = 1.3
"""The longest wait between two attempts is spread so much, at most."""

EXCLUSIVE = (
    "-c",
    "import serial, sys; port = serial.Serial(sys.argv[1], exclusive=True); print('open');"
    " sys.stdin.read()",
)
"""A program of somebody's that has a port open."""

TERMINAL = ("-c", "import pty, sys; pty.spawn(sys.argv[1:])")
"""Runs a program that wants a terminal."""

RIVALS = {
    "a program of pyserial's": EXCLUSIVE,
    "picocom": (*TERMINAL, "picocom"),
    "tio": (*TERMINAL, "tio"),
}
"""Who may have a port open, and how; those that are not installed are left out."""


@dataclass(frozen=True)
class Refused:
    """
    @ivar seconds: for how long a port cannot be opened.
    @ivar longest: seconds between two attempts to open it.
    """

    seconds: float
    longest: float


async def refused(rig: Rig, size: Refused) -> list[Row]:
    """A port is not there, another program has it, or the rights to open it are missing."""
    lines = module(rig, "lines")
    rows = [await missing(rig, size, lines)]
    rows += [
        await busy(rig, size, lines, name, command)
        for name, command in RIVALS.items()
        if command is EXCLUSIVE or shutil.which(command[-1])
    ]
    return [*rows, await denied(rig, size, lines)]


async def state(told: Told, word: str) -> dict[str, Any]:
    """Wait until a bridge tells that the device waits for this reason; all it tells."""

    def found() -> list[dict[str, Any]]:
        return [one.data for one in told.of("bridge", "state") if one.data["reason"] == word]

    return dict((await eventually(found, lambda: f"{word} in {told.events}"))[-1])


def row(size: Refused, fault: str, word: str, within: float, said: Any, took: float) -> Row:
    """
    What came of it.

    @param word: the reason that must be told.
    @param said: the state that was.
    @param took: seconds from when it could be opened until the device was there.
    """
    return Row(
        f"a port {fault}, for {size.seconds:g} s",
        f"the state is waiting, {word}, and says what to do; open within {within:.1f} s when it"
        " can be",
        f"{said['state']}, {said['reason']}: {said['message']!r}; after {took:.2f} s",
        (said["state"], said["reason"]) == ("waiting", word)
        and said["port"] in said["message"]
        and took <= within,
        {"message": said["message"], "took": took},
    )


async def opens(told: Told, free: Callable[[], Any], size: Refused) -> float:
    """Let the time pass, then free the port; how many seconds later the device was there."""
    await passing(size.seconds)
    assert not told.presence("meter")
    begin = monotonic()
    result = free()
    if isinstance(result, Awaitable):
        await result
    [came] = await eventually(lambda: told.of("meter", CONNECT), "the device is there")
    return float(came.at - begin)


def table(path: str, size: Refused) -> dict[str, Any]:
    """A device."""
    return {"meter": {"port": path, "reopen": {"max": size.longest}, **METER}}


async def missing(rig: Rig, size: Refused, lines: Obedient) -> Row:
    """It is not there, also when the server is started."""
    [path] = await lines.ask("open")
    await lines.ask("unplug", line=0)
    told = Told()
    running = await server(rig, table(path, size))
    async with hearing(rig, told.hear, "meter", "bridge"):
        [said] = await asked(rig)
        took = await opens(told, lambda: lines.ask("replug", line=0), size)
    await rig.kill(running)
    return row(size, "is not there", "missing", 1, said, took)


async def asked(rig: Rig) -> list[dict[str, Any]]:
    """What the bridge of the server answers who asks for its devices."""
    async with hearing(rig, None) as client:
        found: list[dict[str, Any]] = await client.request("bridge", "devices")
        return found


async def busy(
    rig: Rig, size: Refused, lines: Obedient, name: str, command: tuple[str, ...]
) -> Row:
    """Somebody else has it open."""
    [path] = await lines.ask("open")
    holder: Program = rig.start(Program(), *command, path)
    await holder.says(r"^open$|Terminal ready|\bConnected\b")
    told = Told()
    running = await server(rig, table(path, size))
    async with hearing(rig, told.hear, "meter", "bridge"):
        [said] = await asked(rig)
        took = await opens(told, lambda: rig.kill(holder), size)
    await rig.kill(running)
    return row(size, f"that {name} has", "busy", LONGEST * size.longest, said, took)


async def denied(rig: Rig, size: Refused, lines: Obedient) -> Row:
    """
    Whoever wants to open it may not. Root may everything, so that another user tries it there.
    """
    ports = module(rig, "ports")
    [path] = await lines.ask("open")
    device, isRoot = os.path.realpath(path), os.geteuid() == 0
    os.chmod(device, 0o660 if isRoot else 0)
    if isRoot:
        rig.folder.chmod(0o711)  # or it is the folder to which the rights are missing
        await ports.ask("becomeNobody")
    await ports.ask("bridge", tables=table(path, size))

    async def states() -> list[dict[str, Any]]:
        return [one for one in await ports.ask("states") if one["reason"] == "denied"]

    [said] = await eventually(lambda: Deferred.fromCoroutine(states()), "it is denied")
    await passing(size.seconds)
    begin = monotonic()
    os.chmod(device, 0o666)
    await eventually(lambda: ports.ask("isUp", name="meter"), "the device is there")
    [came] = [at for _, at, *event in await ports.ask("log") if event[:2] == ["meter", CONNECT]]
    return row(size, "without rights", "denied", LONGEST * size.longest, said, came - begin)


APPLICATION = """
from twisted.application.internet import StreamServerEndpointService
from twisted.application.service import Application
from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString
from twisted.internet.protocol import Factory, Protocol

class Writer(Protocol):
    def connectionMade(self):
        self.transport.write(b"x" * (1 << 20))
        print("written")

application = Application("writer")
endpoint = serverFromString(reactor, {endpoint!r})
StreamServerEndpointService(endpoint, Factory.forProtocol(Writer)).setServiceParent(application)
"""
"""An application that writes more to a port than there is room for."""


async def stop(rig: Rig, within: float) -> list[Row]:
    """
    SIGTERM, while a line takes nothing.

    @param within: seconds in which it must have ended.
    """
    lines = module(rig, "lines")
    first, second = await lines.ask("open", count=2)
    for line in (0, 1):
        await lines.ask("block", line=line)
    await rig.server()
    told = Told()
    async with hearing(rig, told.hear, "meter"):
        bridging = bridge(rig, {"meter": {"port": first, **METER}})
        await eventually(lambda: told.presence("meter"), "the device is there")
        took = await ended(bridging)
        await eventually(lambda: told.of("meter", DISCONNECT), "the device has gone")
    [gone] = told.of("meter", DISCONNECT)
    file = rig.folder / "writer.tac"
    file.write_text(APPLICATION.format(endpoint=f"serial:{second}"))
    writer: Program = rig.start(Program(), *FOREGROUND, "-y", str(file))
    await writer.says("written")
    return [
        Row(
            "SIGTERM to twistd pysig bridge, whose line takes nothing",
            f"it ends within {within:g} s; that is told as closed",
            f"after {took:.2f} s; {gone.data['reason']}",
            took <= within and gone.data["reason"] == "closed",
            {"took": took},
        ),
        stopRow(await ended(writer), within),
    ]


def stopRow(took: float, within: float) -> Row:
    """What came of an application that had more to write."""
    return Row(
        "SIGTERM to an application with 1 MiB to write to a line that takes nothing",
        f"it ends within {within:g} s",
        f"after {took:.2f} s",
        took <= within,
        {"took": took},
    )


async def ended(program: Program) -> float:
    """Ask a process to end; how many seconds it took."""
    begin = monotonic()
    program.kill(signal.SIGTERM)
    await eventually(lambda: program.status is not None, "its end")
    return monotonic() - begin


SCENARIOS = (
    Scenario("serial-refused", refused, Refused(10, 5), Refused(0.5, 0.5)),
    Scenario("serial-stop", stop, 2, 2),
)
