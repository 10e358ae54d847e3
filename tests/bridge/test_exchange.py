"""Asking a device, one command after the other."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.command import Command, Pacing
from pysig_twisted.bridge.exchange import BLOCKED, Exchange
from pysig_twisted.bridge.polls import Poll, Polls
from pysig_twisted.bridge.replykinds import (
    BytesReply,
    GatherReply,
    LineReply,
    LinesReply,
    MatchReply,
    NoReply,
)
from pysig_twisted.errors import (
    Busy,
    Cancelled,
    PysigError,
    RemoteError,
    RequestTimeout,
    TooLarge,
)


def asText(text: str, frame: bytes) -> Any:
    """The data of a frame."""
    return text


LINE = partial(LineReply, asText, re.compile("^ERR"))


def never() -> bool:
    """No rule takes the frame."""
    return False


def always() -> bool:
    """A rule takes it."""
    return True


class ExchangeCase(SynchronousTestCase):
    """A device that is there, and says what the test has it say."""

    def setUp(self) -> None:
        """The device is there."""
        self.now = 100.0
        self.sent: list[bytes] = []
        self.late: list[tuple[str, str]] = []
        self.isBlocked = False
        self.make()

    def make(self, **more: Any) -> None:
        """An exchange that is set up like that."""
        self.exchange = Exchange(
            "dev",
            self.sent.append,
            lambda text, method: self.late.append((text, method)),
            decode=lambda frame: frame.decode("latin-1"),
            isBlocked=lambda: self.isBlocked,
            **{"clear": b"\n", **more},
        )
        self.exchange.open(self.now)

    def ask(
        self, what: str, reply: Callable[[], Any] = LINE, pump: bool = True, **more: Any
    ) -> list[Any]:
        """Ask something; the list has the result, once there is one."""
        results: list[Any] = []
        command = Command(what, f"{what}\n".encode(), reply, echo=(what.encode(),), **more)
        answer = self.exchange.ask(command, self.now)
        answer.addBoth(results.append)
        self.answer: Deferred[Any] = answer
        if pump:
            self.exchange.pump(self.now)
        return results

    def say(self, *texts: str, isEvent: Callable[[], bool] = never) -> list[bool]:
        """The device says something, all at once: what was taken."""
        taken = [self.exchange.take(text.encode(), isEvent, self.now) for text in texts]
        self.exchange.expire(self.now)
        return taken

    def wait(self, seconds: float) -> None:
        """Time passes; what is due happens when it is."""
        end = self.now + seconds
        while (due := self.exchange.due) is not None and due <= end:
            self.now = max(self.now, due)
            self.exchange.expire(self.now)
        self.now = end

    def assertFails(self, results: list[Any], kind: type[PysigError], words: str) -> None:
        """It has failed like that."""
        self.assertEqual(len(results), 1, "it has not ended")
        self.assertIsInstance(results[0], Failure)
        self.assertIsInstance(results[0].value, kind)
        self.assertIn(words, results[0].value.message)


class AnswerTests(ExchangeCase):
    """Commands and their answers."""

    def test_one(self) -> None:
        """A command is sent, and the next line is its answer."""
        results = self.ask("A")
        self.assertEqual((self.sent, results), ([b"A\n"], []))
        self.assertEqual(self.say("yes"), [True])
        self.assertEqual(results, ["yes"])
        self.assertIsNone(self.exchange.due)

    def test_oneAtATime(self) -> None:
        """The next one is sent when the one before is answered."""
        results = [self.ask(name) for name in "ABC"]
        self.assertEqual(self.sent, [b"A\n"])
        for count, name in enumerate("abc", 1):
            self.say(name)
            self.assertEqual(len(self.sent), min(count + 1, 3))
        self.assertEqual(results, [["a"], ["b"], ["c"]])

    def test_event(self) -> None:
        """What a rule takes is an event, unless an expression finds it."""
        results = self.ask("A")
        self.assertEqual(self.say("T=1", isEvent=always), [False])
        self.assertEqual(results, [])
        self.assertEqual(self.say("yes"), [True])
        self.assertEqual(results, ["yes"])
        results = self.ask("A", partial(MatchReply, re.compile("T"), asText))
        self.assertEqual(self.say("other", "T=1", isEvent=always), [False, True])
        self.assertEqual(results, ["T=1"])

    def test_none(self) -> None:
        """Where there is no answer it is done when it is sent."""
        self.assertEqual([self.ask("A", NoReply), self.ask("B", NoReply)], [[None], [None]])
        self.assertEqual(self.sent, [b"A\n", b"B\n"])
        self.assertEqual(self.say("x"), [False])

    def test_error(self) -> None:
        """What the device says is wrong is told, and the next one is sent."""
        results, after = self.ask("A"), self.ask("B")
        self.say("ERR 7")
        self.assertFails(results, RemoteError, "ERR 7")
        self.say("ok")
        self.assertEqual(after, ["ok"])

    def test_lines(self) -> None:
        """An answer of several lines has time for each."""
        results = self.ask("A", partial(LinesReply, 3, asText), timeout=1.0)
        for text in "xyz":
            self.wait(0.9)
            self.say(text)
        self.assertEqual(results, [["x", "y", "z"]])

    def test_bytes(self) -> None:
        """Bytes are an answer whatever they look like; what comes after them is not."""
        results = self.ask("A", partial(BytesReply, 4, lambda text, frame: frame.hex()))
        self.assertTrue(self.exchange.isRaw)
        self.assertEqual(self.exchange.takeRaw(b"\n\0", self.now), b"")
        self.assertEqual(self.exchange.takeRaw(b"\nzT=1", self.now), b"T=1")
        self.assertEqual(results, ["0a000a7a"])
        self.assertFalse(self.exchange.isRaw)

    def test_gather(self) -> None:
        """What comes within a time; it does not get longer by what comes."""
        results = self.ask("A", GatherReply, timeout=1.0)
        self.wait(0.6)
        self.say("x", "y")
        self.wait(0.5)
        self.assertEqual(results, [["x", "y"]])

    def test_tooLong(self) -> None:
        """An answer that does not end is an error, and the line is dirty."""
        results = self.ask("A", partial(LinesReply, 1000, asText))
        self.ask("B")
        self.say(*(100 * "x" for _ in range(700)))
        self.assertFails(results, TooLarge, "dev answered A: the answer has more than")
        self.assertEqual(self.sent, [b"A\n", b"\n"])

    def test_echo(self) -> None:
        """What comes back of what was sent is no answer."""
        self.make(isEchoing=True)
        results = self.ask("A")
        self.assertEqual(self.say("A", "yes"), [True, True])
        self.assertEqual(results, ["yes"])
        results = self.ask("AB")
        self.assertEqual(self.say("ABall at once"), [True])
        self.assertEqual(results, ["all at once"])
        results = self.ask("C")
        self.say("no echo")
        self.assertEqual(results, ["no echo"])
        results = self.ask("D", partial(BytesReply, 2, asText))
        self.exchange.takeRaw(b"D", self.now)
        self.exchange.takeRaw(b"\nxy", self.now)
        self.assertEqual(results, ["xy"])

    def test_saidBefore(self) -> None:
        """What has come at once is heard out before the next command is sent."""
        self.make(pacing=Pacing(gap=0.01))
        results, after = self.ask("A"), self.ask("B")
        self.assertEqual(self.say("yes", "yes"), [True, True])
        self.assertEqual((results, self.late), (["yes"], [("yes", "A")]))
        self.wait(0.01)
        self.say("second")
        self.assertEqual(after, ["second"])


class PaceTests(ExchangeCase):
    """How fast things are sent."""

    def test_gap(self) -> None:
        """There is a pause between commands; a line within it begins it anew."""
        self.make(pacing=Pacing(gap=0.5))
        self.ask("A")
        self.ask("B")
        self.say("a")
        self.wait(0.4)
        self.say("again")
        self.wait(0.4)
        self.assertEqual(self.sent, [b"A\n"])
        self.wait(0.1)
        self.assertEqual(self.sent, [b"A\n", b"B\n"])

    def test_delays(self) -> None:
        """There are pauses after each byte and each line."""
        self.make(pacing=Pacing(charDelay=0.1, lineDelay=0.5, secondsPerByte=0.01))
        results = self.ask("AB\nC", NoReply)
        self.assertEqual(self.sent, [b"A"])
        self.wait(0.22)
        self.assertEqual(self.sent, [b"A", b"B", b"\n"])
        self.wait(0.5)
        self.assertEqual(len(self.sent), 3)
        self.wait(0.04)
        self.assertEqual(b"".join(self.sent), b"AB\nC")
        self.wait(1)
        self.assertEqual((b"".join(self.sent), results), (b"AB\nC\n", [None]))

    def test_slowLine(self) -> None:
        """The time of the command on the line does not count as the device's."""
        self.make(pacing=Pacing(secondsPerByte=1.0))
        results = self.ask("ABC", timeout=1.0)
        self.wait(4.9)
        self.assertEqual(results, [])
        self.wait(0.2)
        self.assertFails(results, RequestTimeout, "dev did not answer ABC within 1 s")

    def test_blocked(self) -> None:
        """Nothing is sent to a line that takes nothing."""
        self.isBlocked = True
        results = self.ask("A", deadline=1.0)
        self.wait(2)
        self.assertEqual(self.sent, [])
        self.assertFails(results, RequestTimeout, "its line takes nothing")
        results = self.ask("B")
        self.isBlocked = False
        self.wait(BLOCKED)
        self.say("b")
        self.assertEqual((self.sent, results), ([b"B\n"], ["b"]))


