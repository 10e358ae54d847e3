"""What docs/protocol.md says of what was fired before, said message by message to a router."""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.testing import MemoryRouters, memoryRouters
from pysig_twisted.wire.messages import (
    AddSender,
    Call,
    Error,
    GapNotice,
    Goodbye,
    Hello,
    Listen,
    Ping,
    PresenceNotice,
    Refill,
    RemoveSender,
    Replay,
    Result,
    Resume,
    Unlisten,
)
from pysig_twisted.wire.runs import Head, Run, parseHead
from pysig_twisted.wire.version1 import Reader, encode

SID, OTHER = "00112233445566ff", "8899aabbccddeeff"
SECRET = "0123456789abcdef" * 2
WINDOW = 30


def events(first: int, last: int, event: str = "e", sid: str = SID) -> Run:
    """Events of C{s}, each with its number as data."""
    head = Head(1, "s", event, int(sid, 16))
    return Run.of(head, [(seq, seq, b"%d" % seq) for seq in range(first, last + 1)])


def short(message: Any) -> Any:
    """What a message says, in a few words."""
    if isinstance(message, Run):
        head = parseHead(message.head)
        return [(head.event, seq) for seq, _, _ in message.events()]
    if isinstance(message, PresenceNotice):
        return ("up" if message.up else "down", message.sid, message.seq)
    if isinstance(message, GapNotice):
        return ("gap", message.sid, message.first, message.last, message.why)
    if isinstance(message, Error):
        return ("error", message.id, message.fields["code"])
    if isinstance(message, Goodbye):
        return ("goodbye", message.code)
    return message


class Raw(Protocol):
    """A peer that knows the messages, and nothing of what they mean."""

    def __init__(self) -> None:
        self._reader = Reader(1 << 24)
        self._heard: list[Any] = []

    def dataReceived(self, data: bytes) -> None:
        """See Protocol.dataReceived."""
        self._heard += self._reader.feed(data)

    def say(self, *messages: Any) -> None:
        """Say this."""
        assert self.transport is not None
        self.transport.write(b"".join(map(encode, messages)))

    def heard(self) -> list[Any]:
        """What has come since the last time; runs are joined, and what is in a REPLAY is listed."""
        heard, self._heard = self._heard, []
        told: list[Any] = []
        for message in heard:
            said = short(message)
            if isinstance(message, Ping):
                continue
            if isinstance(message, Replay):
                flags = message.live + 2 * message.final
                said = ("replay", message.id, flags, joined(Reader(1 << 24).feed(message.frames)))
            told.append(said)
        return told


def joined(messages: Any) -> list[Any]:
    """What they say, one event at a time."""
    told: list[Any] = []
    for message in messages:
        said = short(message)
        told += said if isinstance(said, list) else [said]
    return told


def together(told: list[Any]) -> list[Any]:
    """Runs, one event at a time."""
    return [one for run in told for one in run]


class ReplayCase(SynchronousTestCase):
    """A router with a sender, and peers."""

    def setUp(self) -> None:
        """A router."""
        self.begin()

    def begin(self, **options: Any) -> None:
        """Another router."""
        self.routers: MemoryRouters = memoryRouters(**options)
        self.addCleanup(self.routers.stop)

    def peer(self) -> Raw:
        """One more connection, which is open."""
        found: list[Raw] = []
        connected = self.routers.endpoint().connect(Factory.forProtocol(Raw))
        connected.addCallback(found.append)
        self.routers.pump()
        [raw] = found
        self.told(raw, Hello((1,)))
        return raw

    def told(self, raw: Raw, *messages: Any) -> list[Any]:
        """What comes when a peer says this."""
        raw.say(*messages)
        self.routers.pump()
        return raw.heard()

    def owner(self, last: int = 0, oldest: int = 0, sid: str = SID) -> Raw:
        """The owner of C{s}, which has fired so much before."""
        raw = self.peer()
        add = AddSender("s", sid, SECRET, ("e", "f"), None, last, oldest)
        self.added = self.told(raw, Call(1, add))
        return raw

    def leave(self, raw: Raw) -> None:
        """A connection breaks."""
        transport: Any = raw.transport
        transport.abortConnection()
        self.routers.pump()


