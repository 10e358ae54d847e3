"""C{pysig trigger}."""

from __future__ import annotations

import os
from typing import Any

from pysig_twisted import PysigError
from pysig_twisted.commands.failing import CommandFailed
from pysig_twisted.commands.running import Session
from pysig_twisted.commands.trigger import fire
from pysig_twisted.errors import BadData, BadName, NameTaken, Revoked, TooLarge

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
        session.notices.warned.append("the router refused 1 event(s) door.opened: no")
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

    async def test_refused(self) -> None:
        """An event that the router does not take after all is told once, with its own status."""
        router = self.serve()
        error = Revoked("no more of that")

        def refuse(peer: Any, run: Any) -> None:
            peer.refuse("door", "opened", run.count, error)

        self.patch(router.events, "_admit", refuse)
        run = await self.spawn("trigger", "door", "opened").ended()
        self.assertEnds(run, Revoked.exitCode, "no more of that")

    async def test_taken(self) -> None:
        """A name that another has is status 86, told once."""
        thermometer(self.serve())
        run = await self.spawn("trigger", "thermo", "temp").ended()
        self.assertEnds(run, 86, "thermo")

    async def test_badJson(self) -> None:
        """What is not JSON is status 65; the router is not even asked."""
        run = await self.spawn("trigger", "door", "opened", "{by: Ann}").ended()
        self.assertEnds(run, 65, "at character 2")

    async def test_lines(self) -> None:
        """With - each line of the input is an event; values, raw bytes, or whole objects."""
        router = self.serve()
        heard: list[Any] = []
        router.addListener(
            lambda info, data: heard.append((info.event, data)) if info.event[0] != "#" else None
        )
        lines = self.folder / "lines"
        for arguments, text, expected in (
            (["x", "-"], '1\n\n{"event":"y"}\n"é"', [("x", 1), ("x", {"event": "y"}), ("x", "é")]),
            (["-"], '{"event":"a","data":1,"seq":9}\n{"event":"b"}', [("a", 1), ("b", None)]),
            (["-"], '{"event":"#connect"}\n{"event":"c"}', [("c", None)]),
            (
                ["r", "-", "--codec", "raw"],
                "one\n\ntwo",
                [("r", b"one"), ("r", b""), ("r", b"two")],
            ),
            (["m", "-", "--codec", "msgpack"], "[1.5]", [("m", [1.5])]),
        ):
            lines.write_text(text)
            file = os.open(lines, os.O_RDONLY)
            files: Any = {0: file, 1: "r", 2: "r"}
            run = await self.spawn("trigger", "door", *arguments, childFDs=files).ended()
            os.close(file)
            self.assertEnds(run, 0)
            self.assertEqual(
                [
                    (event, data or b"") if arguments[0] == "r" else (event, data)
                    for event, data in heard
                ],
                expected,
            )
            heard.clear()

    async def test_pipe(self) -> None:
        """A pipe is read as it comes; Ctrl-C sends what was read, and tells how many."""
        router = self.serve()
        heard: list[Any] = []
        router.addListener(lambda info, data: heard.append(data), "door", "x")
        run = self.spawn("trigger", "door", "x", "-")
        run.transport.write(b"1\n2\n")
        await settled(lambda: heard == [1, 2])
        run.transport.write(b"3\n4")
        await settled(lambda: heard == [1, 2, 3])
        run.signal("INT")
        await run.ended()
        self.assertEnds(run, 130, "interrupted: 3 events fired")
        self.assertEqual(heard, [1, 2, 3])

    async def test_long(self) -> None:
        """A long input arrives in full, in order."""
        router = self.serve()
        heard: list[Any] = []
        router.addListener(lambda info, data: heard.append(data), "door", "x")
        lines = self.folder / "lines"
        lines.write_text("".join(f"{number}\n" for number in range(20_000)))
        run = await self.spawn("trigger", "door", "x", "--from", str(lines), "-v").ended()
        self.assertEqual(run.status, 0, run.err)
        self.assertIn("20,000 events fired in ", run.err)
        self.assertEqual(heard, list(range(20_000)))

    async def test_badLine(self) -> None:
        """A line that is wrong ends it; what came before has arrived."""
        router = self.serve()
        heard: list[Any] = []
        router.addListener(lambda info, data: heard.append(data), "door", "x")
        run = self.spawn("trigger", "door", "x", "-")
        run.transport.write(b"1\nnope\n3\n")
        await run.ended()
        self.assertEnds(run, 65, "the standard input, line 2: 'nope' is not JSON")
        self.assertIn("1 event before it was fired", run.err)
        self.assertEqual(heard, [1])

    async def test_gap(self) -> None:
        """A gap among the lines is told; it is no error."""
        self.serve()
        run = self.spawn("trigger", "door", "-")
        run.transport.write(b'{"gap":{"sender":"x","n":5,"why":"link"}}\n{"event":"a"}\n')
        run.transport.closeStdin()
        await run.ended()
        self.assertEqual(
            (run.status, run.err),
            (
                0,
                "pysig: the standard input, line 1: 5 events of x are missing (link)\n"
                "pysig: the standard input: in all 5 events are missing, in 1 gap\n",
            ),
        )

    async def test_linkLost(self) -> None:
        """A router that goes away while there is input to come is an error."""
        router = self.serve()
        run = self.spawn("trigger", "door", "x", "-")
        run.transport.write(b"1\n")
        await settled(lambda: any(peer.senders for peer in router.peers()))
        await router.stopService()
        await run.ended()
        self.assertEqual(run.status, 95, run.err)
        self.assertNotIn("Traceback", run.err)