class DirtyTests(ExchangeCase):
    """Answers that come late, or never."""

    def test_late(self) -> None:
        """What comes after the time is told as late; the next command waits for quiet."""
        first, second = self.ask("A", timeout=1.0), self.ask("B")
        self.wait(1)
        self.assertFails(first, RequestTimeout, "dev did not answer A within 1 s")
        self.assertEqual(self.sent, [b"A\n", b"\n"])
        self.wait(0.9)
        self.assertEqual(self.say("for A"), [True])
        self.assertEqual(self.late, [("for A", "A")])
        self.wait(0.9)
        self.exchange.stir(self.now)
        self.wait(0.9)
        self.assertEqual(self.sent, [b"A\n", b"\n"])
        self.wait(0.1)
        self.assertEqual(self.sent, [b"A\n", b"\n", b"B\n"])
        self.say("for B")
        self.assertEqual((second, self.exchange.counts.late), (["for B"], 1))

    def test_events(self) -> None:
        """Events do not keep the line dirty, and stay events."""
        self.make(settle=0.5)
        self.ask("A", timeout=1.0)
        self.ask("B")
        self.wait(1.4)
        self.assertEqual(self.say("T=1", isEvent=always), [False])
        self.wait(0.1)
        self.assertEqual(self.sent[-1], b"B\n")
        self.assertEqual(self.late, [])

    def test_retry(self) -> None:
        """What may be sent again is, when the line is quiet; before others."""
        results = self.ask("A", timeout=1.0, retries=1)
        self.ask("B")
        self.wait(2)
        self.assertEqual(self.sent, [b"A\n", b"\n", b"A\n"])
        self.assertEqual(results, [])
        self.wait(1)
        self.assertFails(results, RequestTimeout, "did not answer A")
        self.assertEqual(self.exchange.counts.retries, 1)

    def test_sure(self) -> None:
        """Answers that are known by a number need no quiet, and none is taken for another."""

        def sure(number: int) -> Callable[[], Any]:
            expression = re.compile(rf"^R{number}\b")
            return partial(MatchReply, expression, asText)

        first = self.ask("A", sure(1), timeout=1.0, isSure=True)
        second = self.ask("B", sure(2), isSure=True)
        third = self.ask("C")
        self.wait(1)
        self.assertEqual(self.sent, [b"A\n", b"\n", b"B\n"])
        self.assertEqual(self.say("R1 late", "R2 right"), [True, True])
        self.assertFails(first, RequestTimeout, "A")
        self.assertEqual((second, self.late), (["R2 right"], [("R1 late", "A")]))
        self.assertEqual(self.sent[3:], [b"C\n"])
        self.say("for C")
        self.assertEqual(third, ["for C"])

    def test_deadline(self) -> None:
        """It counts from when they asked; what is being done goes on, and its answer is late."""
        first = self.ask("A", timeout=2.0, deadline=1.0)
        second = self.ask("B", deadline=1.5)
        third = self.ask("C", deadline=10.0)
        self.wait(1)
        self.assertFails(first, RequestTimeout, "dev did not answer A within 1 s")
        self.assertEqual(self.sent, [b"A\n"])
        self.wait(0.6)
        self.assertFails(second, RequestTimeout, "B could not be sent to dev within 1.5 s: it was")
        self.say("for A")
        self.assertEqual(self.late, [("for A", "A")])
        self.assertEqual(self.sent, [b"A\n", b"C\n"])
        self.say("for C")
        self.assertEqual(third, ["for C"])

    def test_neverQuiet(self) -> None:
        """On a line that is never quiet nothing is asked, and it is said why."""
        self.ask("A", timeout=1.0)
        results = self.ask("B", deadline=5.0)
        self.wait(1)
        for _ in range(12):
            self.wait(0.5)
            self.say("babble")
        self.assertEqual(self.sent, [b"A\n", b"\n"])
        self.assertFails(results, RequestTimeout, "the line has not been quiet since")

    def test_cancel(self) -> None:
        """Who goes away is not waited for: nothing is sent for one that waits."""
        self.ask("A")
        first = self.answer
        second = self.ask("B")
        self.answer.cancel()
        self.assertFails(second, Cancelled, "B was cancelled")
        first.cancel()
        self.say("for A")
        self.assertEqual((self.sent, self.late), ([b"A\n"], [("for A", "A")]))
        self.assertIsNone(self.exchange.due)

    def test_gone(self) -> None:
        """When the device goes all end at once, and nothing is asked."""
        results = [self.ask(name) for name in "ABC"]
        self.exchange.close("unplugged")
        for each in results:
            self.assertFails(each, Cancelled, "dev has gone (unplugged)")
        self.assertFails(self.ask("D"), Cancelled, "dev is not there")
        self.assertIsNone(self.exchange.due)
        self.exchange.open(self.now)
        results = [self.ask("E")]
        self.assertEqual(self.say("for A"), [True])
        self.assertEqual(self.late, [("for A", "A")])
        self.wait(1)
        self.say("e")
        self.assertEqual(results, [["e"]])

    def test_new(self) -> None:
        """A device that has started anew knows nothing of what was asked before."""
        self.ask("A")
        self.exchange.close("reset", isNew=True)
        self.exchange.open(self.now)
        self.assertEqual(self.say("READY"), [False])
        results = self.ask("B")
        self.assertEqual(self.sent, [b"A\n", b"B\n"])
        self.say("b")
        self.assertEqual(results, ["b"])


