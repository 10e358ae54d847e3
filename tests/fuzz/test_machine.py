"""The reader of frames, fed with many frames."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import ProtocolError
from pysig_twisted.wire.frames import Kind, frame
from pysig_twisted.wire.messages import Ping, Result
from pysig_twisted.wire.runs import Run, eventFrame, makeHead
from pysig_twisted.wire.version1 import _DECODERS, Reader, encode

from . import machine
from .machine import Machine, Wrong, depth, fails, frames, look, lookAtRun, plainly

PINGS = b"".join(encode(Ping(number)) for number in range(5))


class Losing(Reader):
    """A reader that loses what was cut."""

    def feed(self, data: bytes) -> Iterator[Any]:
        """Lose it."""
        self._gathered.clear()
        return super().feed(data)


class MachineTests(SynchronousTestCase):
    """Very many frames."""

    def test_short(self) -> None:
        """All is well with 100,000 of them, and many are refused."""
        made = Machine("7744")
        made.run(100_000)
        self.assertEqual(made.failures, [])
        self.assertGreaterEqual(made.frames, 100_000)
        self.assertGreater(made.refused, 200)
        self.assertGreater(made.changed, 5_000)
        self.assertGreater(made.looked, 50)

    def test_same(self) -> None:
        """The same seed makes the same streams."""
        streams = [[data for _, data in islice(Machine("a").streams(), 50)] for _ in range(2)]
        self.assertEqual(*streams)

    def test_failure(self) -> None:
        """What a reader raises is found, and can be played again."""
        made = Machine("7744")
        with mock.patch.object(machine, "Conversation", side_effect=ZeroDivisionError("in it")):
            made.run(100)
        items, why = made.failures[0]
        self.assertIn("in it", why)
        self.assertIsNone(fails(items))


class LookTests(SynchronousTestCase):
    """Looking closely at a stream."""

    def test_good(self) -> None:
        """Nothing is wrong with a good one, nor with one that is refused."""
        look(PINGS, cuts=(3, 9, 20))
        look(PINGS + b"\0\0\0\1\x7f", cuts=(3,))
        look(PINGS + b"\0\0\0", cuts=(3,))

    def test_lost(self) -> None:
        """What is lost when a stream comes in pieces is seen."""
        with mock.patch.object(machine, "Reader", Losing):
            self.assertRaises(Wrong, look, PINGS, cuts=(3,))

    def test_unlike(self) -> None:
        """So is a message that is another one when it is written again."""
        with mock.patch.object(machine, "encode", lambda message: encode(Ping(1))):
            self.assertRaises(Wrong, look, PINGS)

    def test_swallowed(self) -> None:
        """So is a stream that must be refused, and is not."""
        with mock.patch.object(Reader, "feed", return_value=iter(())):
            self.assertRaises(Wrong, look, b"\0\0\0\0")

    def test_run(self) -> None:
        """So is a run that is not what it says."""
        head = makeHead(1, "s", "e", 1)
        data = eventFrame(head, 1, 1, b"1") + eventFrame(head, 2, 1, b"22")
        lookAtRun(Run(head, data, 2, 1, 2, len(head) + 18))
        for wrong in (
            Run(head, data, 3, 1, 2, len(head) + 18),
            Run(head, data, 2, 1, 3, len(head) + 18),
            Run(head, data, 2, 1, 2, len(head) + 17),
            Run(head, data[: len(head) + 21] * 2, 2, 1, 1, len(head) + 17),
        ):
            self.assertRaises(Wrong, lookAtRun, wrong)

    def test_deep(self) -> None:
        """So is JSON that nests too deep, and is taken."""
        deep = frame(Kind.RESULT, b"\0\0\0\1" + b"[" * 40 + b"]" * 40)
        look(deep)
        with (
            mock.patch("pysig_twisted.wire.version1.checkDepth"),
            mock.patch.dict(_DECODERS, {Kind.RESULT: lambda rest: Result(1, json.loads(rest[4:]))}),
        ):
            self.assertRaises(Wrong, look, deep)
        self.assertEqual(depth(b'{"[[": ["\\"[", {}]}'), 3)

    def test_plainly(self) -> None:
        """The plain reader finds frames, and says where there can be none."""
        found, isBad = plainly(PINGS + b"\0\0\0\0", 100)
        self.assertEqual((len(found), isBad), (5, True))
        self.assertEqual(plainly(b"\x01", 100), ([], True))
        self.assertEqual(plainly(b"\0\0\0\x65\x04", 100), ([], True))
        self.assertEqual(plainly(b"\0\0\0\x65\x22", 100), ([], False))

    def test_frames(self) -> None:
        """A stream is cut into its frames, and what is none stays in one piece."""
        self.assertEqual(b"".join(frames(PINGS + b"\0\0")), PINGS + b"\0\0")
        self.assertEqual(len(frames(PINGS + b"\0\0")), 6)
        self.assertRaises(ProtocolError, list, Reader().feed(b"x"))
