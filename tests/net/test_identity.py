"""A router that asks who connects."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.presence import newSid, sidText
from pysig_twisted.core.router import LOCAL
from pysig_twisted.errors import Busy, ConfigError, NotAuthenticated
from pysig_twisted.net.credentials import Credentials
from pysig_twisted.net.identity import asked, checkAuthenticator
from pysig_twisted.net.quotas import ANONYMOUS
from pysig_twisted.testing import memoryRouters
from pysig_twisted.testing.memorytransport import MemoryAddress
from pysig_twisted.wire.messages import AddSender, Call, Error, Hello, Listen, Result, Welcome
from pysig_twisted.wire.version1 import encode

from .rig import Carrier, RawPeer, ServerRig


class Asked:
    """
    Says who somebody is when it is told to.

    @ivar logins: what it was asked, and what waits for the answer.
    """

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer
        self.logins: list[tuple[Any, Any, Deferred[Any]]] = []
        self.cancelled = 0

    def login(self, credentials: Any, transport: Any) -> Any:
        """See IAuthenticator."""
        if self.answer is not None:
            return self.answer(credentials)
        waiting: Deferred[Any] = Deferred(self._cancelled)
        self.logins.append((credentials, transport, waiting))
        return waiting

    def _cancelled(self, _: Any) -> None:
        self.cancelled += 1


class Road(Carrier):
    """A carrier that may be told to bring nothing."""

    isHeld = False

    def pauseProducing(self) -> None:
        """Bring nothing."""
        self.isHeld = True

    def resumeProducing(self) -> None:
        """Go on."""
        self.isHeld = False


class LoginTests(ServerRig):
    """What happens between HELLO and WELCOME."""

    def setUp(self) -> None:
        """A router that asks."""
        self.asked = Asked()
        super().setUp()

    def makeRouter(self, **options: Any) -> Any:
        """The server."""
        return super().makeRouter(authenticator=self.asked, **options)

    def begin(self, **fields: Any) -> RawPeer:
        """A peer that has said HELLO."""
        peer = RawPeer(self, None, Road(self.clock, len(self.everybody) + 1))
        peer.say(Hello((1,), **fields))
        return peer

    def test_known(self) -> None:
        """Who is known is welcomed, and has that name for everybody."""
        peer = self.begin(credentials={"token": "x"})
        [(said, transport, waiting)] = self.asked.logins
        self.assertEqual(said, {"token": "x"})
        self.assertIs(transport, peer.carrier)
        self.assertEqual(peer.collect(), [])
        waiting.callback("ann")
        peer.welcome = peer.one(Welcome)
        self.assertEqual([info.principal for info in self.router.peers()], ["ann"])

    def test_quiet(self) -> None:
        """Meanwhile nothing is read; then it is again."""
        peer = self.begin()
        self.assertTrue(peer.carrier.isHeld)  # type: ignore[attr-defined]
        self.asked.logins[0][2].callback("ann")
        self.assertFalse(peer.carrier.isHeld)  # type: ignore[attr-defined]

    def test_tooEarly(self) -> None:
        """What comes with HELLO, before WELCOME, is not legal, and never done."""
        peer = RawPeer(self, None)
        peer.raw(encode(Hello((1,))) + encode(Call(1, Listen("m"))))
        self.assertEnded(peer, "protocol-error", "before WELCOME")
        self.assertEqual(self.asked.cancelled, 1)

    def test_unknown(self) -> None:
        """Who is not known is told so."""
        for error, code in ((NotAuthenticated("wrong"), "not-authenticated"), (Busy("x"), "busy")):
            peer = self.begin()
            self.asked.logins[-1][2].errback(error)
            self.assertEnded(peer, code, error.message)
        self.assertEqual(self.router.peers(), [])

    def test_late(self) -> None:
        """The time for HELLO goes on: whoever takes too long to be known is given up."""
        peer = self.begin()
        self.clock.advance(5.1)
        self.assertEnded(peer, "busy", "too many logins")
        self.assertEqual(self.asked.cancelled, 1)

    def test_gone(self) -> None:
        """Who goes meanwhile is asked for no more, and not welcomed by a late answer."""
        peer = self.begin()
        peer.leave()
        self.assertEqual(self.asked.cancelled, 1)
        self.assertEqual(self.router.peers(), [])

    def test_broken(self) -> None:
        """An authenticator that fails lets nobody in, and it is logged."""
        answers: list[Any] = [
            ZeroDivisionError(),
            KeyError("x"),
        ]
        for error in answers:
            peer = self.begin()
            self.asked.logins[-1][2].errback(error)
            self.assertEnded(peer, "not-authenticated", "see its log")
            self.assertEqual(len(self.flushLoggedErrors(type(error))), 1)
        for principal in (LOCAL, "", "a*", "a\n", None, 5, "x" * 300):
            peer = self.begin()
            self.asked.logins[-1][2].callback(principal)
            self.assertEnded(peer, "not-authenticated", "see its log")
            self.assertEqual(len(self.flushLoggedErrors(TypeError)), 1, principal)

    def test_takeover(self) -> None:
        """The secret of a life proves nothing if somebody else shows it."""
        sid, secret = sidText(newSid()), "5" * 32
        action = AddSender("m", sid, secret, ("a",))

        def come(principal: str) -> RawPeer:
            peer = self.begin()
            self.asked.logins[-1][2].callback(principal)
            peer.take()
            peer.say(Call(1, action))
            return peer

        owner = come("ann")
        self.assertEqual(len(owner.take(Result)), 1)
        thief = come("bob")
        self.assertEqual(thief.take(Result), [])
        owner.leave()
        self.clock.advance(1)
        thief.collect()
        [error] = thief.take(Error)
        self.assertIn("another owner's", error.fields["message"])
        self.assertEqual(len(come("ann").take(Result)), 1)


class AskedTests(SynchronousTestCase):
    """asked and checkAuthenticator."""

    def test_notOne(self) -> None:
        """What has no login() is none."""
        self.assertIsNone(checkAuthenticator(None))
        self.assertRaises(ConfigError, checkAuthenticator, "pysig-passwd:x")

    def test_raises(self) -> None:
        """One that raises at once fails as any."""

        def answer(_: Any) -> Any:
            raise ZeroDivisionError

        self.failureResultOf(asked(Asked(answer), None, None), NotAuthenticated)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class ClientTests(SynchronousTestCase):
    """A client that proves who it is."""

    def routers(self, answer: Any) -> Any:
        """A server that asks."""
        routers = memoryRouters(authenticator=Asked(answer))
        return routers

    def test_shown(self) -> None:
        """It shows its credentials, and is known by them."""
        said: list[Any] = []

        def answer(credentials: Any) -> Any:
            said.append(credentials)
            return succeed("ann")

        routers = self.routers(answer)
        client = routers.client(credentials=Credentials("ann", "secret"))
        routers.pump()
        self.assertEqual(said, [{"user": "ann", "password": "secret"}])
        [info] = routers.server.peers()
        self.assertEqual(info.principal, "ann")
        self.assertNotEqual(info.principal, ANONYMOUS)
        self.assertTrue(client.running)

    def test_refused(self) -> None:
        """If they are wrong, whoever waits is told, and it tries again only now and then."""
        tries: list[Any] = []

        def answer(credentials: Any) -> Any:
            tries.append(credentials)
            return fail(NotAuthenticated("wrong"))

        routers = self.routers(answer)
        client = routers.client(start=False, credentials=Credentials(token="x"))
        up = client.whenConnected()
        client.startService()
        routers.pump()
        self.assertIn("wrong", str(self.failureResultOf(up, NotAuthenticated).value))
        routers.advance(30)
        self.assertEqual(len(tries), 1)
        routers.advance(60)
        self.assertEqual(len(tries), 2)

    def test_unreadable(self) -> None:
        """If they cannot be had, that is told, and nothing is sent."""
        routers = self.routers(lambda _: self.fail("it was asked"))
        client = routers.client(start=False, credentials="nowhere.toml")
        up = client.whenConnected()
        client.startService()
        routers.pump()
        error = self.failureResultOf(up, NotAuthenticated).value
        self.assertIn("nowhere.toml: No such file", str(error))

    def test_readable(self) -> None:
        """To where others could read them they are not sent, unless that is said to be right."""
        self.patch(MemoryAddress, "isLocal", False)
        said: list[Any] = []

        def answer(credentials: Any) -> Any:
            said.append(credentials)
            return succeed("ann")

        routers = self.routers(answer)
        client = routers.client(start=False, credentials=Credentials(token="x"))
        up = client.whenConnected()
        client.startService()
        routers.pump()
        error = self.failureResultOf(up, NotAuthenticated).value
        self.assertIn("for all to read; connect with pysig-tls: or mtls:", str(error))
        self.assertEqual(said, [])
        routers.client(credentials=Credentials(token="x"), insecure=True)
        self.assertEqual(said, [{"token": "x"}])
