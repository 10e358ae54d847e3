"""Peers and the router of the server's own process in one namespace."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from pysig_twisted.core.info import EventInfo
from pysig_twisted.interfaces import IRouter
from pysig_twisted.names import ANY, DISCONNECT
from pysig_twisted.net.limits import Limits
from pysig_twisted.wire.messages import Error, PresenceNotice
from pysig_twisted.wire.runs import Run

from .rig import ServerRig


class HubTests(ServerRig):
    """The router's own API, with peers around."""

    def test_interface(self) -> None:
        """It is a router."""
        verifyObject(IRouter, self.router)

    def test_senders(self) -> None:
        """The senders of both are listed, by name and without the router's own."""
        peer = self.peer()
        peer.addSender("b", "e")
        self.router.addSender("c")
        peer.addSender("a")
        infos = self.successResultOf(self.router.senders())
        self.assertEqual(
            [(one.name, one.principal) for one in infos],
            [("a", "anonymous"), ("b", "anonymous"), ("c", "local")],
        )
        self.assertEqual(len(self.successResultOf(self.router.senders("[ab]"))), 0)
        self.assertEqual(
            [one.name for one in self.successResultOf(self.router.senders("$*"))], ["$router"]
        )

    def test_peers(self) -> None:
        """Connections are listed with what they own, hear and have waiting."""
        peer = self.peer(software="x", instance="i")
        peer.addSender("b")
        peer.addSender("a")
        peer.listen()
        peer.carrier.fill()
        self.router.addSender("c")
        self.clock.advance(0)
        [info] = self.router.peers()
        self.assertEqual((info.id, info.address), (1, "127.0.0.1:40001"))
        self.assertEqual((info.senders, info.listens), (("a", "b"), 1))
        self.assertGreater(info.pending, 0)
        self.assertEqual(info.bytesOut, sum(map(len, peer.carrier.writes)))
        self.assertGreater(info.bytesIn, 100)
        peer.leave()
        self.assertEqual(self.router.peers(), [])

    def test_oneWrite(self) -> None:
        """What is said to a peer within one turn is one write, and one for what comes first."""
        peer, listener, owner = self.peer(), self.peer(), self.peer()
        listener.listen()
        sender = self.router.addSender("s", ["e"])
        self.clock.advance(0)
        before = len(listener.carrier.writes)
        for number in range(5):
            sender.trigger("e", number)
        self.router.addSender("t")
        self.clock.advance(0)
        self.assertEqual(len(listener.carrier.writes), before + 2)
        owned = owner.addSender("u", "e", "f")
        listener.collect()
        before = len(listener.carrier.writes)
        owner.raw(owned.frames("e", 1) + owned.frames("f", 2) + owned.frames("e", 3))
        self.assertEqual(len(listener.carrier.writes), before + 1)
        self.assertEqual(peer.take(), [])

    def test_verbose(self) -> None:
        """A verbose router logs what comes and goes; another does not."""
        for verbose, count in ((False, 0), (True, 4)):
            self.router.verbose = verbose
            self.logged.clear()
            peer = self.peer()
            peer.addSender("s", "e")
            peer.listen("s")
            peer.unlisten("s")
            peer.removeSender("s")
            told = [
                line for line in self.lines() if line.startswith(f"number {2 if verbose else 1} ")
            ]
            self.assertEqual(len(told), count, told)

    def test_refusedIsLogged(self) -> None:
        """What is refused is logged with who asked and why."""
        peer = self.peer()
        peer.call(peer.claim("$x").action)
        [line] = [line for line in self.lines() if line.startswith("refused")]
        self.assertIn("127.0.0.1:40001 (number 1)", line)
        self.assertIn("'$x' begins with $", line)

    def test_narrowRefusal(self) -> None:
        """A refusal fits into the frames of a narrow peer."""
        narrow, other = self.peer(maxFrame=1024), self.peer()
        name = "\U0001f600" * 63
        other.addSender(name)
        number = narrow.ask(narrow.claim(name, "\U000e0001" * 63 + "\n").action)
        before = len(narrow.carrier.writes) - 1
        self.assertLessEqual(len(narrow.carrier.writes[before]) - 4, 1024)
        answer = narrow.answer(number)
        assert isinstance(answer, Error)
        self.assertEqual(answer.fields["code"], "bad-name")

    def test_leaveTwice(self) -> None:
        """A connection leaves once, however it ends."""
        peer, watcher = self.peer(), self.peer()
        watcher.listen()
        peer.addSender("s")
        peer.raw(b"\0\0\0\0")
        peer.leave()
        self.router.leave(peer.protocol.peer, "lost")
        self.assertEqual([one.up for one in watcher.take(PresenceNotice)], [True, False])

    def test_endFromListener(self) -> None:
        """A listener that ends other connections when one goes leaves all in order."""
        peers = [self.peer() for _ in range(3)]
        for number, peer in enumerate(peers):
            peer.addSender(f"s{number}", "e")
            peer.listen()
        gone: list[str] = []

        def end(info: EventInfo, data: Any) -> None:
            gone.append(info.sender)
            for peer in peers:
                peer.leave()

        self.router.addListener(end, ANY, DISCONNECT)
        peers[1].leave()
        self.assertEqual(sorted(gone), ["s0", "s1", "s2"])
        self.assertEmpty()

    def test_routerStandsAlone(self) -> None:
        """Without peers it is a router like any."""
        heard: list[Any] = []
        self.router.addListener(lambda info, data: heard.append(data), "s", "e")
        self.router.addSender("s", ["e"], {"m": lambda params: params}).trigger("e", 1)
        self.assertEqual(heard, [1])
        self.assertEqual(self.successResultOf(self.router.request("s", "m", 2)), 2)
        self.assertIsNone(self.successResultOf(self.router.flush()))


