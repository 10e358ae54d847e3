"""Connections that have not said who they are."""

from __future__ import annotations

import sys
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.stdio import PipeAddress
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import Busy
from pysig_twisted.net.door import Door, originOf
from pysig_twisted.net.limits import Limits
from pysig_twisted.testing.memorytransport import MemoryAddress
from pysig_twisted.wire.frames import Kind
from pysig_twisted.wire.messages import HELLO_MAX, Goodbye, Hello, Ping, Welcome
from pysig_twisted.wire.version1 import encode

from .rig import Carrier, RawPeer, ServerRig

HALF = (4096).to_bytes(4, "big") + b'\1{"versions":[1],"software":"x'


class At:
    """A transport of somebody at an address."""

    def __init__(self, address: Any) -> None:
        self.address = address

    def getPeer(self) -> Any:
        """The address."""
        return self.address


class OriginTests(SynchronousTestCase):
    """What counts together."""

    def test_machines(self) -> None:
        """Addresses of other machines; of IPv6 a whole network, however IPv4 is written."""
        for host, origin in (
            ("10.0.0.7", "10.0.0.7"),
            ("8.8.8.8", "8.8.8.8"),
            ("::ffff:8.8.8.8", "8.8.8.8"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
            ("fe80::1%eth0", "fe80::/64"),
            ("pipe.example", "pipe.example"),
        ):
            kind = IPv6Address if ":" in host else IPv4Address
            self.assertEqual(originOf(At(kind("TCP", host, 5))), origin)

    def test_here(self) -> None:
        """This machine is not bounded so, whatever it connects over."""
        for address in (
            IPv4Address("TCP", "127.0.0.1", 5),
            IPv4Address("TCP", "127.8.8.8", 5),
            IPv6Address("TCP", "::1", 5),
            IPv6Address("TCP", "::ffff:127.0.0.1", 5),
            UNIXAddress("/run/pysig"),
            UNIXAddress(None),
            PipeAddress(),
            MemoryAddress(),
            "seriallink:/dev/ttyS0",
        ):
            self.assertIsNone(originOf(At(address)), address)
        self.assertIsNone(originOf(object()))


class DoorTests(SynchronousTestCase):
    """Who must go when there is no room."""

    def setUp(self) -> None:
        """A door for six, of whom three may be of one address."""
        self.door: Door[str] = Door(Limits(unauthenticated=6, perAddress=3))

    def enter(self, *strangers: str) -> list[str]:
        """They come, from the address that is their first letter. Who had to go?"""
        gone = []
        for one in strangers:
            other = self.door.enter(one, None if one[0] == "-" else one[0])
            gone += [] if other is None else [other[0]]
        return gone

    def test_room(self) -> None:
        """While there is room nobody goes."""
        self.assertEqual(self.enter("a1", "a2", "b1", "b2", "-1", "-2"), [])
        self.assertEqual(len(self.door), 6)
        self.door.leave("a1")
        self.door.leave("a1")
        self.assertEqual(self.enter("c1"), [])

    def test_perAddress(self) -> None:
        """Of an address that has too many the oldest goes, and no other's."""
        self.assertEqual(self.enter("b1", "a1", "a2", "a3", "a4", "a5"), ["a1", "a2"])
        _, error = self.door.enter("a6", "a") or self.fail()
        for words in ("3 connections from a", "[limits] perAddress", "try later"):
            self.assertIn(words, error.message)

    def test_full(self) -> None:
        """When all is full the oldest of the address goes that has most."""
        self.enter("-1", "b1", "b2", "a1", "a2", "a3")
        self.assertEqual(self.enter("c1", "d1", "e1"), ["a1", "b1", "a2"])
        _, error = self.door.enter("f1", "f") or self.fail()
        self.assertIn("6 connections have not said who they are", error.message)
        self.assertIn("[limits] unauthenticated", error.message)

    def test_here(self) -> None:
        """This machine may have all places, while others do not want them; then it goes first."""
        self.assertEqual(self.enter(*(f"-{number}" for number in range(7))), ["-0"])
        self.assertEqual(self.enter("a1", "a2", "a3", "b1"), ["-1", "-2", "-3", "-4"])

    def test_checked(self) -> None:
        """Nobody goes whose login is being checked; if none can go, nobody gets in."""
        self.enter("a1", "a2", "a3")
        for one in ("a1", "a2"):
            self.door.check(one)
        self.assertEqual(self.enter("a4"), ["a3"])
        self.door.check("a4")
        error = self.assertRaises(Busy, self.door.enter, "a5", "a")
        self.assertIn("being checked", error.message)
        self.assertEqual(self.enter("b1", "b2", "c1", "c2"), ["b1"])
        self.door.leave("a1")
        self.assertEqual(self.enter("a5"), [])
        self.door.check("nobody")
        for one in ("a2", "a4", "a5", "b2", "c1", "c2", "nobody"):
            self.door.leave(one)
        self.assertEqual((len(self.door), self.door._checked), (0, set()))

    def test_going(self) -> None:
        """Of those that were told to go, and are not gone, there are no more than six."""
        names = [f"a{number}" for number in range(9)]
        self.assertEqual([self.door.go(one) for one in names], [None] * 6 + names[:3])
        self.door.gone("a5")
        self.door.gone("a0")
        self.assertIsNone(self.door.go("b1"))
        self.assertEqual(self.door.go("b2"), "a3")
        self.assertEqual(len(self.door), 0)

    def test_fewer(self) -> None:
        """New limits hold for those who come then."""
        self.enter("a1", "a2", "b1")
        self.door.limits = Limits(unauthenticated=2, perAddress=1)
        self.assertEqual(self.enter("b2", "c1"), ["b1", "a1"])
        self.assertEqual(len(self.door), 3)


class DoorMachine(RuleBasedStateMachine):
    """Anybody comes and goes, and there are never too many."""

    def __init__(self) -> None:
        super().__init__()
        self.limits = Limits(unauthenticated=5, perAddress=2)
        self.door: Door[int] = Door(self.limits)
        self.here: dict[int, str | None] = {}
        self.checked: set[int] = set()
        self.next = 0

    @rule(origin=st.sampled_from([None, "a", "b", "c", "d"]))
    def enter(self, origin: str | None) -> None:
        """Somebody comes: gets in, unless all that could go are being checked."""
        self.next += 1
        same = [one for one in self.here if origin and self.here[one] == origin]
        isFull = len(self.here) >= 5
        try:
            other = self.door.enter(self.next, origin)
        except Busy:
            among = same if len(same) >= 2 else list(self.here)
            assert (len(same) >= 2 or isFull) and self.checked.issuperset(among)
            return
        assert (other is not None) == (len(same) >= 2 or isFull)
        if other is not None:
            gone = other[0]
            assert gone not in self.checked
            mine = [one for one in self.here if self.here[one] == self.here[gone]]
            assert all(one in self.checked for one in mine if one < gone)
            del self.here[gone]
        self.here[self.next] = origin

    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        """Somebody goes."""
        one = data.draw(st.sampled_from([*self.here, 0]))
        self.here.pop(one, None)
        self.checked.discard(one)
        self.door.leave(one)

    @rule(data=st.data())
    def check(self, data: st.DataObject) -> None:
        """Somebody has said who he is."""
        one = data.draw(st.sampled_from([*self.here, 0]))
        if one:
            self.checked.add(one)
        self.door.check(one)

    @invariant()
    def agrees(self) -> None:
        """All is as it was noted, and within the bounds."""
        assert self.door._strangers == self.here
        assert self.door._checked == self.checked
        assert len(self.here) <= 5


class DoorMachineTests(SynchronousTestCase):
    """See DoorMachine."""

    def test_any(self) -> None:
        """Whatever comes."""
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            DoorMachine, settings=settings(max_examples=100, stateful_step_count=40, deadline=None)
        )