class RoomTests(ExchangeCase):
    """How many wait."""

    def test_busy(self) -> None:
        """More than there is room for are refused; the others are answered."""
        self.make(room=2)
        results = [self.ask(name) for name in "ABCD"]
        self.assertFails(results[3], Busy, "2 requests wait for dev already")
        for text in "abc":
            self.say(text)
        self.assertEqual(results[:3], [["a"], ["b"], ["c"]])

    def test_latest(self) -> None:
        """Of set-points that wait only the newest is sent, in the place of the oldest."""
        self.ask("A")
        results = [self.ask("S", isLatest=True) for _ in range(3)]
        other = self.ask("B")
        for each in results[:2]:
            self.assertFails(each, Busy, "a newer S took its place")
        for text in "asb":
            self.say(text)
        self.assertEqual((results[2], other), (["s"], ["b"]))
        self.assertEqual(self.sent, [b"A\n", b"S\n", b"B\n"])

    def test_reentrant(self) -> None:
        """Who was answered may ask again at once."""
        more: list[Any] = []
        self.ask("A")
        self.answer.addCallback(lambda _: more.append(self.ask("B")))
        self.say("a")
        self.say("b")
        self.assertEqual(more, [["b"]])


class PollTests(ExchangeCase):
    """Polls and requests together."""

    def setUp(self) -> None:
        """There are two polls."""
        super().setUp()
        self.told: list[Any] = []
        self.make(
            polls=Polls(
                Poll(
                    partial(Command, name, f"{name}\n".encode(), LINE, timeout=1.0),
                    every,
                    self.told.append,
                )
                for name, every in (("P", 5.0), ("Q", 10.0))
            )
        )
        self.exchange.pump(self.now)

    def test_polls(self) -> None:
        """Each is asked in its time."""
        self.assertEqual(self.sent, [b"P\n"])
        self.say("p1")
        self.say("q1")
        self.assertEqual(self.told, ["p1", "q1"])
        self.wait(4.9)
        self.assertEqual(len(self.sent), 2)
        self.wait(0.1)
        self.assertEqual(self.sent[2:], [b"P\n"])

    def test_yield(self) -> None:
        """They wait for all requests, and do not pile up."""
        results = [self.ask(name) for name in "ABC"]
        self.wait(0.9)
        self.say("p")
        for text in "abc":
            self.wait(0.9)
            self.say(text)
        self.assertEqual(results, [["a"], ["b"], ["c"]])
        self.assertEqual(self.sent, [b"P\n", b"A\n", b"B\n", b"C\n", b"Q\n"])

    def test_notAnswered(self) -> None:
        """One that is not answered is asked again in its time, once."""
        self.wait(60)
        self.assertEqual(self.sent.count(b"P\n"), 13)
        self.assertTrue(all(isinstance(told, Failure) for told in self.told))


