"""C{pysig senders}."""

from __future__ import annotations

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted import SenderInfo
from pysig_twisted.commands.looking import once
from pysig_twisted.commands.output import toJson
from pysig_twisted.commands.running import Session
from pysig_twisted.commands.senders import record, row

from . import CommandCase, reactor, thermometer

HOSTILE = SenderInfo("[/x] [red]\u202e 温度計", ("a\u2066b", "[link]"), (None, "m"), 255, "p", 1.5)


class ShowTests(SynchronousTestCase):
    """Senders as text."""

    def test_record(self) -> None:
        """A record has every field; the life's number is text, as everywhere."""
        self.assertEqual(
            json.loads(toJson(record(HOSTILE))),
            {
                "name": HOSTILE.name,
                "events": ["a\u2066b", "[link]"],
                "requests": [None, "m"],
                "sid": "00000000000000ff",
                "principal": "p",
                "since": 1.5,
            },
        )

    def test_row(self) -> None:
        """A default handler is a star, and no handler is nothing."""
        self.assertEqual(
            row(record(HOSTILE), True)[:4],
            ("[/x] [red]\\u202e 温度計", "a\\u2066b, [link]", "*, m", "p"),
        )
        plain = record(SenderInfo("a", (), None, 1, "p", 1.5))
        self.assertEqual(row(plain, True)[1:3], ("", ""))


class FindTests(CommandCase):
    """What is listed, in this process."""

    async def test_pattern(self) -> None:
        """A pattern selects; the router's own sender is found by its own name."""
        router = self.serve()
        thermometer(router)
        router.addSender("door", ["opened"])

        async def names(pattern: str) -> list[str]:
            session = Session(reactor)
            found = await once(session, self.endpoint, lambda router: router.senders(pattern))
            return [info.name for info in found]

        self.assertEqual(await names("*"), ["door", "thermo"])
        self.assertEqual(await names("t*"), ["thermo"])
        self.assertEqual(await names("nobody"), [])
        self.assertEqual(await names("$*"), ["$router"])


class SendersTests(CommandCase):
    """The command, as a process of its own."""

    async def show(self, *arguments: str, **options: Any) -> str:
        """What it prints."""
        run = await self.spawn("senders", *arguments, **options).ended()
        self.assertEqual(run.status, 0, run.err)
        self.assertEqual(run.err, "")
        return run.out

    async def test_outputs(self) -> None:
        """Columns with tabs in a pipe, objects with --json, a table on a terminal."""
        router = self.serve()
        self.assertEqual(await self.show(), "")
        self.assertIn("no sender is connected", await self.show(usePTY=True))
        thermometer(router)
        columns = (await self.show()).rstrip("\n").split("\t")
        self.assertEqual(columns[:4], ["thermo", "temp, #alarm", "echo, never, fail", "local"])
        self.assertRegex(columns[4], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")
        self.assertEqual(len(columns), 5)
        self.assertEqual(json.loads(await self.show("--json"))["name"], "thermo")
        shown = await self.show(usePTY=True, environment={"NO_COLOR": "1", "COLUMNS": "60"})
        self.assertNotIn("\x1b", shown)
        self.assertIn("requests", shown)
        self.assertTrue(all(len(line) <= 60 for line in shown.splitlines()))
        self.assertIn("no sender matches", await self.show("x*", usePTY=True))
