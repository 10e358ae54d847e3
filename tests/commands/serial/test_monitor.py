"""C{pysig serial monitor}."""

from __future__ import annotations

import json
from typing import Any

from pysig_twisted import ClientRouter, ServerRouter
from pysig_twisted.commands.serial import monitor
from pysig_twisted.commands.serial.monitor import bytesPerLine

from .. import CommandCase, Run, reactor, settled
from .case import MISSING, Device, addBridge, state


def objects(run: Run) -> list[Any]:
    """The JSON lines that it printed."""
    return [json.loads(line) for line in run.out.splitlines()]


class MonitorTests(CommandCase):
    """The command, as a process of its own."""

    def watch(self, *arguments: str, **options: Any) -> Run:
        """Start it."""
        return self.spawn("serial", "monitor", "meter", *arguments, **options)

    async def test_people(self) -> None:
        """From before the device is there until after it is gone; Ctrl-C ends it with counters."""
        router = self.serve()
        bridge = addBridge(router, state("meter", "waiting", **MISSING))
        run = self.watch("--raw")
        await run.printed("  state         waiting (missing), at bridge: /dev/scale is not there")
        bridge.trigger("state", state("meter"))
        device = Device(router)
        await settled(lambda: device.taps)
        device.say(b"T=21.5\r\n")
        device.sender.trigger("temperature", {"celsius": 21.5})
        await run.printed('  temperature   {"celsius":21.5}\n')
        self.assertIn("  state         up, boot 1, at bridge\n", run.out)
        self.assertIn("  #raw          54 3d 32 31 2e 35 0d 0a", run.out)
        self.assertIn("  |T=21.5..|\n", run.out)
        await device.sender.remove("unplugged")
        await run.printed("  #disconnect   unplugged\n")
        Device(router)
        await run.printed("  #connect ", 2)
        run.signal("INT")
        await run.ended()
        self.assertEnds(run, 130)
        self.assertRegex(
            run.out.splitlines()[-1], r"  #stats        in 2\.0 KiB, opened 1, frames 1,234, "
        )

    async def test_json(self) -> None:
        """With --json all lines have the fields of C{listen}; --count ends it with status 0."""
        router = self.serve()
        addBridge(router, state("meter"))
        device = Device(router)
        run = self.watch("--json", "--count", "1", "--stats", "0.1")
        await run.printed("#stats")
        device.sender.trigger("temperature", 1)
        await run.ended()
        self.assertEnds(run, 0)
        fields = ["sender", "event", "seq", "time", "data", "replayed"]
        self.assertEqual({tuple(one) for one in objects(run)}, {tuple(fields)})
        names = [one["event"] for one in objects(run)]
        self.assertEqual(sorted(names[:2]), ["#connect", "state"])
        self.assertEqual(names[-2:], ["temperature", "#stats"])

    async def test_wrongName(self) -> None:
        """If no bridge has the device it says which there are, and waits."""
        router = self.serve()
        bridge = addBridge(router, state("mater"), state("scale"))
        run = self.watch("--count", "1")
        await run.told("no bridge has a device 'meter'; there are mater, scale; waiting")
        bridge.trigger("state", state("meter"))
        device = Device(router)
        await run.printed("#connect")
        device.sender.trigger("temperature", 1)
        await run.ended()
        self.assertEnds(run, 0, "waiting")

    async def test_noRouter(self) -> None:
        """Without a router it ends with status 69, and with --wait it waits for one."""
        waiting = self.watch("--wait", "--count", "1")
        run = await self.watch().ended()
        self.assertEnds(run, 69, "is a router running there?")
        await waiting.told("; waiting")
        router = self.serve()
        addBridge(router, state("meter"))
        device = Device(router)
        await waiting.printed("#connect")
        device.sender.trigger("temperature", 1)
        await waiting.ended()
        self.assertEqual(waiting.status, 0, waiting.err)

    async def test_restart(self) -> None:
        """It goes on when the router is restarted, and tells what it has missed."""
        first = self.serve()
        owner = ClientRouter(self.endpoint, reactor=reactor)
        owner.startService()
        self.addCleanup(owner.stopService)
        bridge = addBridge(owner, state("meter"))
        device = Device(owner)
        await device.sender.whenSettled()
        run = self.watch("--json")
        await run.printed("#connect")
        await run.printed('"state"')
        await first.stopService()
        await run.told("down")
        device.sender.trigger("temperature", "missed")
        bridge.trigger("state", state("meter", boot=2))
        self.serve()
        await run.printed('"missed"')
        await run.printed('"boot":2')
        device.sender.trigger("temperature", "after")
        await run.printed('"after"')
        run.signal("TERM")
        await run.ended()
        self.assertEqual(run.status, 143, run.err)
        [missed] = [one for one in objects(run) if one["data"] == "missed"]
        self.assertTrue(missed["replayed"])
        self.assertEqual(objects(run)[-1]["event"], "#stats")

    async def test_serverOfItsOwn(self) -> None:
        """The same where bridge and device are gone with the router, and come with the next."""

        def serve() -> ServerRouter:
            router = self.serve()
            addBridge(router, state("meter"))
            Device(router)
            return router

        first = serve()
        run = self.watch()
        await run.printed("#connect")
        await run.printed("up, boot 1")
        await first.stopService()
        await run.told("down")
        serve()
        await run.printed("#connect", 2)
        await run.printed("up, boot 1", 2)
        self.assertIn("#disconnect   its bridge bridge is gone: ", run.out)
        self.assertNotIn("no bridge", run.err)

    async def test_closedPipe(self) -> None:
        """When nobody reads any more it ends quietly."""
        import os

        router = self.serve()
        addBridge(router, state("meter"))
        Device(router)
        reader, writer = os.pipe()
        run = self.watch(childFDs={0: "w", 1: writer, 2: "r"})
        os.close(writer)
        await settled(lambda: any(peer.listens for peer in router.peers()))
        os.close(reader)
        await run.ended()
        self.assertEnds(run, 141)


class WidthTests(CommandCase):
    """How many bytes stand on a line."""

    def test_width(self) -> None:
        """Sixteen, unless a terminal is too narrow for them."""
        self.assertEqual(bytesPerLine(), 16)
        self.patch(monitor, "isTerminal", lambda stream: True)
        for columns, count in ((94, 8), (95, 8), (96, 16), (80, 8)):
            self.patch(monitor, "terminalSize", lambda columns=columns: (columns, 24))
            self.assertEqual(bytesPerLine(), count, columns)