class PropertyTests(SynchronousTestCase):
    """Whatever a device does."""

    @settings(max_examples=150)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from([0.0, 0.01, 0.3, 0.9, 1.1, 1.9]),  # when it is asked, after
                st.one_of(st.none(), st.sampled_from([0.0, 0.1, 0.9, 1.05, 1.3, 1.9])),
                st.integers(0, 2),  # retries
                st.booleans(),  # is its answer sure?
            ),
            max_size=20,
        ),
        st.booleans(),
    )
    def test_neverWrong(
        self, asked: list[tuple[float, float | None, int, bool]], isBusy: bool
    ) -> None:
        """
        A device that answers late, or not at all, and in its order: each answer is that of its
        command, all end, and what came is told: as an answer, or as late.
        """
        now = 0.0
        pending: list[tuple[float, str]] = []  # what the device will say
        free = 0.0
        late: list[str] = []
        delays = dict(enumerate(asked))
        said = 0

        def write(data: bytes) -> None:
            nonlocal free
            text = data.decode().strip()
            if not text:
                return
            delay = delays[int(text)][1]
            if delay is not None:
                # A device does one thing at a time, or several.
                free = max(now, free) + delay if isBusy else max(now + delay, free)
                pending.append((free, text))

        exchange = Exchange(
            "dev",
            write,
            lambda text, method: late.append(text),
            decode=bytes.decode,
            clear=b"\n",
            settle=2.0,
        )
        exchange.open(now)
        results: dict[int, Any] = {}

        def step(until: float) -> None:
            nonlocal now, said
            while True:
                dues = [each for each in (exchange.due,) if each is not None]
                dues += [pending[0][0]] if pending else []
                if not dues or min(dues) > until:
                    break
                now = max(now, min(dues))
                if pending and pending[0][0] <= now:
                    said += 1
                    exchange.take(pending.pop(0)[1].encode(), never, now)
                exchange.expire(now)
            now = until

        for number, (pause, _, retries, isSure) in enumerate(asked):
            step(now + pause)
            command = Command(
                str(number),
                f"{number}\n".encode(),
                partial(MatchReply, re.compile(f"^{number}$"), asText) if isSure else LINE,
                isSure=isSure,
                timeout=1.0,
                retries=retries,
                deadline=5.0,
            )
            answer = exchange.ask(command, now)
            answer.addBoth(partial(results.__setitem__, number))
            exchange.pump(now)
        step(now + 200)
        self.assertEqual(sorted(results), list(range(len(asked))))
        answers = 0
        for number, result in results.items():
            if isinstance(result, Failure):
                result.trap(RequestTimeout)
            else:
                answers += 1
                self.assertEqual(result, str(number))
        self.assertEqual(answers + len(late), said)
