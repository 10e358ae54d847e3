"""One message at a time."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis.strategies import floats, lists, sampled_from, tuples
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.carriers.pysig07 import exchange as module
from pysig_twisted.carriers.pysig07.exchange import (
    CALM,
    MAX_OPEN,
    MAX_WAITING,
    PROBE_TIME,
    Exchange,
    Question,
)
from pysig_twisted.core.clock import clockOf
from pysig_twisted.errors import PysigError
from pysig_twisted.wire.pysig07 import Said, Splitter, answer, parse

from .oldpeer import OldPeer

PATIENCE = 15.0


class Rig(SynchronousTestCase):
    """An exchange with an old peer, which has its turns when a test says so."""

    def setUp(self) -> None:
        """Both are there."""
        self.clock = Clock()
        self.peer = OldPeer(self.heard)
        self.failures: list[PysigError] = []
        self.drained = 0
        self.splitter = Splitter()
        self.exchange = Exchange(
            clockOf(self.clock), self.write, "ping", PATIENCE, self.failures.append, self.drain
        )
        self.done: list[Any] = []
        self.written: list[bytes] = []
        self.clock.advance(1)

    def tearDown(self) -> None:
        """Nothing waits after the end."""
        self.exchange.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def write(self, data: bytes) -> None:
        """It says something."""
        self.written.append(data)
        self.peer.arrive(data)

    def drain(self) -> None:
        """Nothing waits any more."""
        self.drained += 1

    def heard(self, data: bytes) -> None:
        """The peer says something."""
        for text in self.splitter.feed(data):
            said = parse(text)
            if said.isAnswer:
                self.exchange.heardAnswer(said)
            else:
                assert self.exchange.heardQuestion()
                self.exchange.answer(answer(said.id, b"%d" % (2 * said.id)))

    def tell(self, value: int) -> None:
        """Tell listener 1 something."""

        def done(said: Said | None) -> None:
            self.done.append(value if said is not None else None)

        params = b'{"listener_id": 1, "info": {}, "data": %d}' % value
        self.exchange.ask(Question("signal", params, done))


class ExchangeTests(Rig):
    """What is said when."""

    def test_questions(self) -> None:
        """The next one is asked when the one before was answered, and not before."""
        for value in range(3):
            self.tell(value)
        self.assertEqual((len(self.written), self.exchange.waiting), (1, 2))
        self.peer.recv()
        self.assertEqual((len(self.written), self.exchange.waiting, self.done), (2, 1, [0]))
        self.peer.recv()
        self.peer.recv()
        self.assertEqual(self.done, [0, 1, 2])
        self.assertEqual([data for _, data in self.peer.heard], [0, 1, 2])
        self.assertEqual((self.peer.lost, self.drained), ([], 2))

    def test_answerAtOnce(self) -> None:
        """A question is answered at once, and so is the next one, which shows that it was read."""
        for _ in range(5):
            self.peer.call("get_version")
            self.peer.recv()
            self.peer.poll()
            self.clock.advance(0.01)
        self.assertEqual(
            [each["response"] for each in self.peer.answers.values()], [2, 4, 6, 8, 10]
        )
        self.assertEqual(self.exchange.probes, 0)

    def test_questionAfterAnswer(self) -> None:
        """After an answer a probe comes first, as it may not have been read."""
        self.peer.call("get_version")
        self.tell(7)
        self.assertEqual(len(self.written), 1)
        self.clock.advance(CALM)
        self.assertEqual((len(self.written), self.exchange.probes), (2, 1))
        self.assertEqual(json.loads(self.written[1])["method"], "ping")
        self.peer.recv()  # both at once
        self.assertEqual((len(self.peer.lost), self.peer.open), (1, 1))
        self.clock.advance(PROBE_TIME)
        self.peer.recv()
        self.peer.poll()
        self.assertEqual(self.peer.answers[1]["response"], 2)
        self.clock.advance(CALM)
        self.peer.recv()
        self.peer.recv()
        self.assertEqual(self.peer.heard, [(1, 7)])

    def test_twoThreads(self) -> None:
        """Of two questions at once, each has its answer by itself."""
        self.peer.call("get_version")
        self.peer.call("get_version")
        self.assertEqual(len(self.written), 1)
        for _ in range(3):
            self.peer.recv()
            self.peer.poll()
            self.clock.advance(CALM)
        self.assertEqual((sorted(self.peer.answers), self.peer.lost), ([1, 2], []))

    def test_answerWaits(self) -> None:
        """While the peer is asked something, it is not answered."""
        self.tell(1)
        self.peer.call("get_version")
        self.assertEqual(len(self.written), 1)
        self.peer.recv()
        self.assertEqual(len(self.written), 2)
        self.peer.recv()
        self.assertEqual(self.peer.lost, [])

    def test_again(self) -> None:
        """A question that the peer was not ready for is asked again, before the others."""
        tries = []

        def done(said: Said | None) -> bool:
            tries.append(said)
            return len(tries) < 3

        self.exchange.ask(Question("signal", b'{"listener_id": 1, "data": 1, "info": {}}', done))
        self.tell(2)
        for _ in range(4):
            self.peer.recv()
            self.clock.advance(module.AGAIN)
        self.assertEqual([data for _, data in self.peer.heard], [1, 1, 1, 2])

    def test_tooLong(self) -> None:
        """What does not fit is not said, and the next one is."""
        params = b'{"listener_id": 1, "info": {}, "data": "%s"}' % (b"x" * 5000)
        self.exchange.ask(Question("signal", params, self.done.append))
        self.tell(1)
        self.peer.recv()
        self.assertEqual(self.done, [None, 1])
        self.assertLessEqual(max(map(len, self.written)), 4096)

    def test_forget(self) -> None:
        """A question that was not asked yet can be forgotten."""
        self.tell(1)
        later = Question("signal", b"{}", self.done.append)
        self.exchange.ask(later)
        self.assertTrue(self.exchange.forget(later))
        self.assertFalse(self.exchange.forget(later))
        self.peer.recv()
        self.assertEqual((len(self.written), self.done), (1, [1]))

    def test_late(self) -> None:
        """Who does not answer is told of, once."""
        self.tell(1)
        self.clock.advance(PATIENCE)
        self.assertEqual(
            [str(each) for each in self.failures], ["no answer to a signal came within 15 s"]
        )

    def test_lateProbe(self) -> None:
        """Also to a probe, which is asked again and again, at longer and longer intervals."""
        self.peer.call("get_version")
        self.tell(1)
        self.clock.pump([0.1] * 310)
        self.assertEqual(
            [str(each) for each in self.failures], ["no answer to a probe came within 15 s"]
        )
        self.assertLess(self.exchange.probes, 10)

    def test_strayAnswer(self) -> None:
        """An answer that nobody waits for is ignored."""
        self.exchange.heardAnswer(Said(id=0, status=0))
        self.tell(1)
        for id in (2, "1", None, [1]):
            self.exchange.heardAnswer(Said(id=id, status=0))
        self.assertEqual(self.done, [])

    def test_tooLarge(self) -> None:
        """Also to the size of what waits."""
        self.tell(1)
        for _ in range(MAX_WAITING // 4000 + 2):
            self.exchange.heardQuestion()
            self.exchange.answer(b"x" * 4000)
        self.assertIn("bytes of answers wait", str(self.failures[0]))

    def test_tooMany(self) -> None:
        """There is a limit to what may wait for an answer."""
        self.assertTrue(all(self.exchange.heardQuestion() for _ in range(MAX_OPEN)))
        self.assertFalse(self.exchange.heardQuestion())


class NothingLostTests(Rig):
    """Whoever has a turn when: nothing is lost, nothing comes twice, and all are answered."""

    @settings(max_examples=300, deadline=None)
    @given(
        lists(
            tuples(
                sampled_from(["tell", "call", "recv", "poll", "pass", "breathe"]),
                floats(0.0001, 0.3),
            ),
            max_size=60,
        )
    )
    def test_any(self, steps: list[tuple[str, float]]) -> None:
        """Threads of the peer may be late by less than a third of a second."""
        self.setUp()
        told = 0
        for step, seconds in steps:
            if step == "tell":
                told += 1
                self.tell(told)
            elif step == "call" and self.peer.open < 3:
                # Who calls as another thread does has to look first whether it is its turn.
                self.peer.poll()
                self.peer.call("get_version")
            elif step == "recv":
                self.peer.recv()
            elif step == "poll":
                self.peer.poll()
            elif step == "breathe":
                self.clock.advance(0.001)
                self.peer.recv()
                self.peer.poll()
            else:
                self.clock.advance(seconds)
                self.peer.recv()
                self.peer.poll()
        for _ in range(400):
            self.peer.recv()
            self.peer.poll()
            self.clock.advance(0.05)
        self.assertEqual([data for _, data in self.peer.heard], list(range(1, told + 1)))
        self.assertEqual(self.done, list(range(1, told + 1)))
        self.assertEqual(
            {number: each["response"] for number, each in self.peer.answers.items()},
            {number: 2 * number for number in range(1, self.peer._number + 1)},
        )
        self.assertEqual((self.peer.open, self.failures), (0, []))
        self.exchange.stop()
