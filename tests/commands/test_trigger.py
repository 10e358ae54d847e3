"""C{pysig trigger}."""

from __future__ import annotations

from typing import Any

from pysig_twisted import PysigError
from pysig_twisted.commands.failing import CommandFailed
from pysig_twisted.commands.running import Session
from pysig_twisted.commands.trigger import fire
from pysig_twisted.errors import BadData, BadName, NameTaken, TooLarge

from . import CommandCase, reactor, settled, thermometer


class FireTests(CommandCase):
    """L{fire}, in this process."""

    def setUp(self) -> None:
        """A router with a listener."""
        super().setUp()
        self.router = self.serve()
        self.heard: list[Any] = []
        self.router.addListener(
            lambda info, data: self.heard.append((info.sender, info.event, data))
        )

    async def fire(self, *arguments: Any) -> None:
        """Fire an event."""
        await fire(Session(reactor), self.endpoint, *arguments)

    async def test_fires(self) -> None:
        """The sender comes, fires once, and is gone when the command ends."""
        await self.fire("door", "opened", {"by": "Ann"})
        events = [(sender, event) for sender, event, data in self.heard]
        self.assertEqual(
            events, [("door", "#connect"), ("door", "opened"), ("door", "#disconnect")]
        )
        self.assertEqual(self.heard[1][2], {"by": "Ann"})
        self.assertEqual(self.heard[2][2]["reason"], "closed")
        await settled(lambda: not self.router.peers())

    async def test_refused(self) -> None:
        """What cannot be fired is an error with its own name, and nothing is left behind."""
        thermometer(self.router)
        kinds: tuple[tuple[type[PysigError], tuple[Any, ...]], ...] = (
            (NameTaken, ("thermo", "temp", 1)),
            (BadName, ("$router", "temp", 1)),
            (BadName, ("door", "#connect", 1)),
            (BadName, ("door", "", 1)),
            (BadName, ("d*", "x", 1)),
            (BadName, ("\udcff", "x", 1)),
            (BadData, ("door", "x", float("nan"))),
            (BadData, ("door", "x", "\udcff")),
            (TooLarge, ("door", "x", "y" * (2 << 20))),
        )
        for kind, arguments in kinds:
            with self.assertRaises(kind):
                await self.fire(*arguments)
        await settled(lambda: not self.router.peers())
        self.assertEqual([info.name for info in await self.router.senders()], ["thermo"])
        self.assertNotIn("x", [event for sender, event, data in self.heard])

    async def test_notice(self) -> None:
        """An event that the router did not take after all is a failure."""
        session = Session(reactor)
        session.notices.told.append("the router refused 1 event(s) door.opened: no")
        with self.assertRaises(CommandFailed):
            await fire(session, self.endpoint, "door", "opened", None)


class TriggerTests(CommandCase):
    """The command, as a process of its own."""

    async def test_trigger(self) -> None:
        """JSON from the shell arrives as data; without it null does."""
        router = self.serve()
        heard: list[Any] = []
        router.addListener(lambda info, data: heard.append(data), "door", "opened")
        for arguments in ([], ['{"by": ["é", 1.5]}']):
            run = await self.spawn("trigger", "door", "opened", *arguments).ended()
            self.assertEnds(run, 0)
            self.assertEqual(run.out, "")
        self.assertEqual(heard, [None, {"by": ["é", 1.5]}])

    async def test_taken(self) -> None:
        """A name that another has is status 86, told once."""
        thermometer(self.serve())
        run = await self.spawn("trigger", "thermo", "temp").ended()
        self.assertEnds(run, 86, "thermo")

    async def test_badJson(self) -> None:
        """What is not JSON is status 65; the router is not even asked."""
        run = await self.spawn("trigger", "door", "opened", "{by: Ann}").ended()
        self.assertEnds(run, 65, "at character 2")