class StrangerTests(ServerRig):
    """Connections to a server."""

    def makeRouter(self, **options: Any) -> Any:
        """A server for few strangers."""
        limits = Limits(unauthenticated=4, perAddress=2, peers=3)
        return super().makeRouter(limits=limits, **options)

    def from_(self, host: str) -> RawPeer:
        """A stranger from an address."""
        carrier = Carrier(self.clock, len(self.everybody) + 1)
        carrier.address = IPv4Address("TCP", host, 5000)
        return RawPeer(self, None, carrier)

    def stats(self) -> dict[str, Any]:
        """What the router says of itself."""
        answer: dict[str, Any] = self.successResultOf(self.router.request("$router", "stats"))
        return answer

    def test_oldest(self) -> None:
        """Half frames take no place from who says HELLO at once."""
        halves = [self.stranger() for _ in range(4)]
        for one in halves:
            one.raw(HALF)
        good = self.peer()
        self.assertEnded(halves[0], "busy", "[limits] unauthenticated")
        self.assertFalse(good.isOver)
        more = self.stranger()  # the good one's place is free again
        self.assertEqual([one.isOver for one in (*halves, more)], [True] + 4 * [False])
        self.assertEqual(len(self.router.factory.door), 4)

    def test_perAddress(self) -> None:
        """Of an address that has too many the oldest goes."""
        first, second, other = (self.from_(f"10.0.0.{last}") for last in (1, 1, 2))
        third = self.from_("10.0.0.1")
        self.assertEnded(first, "busy", "2 connections from 10.0.0.1", "[limits] perAddress")
        self.assertFalse(any(one.isOver for one in (second, other, third)))

    def test_going(self) -> None:
        """Those that were told to go, or said so, and do not, are no more than these, either."""
        going = []
        for number in range(9):
            one = self.stranger()
            one.carrier.fill()
            one.raw(encode(Goodbye("closed", "")) if number % 2 else b"GET /")
            going.append(one)
        self.assertEqual([one.isOver for one in going], [True] * 5 + [False] * 4)
        self.assertEqual([one.carrier.wasAborted for one in going], [True] * 5 + [False] * 4)
        self.wait(2.1)
        self.assertTrue(all(one.isOver for one in going))
        self.assertFalse(self.router.factory.door._going)

    def test_peersDoNotCount(self) -> None:
        """Who has said HELLO has no place among the strangers any more, nor of its address."""
        for _ in range(3):
            self.from_("10.0.0.1").say(Hello((1,)))
        self.assertEqual(len(self.router.factory.door), 0)
        self.assertEqual(len(self.router.peers()), 3)

    def test_peers(self) -> None:
        """Strangers take no place of a peer, and are told at the latest at HELLO."""
        strangers = [self.stranger() for _ in range(4)]
        for one in strangers[:3]:
            one.say(Hello((1,)))
            one.one(Welcome)
        strangers[3].say(Hello((1,)))
        self.assertEnded(strangers[3], "busy", "3 connections are open", "[limits] peers")
        self.assertEnded(self.stranger(), "busy", "[limits] peers")
        self.assertEqual(len(self.router.factory.door), 0)

    def test_checked(self) -> None:
        """Whose login is being checked keeps its place; others may be refused meanwhile."""
        checked = [self.stranger() for _ in range(4)]
        for one in checked:
            self.router.factory.door.check(one.protocol)
        self.assertEnded(self.stranger(), "busy", "being checked")
        self.assertFalse(any(one.isOver for one in checked))

    def test_reload(self) -> None:
        """Other limits hold from then on."""
        strangers = [self.stranger(), self.stranger()]
        self.router.reload(Limits(unauthenticated=1))
        self.stranger()
        self.assertEqual([one.isOver for one in strangers], [True, False])

    def test_log(self) -> None:
        """However many must go there is one line a second."""
        for _ in range(54):
            self.stranger()
        lines = [line for line in self.lines() if "refused" in line]
        self.assertEqual(len(lines), 1)
        self.assertIn("127.0.0.1:40001 was refused: 4 connections", lines[0])
        self.clock.advance(1)
        self.stranger()
        lines = [line for line in self.lines() if "refused" in line]
        self.assertEqual(len(lines), 2)
        self.assertIn("127.0.0.1:40051 and others were refused, 50 in all", lines[1])

    def test_facts(self) -> None:
        """How many there are, and why others were refused, is told by $router."""
        for data in (b"GET /", encode(Ping(1)), encode(Hello((2,)))):
            self.stranger().raw(data)
        self.stranger().leave()
        for _ in range(4):
            self.stranger()
        self.clock.advance(6)
        for _ in range(5):
            self.stranger()
        stats = self.stats()
        self.assertEqual((stats["strangers"], stats["strangersRefused"]), (4, 8))
        expected = {"protocol-error": 2, "version": 1, "timeout": 4, "busy": 1}
        self.assertEqual(stats["refusedFor"], expected)

    def test_gone(self) -> None:
        """Nothing is kept of those who have gone, however that was."""
        self.stranger().leave()
        self.stranger().raw(b"GET /")
        for _ in range(6):
            self.stranger()
        self.clock.advance(6)
        self.peer().leave()
        self.assertEmpty()
        door = self.router.factory.door
        self.assertEqual((len(door), door._checked, door._going), (0, set(), {}))


