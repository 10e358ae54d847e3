"""Asking a device, with all its parts: bytes in, bytes out, and what callers and listeners hear."""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted import Router
from pysig_twisted.bridge.device import Device
from pysig_twisted.bridge.devices import devices
from pysig_twisted.bridge.exchange import BLOCKED
from pysig_twisted.core.clock import clockOf
from pysig_twisted.errors import SenderGone
from pysig_twisted.testing import Recorder

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class AskingCase(SynchronousTestCase):
    """A device that says what the test has it say."""

    def make(self, text: str) -> None:
        """Open the port of a device with this table."""
        tables = tomllib.loads(f'[serial.d]\nport = "/dev/x"\nstats = 0\n{text}')["serial"]
        [settings], errors = devices(tables, "f")
        self.assertEqual(errors, [])
        self.clock = Clock()
        self.router = Router()
        self.recorder = Recorder()
        self.router.addListener(self.recorder, "d")
        self.sent: list[bytes] = []
        self.isBlocked = False
        self.device = Device(settings, self.router, clockOf(self.clock), lambda device: None)
        self.addCleanup(self.device.stop)
        self.open()

    def open(self) -> None:
        """Open its port."""
        self.device.opened(self.sent.append, lambda: self.isBlocked)

    def ask(self, method: str, params: Any = None) -> list[Any]:
        """Ask it; the list has the answer, or the error, once there is one."""
        results: list[Any] = []
        answer = self.router.request("d", method, params, timeout=60.0)
        answer.addBoth(lambda result: results.append(getattr(result, "value", result)))
        return results

    def say(self, *chunks: bytes) -> None:
        """It says something, in pieces."""
        for chunk in chunks:
            self.device.received(chunk)

    def wait(self, seconds: float) -> None:
        """Time passes."""
        for _ in range(round(seconds * 100)):
            self.clock.advance(0.01)

    @property
    def heard(self) -> list[tuple[str, Any]]:
        """The events of its own."""
        found = [(heard.info.event, heard.data) for heard in self.recorder.all]
        return [each for each in found if each[0][0] != "#"]


class EchoTests(AskingCase):
    """Devices that send back what they are sent."""

    def test_noAnswer(self) -> None:
        """What comes back of a command without an answer is not the answer to the next."""
        self.make('echo=true\nrequest.n={send="SET 1",reply="none"}\nrequest.q={send="GET"}')
        first, second = self.ask("n"), self.ask("q")
        self.say(b"SET 1\r\n")
        self.wait(0.1)
        self.say(b"GET\r\n1\r\n")
        self.assertEqual((first, second, self.heard), ([None], ["1"], []))

    def test_lines(self) -> None:
        """Each line of a command comes back."""
        self.make('echo=true\nrequest.q={send="SEL 1\\nGET"}')
        answer = self.ask("q")
        self.say(b"SEL 1\r\nGET\r\n42\r\n")
        self.assertEqual((answer, self.heard), (["42"], []))

    def test_bytes(self) -> None:
        """Before an answer of so many bytes comes all that was sent, with its end."""
        self.make('echo=true\nrequest.q={send="GET",reply={bytes=3}}')
        answer = self.ask("q")
        self.say(b"GE", b"T\nab", b"c")
        self.assertEqual((answer, self.heard), (["abc"], []))


class LateTests(AskingCase):
    """Answers that nobody waits for."""

    def test_silent(self) -> None:
        """A device that was silent answers late, and no poll takes that for its answer."""
        self.make(
            'silence=3.0\nrequest.slow={send="SLOW",timeout=20.0,deadline=20.0}\n'
            '[[serial.d.poll]]\nsend="TEMP?"\nevery=60.0\nevent="temp"'
        )
        self.wait(0.01)
        self.say(b"20\n")
        self.wait(0.1)
        answer = self.ask("slow")
        self.wait(4)
        self.assertIsInstance(answer[0], SenderGone)
        self.say(b"slow answer\n")
        late = ("late", {"text": "slow answer", "request": "slow"})
        self.assertEqual(self.heard, [("temp", "20"), late])

    def test_reopened(self) -> None:
        """A link that broke and is back brings the answer to what was asked before, as late."""
        self.make('request.q={send="Q"}')
        self.ask("q")
        self.device.lost("unplugged", "gone")
        self.wait(0.3)
        self.open()
        answer = self.ask("q")
        self.say(b"old\n")
        self.wait(1.1)
        self.say(b"new\n")
        self.assertEqual(answer, ["new"])
        self.assertEqual(self.heard, [("late", {"text": "old", "request": "q"})])

    def test_console(self) -> None:
        """What comes after a text was sent, and nobody gathers any more, is nobody's answer."""
        self.make('console=true\nrequest.q={send="GET"}')
        gathered = self.ask("send", {"text": "MEAS?", "wait": 1})
        self.wait(1.1)
        answer = self.ask("q")
        self.say(b"measured\n")
        self.wait(1.5)
        self.say(b"got\n")
        self.assertEqual((gathered, answer), ([{"lines": []}], ["got"]))

    def test_unreadable(self) -> None:
        """After what could not be read the answer may come yet; the next one waits."""
        self.make('request.q={send="GET {n:int}",reply={parse="json"}}')
        first = self.ask("q", 1)
        self.say(b"debug: hi\n")
        second = self.ask("q", 2)
        self.wait(0.1)
        self.say(b'{"n":1}\n')
        self.wait(1.1)
        self.say(b'{"n":2}\n')
        self.assertIn("could not be read as json", first[0].message)
        self.assertEqual(second, [{"n": 2}])

    def test_chatty(self) -> None:
        """What else a device says does not keep a line dirty whose answers are known."""
        self.make('request.m={send="M",reply={match="^M="}}')
        self.ask("m")
        for number in range(30):
            self.say(b"T=%d\n" % number)
            self.wait(0.1)
        answer = self.ask("m")
        self.say(b"T=30\n", b"M=1\n")
        self.assertEqual(answer, ["M=1"])
        self.assertEqual(len(self.heard), 31)

    def test_halfEvents(self) -> None:
        """Events that come in pieces do not keep a line dirty."""
        self.make('request.m={send="M"}\n[[serial.d.event]]\nname="t"\nmatch="^T=(?P<t>.*)$"')
        self.ask("m")
        self.wait(1.1)
        answer = self.ask("m")
        for number in range(7):
            self.say(b"T=", b"%d\n" % number)
            self.wait(0.2)
        self.assertEqual(self.sent[-1], b"M\n")
        self.assertEqual(self.sent.count(b"M\n"), 2)
        self.say(b"now\n")
        self.assertEqual(answer, ["now"])


