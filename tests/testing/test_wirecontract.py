"""Tests of L{pysig_twisted.testing.wirecontract}: formats that keep it, and some that do not."""

from __future__ import annotations

import runpy
import unittest
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from pysig_twisted.errors import ProtocolError
from pysig_twisted.testing.wirecontract import WireContract
from pysig_twisted.wire.conversation import Role
from pysig_twisted.wire.messages import Goodbye
from pysig_twisted.wire.version1 import Version1, Version1Session

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "custom_wire.py"


class Version1Tests(WireContract, SynchronousTestCase):
    """Version 1 keeps the contract."""

    wire = Version1()


class JsonLinesTests(WireContract, SynchronousTestCase):
    """The example keeps it too."""

    def setUp(self) -> None:
        """The wire of the example."""
        if not EXAMPLE.exists():
            raise SkipTest("not in a source tree")
        self.wire = runpy.run_path(str(EXAMPLE))["JsonLines"]()


class Impatient(Version1Session):
    """Takes pieces for messages."""

    def feed(self, data: bytes) -> Iterator[Any]:
        """Nothing is kept."""
        yield from Version1Session(lambda _: None).feed(data)


class Forgetful(Version1Session):
    """Says that it holds nothing."""

    held = 0  # type: ignore[assignment]


class Raising(Version1Session):
    """Raises what comes."""

    def feed(self, data: bytes) -> Iterator[Any]:
        """ValueError, and no ProtocolError."""
        try:
            yield from super().feed(data)
        except ProtocolError as error:
            raise ValueError("no") from error


class Mute(Version1Session):
    """Does not say GOODBYE."""

    def send(self, message: Any) -> None:
        """Nearly all is said."""
        if not isinstance(message, Goodbye):
            super().send(message)


class Sharing:
    """All connections have one session."""

    name = "sharing"

    def __init__(self) -> None:
        self._session = Version1Session(lambda data: self._write(data))

    def session(self, side: Role, write: Callable[[bytes], None]) -> Version1Session:
        """The same one."""
        self._write = write
        return self._session


class Of:
    """A wire with sessions of that kind."""

    name = "broken"

    def __init__(self, kind: Any) -> None:
        self._kind = kind

    def session(self, side: Role, write: Callable[[bytes], None]) -> Any:
        """A new one."""
        return self._kind(write)


class BrokenTests(SynchronousTestCase):
    """What breaks the contract fails, each in the test that is there for it."""

    def broken(self, broken: Any) -> set[str]:
        """The tests that fail for this wire."""

        class Tests(WireContract, unittest.TestCase):
            wire = broken

        result = unittest.TestResult()
        names = [name for name in dir(Tests) if name.startswith("test_")]
        unittest.TestSuite(map(Tests, names)).run(result)
        return {test.id().rsplit(".")[-1] for test, _ in (*result.failures, *result.errors)}

    def test_sound(self) -> None:
        """A sound one fails nowhere."""
        self.assertEqual(self.broken(Version1()), set())

    def test_broken(self) -> None:
        """Each flaw is found."""
        for kind, test in (
            (Impatient, "test_pieces"),
            (Forgetful, "test_held"),
            (Raising, "test_garbage"),
            (Mute, "test_client"),
        ):
            self.assertIn(test, self.broken(Of(kind)), kind.__name__)
        self.assertIn("test_twoSessions", self.broken(Sharing()))