class ReadyTests(ServerRig):
    """Pacing a burst of the server's own."""

    def setUp(self) -> None:
        """A listener, and a sender that can fire faster than it takes."""
        super().setUp()
        self.peer_ = self.peer()
        self.peer_.listen("s")
        self.sender = self.router.addSender("s", ["e"])

    def burst(self) -> Deferred[None]:
        """Fire 2 MiB, and ask for room."""
        for _ in range(4):
            self.sender.trigger("e", "x" * (1 << 19))
        return self.router.ready()

    def test_atOnce(self) -> None:
        """With little waiting there is room at once."""
        self.sender.trigger("e", 1)
        self.successResultOf(self.router.ready())

    def test_fast(self) -> None:
        """A peer that takes all is waited for until the next turn."""
        room = self.burst()
        self.assertNoResult(room)
        self.clock.advance(0)
        self.successResultOf(room)
        self.assertEqual(len(self.peer_.take(Run)), 1)

    def test_slow(self) -> None:
        """One that takes nothing is waited for for 100 ms, and for no longer."""
        self.peer_.carrier.fill()
        room = self.burst()
        self.clock.advance(0.09)
        self.assertNoResult(room)
        self.clock.advance(0.05)
        self.successResultOf(room)

    def test_gone(self) -> None:
        """One that goes is not waited for."""
        self.peer_.carrier.fill()
        room = self.burst()
        self.peer_.leave()
        self.successResultOf(room)
        self.sender.remove()
        del self.sender
        self.assertEmpty()

    def test_pacedBurst(self) -> None:
        """A paced burst of many times the limit of an outbox cuts nobody who reads."""
        self.router.reload(Limits())
        for _ in range(20):
            room = self.burst()
            self.clock.advance(0)
            self.successResultOf(room)
        self.assertEqual(sum(run.count for run in self.peer_.take(Run)), 80)
        self.assertFalse(self.peer_.isOver)


class BackTests(ServerRig):
    """Lives that go on after their owner was away for very long."""

    def test_zero(self) -> None:
        """A life whose number is 0 is not mistaken for one that was here before."""
        gaps: list[Any] = []
        self.router.addListener(lambda info, data: None, "s", onGap=gaps.append)
        sender = self.peer().claim("s", "e", sid="0" * 16, last=5, oldest=0)
        sender.peer.call(sender.action)
        self.assertEqual(gaps, [])

    def test_late(self) -> None:
        """Listeners of this process are told what they missed of a life that was forgotten."""
        gaps: list[Any] = []
        self.router.addListener(lambda info, data: None, "s", onGap=gaps.append)
        peer = self.peer()
        sender = peer.addSender("s", "e")
        sender.fire("e", 1, 2)
        peer.leave()
        self.wait(31)
        back = self.peer()
        self.assertEqual(back.call(replace(sender.action, last=5, oldest=1)), {"have": 5})
        [gap] = gaps
        self.assertEqual((gap.first, gap.last, gap.n, gap.why), (3, 5, 3, "link"))
