"""Tests of L{pysig_twisted.testing.carriercontract}: carriers that keep it, and others."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from typing import Any

from twisted.internet import reactor as installed
from twisted.internet import task
from twisted.internet.defer import maybeDeferred
from twisted.internet.endpoints import ProcessEndpoint
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.trial.unittest import TestCase

from pysig_twisted.testing.carriercontract import CarrierContract
from tests import slow

from .memorycarriers import (
    Buffering,
    Deaf,
    Dripping,
    Hasty,
    Lossy,
    Memory,
    Once,
    Repeating,
    Rushing,
    Shuffling,
    Silent,
    Single,
    Stuck,
    Tired,
    Translating,
    Views,
)
from .seldom import seldom

reactor: Any = installed
SOON = 0.5
"""Seconds after which a test that waits in vain gives up."""


class TcpTests(CarrierContract, TestCase):
    """TCP keeps the contract."""

    timeout = 60
    grace = 0.2

    async def carrier(self) -> str:
        """A port of this machine."""
        port = await self.serve("tcp:0:interface=127.0.0.1")
        return f"127.0.0.1:{port.getHost().port}"


class UnixTests(CarrierContract, TestCase):
    """A unix socket keeps it."""

    timeout = 60
    grace = 0.1

    async def carrier(self) -> str:
        """A socket, whose path must be short."""
        folder = tempfile.mkdtemp(prefix="pysig-")
        self.addCleanup(shutil.rmtree, folder)
        await self.serve(f"unix:{folder}/bus")
        return f"unix:{folder}/bus"


@seldom(
    *("test_again", "test_pieces", "test_reconnect", "test_nearEndCloses", "test_nearEndWaits"),
    *("test_bothWays", "test_serverStops"),
)
class ProcessTests(CarrierContract, TestCase):
    """So do the pipes of a child, the carrier of the example."""

    timeout = 60
    grace = 0.1
    several = False

    async def carrier(self) -> IStreamClientEndpoint:
        """A process."""
        command = [sys.executable, "-m", "pysig_twisted.testing.contractserver", "stdio:"]
        return ProcessEndpoint(reactor, command[0], command, None)


class MemoryTests(CarrierContract, TestCase):
    """The one in memory keeps it."""

    timeout = 60
    grace = 0.05

    async def carrier(self) -> Any:
        """Both endpoints."""
        memory = Memory()
        await self.serve(memory)
        return memory


class BreachCase(TestCase):
    """Ways to break the contract."""

    timeout = 60

    async def assertFound(
        self, carrier: type[Memory], name: str, words: str, deadline: float = 30.0
    ) -> None:
        """Check that a test fails for a carrier, with these words."""

        memory = carrier()
        patience = deadline

        class Case(CarrierContract, TestCase):
            """The contract, for it."""

            deadline = patience
            grace = 0.05

            async def carrier(self) -> Any:
                """Both endpoints."""
                await self.serve(memory)
                return memory

        case = Case(f"test_{name}")
        cleanups: list[Any] = []
        setattr(case, "addCleanup", lambda *call: cleanups.append(call))  # noqa: B010
        try:
            await getattr(case, f"test_{name}")()
        except AssertionError as error:
            self.assertIn(words, str(error))
        else:
            self.fail(f"{carrier.__name__} passes {name}")
        finally:
            case.deadline = SOON
            for call in reversed(cleanups):
                memory.finish()
                with contextlib.suppress(AssertionError):
                    await maybeDeferred(*call)
            await task.deferLater(reactor, 0)


class BreachTests(BreachCase):
    """Each kind of breach is found, by a test that is there for it."""

    async def test_bytes(self) -> None:
        """Bytes that do not come as they went."""
        await self.assertFound(Translating, "allBytes", "came back for")
        await self.assertFound(Views, "allBytes", "bytearray, not bytes")

    async def test_turns(self) -> None:
        """Bytes that come while others are written."""
        await self.assertFound(Rushing, "allBytes", "while write() was")

    async def test_pressure(self) -> None:
        """Nobody who writes has to wait, or all must for ever, or nobody can."""
        await self.assertFound(Buffering, "farEndWaits", "never called")
        await self.assertFound(Deaf, "nearEndWaits", "did not stop dataReceived()")
        await self.assertFound(Dripping, "nearEndWaits", "did not stop dataReceived()")
        await self.assertFound(Stuck, "bothWays", "have come", SOON)

    async def test_ends(self) -> None:
        """Ends that nobody is told of, or twice, or too early."""
        await self.assertFound(Silent, "farEndCloses", "connectionLost()", SOON)
        await self.assertFound(Repeating, "farEndCloses", "twice")
        await self.assertFound(Hasty, "farEndCloses", "of 35000 bytes came")

    async def test_connections(self) -> None:
        """A carrier that connects only once."""
        await self.assertFound(Once, "again", "a connection", SOON)

    async def test_several(self) -> None:
        """A carrier that has one connection at a time, and does not say so."""
        await self.assertFound(Single, "routersMeet", "an ", SOON)

    async def test_missing(self) -> None:
        """A contract that is not told how to get to a far end says so."""
        case = type("Wanting", (CarrierContract, TestCase), {})("test_again")
        with self.assertRaisesRegex(NotImplementedError, "Wanting has no carrier\\(\\): write one"):
            await case.test_again()

    async def test_routers(self) -> None:
        """What is wrong with the carrier is wrong with the routers, too."""
        await self.assertFound(Silent, "serverStops", "not within", SOON)


@slow
class MoreBreachTests(BreachCase):
    """More of each kind, and by other tests."""

    async def test_bytes(self) -> None:
        """Bytes that are lost, mixed up, or wrong when there are many."""
        await self.assertFound(Lossy, "allBytes", "not within", SOON)
        await self.assertFound(Shuffling, "pieces", "came back for")
        await self.assertFound(Tired, "bothWays", "not as sent")

    async def test_pressure(self) -> None:
        """The other side, and other tests."""
        await self.assertFound(Buffering, "nearEndWaits", "nobody was reading")
        await self.assertFound(Deaf, "farEndWaits", "that it did not read")
        await self.assertFound(Stuck, "farEndWaits", "bytes are sent", 2.0)

    async def test_ends(self) -> None:
        """All tests that wait for an end miss it."""
        for name in ("nearEndCloses", "abort", "again"):
            await self.assertFound(Silent, name, "connectionLost()", SOON)
        await self.assertFound(Hasty, "nearEndCloses", "did not arrive")

    async def test_routers(self) -> None:
        """Routers that get other bytes, or no second connection."""
        await self.assertFound(Lossy, "router", "instead of an answer to 'fire'")
        await self.assertFound(Once, "reconnect", "the next link", 2.0)
