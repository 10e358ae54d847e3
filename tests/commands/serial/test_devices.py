"""C{pysig serial devices}."""

from __future__ import annotations

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.commands.serial import devices
from pysig_twisted.commands.serial.devices import FIELDS, Listing, nothing, showDevices

from .. import CommandCase, inProcess
from .case import MISSING, addBridge, state

TABLE = """\
device  state              boot  bridge  port, or why not
meter   up                    1  bridge  /dev/meter
scale   waiting (missing)     0  attic   /dev/scale is not there; plug the
                                         device in, or give another path
"""


def records() -> list[dict[str, Any]]:
    """A device that is there, and one that is not."""
    return [
        {**state("meter"), "bridge": "bridge"},
        {**state("scale", "waiting", **MISSING), "bridge": "attic"},
    ]


class ShowTests(SynchronousTestCase):
    """Devices as text."""

    def test_people(self) -> None:
        """On 80 columns it is a table, with the reason where a device is not there."""
        self.patch(devices, "isTerminal", lambda stream: True)
        self.patch(devices, "terminalSize", lambda: (80, 24))
        printed: list[str] = []
        self.patch(devices, "write", lambda text, encoding: printed.append(text))
        showDevices(Listing(2, records(), []), None)
        self.assertEqual(printed, [TABLE.rstrip("\n")])

    def test_nothing(self) -> None:
        """Where there is no device people are told whether there is a bridge."""
        self.assertIn("no bridge is connected", nothing(Listing(0, [], [])))
        self.assertEqual(nothing(Listing(1, [], [])), "no bridge has a device")
        self.assertEqual(nothing(Listing(1, [], [("b", 1)])), "no device is known")


class DevicesTests(CommandCase):
    """The command, as a process of its own."""

    async def test_outputs(self) -> None:
        """The devices of all bridges, by name: as lines, as objects, as a table."""
        router = self.serve()
        addBridge(router, state("scale", "waiting", **MISSING), name="attic")
        addBridge(router, state("meter", description="outside"))
        router.addSender("other", ["state"], {"x": lambda params: None})
        plain = self.spawn("serial", "devices")
        objects = self.spawn("serial", "devices", "--json")
        people = self.spawn(
            "serial", "devices", usePTY=True, environment={"NO_COLOR": "1", "COLUMNS": "80"}
        )
        for run in (plain, objects, people):
            await run.ended()
            self.assertEnds(run, 0)
        why = MISSING["message"]
        self.assertEqual(
            [line.split("\t") for line in plain.out.splitlines()],
            [
                ["meter", "up", "", "", "1", "/dev/meter", "outside", "bridge"],
                ["scale", "waiting", "missing", why, "0", "/dev/scale", "", "attic"],
            ],
        )
        found = [json.loads(line) for line in objects.out.splitlines()]
        self.assertEqual([list(one) for one in found], [list(FIELDS)] * 2)
        self.assertEqual(found[1], {**state("scale", "waiting", **MISSING), "bridge": "attic"})
        self.assertEqual(people.out.replace("\r\n", "\n"), TABLE)

    async def test_failing(self) -> None:
        """A bridge that does not tell is an error; those that do are listed all the same."""
        router = self.serve()
        addBridge(router, state("meter"))
        addBridge(router, {"x": 1}, name="odd")
        run = await self.spawn("serial", "devices", "--quiet").ended()
        self.assertEnds(run, 65, "the devices of odd are not known: odd is no bridge")
        self.assertEqual(run.out.split("\t")[0], "meter")

    async def test_empty(self) -> None:
        """Without a bridge there is nothing in a pipe, and a sentence for people."""
        self.serve()
        self.assertEnds(await self.spawn("serial", "devices").ended(), 0)
        run = await self.spawn("serial", "devices", usePTY=True).ended()
        self.assertIn("no bridge is connected", run.out)

    def test_noRouter(self) -> None:
        """A form is looked at before anything is connected."""
        self.assertEqual(inProcess("serial", "devices", "--format", "{x}").status, 2)

    async def test_completion(self) -> None:
        """Devices are completed whether they are there or not."""
        router = self.serve()
        addBridge(router, state("scale", "waiting", **MISSING), state("meter"), state("a b"))
        cases = {
            "pysig serial monitor ": ["meter", "scale"],
            "pysig serial monitor m": ["meter"],
            "pysig serial ": ["devices", "list", "monitor", "probe", "send"],
            "pysig ser": ["serial"],
        }
        for words, expected in cases.items():
            variables: dict[str, str | None] = {
                "_PYSIG_COMPLETE": "bash_complete",
                "COMP_WORDS": words,
                "COMP_CWORD": str(words.count(" ")),
                "PYSIG_CONNECT": self.endpoint,
            }
            run = await self.spawn(connect=False, environment=variables).ended()
            self.assertEnds(run, 0)
            found = [line.partition(",")[2] for line in run.out.splitlines() if line]
            self.assertEqual(found, expected, words)