class MemoryTests(ServerRig):
    """What one who has said nothing of use costs."""

    def held(self, peer: RawPeer) -> int:
        """The bytes that wait here for the rest of a frame, and the room for them."""
        self.assertLessEqual(peer.protocol.wire.held, HELLO_MAX + 4)
        return sys.getsizeof(peer.protocol.wire._gathered)

    def test_trickle(self) -> None:
        """Of a HELLO that is not whole no byte more is kept than it may have."""
        peer = self.stranger()
        hello = encode(Hello((1,), software="x" * (HELLO_MAX - len(encode(Hello((1,)))) + 4)))
        self.assertEqual(len(hello), HELLO_MAX + 4)
        for at in range(len(hello) - 1):
            peer.raw(hello[at : at + 1])
        self.assertEqual(peer.protocol.wire.held, HELLO_MAX + 3)
        self.assertLess(self.held(peer), 10_000)
        peer.raw(hello[-1:])
        peer.one(Welcome)
        self.assertLess(self.held(peer), 100)

    def test_announced(self) -> None:
        """A frame that is announced to be longer is refused, and nothing of it kept."""
        for length in (HELLO_MAX + 1, 1 << 16, 1 << 30, (1 << 32) - 1):
            for kind in (Kind.HELLO, Kind.REPLAY, 0xEE):
                peer = self.stranger()
                peer.raw(length.to_bytes(4, "big") + bytes((kind,)) + b"x" * 60_000)
                self.assertEnded(peer, "protocol-error")
                self.assertLess(self.held(peer), 100)
                self.assertLess(sum(map(len, peer.carrier.writes)), 500)

    def test_garbage(self) -> None:
        """What is no protocol is not kept either, nor is what comes after."""
        peer = self.stranger()
        for _ in range(100):
            peer.raw(b"GET / HTTP/1.1\r\n" * 4000)
        self.assertEnded(peer, "protocol-error")
        self.assertLess(self.held(peer), 100)
        self.assertLess(sum(map(len, peer.carrier.writes)), 500)

    def test_afterTheEnd(self) -> None:
        """Nothing is kept of a connection that is over, nor with the error that ended it."""
        for data in (HALF, b"\0\0\0\x40\1" + b"[" * 63):
            peer = self.stranger()
            peer.carrier.fill()
            peer.raw(data)
            self.wait(5.1)  # HELLO has not come, or it was none
            error = peer.protocol.ended
            self.assertIsNone(error.__cause__ or error.__context__ or error.__traceback__)
            before = self.held(peer)
            for _ in range(10):
                peer.raw(b"\0\0\x1f\0" + b"\1" * 1000)
            self.assertLessEqual(self.held(peer), before)
            self.wait(2.1)
            self.assertTrue(peer.isOver)
            self.assertLess(self.held(peer), 100)

    def test_output(self) -> None:
        """Whatever a stranger says it gets one GOODBYE, of a bounded length."""
        for data in (
            encode(Hello((1,), software="x" * 8000)) * 2,
            encode(Hello(tuple(range(2, 2000)))),
            encode(Ping(1)) * 1000,
            b"\0\0\0\0" * 1000,
        ):
            peer = self.stranger()
            for _ in range(20):
                peer.raw(data)
            self.assertIsNotNone(peer.goodbye)
            self.assertLess(sum(map(len, peer.carrier.writes)), HELLO_MAX)

    def test_notReading(self) -> None:
        """One that does not read its GOODBYE is gone 2 s later."""
        peer = self.stranger()
        peer.carrier.fill()
        peer.raw(b"GET /")
        self.wait(1.9)
        self.assertFalse(peer.isOver)
        self.wait(0.3)
        self.assertTrue(peer.isOver)
        self.assertTrue(peer.carrier.wasAborted)
