"""The demo's workbench."""

from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted import Router
from pysig_twisted.bridge.building import rulesFor
from pysig_twisted.bridge.rules import Fired
from pysig_twisted.commands.bench import TABLES, Bench
from pysig_twisted.config import load
from pysig_twisted.testing.instrument import Instrument
from tests.linesim import withoutPtys


class BenchTests(SynchronousTestCase):
    """L{Bench}."""

    if reason := withoutPtys():
        skip = reason

    def setUp(self) -> None:
        """Make one."""
        self.path = self.mktemp()
        self.clock = Clock()
        self.router = Router(clock=self.clock)
        self.instrument = Instrument(self.path, self.clock.seconds)
        self.bench = Bench(self.router, self.clock, self.instrument)

    def ask(self, method: str) -> object:
        """What it answers."""
        return self.successResultOf(self.router.request("bench", method))

    def test_requests(self) -> None:
        """The instrument is plugged in at the start, and unplugged and replugged on request."""
        self.assertFalse(os.path.lexists(self.path))
        self.bench.start()
        self.assertTrue(os.path.exists(self.path))
        for _ in range(2):
            self.assertEqual(self.ask("unplug"), "the thermometer is unplugged")
            self.assertFalse(os.path.lexists(self.path))
        for _ in range(2):
            self.assertEqual(self.ask("replug"), "the thermometer is plugged in")
            self.assertTrue(os.path.exists(self.path))
        self.bench.stop()
        self.bench.stop()
        self.assertFalse(os.path.lexists(self.path))

    def test_speaks(self) -> None:
        """It has the instrument speak, until it is stopped."""
        self.bench.start()
        device = os.open(self.path, os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(os.close, device)
        self.clock.pump([0.1] * 15)
        self.assertEqual(os.read(device, 100).strip(), b"READY thermometer 1.0")
        self.bench.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])


class TablesTests(SynchronousTestCase):
    """The router's configuration."""

    def test_tables(self) -> None:
        """It is a good one, for any path, and its rules take what the instrument says."""
        path = Path(self.mktemp())
        path.write_text(TABLES.format(port=json.dumps('/tmp/"a b/thermometer')))
        [device] = load(str(path), {}, {}).serial
        self.assertEqual((device.name, device.port), ("thermometer", '/tmp/"a b/thermometer'))
        rules = rulesFor(device)
        found = [rules.apply(line, 0.0) for line in (b"READY thermometer 1.0", b"T=21.5 H=48")]
        self.assertEqual(
            found,
            [Fired("started", "READY thermometer 1.0"), Fired("temperature", {"celsius": 21.5})],
        )
        self.assertEqual(msgspec.to_builtins(device)["stats"], 0)
