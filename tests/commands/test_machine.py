"""The demo's sender."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted import Router
from pysig_twisted.commands import machine
from pysig_twisted.errors import BadRequest


class MachineTests(SynchronousTestCase):
    """L{machine.Machine} and its figures."""

    def test_publishes(self) -> None:
        """It fires one event of each kind at once, and again every second."""
        clock = Clock()
        router = Router(clock=clock)
        heard: list[Any] = []
        router.addListener(lambda info, data: heard.append((info.event, data)), "machine", "*")
        published = machine.Machine(router, clock)
        heard.clear()
        published.start()
        self.assertEqual([event for event, data in heard], ["load", "memory", "disk"])
        clock.advance(1.0)
        clock.advance(1.0)
        self.assertEqual(len(heard), 9)
        published.stop()
        clock.advance(5.0)
        self.assertEqual(len(heard), 9)

    def test_figures(self) -> None:
        """The figures are those of a machine."""
        self.assertGreaterEqual(machine.load()["1min"], 0)
        memory = machine.memory()
        self.assertGreater(memory["total"], 1 << 20)
        self.assertGreater(machine.disk()["total"], machine.disk()["free"] - 1)
        self.assertGreater(machine.uptime()["seconds"], 0)

    def test_memory(self) -> None:
        """Linux's account is read; where there is none, the total is known."""
        path = Path(self.mktemp())
        path.write_text(
            "MemTotal:  100 kB\nMemFree: 1 kB\nMemAvailable: 40 kB\nHugePages_Total: 0\n"
        )
        self.assertEqual(machine.memory(path), {"total": 102400, "available": 40960})
        self.assertEqual(list(machine.memory(path.with_name("absent"))), ["total"])

    def test_silentSystem(self) -> None:
        """A figure that the system does not have is left out; the others come."""

        def silent() -> Any:
            raise OSError("not here")

        self.patch(machine, "load", silent)
        router = Router(clock=Clock())
        heard: list[str] = []
        router.addListener(lambda info, data: heard.append(info.event), "machine", "*")
        published = machine.Machine(router, Clock())
        heard.clear()
        published.publish()
        self.assertEqual(heard, ["memory", "disk"])

    def test_disk(self) -> None:
        """Any folder may be asked for; what is none is a bad request."""
        folder = str(Path(self.mktemp()).parent.absolute())
        self.assertEqual(machine.disk({"path": folder})["path"], folder)
        for params in (5, {}, {"path": 5}, {"path": "/no/such"}, {"path": "\0"}, {"p": "/"}):
            self.assertRaises(BadRequest, machine.disk, params)

    def test_requests(self) -> None:
        """It answers what the demo says one may ask."""
        router = Router(clock=Clock())
        machine.Machine(router, Clock())
        answer = self.successResultOf(router.request("machine", "uptime"))
        self.assertGreater(answer["seconds"], 0)
        self.assertEqual(self.successResultOf(router.request("machine", "disk"))["path"], "/")
