"""Tests of L{pysig_twisted.testing.wirecontract}: formats that keep it, and some that do not."""

from __future__ import annotations

import contextlib
import json
import runpy
import unittest
from collections.abc import Callable, Iterator
from pathlib import Path
from struct import Struct
from typing import Any

from msgspec.structs import replace
from twisted.trial.unittest import SkipTest, SynchronousTestCase
from zope.interface import implementer

from pysig_twisted.errors import ProtocolError
from pysig_twisted.testing.wirecontract import WireContract
from pysig_twisted.wire.conversation import Role
from pysig_twisted.wire.messages import Call, Goodbye, Listen, Ping, Replay, Reply
from pysig_twisted.wire.translation import Translation
from pysig_twisted.wire.version1 import Version1, Version1Session
from tests import SLOW

from .test_page import BLOCK

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "custom_wire.py"
PAGE = ROOT / "docs" / "carriers.md"


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

    def test_numbers(self) -> None:
        """Numbers that do not fit into their fields are refused, and nothing is logged."""
        event = {"type": "Event", "sender": "s", "event": "e", "sid": "7", "seq": 1, "time": 1}
        for wrong in (
            {"codec": 300},
            {"codec": "1"},
            {"seq": -1},
            {"seq": 0},
            {"seq": 1.5},
            {"seq": 1 << 60},
            {"time": 1 << 70},
            {"time": None},
            {"sid": "-7"},
            {"sid": "f" * 17},
            {"sid": 7},
            {"sender": "s" * 70_000},
            {"type": "Reply", "codec": 300, "id": 1},
            {"type": "Reply", "codec": 1, "id": 1 << 32},
            {"type": "Cancel", "id": -4},
            {"type": "Ping", "token": -1},
            {"type": "Run"},
        ):
            with self.assertRaises(ProtocolError, msg=wrong):
                self.given(wrong if "type" in wrong else {**event, **wrong})
        [run] = self.given(event)
        self.assertEqual((run.count, run.first), (1, 1))

    def given(self, fields: dict[str, Any]) -> list[Any]:
        """What a router gets of a line."""
        translation = Translation(self.wire, Role.ROUTER, lambda _: None, lambda _: None)
        return list(translation.feed(json.dumps(fields).encode() + b"\n"))


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


class Swallowing(Version1Session):
    """Says nothing of what it cannot read, and waits for what it can."""

    def feed(self, data: bytes) -> Iterator[Any]:
        """What is wrong is dropped."""
        try:
            yield from super().feed(data)
        except ProtocolError:
            return


class SwallowingLines:
    """Drops lines that say nothing; each of the others has the number of a ping."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self.begun = b""

    @property
    def held(self) -> int:
        """See IWireSession."""
        return len(self.begun)

    def feed(self, data: bytes) -> Iterator[Any]:
        """What is wrong is dropped."""
        *lines, self.begun = (self.begun + data).split(b"\n")
        for line in lines:
            if line.isdigit():
                yield Ping(int(line) % 1000)

    def send(self, message: Any) -> None:
        """Nothing is said."""


class Copying(Version1Session):
    """Copies all that it has for each piece that comes."""

    kept = b""

    def feed(self, data: bytes) -> Iterator[Any]:
        """Whole once the frame is."""
        self.kept = self.kept + data
        if len(self.kept) >= 4 + int.from_bytes(self.kept[:4], "big"):
            data, self.kept = self.kept, b""
            yield from super().feed(data)

    @property
    def held(self) -> int:
        """See IWireSession."""
        return len(self.kept)


class Trusting:
    """Takes whatever number comes: of a line of JSON it makes a reply."""

    held = 0

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write

    def feed(self, data: bytes) -> Iterator[Any]:
        """Nothing is checked."""
        for line in data.splitlines():
            with contextlib.suppress(ValueError):
                yield Reply(1, Struct(">I").pack(json.loads(line)["id"])[0], b"")

    def send(self, message: Any) -> None:
        """Only the number is said."""
        self._write(json.dumps({"id": getattr(message, "id", 1)}).encode() + b"\n")


class Mute(Version1Session):
    """Does not say GOODBYE."""

    def send(self, message: Any) -> None:
        """Nearly all is said."""
        if not isinstance(message, Goodbye):
            super().send(message)


class Present(Version1Session):
    """Knows nothing of what was fired before."""

    def send(self, message: Any) -> None:
        """No REPLAY, but its flags."""
        super().send(replace(message, frames=b"") if isinstance(message, Replay) else message)


class Usual(Version1Session):
    """Has no word for what a subscription begins with."""

    def send(self, message: Any) -> None:
        """All of them begin now."""
        if isinstance(message, Call) and isinstance(message.action, Listen):
            message = replace(message, action=replace(message.action, start="now"))
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
        self.flushLoggedErrors()
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
            (Present, "test_client"),
            (Present, "test_router"),
            (Present, "test_routers"),
            (Usual, "test_client"),
            (Usual, "test_routers"),
            (Copying, "test_long"),
            (Trusting, "test_outside"),
            (Trusting, "test_garbage"),
            (Swallowing, "test_swallowed"),
            (SwallowingLines, "test_swallowed"),
        ):
            self.assertIn(test, self.broken(Of(kind)), kind.__name__)
        self.assertIn("test_twoSessions", self.broken(Sharing()))


class PageTests(SynchronousTestCase):
    """The encoding and the format on the page about them keep the contracts."""

    def test_page(self) -> None:
        """So say the test cases of the page, which are run as they stand."""
        if not PAGE.exists():
            raise SkipTest("not in a source tree")
        names: dict[str, Any] = {"__name__": "page", "implementer": implementer}
        for code in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
            if "class Zipped" in code or "class HexLines" in code:
                exec(compile(code, str(PAGE), "exec"), names)
        for name in ("ZippedTests", "HexLinesTests"):
            case, result = names[name], unittest.TestResult()
            tests = unittest.defaultTestLoader.getTestCaseNames(case)
            quick = [test for test in tests if SLOW or test not in ("test_big", "test_unfolding")]
            unittest.TestSuite(map(case, quick)).run(result)
            self.assertGreater(result.testsRun, 9)
            self.assertEqual([*result.errors, *result.failures], [])