class OwnerTests(ReplayCase):
    """addSender."""

    def test_unknown(self) -> None:
        """Of a life that is not known nothing is sent: the router counts it as had."""
        self.owner(last=9, oldest=3)
        self.assertEqual(self.added, [Result(1, {"have": 9})])

    def test_known(self) -> None:
        """A life that comes back goes on after the last event that the router has."""
        listener = self.peer()
        self.told(listener, Call(1, Listen("s")))
        first = self.owner()
        self.told(first, events(1, 5))
        self.leave(first)
        listener.heard()
        again = self.owner(last=8, oldest=2)
        self.assertEqual(self.added, [Result(1, {"have": 5})])
        self.assertEqual(listener.heard(), [("up", SID, 5)])
        self.told(again, events(6, 8))
        self.assertEqual(listener.heard(), [[("e", 6), ("e", 7), ("e", 8)]])

    def test_knownWithoutAll(self) -> None:
        """What its owner cannot send any more is a gap."""
        for last, oldest, have in ((9, 8, 7), (9, 10, 9), (9, 0, 9), (9, 99, 9), (9, 1, 5)):
            self.begin()
            listener = self.peer()
            self.told(listener, Call(1, Listen("s")))
            first = self.owner()
            self.told(first, events(1, 5))
            self.leave(first)
            listener.heard()
            self.owner(last, oldest)
            self.assertEqual(self.added, [Result(1, {"have": have})], oldest)
            gap = [("gap", SID, 6, have, "link")] if have > 5 else []
            self.assertEqual(listener.heard(), [("up", SID, 5), *gap])

    def test_sameConnection(self) -> None:
        """An owner may say on its connection that events will not come."""
        listener = self.peer()
        self.told(listener, Call(1, Listen("s")))
        owner = self.owner()
        self.told(owner, events(1, 2))
        listener.heard()
        add = AddSender("s", SID, SECRET, ("e", "f"), None, 6, 7)
        self.assertEqual(self.told(owner, Call(2, add)), [Result(2, {"have": 6})])
        self.assertEqual(listener.heard(), [("gap", SID, 3, 6, "link")])

    def test_secret(self) -> None:
        """A life that is remembered is its owner's."""
        self.leave(self.owner())
        thief = self.peer()
        add = AddSender("s", SID, "f" * 32, ("e",))
        self.assertEqual(self.told(thief, Call(1, add)), [("error", 1, "bad-request")])
        self.routers.advance(WINDOW + 1)
        self.assertEqual(self.told(thief, Call(2, add))[0], Result(2, {"have": 0}))

    def test_backAfterRemoval(self) -> None:
        """How a life has ended is not asked."""
        owner = self.owner()
        self.told(owner, events(1, 3), Call(2, RemoveSender("s")))
        add = AddSender("s", SID, SECRET, ("e", "f"), None, 4, 1)
        self.assertEqual(self.told(owner, Call(3, add)), [Result(3, {"have": 3})])


