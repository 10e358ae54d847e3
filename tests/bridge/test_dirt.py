"""A line on which answers may still come that nobody waits for."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.command import Command
from pysig_twisted.bridge.dirt import MOST, Dirt
from pysig_twisted.bridge.parsers import JsonParser, TextParser
from pysig_twisted.bridge.replies import Answer, Taken
from pysig_twisted.bridge.replykinds import (
    BytesReply,
    GatherReply,
    LineReply,
    LinesReply,
    MatchReply,
    NoReply,
    UntilReply,
)

TEXT = TextParser().parse
LINE = partial(LineReply, TEXT)


def known(what: str) -> Callable[[], Any]:
    """The answer is a frame that begins like that."""
    return partial(MatchReply, re.compile(f"^{what}"), TEXT, re.compile(f"^ERR {what}"))


def until(what: str) -> Callable[[], Any]:
    """The answer ends with a frame that begins like that."""
    return partial(UntilReply, re.compile(f"^{what}"), TEXT)


class _Once(LineReply):
    """A reply that may be used once, as all of them."""

    def __init__(self, case: SynchronousTestCase) -> None:
        super().__init__(TEXT)
        self._case = case
        self._isOver = False

    def take(self, frame: bytes, text: str, isEvent: Callable[[], bool]) -> Answer | Taken:
        """Not after the answer."""
        self._case.assertFalse(self._isOver)
        taken = super().take(frame, text, isEvent)
        self._isOver = isinstance(taken, Answer)
        return taken


class DirtCase(SynchronousTestCase):
    """Dirt since 100, and what comes upon it."""

    def setUp(self) -> None:
        """Nothing is awaited."""
        self.now = 100.0
        self.dirt = Dirt(self.now)

    def add(self, what: str, reply: Callable[[], Any] = LINE, quiet: float = 1.0) -> None:
        """One more was not answered."""
        self.dirt.add(Command(what, what.encode(), reply), quiet, self.now)

    def say(self, *texts: str, events: str = "^!") -> list[bool]:
        """Frames come at once: which of them are late answers."""

        def isEvent(text: str) -> bool:
            return re.search(events, text) is not None

        return [
            self.dirt.take(text.encode(), text, partial(isEvent, text), self.now) for text in texts
        ]

    @property
    def left(self) -> float:
        """Seconds until the line is clean, if nothing comes."""
        return round(self.dirt.until - self.now, 6)


class QuietTests(DirtCase):
    """How long the line has to be quiet."""

    def test_begin(self) -> None:
        """Dirt lasts for the quiet after a command, and says who asked, and since when."""
        self.add("A", quiet=2.0)
        self.assertEqual((self.left, self.dirt.asker, self.dirt.since), (2.0, "A", 100.0))

    def test_longest(self) -> None:
        """Of several the longest quiet counts, from the last on; dirty it is since the first."""
        self.add("A", quiet=3.0)
        self.now = 102.0
        self.add("B", quiet=1.0)
        self.assertEqual((self.left, self.dirt.asker, self.dirt.since), (3.0, "B", 100.0))
        self.add("C", quiet=5.0)
        self.assertEqual(self.left, 5.0)

    def test_reopened(self) -> None:
        """A line that is open again has all of the quiet before it, and is dirty since then."""
        self.add("A", quiet=2.0)
        self.dirt.stir(101.0)
        self.now = 500.0
        self.dirt.begin(self.now)
        self.assertEqual((self.left, self.dirt.since, self.dirt.asker), (2.0, 500.0, "A"))
        self.assertEqual(self.say("!T=1"), [False])
        self.assertEqual(self.left, 2.0, "what stirred it belongs to the line before")

    def test_stir(self) -> None:
        """Part of a frame begins the quiet anew, each time."""
        self.add("A")
        for now in (100.9, 101.8):
            self.now = now
            self.dirt.stir(now)
            self.assertEqual(self.left, 1.0)

    def test_stirEvent(self) -> None:
        """A part that turns out to be an event has cost no time, in however many parts it came."""
        self.add("A")
        for self.now in (100.3, 100.6, 100.8):
            self.dirt.stir(self.now)
        self.assertEqual(self.say("!T=1"), [False])
        self.assertEqual(self.dirt.until, 101.0)
        self.assertEqual(self.say("!T=2"), [False])
        self.assertEqual(self.dirt.until, 101.0)

    def test_stirAnswer(self) -> None:
        """A part that turns out to be late keeps the line dirty."""
        self.add("A")
        self.now = 100.5
        self.dirt.stir(self.now)
        self.assertEqual((self.say("a"), self.left), ([True], 1.0))
        self.assertEqual((self.say("!T=1"), self.left), ([False], 1.0))

    def test_stirAdd(self) -> None:
        """A command that was not answered since then counts for more than the part before it."""
        self.add("A")
        self.dirt.stir(100.5)
        self.now = 105.0
        self.add("B")
        self.assertEqual((self.say("!T=1"), self.left), ([False], 1.0))


class UnknownTests(DirtCase):
    """Answers that could be any frame."""

    def test_line(self) -> None:
        """Each frame that is no event may be it: it is late, and the quiet begins anew."""
        self.add("A")
        for self.now in (100.9, 101.8, 102.7):
            self.assertEqual((self.say("a"), self.left), ([True], 1.0))

    def test_events(self) -> None:
        """Events are not late, and do not disturb the quiet."""
        self.add("A")
        self.now = 100.9
        self.assertEqual(self.say("!T=1", "!T=2"), [False, False])
        self.assertEqual(self.dirt.until, 101.0)

    def test_lines(self) -> None:
        """So it is with answers of several frames, and those that cannot be read."""
        for reply in (partial(LinesReply, 2, TEXT), partial(LineReply, JsonParser().parse)):
            self.dirt = Dirt(self.now)
            self.add("A", reply)
            self.now += 0.5
            self.assertEqual((self.say("a", "!e", "b", "c"), self.left), ([1, 0, 1, 1], 1.0))

    def test_again(self) -> None:
        """What has found its answer is not asked again: each may be followed by another."""
        made: list[_Once] = []

        def reply() -> _Once:
            made.append(_Once(self))
            return made[-1]

        self.add("A", reply)
        self.assertEqual(self.say("a", "b", "!e", "c"), [True, True, False, True])
        self.assertEqual(len(made), 4)

    def test_anything(self) -> None:
        """So it is with what has no frames, no end, or no answer at all."""
        for reply in (partial(BytesReply, 4, TEXT), GatherReply, NoReply):
            self.dirt = Dirt(self.now)
            self.add("A", reply)
            self.now += 0.5
            self.assertEqual(self.say("!e"), [False])
            self.assertEqual(self.left, 0.5)
            self.assertEqual((self.say("a", "a"), self.left), ([True, True], 1.0))
            self.assertEqual(self.dirt.asker, "A")
            self.assertEqual(set(self.say(*["!e"] * 1001)), {False})


class KnownTests(DirtCase):
    """Answers that are known by what they say."""

    def test_one(self) -> None:
        """When it has come the line is clean at once."""
        self.add("A", known("a"))
        self.now = 100.4
        self.assertEqual((self.say("a1"), self.left), ([True], 0.0))
        self.assertEqual(self.say("a2"), [False], "it has come already")

    def test_others(self) -> None:
        """Other frames have nothing to do with it, be they events of a rule or not."""
        self.add("A", known("a"))
        self.now = 100.4
        self.assertEqual(self.say("b", "!a", "x"), [False] * 3)
        self.assertEqual(self.dirt.until, 101.0)

    def test_stirred(self) -> None:
        """A part that turns out to be another frame has cost no time."""
        self.add("A", known("a"))
        self.now = 100.4
        self.dirt.stir(self.now)
        self.assertEqual((self.say("b"), self.dirt.until), ([False], 101.0))

    def test_event(self) -> None:
        """The answer is it although a rule takes it, too."""
        self.add("A", known("!a"))
        self.assertEqual((self.say("!a"), self.left), ([True], 0.0))

    def test_error(self) -> None:
        """What the device says is wrong is an answer, too."""
        self.add("A", known("a"))
        self.assertEqual((self.say("ERR b", "ERR a"), self.left), ([False, True], 0.0))

    def test_several(self) -> None:
        """They are told apart, come in any order, and the line is clean after the last."""
        for what in "ABC":
            self.add(what, known(what.lower()), quiet=2.0)
        self.now = 100.5
        for said, left in (("b", 2.0), ("x", 2.0), ("c", 2.0), ("a", 0.0)):
            self.assertEqual(self.say(said), [said != "x"])
            self.assertEqual(self.left, left, said)
            if said != "x":
                self.assertEqual(self.dirt.asker, said.upper())

    def test_twice(self) -> None:
        """One that was asked twice is awaited twice."""
        for _ in range(2):
            self.add("A", known("a"))
        self.assertEqual((self.say("a"), self.left), ([True], 1.0))
        self.assertEqual((self.say("a"), self.left), ([True], 0.0))

    def test_until(self) -> None:
        """One of several frames keeps the line dirty until its last."""
        self.add("A", until("OK"))
        for self.now in (100.9, 101.8):
            self.assertEqual((self.say("a"), self.left), ([True], 1.0))
        self.assertEqual((self.say("!e"), self.left), ([False], 1.0))
        self.assertEqual((self.say("OK"), self.left), ([True], 0.0))

    def test_mixed(self) -> None:
        """While another answer could be any frame, the line stays dirty."""
        self.add("A", known("a"))
        self.add("B")
        self.now = 100.5
        self.assertEqual((self.say("a"), self.left, self.dirt.asker), ([True], 1.0, "A"))
        self.assertEqual((self.say("x"), self.left, self.dirt.asker), ([True], 1.0, "B"))
        self.now = 101.0
        self.assertEqual((self.say("!e"), self.left), ([False], 0.5))

    def test_mixedAnything(self) -> None:
        """So it is where one of them is bytes."""
        self.add("B", partial(BytesReply, 4, TEXT))
        self.add("A", known("a"))
        self.now = 100.5
        self.assertEqual(self.say("a", "x", "!e"), [True, True, False])
        self.assertEqual(self.left, 1.0)


class ManyTests(DirtCase):
    """More than are told apart."""

    def test_most(self) -> None:
        """As many as there may be are: other frames are not late."""
        for number in range(MOST):
            self.add(f"A{number}", known(f"<{number}>"))
        self.assertEqual(self.say("x"), [False])
        for number in range(MOST):
            self.assertEqual(self.say(f"<{number}>"), [True])
        self.assertEqual(self.left, 0.0)

    def test_more(self) -> None:
        """With one more, any frame may be the oldest answer, and only quiet ends it."""
        for number in range(MOST + 1):
            self.add(f"A{number}", known(f"<{number}>"))
        self.now = 100.5
        for number in range(1, MOST + 1):
            self.assertEqual(self.say(f"<{number}>"), [True])
            self.assertEqual(self.dirt.asker, f"A{number}")
        self.assertEqual(self.left, 1.0, "the first has not come")
        self.now = 101.0
        self.assertEqual((self.say("!e"), self.left), ([False], 0.5))
        self.assertEqual((self.say("<0>"), self.left), ([True], 1.0))

    def test_bounded(self) -> None:
        """However many there are, it does not grow."""
        made: list[Any] = []

        def reply() -> Any:
            made.append(MatchReply(re.compile("never"), TEXT))
            return made[-1]

        for _ in range(10 * MOST):
            self.add("A", reply)
        asked: list[Any] = []
        for each in made:
            self.patch(each, "_search", lambda text, each=each: asked.append(each))
        self.say("x")
        self.assertEqual(asked, made[-MOST:])


class AnyTests(SynchronousTestCase):
    """Whatever happens."""

    @given(
        st.lists(
            st.tuples(
                st.sampled_from([0.0, 0.2, 0.6]),
                st.sampled_from(["line", "a", "b", "OK", "say a", "say b", "say x", "say OK", "e"]),
            ),
            max_size=30,
        )
    )
    def test_any(self, steps: list[tuple[float, str]]) -> None:
        """It is over in time when nothing comes; not before an answer that could be any frame."""
        now, dirt = 0.0, Dirt(0.0)
        makers = {"line": LINE, "a": known("a"), "b": known("b"), "OK": until("OK")}
        dirt.add(Command("line", b"", LINE), 1.0, now)
        lastAt = now
        for pause, step in steps:
            now += pause
            if dirt.until <= now:  # it is clean
                return
            if step in makers:
                dirt.add(Command(step, b"", makers[step]), 1.0, now)
                lastAt = now
            elif step == "e":
                self.assertEqual(dirt.take(b"!", "!", lambda: True, now), False)
            else:
                text = step[4:]
                self.assertTrue(dirt.take(text.encode(), text, lambda: False, now))
                lastAt = now
            self.assertAlmostEqual(dirt.until, lastAt + 1.0)


class MoreTests(DirtCase):
    """Answers that come late, and are not whole."""

    def test_unreadable(self) -> None:
        """After what could not be read the answer may still come."""
        reply = partial(MatchReply, re.compile("^V=(?P<v>.*)"), JsonParser().parse)
        self.add("A", reply)
        self.assertEqual(self.say("V=?"), [True])
        self.assertGreater(self.dirt.until, self.now)
        self.assertEqual(self.say("V=5"), [True])

    def test_tooLong(self) -> None:
        """An answer that is too long is still late after that."""
        self.add("A", until("OK"))
        self.assertEqual(self.say(*(f"line {number}" for number in range(2500))), [True] * 2500)
        self.assertGreater(self.dirt.until, self.now)
        self.assertEqual(self.say("OK"), [True])
        self.assertEqual(self.dirt.until, self.now)
