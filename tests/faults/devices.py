"""
Serial devices for faults: who simulates them, who bridges them, and who hears them.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any, NamedTuple

from twisted.internet import reactor as installed

from pysig_twisted import CONNECT, DISCONNECT, ClientRouter, EventInfo
from pysig_twisted.bridge.tables import toml
from tests.endtoend.processes import FOREGROUND, Program, Server

from .rig import MODULE, Obedient, Rig

reactor: Any = installed

METER = {"event": [{"match": "T=(?P<t>[0-9]+)", "name": "reading", "types": {"t": "int"}}]}
"""A device that says C{T=} and a number."""


class Heard(NamedTuple):
    """
    An event.

    @ivar at: when it was heard, by the monotonic clock.
    """

    sender: str
    event: str
    data: Any
    at: float


class Told:
    """
    A listener.

    @ivar events: what it heard.
    """

    def __init__(self) -> None:
        self.events: list[Heard] = []

    def hear(self, info: EventInfo, data: Any) -> None:
        """Hear something."""
        self.events.append(Heard(info.sender, info.event, data, monotonic()))

    def of(self, sender: str, *events: str) -> list[Heard]:
        """Those of a sender."""
        return [one for one in self.events if one.sender == sender and one.event in events]

    def presence(self, sender: str) -> list[Heard]:
        """When it came and went."""
        return self.of(sender, CONNECT, DISCONNECT)


@asynccontextmanager
async def hearing(
    rig: Rig, hear: Any, *senders: str, event: str | None = None
) -> AsyncIterator[ClientRouter]:
    """A client of this process, connected to the rig's server, whose listeners hear these."""
    router = ClientRouter(rig.unix, reactor=reactor)
    up = router.whenConnected()
    router.startService()
    try:
        await up
        for sender in senders:
            await router.addListener(hear, sender, event, snapshot=event is None).whenSettled()
        yield router
    finally:
        await router.stopService()


def write(rig: Rig, tables: Mapping[str, Mapping[str, Any]]) -> str:
    """A configuration file with these devices."""
    file = rig.folder / "devices.toml"
    lines = [
        line
        for name, table in tables.items()
        for line in (
            f"[serial.{name}]",
            *(f"{key} = {toml(value)}" for key, value in table.items()),
        )
    ]
    file.write_text("\n".join([*lines, ""]))
    return str(file)


async def server(rig: Rig, tables: Mapping[str, Mapping[str, Any]]) -> Server:
    """A server that bridges these devices itself."""
    started: Server = rig.start(
        Server(),
        *(*FOREGROUND, "pysig", "server"),
        *("--listen", rig.unix, "--config", write(rig, tables)),
    )
    await started.says("listening on")
    return started


def bridge(rig: Rig, tables: Mapping[str, Mapping[str, Any]]) -> Program:
    """A bridge for these devices, a process of its own."""
    started: Program = rig.start(
        Program(),
        *(*FOREGROUND, "pysig", "bridge"),
        *("--connect", rig.unix, "--config", write(rig, tables)),
    )
    return started


def descriptors(program: Program) -> int:
    """How many a process has open."""
    return len(os.listdir(f"/proc/{program.pid}/fd"))


def module(rig: Rig, name: str) -> Obedient:
    """A process that obeys, of this folder."""
    started: Obedient = rig.start(Obedient(), *MODULE, f"tests.faults.{name}")
    return started
