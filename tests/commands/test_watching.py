"""C{pysig senders --watch}, C{pysig peers} and C{pysig stats}."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import msgspec
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted import PeerInfo, ServerRouter
from pysig_twisted.commands.facts import durationText, sizeText
from pysig_twisted.commands.peers import HEADINGS, row
from pysig_twisted.commands.screen import LEAVE
from pysig_twisted.commands.stats import COUNTERS, FIELDS, Watched, rates

from . import CommandCase, settled, thermometer


class FigureTests(SynchronousTestCase):
    """Figures as text, and as rates."""

    def test_texts(self) -> None:
        """Sizes and durations for people."""
        sizes = (0, 1023, 1024, 1 << 20, 5 << 40)
        self.assertEqual(
            [sizeText(size) for size in sizes],
            ["0 B", "1023 B", "1.0 KiB", "1.0 MiB", "5.0 TiB"],
        )
        self.assertEqual(durationText(59.9), "00:00:59")
        self.assertEqual(durationText(90061), "1 d 01:01:01")
        self.assertEqual(durationText(-90061), "-1 d 01:01:01")
        self.assertEqual(durationText(-0.5), "00:00:00")

    def test_rates(self) -> None:
        """A rate is what was counted, over the time of the router itself."""
        before = {"epoch": "a", "uptime": 1.0, "requests": 5, "eventsAccepted": 0}
        now = {"epoch": "a", "uptime": 3.0, "requests": 6, "eventsAccepted": 100}
        self.assertEqual(rates(now, before), {"requests": 0.5, "eventsAccepted": 50.0})
        self.assertEqual(rates(now, None), {})
        self.assertEqual(rates(before, before), {})
        self.assertEqual(rates({**now, "epoch": "b"}, before), {})
        self.assertEqual(rates({**now, "requests": "x"}, before)["requests"], 0.0)

    def test_huge(self) -> None:
        """Figures that no router can have are shown, and have no rate."""
        huge = {"uptime": 10**400, "bytesPending": 10**400, "time": 10**400, "requests": 10**5000}
        watched = Watched("here")
        for figures in ({**huge, "uptime": 1.0, "requests": 1}, huge, {"uptime": float("nan")}):
            watched.took({"epoch": "a", **figures})
            self.assertEqual(len(watched.rows(True)), len(figures) + 1)
        self.assertEqual(sizeText(-5.0), "-5 B")

    def test_known(self) -> None:
        """Each figure that the router tells has a name for people, and a field for --format."""
        router = ServerRouter(reactor=Clock())
        found = self.successResultOf(router.request("$router", "stats"))
        self.assertEqual(list(found), list(FIELDS))
        self.assertEqual([name for name in COUNTERS if name not in found], [])
        watched = Watched("here")
        watched.took({**found, "historyBytes": 3 << 20, "holdSeconds": 0.25})
        rows = dict((name, value) for name, value, _ in watched.rows(True))
        self.assertEqual((rows["history"], rows["seconds on hold"]), ("3.0 MiB", "0.25"))
        self.assertEqual([name for name in rows if any(map(str.isupper, name))], [])

    def test_height(self) -> None:
        """All that changes has room on a terminal of 24 lines, with a note below."""
        found = dict.fromkeys(FIELDS, 0)
        watched = Watched("here")
        watched.took(found)
        self.assertLessEqual(1 + len(watched.draw(80)[1]) + 1, 24)

    def test_unknown(self) -> None:
        """Figures of a newer router are shown too, whatever they are."""
        watched = Watched("here")
        watched.took({"fresh\x1b": {"a": None}, "uptime": "odd"})
        self.assertEqual(
            watched.rows(True), [("fresh\\u001b", '{"a":null}', ""), ("uptime", "odd", "")]
        )


class FactsTests(CommandCase):
    """The commands, as processes of their own."""

    async def test_changes(self) -> None:
        """In a pipe each change is a line: who is there, who comes, who goes and why."""
        router = self.serve()
        thermometer(router)
        plain = self.spawn("senders", "--watch")
        objects = self.spawn("senders", "t*", "--watch", "--json")
        form = self.spawn("senders", "--watch", "--format", "{change} {name} {reason}")
        for run in (plain, objects, form):
            await run.printed("thermo")
        router.addSender("door", "opened")
        await plain.printed("+\tdoor\topened\t\tlocal\t")
        router.removeSender("thermo")
        for run, text in ((plain, "\tclosed\n"), (objects, '"closed"'), (form, "closed\n")):
            await run.printed(text)
            run.signal("INT")
            await run.ended()
            self.assertEnds(run, 130)
        self.assertEqual(
            [line.split("\t")[:2] for line in plain.out.splitlines()],
            [["+", "thermo"], ["+", "door"], ["-", "thermo"]],
        )
        found = [json.loads(line) for line in objects.out.splitlines()]
        self.assertEqual(
            [(one["change"], one["reason"]) for one in found][1:], [("disconnect", "closed")]
        )
        self.assertEqual(found[0]["events"], ["temp", "#alarm"])
        self.assertEqual(
            form.out.splitlines(),
            ["connect thermo null", "connect door null", "disconnect thermo closed"],
        )

    async def test_screen(self) -> None:
        """On a terminal a table is kept up to date, and the terminal given back."""
        router = self.serve()
        thermometer(router)
        variables: dict[str, str | None] = {"NO_COLOR": "1", "COLUMNS": "60", "LINES": "10"}
        run = self.spawn("senders", "--watch", usePTY=True, environment=variables)
        await run.printed("1 sender at ")
        router.addSender("door", "opened")
        await run.printed("2 senders at ")
        os.kill(run.transport.pid, signal.SIGWINCH)
        await run.printed("2 senders at ", 2)
        await router.stopService()
        await run.printed("is down")
        run.transport.write(b"\x03")
        await run.ended()
        self.assertEqual(run.status, 130, run.out)
        self.assertTrue(run.out.endswith(LEAVE), run.out[-100:])
        self.assertNotIn("\x1b[1m", run.out)

    async def test_dumb(self) -> None:
        """On a terminal that cannot be drawn on each change is a line."""
        router = self.serve()
        thermometer(router)
        run = self.spawn("senders", "--watch", usePTY=True, environment={"TERM": "dumb"})
        await run.printed("  + thermo\r\n")
        router.removeSender("thermo")
        await run.printed("  - thermo  (closed)\r\n")
        self.assertNotIn("\x1b", run.out)

    async def test_peers(self) -> None:
        """Connections as columns, as objects, and in a form of one's own."""
        self.serve()
        self.spawn("listen", "--json")
        [router] = self.routers
        await settled(lambda: any(peer.listens for peer in router.peers()))
        runs = [self.spawn("peers", *more) for more in ([], ["--json"], ["--format", "{listens}"])]
        for run in runs:
            await run.ended()
            self.assertEnds(run, 0)
        columns = runs[0].out.splitlines()[0].split("\t")
        self.assertEqual((len(columns), columns[0], columns[3]), (11, "unix", "anonymous"))
        self.assertEqual(json.loads(runs[1].out.splitlines()[0])["listens"], 1)
        self.assertEqual(runs[2].out.splitlines()[0], "1")
        self.assertEqual([columns[-1], json.loads(runs[1].out.splitlines()[0])["late"]], ["0", 0])

    def test_latePeer(self) -> None:
        """People see at once who is late; the others have nothing there."""
        info = PeerInfo(1, "here", "soft", "me", 1.0, late=3)
        record = msgspec.structs.asdict(info)
        self.assertEqual((row(record, True)[-1], row(record, False)[-1]), ("3", "3"))
        record["late"] = 0
        self.assertEqual((row(record, True)[-1], row(record, False)[-1]), ("", "0"))
        self.assertEqual(HEADINGS[-1], "late")

    async def test_stats(self) -> None:
        """Figures once, and again and again with rates, across a restart of the router."""
        first = self.serve()
        once = await self.spawn("stats").ended()
        self.assertEnds(once, 0)
        self.assertIn("eventsAccepted\t0\n", once.out)
        run = self.spawn("stats", "--watch", "--interval", "0.1", "--json")
        await run.printed("\n", 2)
        await first.stopService()
        await run.told("down")
        self.serve()
        await run.told("connected again")
        before = run.out.count("\n")
        await run.printed("\n", before + 2)
        run.signal("TERM")
        await run.ended()
        self.assertEqual(run.status, 143)
        found: list[Any] = [json.loads(line) for line in run.out.splitlines()]
        self.assertEqual(found[0]["rates"], {})
        self.assertGreater(found[1]["rates"]["requests"], 0)
        self.assertNotEqual(found[-1]["epoch"], found[0]["epoch"])

    async def test_statsScreen(self) -> None:
        """On a terminal the same figures are drawn again and again."""
        self.serve()
        run = self.spawn("stats", "--watch", "--interval", "0.1", usePTY=True)
        await run.printed("events accepted", 2)
        await run.printed("per second")
        run.transport.write(b"\x03")
        await run.ended()
        self.assertEqual(run.status, 130)
        self.assertTrue(run.out.endswith(LEAVE))