class ListenTests(ReplayCase):
    """listen from somewhere."""

    def test_newest(self) -> None:
        """So many events of each sender that the subscription hears, and then RESULT."""
        owner = self.owner()
        self.told(owner, events(1, 3), events(4, 4, "f"), events(5, 6))
        listener = self.peer()
        up = ("up", SID, 6)
        for start, found in (
            (2, [("e", 5), ("e", 6)]),
            (4, [("e", 2), ("e", 3), ("e", 5), ("e", 6)]),
            (99, [("e", seq) for seq in (1, 2, 3, 5, 6)]),
        ):
            said = self.told(listener, Call(start, Listen("s", "e", start)))
            replay = ("replay", start, 3, found)
            self.assertEqual(said, [*([up] if start == 2 else []), replay, Result(start, {})])

    def test_last(self) -> None:
        """The newest of each event, in their order."""
        owner = self.owner()
        self.told(owner, events(1, 3), events(4, 4, "f"), events(5, 6), events(7, 7, "f"))
        said = self.told(self.peer(), Call(1, Listen("s", None, "last")))
        expected = [("up", SID, 7), ("replay", 1, 3, [("e", 6), ("f", 7)]), Result(1, {})]
        self.assertEqual(said, expected)

    def test_parts(self) -> None:
        """A part is 64 KiB of whole frames, or one that is longer; the last one has the flags."""
        owner = self.owner()
        head = Head(0, "s", "e", int(SID, 16))
        for seq, size in enumerate((30_000, 30_000, 30_000, 90_000, 10), 1):
            self.told(owner, Run.of(head, [(seq, 1, bytes(size))]))
        _, *parts, result = self.told(self.peer(), Call(1, Listen("s", None, 9)))
        found = [(flags, [seq for _, seq in told]) for _, _, flags, told in parts]
        self.assertEqual(found, [(0, [1, 2]), (0, [3]), (0, [4]), (3, [5])])
        self.assertEqual(result, Result(1, {}))

    def test_notForOthers(self) -> None:
        """A connection hears live each event once, whoever asked for a replay on it."""
        owner = self.owner()
        listener = self.peer()
        self.told(listener, Call(1, Listen("s")))
        self.told(owner, events(1, 2))
        listener.heard()
        self.told(listener, Call(2, Listen("s", "e", 1)))
        listener.heard()
        self.told(owner, events(3, 3))
        self.assertEqual(listener.heard(), [[("e", 3)]])

    def test_nobodyHere(self) -> None:
        """With no sender there is no REPLAY."""
        self.leave(self.owner())
        said = self.told(self.peer(), Call(1, Listen("s", None, 5)))
        self.assertEqual(said, [Result(1, {})])

    def test_resumeWaits(self) -> None:
        """Nothing comes for a subscription from resume until that is called."""
        owner = self.owner()
        listener = self.peer()
        self.assertEqual(self.told(listener, Call(1, Listen("s", None, "resume"))), [Result(1, {})])
        self.told(owner, events(1, 2))
        self.assertEqual(listener.heard(), [])
        said = self.told(listener, Call(2, Resume({"s": (SID, 1)})))
        self.assertEqual(said, [("replay", 2, 3, [("up", SID, 1), ("e", 2)]), Result(2, {})])
        self.told(owner, events(3, 3))
        self.assertEqual(listener.heard(), [[("e", 3)]])
        self.assertEqual(self.told(listener, Call(3, Unlisten("s"))), [Result(3, {})])


