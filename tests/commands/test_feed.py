"""Events from lines, and the bar that shows how far they are."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.commands import lines as lines_
from pysig_twisted.commands import progress
from pysig_twisted.commands.feed import Feed
from pysig_twisted.commands.lines import Lines
from pysig_twisted.commands.notices import Notices
from pysig_twisted.commands.options import encoder
from pysig_twisted.errors import BadData, BadName, RemoteError


class FakeSession:
    """A session on a clock."""

    def __init__(self) -> None:
        self.reactor = Clock()
        self.notices = Notices()
        self.isInterrupted = False


class FakeSender:
    """Notes what is fired."""

    def __init__(self, router: FakeRouter, events: list[str]) -> None:
        self.router, self.events = router, events

    def whenSettled(self) -> Deferred[Any]:
        """It is settled."""
        return succeed(self)

    def remove(self) -> Deferred[None]:
        """Leave."""
        self.router.trace.append("left")
        return succeed(None)

    def trigger(self, event: str, data: Any) -> None:
        """Fire."""
        if self.router.error is not None:
            raise self.router.error
        self.router.trace.append((event, data))


class FakeRouter:
    """Has room when the test says so."""

    def __init__(self) -> None:
        self.trace: list[Any] = []
        self.waiting: list[Deferred[None]] = []
        self.error: Exception | None = None

    def addSender(self, name: str, events: list[str]) -> FakeSender:
        """A sender."""
        self.trace.append(list(events))
        return FakeSender(self, events)

    def ready(self) -> Deferred[None]:
        """Room, when the test says so."""
        self.waiting.append(Deferred())
        return self.waiting[-1]


class FeedTests(SynchronousTestCase):
    """L{Feed}, without a network."""

    def feed(self, text: bytes, event: str | None = "x", codec: str = "json") -> Feed:
        """A feed from a file with this text."""
        path = self.mktemp()
        with open(path, "wb") as file:
            file.write(text)
        number = os.open(path, os.O_RDONLY)
        self.addCleanup(os.close, number)
        self.session = FakeSession()
        self.router = FakeRouter()
        lines = Lines(self.session.reactor, number, path)
        encode = encoder({"codec": codec})
        return Feed(self.session, self.router, "door", event, codec, lines, encode)

    def run_(self, feed: Feed) -> Deferred[None]:
        """Run it as far as it goes."""
        running = Deferred.fromCoroutine(feed.run())
        for _ in range(5):
            self.session.reactor.advance(0)
        return running

    def test_room(self) -> None:
        """It goes on only when there is room, and ends with the input."""
        running = self.run_(self.feed(b"1\n2\n"))
        self.assertEqual(self.router.trace, [["x"], ("x", 1)])
        self.assertNoResult(running)
        self.router.waiting[0].callback(None)
        self.session.reactor.advance(0)
        self.assertEqual(self.router.trace[1:], [("x", 1), ("x", 2)])
        self.successResultOf(running)

    def test_interrupted(self) -> None:
        """Interrupted while it waits for room, it fires what was read already."""
        feed = self.feed(b"1\n2\n3\n")
        running = self.run_(feed)
        self.session.isInterrupted = True
        running.cancel()
        self.failureResultOf(running)
        self.assertEqual(self.router.trace[1:], [("x", 1), ("x", 2), ("x", 3)])
        self.assertEqual(feed.count, 3)

    def test_lost(self) -> None:
        """If there is no link any more, it does not."""
        running = self.run_(self.feed(b"1\n2\n"))
        running.cancel()
        self.failureResultOf(running)
        self.assertEqual(self.router.trace[1:], [("x", 1)])

    def test_newNames(self) -> None:
        """A new name makes the sender leave and come back, with all that come next."""
        text = b'{"event":"a"}\n{"event":"b"}\n{"event":"a*"}\n'
        running = self.run_(self.feed(text, None))
        self.router.waiting[0].callback(None)
        self.session.reactor.advance(0)
        self.assertEqual(self.router.trace[:3], [["a", "b"], ("a", None), ("b", None)])
        self.assertNotIn("left", self.router.trace[:3])
        running.cancel()
        running.addErrback(lambda failure: None)

    def test_wrong(self) -> None:
        """A line that is wrong is an error that names it, of the same kind."""
        for text, event, kind, words in (
            (b"1", None, BadData, "line 1: it is not an object"),
            (b"\n{}", None, BadData, "line 2: it is not an object"),
            (b'{"event":5}', None, BadName, "the event 5 is no name"),
            (b"\xff", "x", BadData, "not UTF-8 at byte 1; 0 events before it were fired"),
            (b"[NaN]", "x", BadData, "no NaN"),
            (b'"\\ud800"', "x", BadData, "line 1: '\"\\\\ud800\"' is not usable JSON: \\ud800"),
        ):
            feed = self.feed(text, event)
            self.patch(self.router, "ready", lambda: succeed(None))
            failure = self.failureResultOf(self.run_(feed), kind)
            self.assertIn(words, failure.getErrorMessage())
        feed = self.feed(b"1")
        self.router.error = RemoteError("Odd", "from a newer router")
        failure = self.failureResultOf(self.run_(feed), RemoteError)
        self.assertIn("line 1: from a newer router", failure.getErrorMessage())

    def test_tooLong(self) -> None:
        """A line without an end is told like any other that is wrong."""
        self.patch(lines_, "LONGEST", 10)
        self.patch(lines_, "PIECE", 6)
        feed = self.feed(b"1\n2\n" + b"3" * 20)
        self.patch(self.router, "ready", lambda: succeed(None))
        message = self.failureResultOf(self.run_(feed), BadData).getErrorMessage()
        self.assertIn("line 3: it is longer than 10 bytes; 2 events before it were", message)

    def test_mark(self) -> None:
        """The mark of UTF-8 before the first line is no part of it; elsewhere it is."""
        feed = self.feed(b"\xef\xbb\xbf1\n")
        self.patch(self.router, "ready", lambda: succeed(None))
        self.successResultOf(self.run_(feed))
        self.assertEqual(self.router.trace[1:], [("x", 1)])
        feed = self.feed(b"1\n\xef\xbb\xbf2\n")
        self.patch(self.router, "ready", lambda: succeed(None))
        self.failureResultOf(self.run_(feed), BadData)
        feed = self.feed(b"\xef\xbb\xbf1", codec="raw")
        self.patch(self.router, "ready", lambda: succeed(None))
        self.successResultOf(self.run_(feed))
        self.assertEqual(self.router.trace[1:], [("x", b"\xef\xbb\xbf1")])

    def test_gaps(self) -> None:
        """Each line that is a gap is told, and in the end how many events it is in all."""
        text = (
            b'{"gap":{"sender":"x","n":134547,"why":"listener-slow"}}\n'
            b'{"gap":{"sender":"y","n":1,"why":"link"}}\n{"event":"a"}\n'
            b'{"gap":{"sender":5,"n":null}}\n{"gap":null}\n'
        )
        feed = self.feed(text, None)
        told: list[str] = []
        self.session.notices.show = told.append
        feed._lines.name = "it"
        self.patch(self.router, "ready", lambda: succeed(None))
        self.successResultOf(self.run_(feed))
        feed.tellMissing()
        self.assertEqual(
            told,
            [
                "it, line 1: 134547 events of x are missing (listener-slow)",
                "it, line 2: 1 event of y is missing (link)",
                "it, line 4: some events of some sender are missing",
                "it, line 5: some events of some sender are missing",
                "it: in all at least 134548 events are missing, in 4 gaps",
            ],
        )
        # They are no warnings, which would be an error in the end.
        self.assertFalse(self.session.notices.warned)
        self.assertEqual(feed.count, 1)

    def test_check(self) -> None:
        """What cannot be fired at the beginning of a file is seen before anything is declared."""
        for text, event, kind, words in (
            (b"\n[1}", "x", BadData, "line 2: '[1}' is not JSON"),
            (b'{"event":"a*"}', None, BadName, "line 1: "),
            (b"[" * 40 + b"]" * 40, "x", BadData, "line 1: the JSON nests deeper"),
        ):
            feed = self.feed(text, event)
            checking = Deferred.fromCoroutine(feed.check())
            self.session.reactor.advance(0)
            self.session.reactor.advance(0)
            self.assertIn(words, self.failureResultOf(checking, kind).getErrorMessage())
            self.assertEqual(self.router.trace, [])
        feed = self.feed(b"1\nnope\n")
        checking = Deferred.fromCoroutine(feed.check())
        self.session.reactor.advance(0)
        self.successResultOf(checking)
        running = self.run_(feed)
        self.assertEqual(self.router.trace[1:], [("x", 1)])  # it is still there
        running.cancel()
        running.addErrback(lambda failure: None)


class BarTests(SynchronousTestCase):
    """L{progress.Bar}."""

    def bar(
        self, isTerminal: bool = True, isWanted: bool = True, **environment: str
    ) -> progress.Bar:
        """A bar on a stream that may be a terminal."""
        self.stream = io.StringIO()
        self.patch(sys, "stderr", self.stream)
        self.patch(progress, "isTerminal", lambda stream: isTerminal)
        self.patch(os, "environ", {"TERM": "xterm", "COLUMNS": "60", **environment})
        self.session = FakeSession()
        return progress.Bar(self.session, "dir/[red]\x1b.txt", 1000, isWanted)

    def test_long(self) -> None:
        """It appears when it takes long, with a tame name, and goes in the end."""
        bar = self.bar(NO_COLOR="1")
        bar.update(100, 1)
        self.assertEqual(self.stream.getvalue(), "")
        self.session.reactor.advance(2)
        bar.update(500, 12_000)
        text = self.stream.getvalue()
        for words in ("[red]\\u001b.txt", "50%", "12,000 events"):
            self.assertIn(words, text)
        self.session.notices.tell("[b]told\x1b")
        self.assertIn("pysig: [b]told\\u001b", self.stream.getvalue())
        bar.end()
        self.assertIsNot(self.session.notices.show, bar._say)
        self.assertNotIn("\x1b[1m", self.stream.getvalue())

    def test_nobodyLooks(self) -> None:
        """It does not appear elsewhere, nor on a terminal that cannot draw it."""
        for bar in (self.bar(False), self.bar(TERM="dumb"), self.bar(isWanted=False)):
            self.session.reactor.advance(2)
            bar.update(500, 5)
            bar.end()
            self.assertEqual(self.stream.getvalue(), "")

    def test_narrow(self) -> None:
        """On a narrow terminal the figures stay whole."""
        bar = self.bar(NO_COLOR="1", COLUMNS="20")
        self.session.reactor.advance(2)
        bar.update(500, 1)
        bar.end()
        self.assertIn("50% 1 event", self.stream.getvalue())

    def test_background(self) -> None:
        """While the terminal belongs to another job nothing is drawn on it."""
        bar = self.bar(NO_COLOR="1")
        self.patch(progress, "isForeground", lambda stream: False)
        self.session.reactor.advance(2)
        bar.update(500, 5)
        self.assertEqual(self.stream.getvalue(), "")
        self.patch(progress, "isForeground", lambda stream: True)
        self.session.reactor.advance(2)
        bar.update(600, 6)
        self.assertIn("60%", self.stream.getvalue())
        bar.end()
