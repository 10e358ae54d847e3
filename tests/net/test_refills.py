"""Owners are asked for what was fired before the router knew them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pysig_twisted.core.presence import sidText
from pysig_twisted.wire.messages import Call, Error, Listen, Refill, Replay, Result, Resume
from pysig_twisted.wire.runs import Run

from .latecase import LateCase, plain, shown


class RefillTests(LateCase):
    """A router that was restarted, an owner that has fired 10 events, and a listener."""

    def setUp(self) -> None:
        """The owner keeps the last 6 of them."""
        super().setUp()
        self.home = self.peer()
        self.own = self.home.addSender("r", "a", "b", last=10, oldest=5)
        self.listener = self.peer()

    def resume(self, seq: int = 2, peer: Any = None) -> int:
        """The listener goes on."""
        peer = peer or self.listener
        peer.ask(Listen("r", None, "resume"))
        number = peer.ask(Resume(self.seen(self.own, seq)))
        peer.take(Result)
        return int(number)

    def asked(self) -> Call:
        """What the owner is asked."""
        return self.home.one(Call)

    def frames(self, first: int, last: int, event: str = "a") -> bytes:
        """Events of the owner."""
        seqs = range(first, last + 1)
        return self.own.frames(event, *seqs, seqs=seqs)

    def test_asked(self) -> None:
        """It is asked for all that it has, when somebody needs it."""
        self.assertEqual(self.home.take(Call), [])
        self.resume()
        action = self.asked().action
        self.assertEqual(action, Refill("r", sidText(self.own.sid), 5, 10))
        self.assertEqual(self.listener.take(), [])

    def test_notNeeded(self) -> None:
        """It is not asked if nothing of it was missed."""
        self.resume(10)
        self.assertEqual(self.home.take(Call), [])
        self.assertEqual(plain(self.listener.take()), [("r", "up", 10)])

    def test_all(self) -> None:
        """What it sends is told, and what it has no more is missing; then it is live."""
        number = self.resume()
        call = self.asked()
        self.home.say(Replay(call.id, False, False, self.frames(5, 7)))
        self.home.say(Replay(call.id, False, False, self.frames(8, 10, "b")))
        self.assertEqual(self.listener.take(), [])
        self.home.say(Result(call.id, {}))
        told = shown(self.listener.take())
        events = [("r", seq) for seq in range(5, 11)]
        gap = ("r", "gap", 3, 4, 2, "history")
        self.assertEqual(
            told,
            [
                ("replay", number, True, True, ("r", "up", 2), gap, *events),
                ("result", number, {}),
            ],
        )
        self.own.fire("a", 1)
        self.assertEqual(plain(self.listener.take()), [("r", 11)])
        self.assertEqual(self.router.refills.refilled, 6)

    def test_once(self) -> None:
        """Two who need it are served by one call, and a third by none."""
        other, third = self.peer(), self.peer()
        self.resume()
        self.resume(4, other)
        call = self.asked()
        self.home.say(Replay(call.id, False, False, self.frames(5, 10)), Result(call.id, {}))
        self.resume(8, third)
        self.assertEqual(self.home.take(Call), [])
        for peer, first in ((self.listener, 5), (other, 5), (third, 9)):
            events = [one for one in plain(peer.take()) if len(one) == 2]
            self.assertEqual(events, [("r", seq) for seq in range(first, 11)])

    def assertMissing(self, first: int = 3, last: int = 10) -> None:
        """The listener was told of what is missing, and the call was answered."""
        told = plain(self.listener.take())
        gap = ("r", "gap", first, last, last - first + 1, "history")
        self.assertEqual(told, [("r", "up", 2), gap, *(("r", q) for q in range(last + 1, 11))])

    def test_partial(self) -> None:
        """An owner that has only the newest sends these."""
        self.resume()
        call = self.asked()
        self.home.say(Replay(call.id, False, False, self.frames(9, 10)), Result(call.id, {}))
        self.assertMissing(3, 8)

    def test_nothing(self) -> None:
        """One that has none, or refuses, sends none."""
        for answer in (lambda id: Result(id, {}), lambda id: Error(id, {"code": "busy"})):
            with self.subTest(answer=answer):
                self.resume()
                self.home.say(answer(self.asked().id))
                self.assertMissing()
                self.setUp()

    def test_unfinished(self) -> None:
        """An answer that ends too early would leave a hole, and is not taken."""
        self.resume()
        call = self.asked()
        self.home.say(Replay(call.id, False, False, self.frames(5, 8)), Result(call.id, {}))
        self.assertMissing()

    def test_late(self) -> None:
        """Each part has 10 seconds; then it goes on without."""
        self.resume()
        call = self.asked()
        self.clock.advance(9)
        self.home.say(Replay(call.id, False, False, self.frames(5, 6)))
        self.clock.advance(9)
        self.assertEqual(self.listener.take(), [])
        self.clock.advance(1.1)
        self.assertMissing()
        self.home.say(Replay(call.id, False, False, self.frames(7, 10)), Result(call.id, {}))
        self.assertIsNone(self.home.goodbye)
        self.assertIn("the owner of r has not", "\n".join(self.lines()))

    def test_gone(self) -> None:
        """An owner that goes answers no more."""
        self.resume()
        self.home.leave()
        told = plain(self.listener.take())
        gap = ("r", "gap", 3, 10, 8, "history")
        self.assertEqual(told, [("r", "up", 2), gap, ("r", "down", 10)])

    def test_listenerGone(self) -> None:
        """A listener that goes meanwhile does no harm."""
        self.resume()
        self.listener.leave()
        call = self.asked()
        self.home.say(Replay(call.id, False, False, self.frames(5, 10)), Result(call.id, {}))
        self.assertEmpty()

    def test_wrong(self) -> None:
        """Anything but what was asked for ends the connection."""
        wrong: list[tuple[Callable[[], bytes], str]] = [
            (lambda: self.frames(5, 6) + self.frames(8, 8), "leaves numbers out"),
            (lambda: self.frames(9, 11), "too many"),
            (lambda: self.frames(5, 5, "c"), "another life"),
            (lambda: self.s.frames("a", 1, seqs=[5]), "another life"),
            (lambda: self.frames(5, 5)[:-1], "ends within a frame"),
            (lambda: self.own.frames("a", b"1", codec=200, seqs=[5]), "codec 200"),
        ]
        for frames, words in wrong:
            with self.subTest(words=words):
                self.resume()
                self.home.say(Replay(self.asked().id, False, False, frames()))
                self.assertEnded(self.home, "protocol-error", words)
                self.setUp()

    def test_unasked(self) -> None:
        """What nobody has asked for is ignored, also from another than who was asked."""
        self.home.say(Replay(77, False, False, self.frames(5, 10)), Result(77, {}))
        self.resume()
        call = self.asked()
        self.owner.say(Replay(call.id, False, False, b"nonsense"), Result(call.id, {}))
        self.assertIsNone(self.owner.goodbye)
        self.assertEqual(self.listener.take(), [])

    def test_comesBack(self) -> None:
        """An owner that was away for a moment is asked for what it fired before that, too."""
        self.home.leave()
        action = self.own.action
        self.home = self.peer()
        assert "have" in self.home.call(action)
        self.resume()
        call = self.asked()
        self.assertEqual(call.action, Refill("r", sidText(self.own.sid), 5, 10))
        self.home.say(Replay(call.id, False, False, self.frames(5, 10)), Result(call.id, {}))
        told = plain(self.listener.take())
        self.assertEqual(
            told[1:8], [("r", "gap", 3, 4, 2, "history")] + [("r", q) for q in range(5, 11)]
        )
        self.assertEqual(told[8:], [("r", "down", 10), ("r", "up", 10)])

    def test_noLive(self) -> None:
        """What is sent again is not for those who were here."""
        here = self.peer()
        here.listen("r")
        self.resume()
        call = self.asked()
        self.home.say(Replay(call.id, False, False, self.frames(5, 10)), Result(call.id, {}))
        self.assertEqual(here.take(Run), [])