class ResumeTests(ReplayCase):
    """resume, row by row of its table."""

    def resume(self, seen: dict[str, tuple[str, int]]) -> list[Any]:
        """What comes to one that was away."""
        self.listener = self.peer()
        calls = Call(1, Listen("s", None, "resume")), Call(2, Resume(seen))
        resumed, *said = self.told(self.listener, *calls)
        self.assertEqual(resumed, Result(1, {}))
        return said

    def test_life(self) -> None:
        """Of a life that is remembered, what follows: events, its end, later lives."""
        owner = self.owner()
        self.told(owner, events(1, 5))
        self.leave(owner)
        self.told(self.owner(sid=OTHER), events(1, 1, "f", OTHER))
        told = [("e", 4), ("e", 5), ("down", SID, 5), ("up", OTHER, 0), ("f", 1)]
        self.assertEqual(
            self.resume({"s": (SID, 3)}),
            [("replay", 2, 3, [("up", SID, 3), *told]), Result(2, {})],
        )

    def test_parts(self) -> None:
        """Parts are answered at once, and count as one."""
        self.told(self.owner(), events(1, 5))
        listener = self.peer()
        said = self.told(
            listener,
            Call(1, Listen(None, None, "resume")),
            Call(2, Resume({"s": (SID, 4)}, True)),
            Call(3, Resume({"gone": (OTHER, 4)})),
        )
        replay = ("replay", 3, 3, [("up", SID, 4), ("e", 5)])
        self.assertEqual(said, [Result(1, {}), Result(2, {}), replay, Result(3, {})])

    def test_endAgain(self) -> None:
        """The end of a life comes also to those who know of it."""
        owner = self.owner()
        self.told(owner, events(1, 2))
        self.leave(owner)
        self.assertEqual(
            self.resume({"s": (SID, 2)}),
            [("replay", 2, 3, [("up", SID, 2), ("down", SID, 2)]), Result(2, {})],
        )

    def test_otherLife(self) -> None:
        """A life that is not remembered is a gap without an end; then comes what is."""
        self.told(self.owner(), events(1, 2))
        said = self.resume({"s": (OTHER, 7)})
        gap = ("gap", OTHER, 8, None, "history")
        replay = ("replay", 2, 3, [("up", SID, 0), ("e", 1), ("e", 2)])
        self.assertEqual(said, [gap, replay, Result(2, {})])

    def test_notSeen(self) -> None:
        """Of a sender that is not in what was seen, all that is remembered."""
        self.told(self.owner(), events(1, 2))
        replay = ("replay", 2, 3, [("up", SID, 0), ("e", 1), ("e", 2)])
        self.assertEqual(self.resume({}), [replay, Result(2, {})])

    def test_absentBack(self) -> None:
        """A life that comes back after the RESULT goes on, refilled by its owner."""
        self.assertEqual(self.resume({"s": (SID, 3)}), [Result(2, {})])
        owner = self.owner(last=6, oldest=2)
        added, call = self.added
        self.assertEqual(added, Result(1, {"have": 6}))
        self.assertEqual(call, Call(call.id, Refill("s", SID, 2, 6)))
        self.told(owner, events(7, 7))
        self.assertEqual(self.listener.heard(), [])
        part = Replay(call.id, False, False, events(2, 4).frames)
        rest = Replay(call.id, False, True, events(5, 6, "f").frames)
        self.told(owner, part, rest, Result(call.id, {}))
        self.routers.advance(0.2)  # who feeds a peer that is late may be held
        told = [("up", SID, 3), ("e", 4), ("f", 5), ("f", 6), ("e", 7)]
        self.assertEqual(self.listener.heard(), [("replay", 2, 1, told)])

    def test_absentWithout(self) -> None:
        """What its owner has no more is a gap; it sends the newest that it has."""
        self.resume({"s": (SID, 3)})
        owner = self.owner(last=6, oldest=2)
        call = self.added[1]
        self.told(owner, Replay(call.id, False, True, events(6, 6).frames), Result(call.id, {}))
        told = [("up", SID, 3), ("gap", SID, 4, 5, "history"), ("e", 6)]
        self.assertEqual(self.listener.heard(), [("replay", 2, 1, told)])

    def test_absentSilent(self) -> None:
        """An owner that does not answer is waited for, but not for long."""
        self.resume({"s": (SID, 3)})
        self.owner(last=6, oldest=2)
        self.routers.advance(9)
        self.assertEqual(self.listener.heard(), [])
        self.routers.advance(2)
        told = [("up", SID, 3), ("gap", SID, 4, 6, "history")]
        self.assertEqual(self.listener.heard(), [("replay", 2, 1, told)])

    def test_absentOther(self) -> None:
        """If another life comes, the one that was awaited is a gap without an end."""
        self.resume({"s": (SID, 3)})
        self.owner(sid=OTHER)
        told = [("gap", SID, 4, None, "history"), ("up", OTHER, 0)]
        self.assertEqual(self.listener.heard(), told)

    def test_absentNever(self) -> None:
        """So it is if none comes within the window."""
        self.resume({"s": (SID, 3)})
        self.routers.advance(WINDOW - 2)
        self.assertEqual(self.listener.heard(), [])
        self.routers.advance(4)
        self.assertEqual(self.listener.heard(), [("gap", SID, 4, None, "history")])

    def test_forgotten(self) -> None:
        """A life is remembered until the window after its end is over."""
        owner = self.owner()
        self.told(owner, events(1, 2))
        self.leave(owner)
        self.routers.advance(WINDOW + 1)
        self.assertEqual(self.resume({"s": (SID, 1)}), [Result(2, {})])


