"""What a router sends of what was fired before, for one listener or for all."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis.strategies import data, integers, lists, sampled_from
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.info import EventInfo
from pysig_twisted.core.presence import sidText
from pysig_twisted.errors import BadRequest, Busy, ProtocolError
from pysig_twisted.names import isBuiltin
from pysig_twisted.net.clientprotocol import CALL_TIMEOUT
from pysig_twisted.net.replays import framesOf
from pysig_twisted.testing import Recorder
from pysig_twisted.wire.messages import (
    MAX_SEQ,
    Error,
    GapNotice,
    Listen,
    Ping,
    PresenceNotice,
    Replay,
    Result,
    Resume,
    Unlisten,
)
from pysig_twisted.wire.runs import Run, eventFrame, makeHead
from pysig_twisted.wire.version1 import encode

from .resumecase import SID, ReplayCase, down, event, events, gap, together, up


class FramesTests(SynchronousTestCase):
    """What is in a REPLAY."""

    def test_frames(self) -> None:
        """Events, gaps, and who came and went."""
        items = list(framesOf(together(up(), events(1, 3), gap(4, 5), down(5)), 1000))
        self.assertEqual(
            [type(item) for item in items], [PresenceNotice, Run, GapNotice, type(up())]
        )
        self.assertEqual(list(framesOf(b"", 1000)), [])

    def test_others(self) -> None:
        """Nothing else is legal."""
        for frames in (encode(Ping(1)), event(1)[:-1], b"\0\0", event(1) + b"\0", b"\1\2\3\4\5"):
            self.assertRaises(ProtocolError, list, framesOf(frames, 1000))

    def test_long(self) -> None:
        """Nor is a frame that is longer than we take."""
        self.assertRaises(ProtocolError, list, framesOf(event(1), 20))


class AskTests(ReplayCase):
    """What is asked for one listener."""

    def test_asked(self) -> None:
        """The router is asked for what the listener wants, once; others ask without."""
        for replay in ("last", 7, 1 << 60):
            self.subject.addListener(Recorder(), "s", "e", replay=replay)  # type: ignore[arg-type]
        self.subject.addListener(Recorder(), "s", "e")
        self.subject.addListener(Recorder(), "s", "e")
        self.routers.pump()
        starts = [call.start for call in self.calls()]
        self.assertEqual(starts, ["last", 7, MAX_SEQ, "now"])

    def test_wrong(self) -> None:
        """What is no replay is refused by the call itself, with what to give instead."""
        for replay in (0, -1, True, 1.5, "all", "first", b"last", ()):
            error: Any = self.assertRaises(
                BadRequest, self.subject.addListener, Recorder(), replay=replay
            )
            self.assertIn('give "last"', str(error))
        self.assertEqual(self.calls(), [])

    def test_kept(self) -> None:
        """The handle says what was asked for."""
        self.assertEqual(self.subject.addListener(Recorder(), "s", replay=4).replay, 4)
        self.assertIsNone(self.subject.addListener(Recorder(), "s").replay)

    def test_onLive(self) -> None:
        """A listener may ask for a replay of what others hear already."""
        live = self.listen(self.subject, "s")
        heard = self.listen(self.subject, "s", replay=2)
        self.assertEqual([call.start for call in self.calls()], ["now", 2])
        self.replay(events(2, 3), live=True)
        self.agree()
        self.say(event(4))
        self.assertEqual((self.seqs(live), self.seqs(heard)), ([4], [2, 3, 4]))

    def test_refused(self) -> None:
        """A refusal concerns the one that asked."""
        live = self.listen(self.subject, "s")
        asked = self.subject.addListener(Recorder(), "s", replay=2)
        self.routers.pump()
        self.say(Error(self.listens.pop().id, {"code": "busy", "message": "no"}))
        self.failure(asked.whenSettled(), Busy)
        self.assertEqual(str(asked.state), "refused")
        self.say(event(4))
        self.assertEqual(self.seqs(live), [4])

    def test_refusedAlone(self) -> None:
        """After it, others may ask anew."""
        asked = self.subject.addListener(Recorder(), "s", replay=2)
        self.routers.pump()
        self.say(Error(self.listens.pop().id, {"code": "busy", "message": "no"}))
        self.failure(asked.whenSettled(), Busy)
        heard = self.listen(self.subject, "s")
        self.say(event(4))
        self.assertEqual(self.seqs(heard), [4])

    def test_plainRefused(self) -> None:
        """If another one is refused meanwhile, it waits for its own answer."""
        heard = self.listen(self.subject, "s", replay=2)
        self.isHolding = True
        plain = self.subject.addListener(Recorder(), "s")
        self.routers.pump()
        self.say(Error(self.listens.pop().id, {"code": "busy", "message": "no"}))
        self.failure(plain.whenSettled(), Busy)
        self.replay(events(2, 3), live=True)
        self.agree()
        self.say(event(4))
        self.assertEqual(self.seqs(heard), [2, 3, 4])

    def test_badResult(self) -> None:
        """A RESULT that makes no sense ends the link with a reason."""
        self.isHolding = True
        self.listen(self.subject, "s")
        self.say(Result(self.listens.pop().id, {"late": {"s": 5}}))
        self.assertEqual(self.scripts.made[0].messages[-1].code, "protocol-error")

    def test_removed(self) -> None:
        """One that is removed hears nothing more; its last words are let pass."""
        asked = self.subject.addListener(heard := Recorder(), "s", replay=5)
        self.routers.pump()
        self.replay(events(1, 2))
        asked.remove()
        self.replay(events(3, 3), live=True)
        self.agree()
        self.say(event(4))
        self.assertEqual(self.seqs(heard), [1, 2])
        self.assertEqual(self.calls()[-1], Unlisten("s", None))
        interests = self.subject._interests
        self.assertEqual((interests._asked.keys(), interests._wishes), ([], {}))
        self.assertEqual((interests._wishOf, interests._hearing._gates), ({}, {}))

    def test_removedByItself(self) -> None:
        """One may remove itself in the middle of it."""
        heard: list[int] = []

        def listen(info: EventInfo, data: Any) -> None:
            heard.append(info.seq)
            if info.seq == 2:
                subscription.remove()

        subscription = self.subject.addListener(listen, "s", replay=5)
        self.routers.pump()
        self.replay(events(1, 3), live=True)
        self.replay(events(3, 3), live=True)
        self.assertEqual(heard, [1, 2])

    def test_removedBySnapshot(self) -> None:
        """Or when it is told who is there."""
        heard = Recorder()

        def listen(info: EventInfo, data: Any) -> None:
            heard(info, data)
            subscription.remove()

        subscription = self.subject.addListener(listen, "s", replay=5, snapshot=True)
        self.routers.pump()
        self.replay(events(1, 3), live=True)
        self.assertEqual(self.seqs(heard), ["#connect"])

    def test_time(self) -> None:
        """A replay that goes on does not end the link, however long it takes; silence does."""
        self.listen(self.subject, "s", replay=100)
        self.routers.link(self.subject)
        for seq in range(1, 5):
            self.routers.advance(CALL_TIMEOUT * 0.6)
            self.replay(event(seq))
        self.assertTrue(self.isUp())
        self.routers.advance(CALL_TIMEOUT + 1)
        self.assertEqual(self.scripts.made[0].messages[-1].code, "timeout")


class HearTests(ReplayCase):
    """What one listener hears."""

    def setUp(self) -> None:
        """One has asked."""
        super().setUp()
        self.heard = Recorder()
        self.asked = self.subject.addListener(
            self.heard, "s", replay=5, snapshot=True, onGap=self.heard.onGap
        )
        self.routers.pump()

    def test_replay(self) -> None:
        """First who is there, then the replay, marked; then what is fired."""
        self.replay(events(1, 2))
        self.assertEqual(str(self.asked.state), "pending")
        self.replay(event(3), live=True)
        self.say(event(4))
        self.agree()
        self.assertEqual(str(self.asked.state), "accepted")
        self.say(event(5))
        self.assertEqual(self.seqs(self.heard), ["#connect", 1, 2, 3, 4, 5])
        self.assertEqual(self.replayed(self.heard), [1, 2, 3])
        self.assertEqual(self.heard.all[1].info.time, 1.5)
        self.assertEqual(self.heard.data, [1, 2, 3, 4, 5])
        arrivals = self.subject._interests.arrivals
        self.assertEqual((arrivals.delivered, arrivals.replayed), (5, 3))

    def test_forItAlone(self) -> None:
        """Others hear what is fired, when it is, and nothing of the replay."""
        live = self.listen(self.subject, "s")
        self.say(event(4))
        self.replay(events(1, 3))
        self.say(event(5))
        self.replay(events(4, 5), live=True)
        self.say(event(6))
        self.agree()
        self.assertEqual(self.seqs(live), [4, 5, 6])
        self.assertEqual(self.seqs(self.heard), ["#connect", 1, 2, 3, 4, 5, 6])
        self.assertEqual(self.heard.gaps, [])

    def test_nothing(self) -> None:
        """If there is nothing to replay, what is fired from the answer on."""
        self.agree()
        self.say(event(4))
        self.assertEqual(self.seqs(self.heard), ["#connect", 4])
        self.assertEqual(self.subject._interests._hearing._gates, {})

    def test_empty(self) -> None:
        """An empty last part is of the sender of the part before."""
        self.replay(events(1, 3))
        self.replay(live=True)
        self.say(event(4))
        self.assertEqual(self.seqs(self.heard), ["#connect", 1, 2, 3, 4])
        self.replay(live=True)
        self.agree()
        self.assertEqual(self.heard.gaps, [])

    def test_marker(self) -> None:
        """A part that only says who is there makes that one live."""
        self.replay(up(3), live=True)
        self.say(event(4))
        self.assertEqual(self.seqs(self.heard), ["#connect", 4])

    def test_gaps(self) -> None:
        """What is no more is told to it alone."""
        live = self.listen(self.subject, "s")
        self.replay(gap(1, 2, 2), events(3, 3), live=True)
        self.agree()
        [told] = self.heard.gaps
        self.assertEqual((told.first, told.last, told.n, told.why), (1, 2, 2, "history"))
        self.assertEqual(live.gaps, [])
        self.assertEqual(self.subject._interests.arrivals.gaps, 2)

    def test_gapOfSome(self) -> None:
        """How many is not told to one that does not hear all of them."""
        heard = self.listen(self.subject, "s", "e", replay=5)
        self.listens.pop(0)
        self.replay(gap(1, 2, 2), events(3, 3), live=True)
        self.assertEqual([told.n for told in heard.gaps], [None])

    def test_undecodable(self) -> None:
        """What cannot be decoded is a gap, logged once."""
        frames = [eventFrame(makeHead(1, "s", "e", SID), seq, 1, b"{") for seq in (1, 2)]
        self.assertEqual(len(self.logs(lambda: self.replay(*frames), "cannot be read")), 1)
        self.assertEqual(
            [(told.first, told.why) for told in self.heard.gaps], [(1, "bad-data"), (2, "bad-data")]
        )

    def test_notAsked(self) -> None:
        """Events that it does not hear, or of others, are not for it."""
        heard = self.listen(self.subject, "s", "f", replay=5)
        self.listens.pop(0)
        self.replay(events(1, 2), event(3, event="f"), event(1, "t", sid=9), live=True)
        self.assertEqual(self.seqs(heard), [3])

    def test_unknownCall(self) -> None:
        """Parts that nobody asked for are let pass."""
        self.say(Replay(99, True, True, events(1, 3)))
        self.assertEqual(self.seqs(self.heard), [])
        self.assertTrue(self.isUp())

    def test_illegal(self) -> None:
        """A part that holds something else ends the link with a reason."""
        self.replay(encode(Ping(1)))
        goodbye = self.scripts.made[0].messages[-1]
        self.assertEqual(goodbye.code, "protocol-error")
        self.assertIn("PING is not legal within a REPLAY", goodbye.reason)

    def test_several(self) -> None:
        """Each sender is live from the end of its own part on, the others from the answer on."""
        self.listens.clear()
        self.present = [up(3, name, number) for number, name in enumerate("abc", 1)]
        heard = self.listen(self.subject, None, "e", replay=2)
        self.replay(events(2, 3, "a", 1), live=True)
        self.say(event(4, "a", sid=1), event(4, "b", sid=2))
        self.replay(events(3, 4, "b", 2), live=True)
        self.say(event(5, "b", sid=2))
        self.agree()
        self.say(event(4, "c", sid=3))
        told = [(info.sender, info.seq) for info, _ in heard.all]
        self.assertEqual(
            told,
            [("a", 2), ("a", 3), ("a", 4), ("b", 3), ("b", 4), ("b", 5), ("c", 4)],
        )
        self.assertEqual(heard.gaps, [])

    def test_newSender(self) -> None:
        """A sender that comes during the replay is no part of it, and is heard at once."""
        self.listens.clear()
        heard = self.listen(self.subject, None, None, replay=2)
        self.replay(events(1, 2))
        self.say(up(0, "t", 5), event(1, "t", sid=5))
        self.assertEqual(self.seqs(heard), [1, 2, "#connect", 1])

    def test_goes(self) -> None:
        """One that goes during the replay is told as gone after it."""
        self.replay(events(1, 2))
        self.say(down(3), up(0, sid=7))
        self.replay(event(3), live=True)
        self.say(event(1, sid=7))
        self.agree()
        self.assertEqual(self.seqs(self.heard), ["#connect", 1, 2, 3, "#disconnect", "#connect", 1])

    def test_wayward(self) -> None:
        """What a router leaves out between the replay and the live events is said."""
        self.say(event(4))
        self.replay(events(1, 3))
        self.say(event(5))
        self.replay(live=True)
        self.say(event(6))
        self.assertEqual(self.seqs(self.heard), ["#connect", 1, 2, 3, 6])
        self.assertEqual([(told.first, told.last) for told in self.heard.gaps], [(5, 5)])

    def test_cutBefore(self) -> None:
        """If the link is lost before the replay has begun, it is asked for again."""
        self.listens.clear()
        self.cut()
        self.assertEqual(self.calls(), [Listen("s", None, 5)])
        self.replay(events(1, 3), live=True)
        self.agree()
        self.assertEqual(self.seqs(self.heard), ["#connect", 1, 2, 3])

    def test_cutWithin(self) -> None:
        """If it is lost within it, the rest is a gap, and what is fired later is resumed."""
        self.replay(events(1, 2))
        self.cut()
        self.assertEqual(
            self.calls(), [Listen("s", None, "resume"), Resume({"s": (sidText(SID), 3)})]
        )
        self.resume(up(3), events(4, 5))
        self.resumed()
        self.assertEqual(self.seqs(self.heard), ["#connect", 1, 2, 4, 5])
        self.assertEqual([(told.first, told.last) for told in self.heard.gaps], [(3, 3)])
        self.assertEqual(str(self.asked.state), "accepted")

    def test_grantedOnce(self) -> None:
        """Once granted, it is resumed like any other."""
        self.replay(events(1, 3), live=True)
        self.agree()
        self.cut()
        self.assertEqual([call.start for call in self.calls()[:1]], ["resume"])
        self.resume(up(3), event(4))
        self.resumed()
        self.assertEqual(self.seqs(self.heard), ["#connect", 1, 2, 3, 4])


class OnceTests(ReplayCase):
    """Whatever is replayed, live, missed and cut: each listener hears each event once, in order."""

    @settings(max_examples=300, deadline=None)
    @given(
        lists(sampled_from(["fire", "live", "listen", "ask", "part", "late", "cut"]), max_size=30),
        data(),
    )
    def test_any(self, steps: list[str], draw: Any) -> None:
        """Routers that do what they must, in any order."""
        self.setUp()
        fired, sent, first = 3, 3, 1
        listeners: list[tuple[Recorder, int]] = []
        asked: dict[int, tuple[Recorder, int]] = {}
        self.listen(self.subject, "s", "f")
        for step in steps:
            if step == "fire":
                fired += 1
            elif step == "live" and sent < fired:
                sent += 1
                self.say(event(sent))
            elif step == "listen":
                # The connection may be late when this one is added.
                self.isHolding = True
                heard = self.listen(self.subject, "s", draw.draw(sampled_from(["e", None, "*"])))
                self.isHolding = False
                if self.listens:
                    call = self.listens.pop()
                    late = {"late": {"s": (sidText(SID), fired)}} if sent < fired else {}
                    self.say(Result(call.id, late))
                    listeners.append((heard, fired))
                else:
                    listeners.append((heard, sent))
            elif step == "ask":
                heard = Recorder()
                count = draw.draw(integers(1, 5))
                self.subject.addListener(heard, "s", replay=count, onGap=heard.onGap)
                self.routers.pump()
                asked[self.listens.pop().id] = heard, max(0, fired - count)
            elif step == "part" and asked:
                number = draw.draw(sampled_from(sorted(asked)))
                heard, done = asked[number]
                last = draw.draw(integers(done, fired))
                isLive = last == fired
                self.say(Replay(number, isLive, isLive, events(done + 1, last)))
                asked[number] = heard, last
                if isLive:
                    late = {"late": {"s": (sidText(SID), fired)}} if sent < fired else {}
                    self.say(Result(number, late))
                    del asked[number]
                    first = min((info.seq for info, _ in heard.all), default=fired + 1)
                    listeners.append((heard, first - 1))
            elif step == "late" and sent < fired:
                self.say(gap(sent + 1, fired))
                sent = fired
            elif step == "cut" and not asked:
                self.present = [up(fired)]
                self.resumes.clear()
                self.cut()
                seen = self.resumes[0].action.seen["s"][1]
                self.assertEqual(seen, sent)
                self.resume(up(seen), events(seen + 1, fired))
                self.resumed()
                sent = fired
        for number, (_, done) in asked.items():
            self.say(Replay(number, True, True, events(done + 1, fired)))
            late = {"late": {"s": (sidText(SID), fired)}} if sent < fired else {}
            self.say(Result(number, late))
        self.say(events(sent + 1, fired + 2))
        for heard, after in listeners:
            seqs = [info.seq for info, _ in heard.all if not isBuiltin(info.event)]
            missed = {
                seq for told in heard.gaps for seq in range(told.first or 1, (told.last or 0) + 1)
            }
            self.assertEqual(seqs, sorted(set(seqs)))
            self.assertEqual(set(seqs) & missed, set())
            self.assertEqual(set(seqs) | missed, set(range(after + 1, fired + 3)), (seqs, missed))
        self.routers.stop()
