"""C{pysig listen}."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from pysig_twisted import ClientRouter, EventInfo, Gap
from pysig_twisted.commands import listen
from pysig_twisted.commands.notices import Notices
from pysig_twisted.commands.output import toJson
from pysig_twisted.commands.stream import Stream
from tests import slow
from tests.net.policies import LISTEN, REQUEST, Rules, allow, allowAll, deny

from . import HOSTILE, UNSAFE, CommandCase, Run, reactor, settled, thermometer


def objects(run: Run) -> list[Any]:
    """The JSON lines that it printed."""
    return [json.loads(line) for line in run.out.splitlines()]


class ListenTests(CommandCase):
    """The command, as a process of its own."""

    async def test_people(self) -> None:
        """It prints who is here, and then each event as it comes, on a line of its own."""
        sender = thermometer(self.serve())
        run = self.spawn("listen")
        await run.printed("#connect")
        sender.trigger("temp", {"v": 21.5})
        await run.printed("\n", 2)
        [first, second] = run.out.splitlines()
        self.assertRegex(first, r'^\d\d:\d\d:\d\d\.\d{3}  thermo  #connect  0  \{"events":\[')
        self.assertRegex(second, r'^\d\d:\d\d:\d\d\.\d{3}  thermo  temp  1  \{"v":21.5\}$')
        sender.trigger("#alarm")
        await run.printed("  thermo  #alarm  2  null\n")
        await sender.remove()
        await run.printed('"reason":"closed"')
        run.signal("INT")
        await run.ended()
        self.assertEnds(run, 130)

    async def test_json(self) -> None:
        """With --json each line is an object with the fields that are promised."""
        sender = thermometer(self.serve())
        run = self.spawn("listen", "--json", "--count", "2")
        await run.printed("#connect")
        sender.trigger("temp", {"v": HOSTILE})
        sender.trigger("temp", "é😀")
        sender.trigger("temp", "not printed")
        await run.ended()
        self.assertEnds(run, 0)
        [here, first, second] = objects(run)
        self.assertEqual(here["event"], "#connect")
        self.assertEqual(list(first), ["sender", "event", "seq", "time", "data", "replayed"])
        self.assertEqual(
            (first["seq"], first["data"], first["replayed"]), (1, {"v": HOSTILE}, False)
        )
        self.assertEqual((second["seq"], second["data"]), (2, "é😀"))

    async def test_selection(self) -> None:
        """Sender and event select; a dash or a star is any."""
        router = self.serve()
        thermo = thermometer(router)
        other = router.addSender("other", ["temp", "noise"])
        runs = {
            "thermo temp": self.spawn("listen", "thermo", "temp", "--count", "1", "--json"),
            "- noise": self.spawn("listen", "-", "noise", "--count", "1", "--json"),
            "o* t*": self.spawn("listen", "o*", "t*", "--count", "1", "--json"),
        }
        await settled(lambda: len(router.peers()) == 3)
        await settled(lambda: all(peer.listens for peer in router.peers()))
        for sender in (other, thermo):
            sender.trigger("temp")
        other.trigger("noise")
        heard = {}
        for name, run in runs.items():
            await run.ended()
            self.assertEnds(run, 0)
            [line] = objects(run)
            heard[name] = (line["sender"], line["event"])
        self.assertEqual(
            heard,
            {
                "thermo temp": ("thermo", "temp"),
                "- noise": ("other", "noise"),
                "o* t*": ("other", "temp"),
            },
        )

    async def test_countPresence(self) -> None:
        """Who asks for #connect has it counted; nobody else has."""
        thermometer(self.serve())
        run = await self.spawn("listen", "-", "#connect", "--count", "1", "--json").ended()
        self.assertEnds(run, 0)
        self.assertEqual([line["sender"] for line in objects(run)], ["thermo"])

    @slow
    async def test_badName(self) -> None:
        """Names that cannot be are refused before anything is connected."""
        for arguments in (["", "x"], ["x" * 256], ["a*b*c*d*e*f"], ["a\x1bb"]):
            run = await self.spawn("listen", *arguments).ended()
            self.assertEnds(run, 89, "sender")
            self.assertNotIn("\x1b", run.err)

    async def test_terminate(self) -> None:
        """SIGTERM ends it quietly."""
        thermometer(self.serve())
        run = self.spawn("listen")
        await run.printed("#connect")
        run.signal("TERM")
        await run.ended()
        self.assertEnds(run, 143)

    async def test_closedPipe(self) -> None:
        """When nobody reads any more it ends quietly, without waiting for an event."""
        thermometer(self.serve())
        reader, writer = os.pipe()
        run = self.spawn("listen", childFDs={0: "w", 1: writer, 2: "r"})
        os.close(writer)
        os.set_blocking(reader, False)

        def printed() -> bool:
            try:
                return bool(os.read(reader, 1))
            except BlockingIOError:
                return False

        await settled(printed)
        os.close(reader)
        await run.ended()
        self.assertEnds(run, 141)

    async def test_fullDisk(self) -> None:
        """An output that takes nothing is an error."""
        if not os.path.exists("/dev/full"):
            self.skipTest("this system has no /dev/full")
        thermometer(self.serve())
        full = os.open("/dev/full", os.O_WRONLY)
        run = self.spawn("listen", childFDs={0: "w", 1: full, 2: "r"})
        os.close(full)
        await run.ended()
        self.assertEnds(run, 74, "No space left")

    async def test_noOutput(self) -> None:
        """Without a standard output it says so, and writes into nothing else."""
        thermometer(self.serve())
        run = await self.spawn("listen", childFDs={0: "w", 2: "r"}).ended()
        self.assertEnds(run, 74, "it is closed")

    async def test_terminal(self) -> None:
        """On a terminal hostile payloads are shown and not obeyed; colors end."""
        router = self.serve()
        sender = router.addSender("[/x]\u202e", ["temp"])
        run = self.spawn("listen", "--count", "1", usePTY=True)
        await run.printed("#connect")
        sender.trigger("temp", HOSTILE)
        await run.ended()
        self.assertEqual(run.status, 0)
        self.assertIn("\x1b[1mtemp\x1b[0m", run.out)
        plain = run.out.replace("\x1b[1m", "").replace("\x1b[2m", "").replace("\x1b[0m", "")
        for char in UNSAFE:
            self.assertNotIn(char, plain)
        self.assertIn('  [/x]\\u202e  temp  1  "[/x] [red]\\u001b]0;title\\u0007', plain)

    async def test_noColor(self) -> None:
        """NO_COLOR is respected, on a terminal of ten columns too."""
        sender = thermometer(self.serve())
        run = self.spawn(
            "listen",
            "--count",
            "1",
            usePTY=True,
            environment={"NO_COLOR": "1", "COLUMNS": "10"},
        )
        await run.printed("#connect")
        sender.trigger("temp", HOSTILE)
        await run.ended()
        self.assertEqual(run.status, 0)
        self.assertNotIn("\x1b", run.out)

    async def test_asciiTerminal(self) -> None:
        """An output that knows only ASCII gets escapes."""
        sender = thermometer(self.serve())
        run = self.spawn(
            "listen",
            "thermo",
            "temp",
            "--count",
            "1",
            environment={"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
        )
        await settled(lambda: run.status is not None or self.listening())
        sender.trigger("temp", "é😀")
        await run.ended()
        self.assertEnds(run, 0)
        self.assertIn('"\\u00e9\\ud83d\\ude00"', run.out)

    async def test_restart(self) -> None:
        """It survives a restart of the router, and says so."""
        first = self.serve()
        thermometer(first)
        run = self.spawn("listen", "--json", "--count", "1")
        await run.printed("#connect")
        await first.stopService()
        await run.told("down")
        second = self.serve()
        sender = thermometer(second)
        await run.told("connected again")
        await settled(lambda: all(peer.listens for peer in second.peers()))
        sender.trigger("temp", "after")
        await run.ended()
        self.assertEqual(run.status, 0, run.err)
        self.assertEqual(objects(run)[-1]["data"], "after")
        for line in run.err.splitlines():
            self.assertTrue(line.startswith("pysig: "), line)

    async def test_missed(self) -> None:
        """What was fired while the router was away comes in order, marked, and without a gap."""
        first = self.serve()
        owner = ClientRouter(self.endpoint, reactor=reactor)
        owner.startService()
        self.addCleanup(owner.stopService)
        sender = owner.addSender("thermo", ["temp"])
        await sender.whenSettled()
        plain = self.spawn("listen", "thermo", "temp", "--count", "5")
        run = self.spawn("listen", "thermo", "temp", "--json", "--count", "5")
        await settled(lambda: sum(peer.listens for peer in first.peers()) == 2)
        sender.trigger("temp", 1)
        await run.printed("\n")
        await plain.printed("\n")
        await first.stopService()
        for number in (2, 3, 4):
            sender.trigger("temp", number)
        second = self.serve()
        for one in (run, plain):
            await one.printed("\n", 4)
        await settled(lambda: any(peer.senders for peer in second.peers()))
        sender.trigger("temp", 5)
        for one in (run, plain):
            await one.ended()
            self.assertEqual(one.status, 0, one.err)
            self.assertNotIn("missed", one.err)
        self.assertEqual(
            [(one["data"], one["replayed"]) for one in objects(run)],
            [(1, False), (2, True), (3, True), (4, True), (5, False)],
        )
        marked = [line.endswith("  (replayed)") for line in plain.out.splitlines()]
        self.assertEqual(marked, [False, True, True, True, False])

    async def test_last(self) -> None:
        """With --last it begins with the newest of each event, marked as such, and goes on."""
        sender = thermometer(self.serve())
        for number in range(3):
            sender.trigger("temp", number)
        sender.trigger("#alarm", "fire")
        run = self.spawn("listen", "thermo", "--last", "--json", "--count", "3")
        await run.printed("fire")
        sender.trigger("temp", 3)
        await run.ended()
        self.assertEnds(run, 0)
        self.assertEqual(
            [(one["event"], one["seq"], one["replayed"]) for one in objects(run)],
            [("#connect", 4, False), ("temp", 3, True), ("#alarm", 4, True), ("temp", 5, False)],
        )

    async def test_replay(self) -> None:
        """With --replay N it begins with the newest N of each sender."""
        router = self.serve()
        for name in ("door", "window"):
            sender = router.addSender(name, ["opened", "closed"])
            for event in ("opened", "closed") * 2:
                sender.trigger(event)
        form = ["--format", "{sender} {event} {seq} {replayed}"]
        run = self.spawn("listen", "-", "opened", "--replay", "1", "--count", "2", *form)
        await run.ended()
        self.assertEnds(run, 0)
        self.assertEqual(
            sorted(run.out.splitlines()), ["door opened 3 true", "window opened 3 true"]
        )
        run = self.spawn("listen", "door", "--replay", "3", "--count", "3", *form)
        await run.ended()
        self.assertEqual(
            run.out.splitlines()[1:],
            ["door closed 2 true", "door opened 3 true", "door closed 4 true"],
        )

    async def test_wait(self) -> None:
        """With --wait it waits for a router, and says once that it does."""
        run = self.spawn("listen", "--wait", "--count", "1", "--json")
        await run.told("waiting")
        sender = thermometer(self.serve())
        await run.printed("#connect")
        sender.trigger("temp")
        await run.ended()
        self.assertEnds(run, 0, "waiting")

    async def test_waitInterrupted(self) -> None:
        """Waiting ends with Ctrl-C."""
        run = self.spawn("listen", "--wait")
        await run.told("waiting")
        run.signal("INT")
        await run.ended()
        self.assertEnds(run, 130, "waiting")

    async def test_stoppedReader(self) -> None:
        """A reader that stops reading holds up neither the link nor Ctrl-C."""
        router = self.serve()
        sender = thermometer(router)
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        run = self.spawn("listen", "thermo", "temp", childFDs={0: "w", 1: writer, 2: "r"})
        os.close(writer)
        await settled(lambda: all(peer.listens for peer in router.peers()) and router.peers())
        for _ in range(3000):
            sender.trigger("temp", "x" * 1000)
        # It takes everything off the link although nobody reads its output.
        await settled(lambda: not router.peers()[0].pending)
        await router.flush()
        self.assertIsNone(run.status)
        run.signal("INT")
        await run.ended()
        self.assertEqual(run.status, 130, run.err)

    @slow
    async def test_burst(self) -> None:
        """A burst much larger than the router keeps of it arrives in a pipe, whole."""
        self.serve()
        count = 400_000
        run = self.spawn("listen", "x", "y", "--json", "--count", str(count))
        await settled(self.listening)
        lines = self.folder / "lines"
        lines.write_text("".join(f"{number}\n" for number in range(count)))
        self.spawn("trigger", "x", "y", "--from", str(lines))
        await run.ended()
        self.assertEnds(run, 0)
        self.assertEqual([one["seq"] for one in objects(run)], list(range(1, count + 1)))

    def listening(self) -> bool:
        """Does somebody listen to the router?"""
        [router] = self.routers
        return any(peer.listens for peer in router.peers())


class PrinterTests(CommandCase):
    """L{listen.Printer}, in this process."""

    def printer(self, **options: Any) -> tuple[listen.Printer, Any]:
        """A printer that prints into a file, and the file's text."""
        path = self.folder / "out"
        file = path.open("w")
        self.addCleanup(file.close)
        self.patch(sys, "stdout", file)

        class FakeSession:
            notices = Notices()

        FakeSession.reactor = reactor  # type: ignore[attr-defined]
        return listen.Printer(FakeSession(), **options), path

    async def test_gapJson(self) -> None:
        """With --json a gap is a line like the events, in its place."""
        printer, path = self.printer(line=toJson)
        printer.gap(Gap("thermo", None, 1, 2, 2, None, "link"))
        await printer.drained()
        self.assertEqual(json.loads(path.read_text())["gap"]["n"], 2)

    async def test_burst(self) -> None:
        """A burst of 200,000 events is taken although nobody reads the output meanwhile."""
        printer, path = self.printer(line=toJson)
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        self.addCleanup(os.close, writer)
        printer._output._stream = Stream(reactor, writer, lambda error: None)
        self.addCleanup(printer._output.close)
        info = EventInfo("kitchen", "temperature", 123456, 1795336310.021)
        waiting = {printer.event(info, {"celsius": 21.5}) for _ in range(200_000)}
        self.assertEqual(waiting, {None})

    async def test_gapPeople(self) -> None:
        """For people a gap is told beside the events."""
        printer, path = self.printer()
        told: list[str] = []
        self.patch(printer._notices, "tell", told.append)
        printer.gap(Gap("thermo", None, 1, 2, 2, None, "link"))
        await printer.drained()
        self.assertEqual(path.read_text(), "")
        printer.gap(Gap("thermo", None, 1, 1, 1, ("temp",), "link"))
        self.assertEqual(
            told,
            [
                "missed 2 events of thermo, from 1 to 2: link",
                "missed 1 event of temp of thermo, from 1 to 1: link",
            ],
        )


class RuledTests(CommandCase):
    """What rules do to it, as a process of its own."""

    async def test_revoked(self) -> None:
        """When its subscription is revoked it says so, on one line, and ends with 96."""
        router = self.serve()
        thermometer(router)
        run = self.spawn("listen", "thermo", "temp")
        await settled(lambda: any(peer.listens for peer in router.peers()))
        router.setPolicy(Rules(allow("*", REQUEST)))
        await run.ended()
        self.assertEnds(run, 96, "may no longer listen to event 'temp' of sender 'thermo'")
        self.assertEqual(len(run.err.splitlines()), 1, run.err)

    async def test_denied(self) -> None:
        """When it is denied from the start, it ends with 77."""
        router = self.serve()
        router.setPolicy(Rules())
        run = await self.spawn("listen", "thermo", "temp").ended()
        self.assertEnds(run, 77, "no rule allows it")
        self.assertEqual(len(run.err.splitlines()), 1, run.err)

    async def test_pattern(self) -> None:
        """A pattern goes on, and hears what is left."""
        router = self.serve()
        sender = router.addSender("thermo", ["temp", "noise"])
        run = self.spawn("listen", "*", "--json", "--count", "1")
        await run.printed("#connect")
        router.setPolicy(allowAll(deny("*", LISTEN, "thermo", "noise")))
        sender.trigger("noise")
        sender.trigger("temp", 5)
        await run.ended()
        self.assertEnds(run, 0)
        self.assertEqual([one["event"] for one in objects(run)], ["#connect", "temp"])