class LateTests(ReplayCase):
    """A peer that does not read for a while."""

    def setUp(self) -> None:
        """One that has 3 MiB to read, of what was fired and told since it listens."""
        super().setUp()
        self.slow = self.peer()
        self.told(self.slow, Call(1, Listen("s", "e")))
        sender = self.owner()
        self.slow.heard()
        transport: Any = self.slow.transport
        transport.pauseProducing()
        for seq in range(1, 49):
            self.told(sender, Run.of(Head(0, "s", "e", int(SID, 16)), [(seq, 1, bytes(1 << 16))]))
            self.routers.advance(0.15)
        self.sender = sender

    def read(self) -> list[Any]:
        """What comes when it reads again."""
        transport: Any = self.slow.transport
        transport.resumeProducing()
        self.routers.pump()
        return self.slow.heard()

    def test_inOrder(self) -> None:
        """Events and presence come late, but in order, and nothing is lost."""
        self.leave(self.sender)
        self.owner(sid=OTHER)
        *fired, down, up = self.read()
        self.assertEqual(together(fired), [("e", seq) for seq in range(1, 49)])
        self.assertEqual([down, up], [("down", SID, 48), ("up", OTHER, 0)])

    def test_late(self) -> None:
        """
        RESULT overtakes them, and tells what a new subscription must not hear; what is fired
        afterwards is for that one too.
        """
        self.slow.say(Call(2, Listen("s", "e")), Call(3, Listen("s", "f")), Call(4, Listen("t")))
        self.routers.pump()
        self.told(self.sender, events(49, 49, "f"))
        said = self.read()
        late = {"late": {"s": [SID, 48]}}
        results = [each for each in said if isinstance(each, Result)]
        self.assertEqual(results, [Result(2, late), Result(3, late), Result(4, {})])
        fired = [each for each in said if not isinstance(each, Result)]
        self.assertEqual(together(fired), [*(("e", seq) for seq in range(1, 49)), ("f", 49)])
        self.assertLess(said.index(results[-1]), len(said) - 20)


class RefillTests(ReplayCase):
    """refill, and who may not call it."""

    def test_wrong(self) -> None:
        """An answer that holds something else ends the connection of the owner."""
        for frames in (
            events(2, 3).frames + encode(GapNotice("s")),
            events(2, 3).frames[:-1],
            events(2, 3, sid=OTHER).frames,
            events(2, 3, "undeclared").frames,
            events(2, 3).frames + events(5, 6).frames,
            events(2, 7).frames,
        ):
            self.begin()
            ResumeTests.resume(self, {"s": (SID, 1)})  # type: ignore[arg-type]
            owner = self.owner(last=6, oldest=2)
            call = self.added[1]
            [said] = self.told(owner, Replay(call.id, False, True, frames))
            self.assertEqual(said, ("goodbye", "protocol-error"))

    def test_notAsked(self) -> None:
        """Answers to calls that are not open are ignored."""
        owner = self.owner()
        said = self.told(owner, Replay(9, True, True, b"x"), Result(9, {}), Error(9, {"code": "x"}))
        self.assertEqual(said, [])

    def test_byClient(self) -> None:
        """A client that calls it breaks the protocol."""
        [said] = self.told(self.peer(), Call(1, Refill("s", SID, 1, 2)))
        self.assertEqual(said, ("goodbye", "protocol-error"))