class OrderTests(AskingCase):
    """When the next command goes out."""

    def test_part(self) -> None:
        """Not while part of something comes."""
        self.make('request.q={send="GET {n:int}"}')
        first, second = self.ask("q", 1), self.ask("q", 2)
        self.say(b"OK\n12")
        self.clock.advance(0.008)
        self.say(b".5\n")
        self.wait(0.1)
        self.say(b"second\n")
        self.assertEqual((first, second), (["OK"], ["second"]))
        self.assertEqual(self.heard, [("late", {"text": "12.5", "request": "q"})])

    def test_behindBytes(self) -> None:
        """What comes with an answer of bytes is heard before the next command."""
        self.make('command_gap=0.0\nrequest.r={send="R",reply={bytes=2}}\nrequest.q={send="Q"}')
        first, second = self.ask("r"), self.ask("q")
        self.say(b"abextra\n")
        self.assertEqual((first, second), (["ab"], []))
        self.assertEqual(self.sent, [b"R\n", b"Q\n"])
        self.say(b"right\n")
        self.assertEqual(second, ["right"])

    def test_cut(self) -> None:
        """A command that was cut off is ended before the next."""
        self.make('char_delay=0.3\nrequest.q={send="SETX 1"}')
        self.ask("q")
        self.wait(0.5)
        self.device.lost("unplugged", "gone")
        self.open()
        self.ask("q")
        self.wait(3.5)
        self.assertEqual(b"".join(self.sent), b"SE\nSETX 1\n")

    def test_blocked(self) -> None:
        """A line that takes nothing is looked at again now and then, and not all the time."""
        self.make('request.q={send="Q"}')
        self.isBlocked = True
        self.ask("q")
        looks: list[float] = []
        self.device._isBlocked = lambda: looks.append(self.clock.seconds()) or True  # type: ignore
        self.wait(2)
        self.assertLessEqual(len(looks), 2 / BLOCKED + 2)
        self.device._isBlocked = lambda: False
        self.wait(2 * BLOCKED)
        self.assertEqual(self.sent, [b"Q\n"])

    def test_life(self) -> None:
        """Answers that are so many bytes are signs of life."""
        self.make('silence=3.0\n[[serial.d.poll]]\nsend="R"\nevery=1.0\nevent="v"\nreply={bytes=2}')
        for _ in range(8):
            self.say(b"ab")
            self.wait(1)
        self.assertEqual(self.device.life.state.value, "up")
        self.assertGreaterEqual(self.heard.count(("v", "ab")), 7)

    def test_stopped(self) -> None:
        """Whoever is answered may stop the device."""
        self.make('request.r={send="R",reply={bytes=2}}')
        answer = self.router.request("d", "r")
        answer.addCallback(lambda _: self.device.stop())
        self.say(b"ablate\n")
        self.assertEqual(
            (self.device.life.state.value, self.clock.getDelayedCalls()), ("stopped", [])
        )

    def test_deadline(self) -> None:
        """Who is asked late has little time, and it is said how little."""
        self.make('request.q={send="Q {n:int}",timeout=2.0,deadline=3.0}')
        self.ask("q", 1)
        late = self.ask("q", 2)
        self.wait(1.95)
        self.say(b"one\n")
        self.wait(2)
        self.assertRegex(late[0].message, r"within the 1\.\d s that were left of 3 s")
