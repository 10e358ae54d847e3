"""C{pysig serial send}."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pysig_twisted.bridge import console
from pysig_twisted.commands.serial.send import LONGEST, METHOD, USUAL

from .. import HOSTILE, UNSAFE, CommandCase, Run
from .case import Device, addBridge, state


class SendTests(CommandCase):
    """The command, as a process of its own, with a device that is made up."""

    def setUp(self) -> None:
        """A router with a device that answers to some texts."""
        super().setUp()
        self.asked: list[Mapping[str, Any]] = []
        self.answers: dict[str, Any] = {
            "*IDN?": {"lines": ["ACME,meter", "OK"]},
            "QUIET": {"lines": []},
            "-5": {"lines": ["minus five"]},
            "evil": {"lines": [HOSTILE]},
            "odd": {"lines": "no list"},
        }
        self.router = self.serve()
        self.router.addSender("meter", [], {"send": self.answer})

    def answer(self, params: Any) -> Any:
        """What the device says."""
        self.asked.append(params)
        return self.answers[params["text"]]

    async def send(self, *arguments: str, name: str = "meter") -> Run:
        """Run it."""
        return await self.spawn("serial", "send", name, *arguments).ended()

    async def test_lines(self) -> None:
        """The lines that came are printed; the request says how long to listen."""
        run = await self.send("*IDN?")
        self.assertEnds(run, 0)
        self.assertEqual(run.out, "ACME,meter\nOK\n")
        self.assertEnds(await self.send("-5", "--wait", "2.5"), 0)
        self.assertEqual(self.asked, [{"text": "*IDN?", "wait": 1.0}, {"text": "-5", "wait": 2.5}])

    async def test_forms(self) -> None:
        """As JSON, and in a form of one's own, each line is a record."""
        run = await self.send("*IDN?", "--json")
        self.assertEqual(
            [json.loads(text) for text in run.out.splitlines()],
            [{"device": "meter", "line": "ACME,meter"}, {"device": "meter", "line": "OK"}],
        )
        run = await self.send("*IDN?", "--format", "{device}: {line}")
        self.assertEqual(run.out, "meter: ACME,meter\nmeter: OK\n")

    async def test_hostile(self) -> None:
        """What a device says does nothing to a terminal."""
        run = await self.send("evil")
        self.assertEnds(run, 0)
        self.assertEqual(run.out.count("\n"), 1)
        for char in UNSAFE:
            self.assertNotIn(char, run.out)

    async def test_nothing(self) -> None:
        """Where nothing came that is told, unless nothing was waited for."""
        run = await self.send("QUIET", "--wait", "0.5")
        self.assertEnds(run, 124, "meter has said nothing within 0.5 s; --wait gives it longer")
        self.assertEnds(await self.send("QUIET", "--wait", "0"), 0)
        self.assertGreater(self.asked[-1]["wait"], 0)

    async def test_refused(self) -> None:
        """Each way in which it cannot be done has a status, and a way out."""
        addBridge(self.router, state("scale"))
        Device(self.router, "scale")
        for name, text, status, words in (
            ("scale", "x", 81, "put console = true into its table [serial.scale]"),
            ("nobody", "x", 80, "nobody is not there; `pysig serial devices` tells why"),
            ("meter", "odd", 65, "the answer of meter is none to send"),
            ("meter", "unknown", 84, "KeyError"),
            ("a*", "x", 89, "a*"),
        ):
            run = await self.send(text, name=name)
            self.assertEnds(run, status, words)
            self.assertEqual(run.out, "")
        self.flushLoggedErrors(KeyError)

    async def test_completion(self) -> None:
        """The name is completed as that of a device, whether it is there or not."""
        addBridge(self.router, state("scale"))
        variables: dict[str, str | None] = {
            "_PYSIG_COMPLETE": "bash_complete",
            "COMP_WORDS": "pysig serial send s",
            "COMP_CWORD": "3",
            "PYSIG_CONNECT": self.endpoint,
        }
        run = await self.spawn(connect=False, environment=variables).ended()
        self.assertEqual(run.out.split(), ["plain,scale"])

    def test_contract(self) -> None:
        """The request is the one that bridges answer."""
        self.assertEqual(METHOD, console.METHOD)
        self.assertEqual((LONGEST, USUAL), (console.LONGEST, console.USUAL))
