"""Who somebody is: proofs, checkers, and the portal."""

from __future__ import annotations

import os
import socket
from typing import Any

from twisted.cred.checkers import AllowAnonymousAccess, InMemoryUsernamePasswordDatabaseDontUse
from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SkipTest, SynchronousTestCase
from zope.interface.verify import verifyObject

from pysig_twisted.errors import ConfigError, NotAuthenticated
from pysig_twisted.interfaces import IAuthenticator
from pysig_twisted.security import passwords
from pysig_twisted.security.checkers import PasswordChecker, UnixUserChecker
from pysig_twisted.security.passwordfile import Entry, PasswordFile
from pysig_twisted.security.passwords import newToken, stretched, tokenDigest
from pysig_twisted.security.portal import PENALTY, WRONG, Authenticator


class Transport:
    """A connection."""

    def __init__(self, handle: Any = None) -> None:
        self.handle = handle

    def getHost(self) -> Any:
        """Where it is."""
        return IPv4Address("TCP", "127.0.0.1", 1) if self.handle is None else UNIXAddress("x")

    def getHandle(self) -> Any:
        """The socket."""
        return self.handle


class AtOnce:
    """Does slow things at once."""

    count = 0

    def do(self, call: Any) -> Deferred[Any]:
        """Do it."""
        self.count += 1
        return maybeDeferred(call)


class PortalCase(SynchronousTestCase):
    """Tests with a file."""

    def setUp(self) -> None:
        """A user with a password, and one with a token."""
        self.patch(passwords, "LN", 4)
        self.clock = Clock()
        self.token = newToken()
        self.path = self.mktemp()
        self.write(
            Entry("ann", stretched(b"secret")), Entry("meter", None, "a", tokenDigest(self.token))
        )
        self.slowly: Any = AtOnce()
        self.passwords = PasswordChecker(self.path, self.slowly)

    def write(self, *entries: Entry) -> None:
        """Have these users."""
        with open(self.path, "w") as file:
            file.write(PasswordFile([*entries]).text())
        os.chmod(self.path, 0o600)

    def login(self, said: Any, *checkers: Any, transport: Any = None) -> Any:
        """Who that is; or why nobody."""
        authenticator = Authenticator(checkers or (self.passwords,), self.clock)
        login = authenticator.login(said, transport or Transport())
        self.clock.advance(PENALTY)
        if login.result.__class__ is str:
            return self.successResultOf(login)
        return self.failureResultOf(login, NotAuthenticated).value.message


class PasswordTests(PortalCase):
    """Users with passwords and tokens."""

    def test_right(self) -> None:
        """Who has the password, or the token, is who it is of."""
        self.assertEqual(self.login({"user": "ann", "password": "secret"}), "ann")
        self.assertEqual(self.login({"token": self.token}), "meter")

    def test_wrong(self) -> None:
        """Whatever is wrong is told in the same words, after the same time."""
        for said in (
            {"user": "ann", "password": "Secret"},
            {"user": "bob", "password": "secret"},
            {"user": "meter", "password": "secret"},
            {"token": newToken()},
        ):
            authenticator = Authenticator([self.passwords], self.clock)
            login = authenticator.login(said, Transport())
            self.assertNoResult(login)
            self.clock.advance(PENALTY - 0.01)
            self.assertNoResult(login)
            self.clock.advance(0.01)
            error = self.failureResultOf(login, NotAuthenticated).value
            self.assertEqual(error.message, WRONG)
        # For users who are not there as much is computed as for others.
        self.assertEqual(self.slowly.count, 3)

    def test_notUnderstood(self) -> None:
        """HELLO may say anything; what is no credentials lets nobody in."""
        for said in (
            {},
            {"user": "ann"},
            {"password": "secret"},
            {"user": "ann", "password": "secret", "token": "x"},
            {"user": "ann", "password": 5},
            {"user": ["ann"], "password": "secret"},
            {"user": "ann", "password": "x" * 2000},
            {"token": None},
            {"user": "\ud800", "password": "x"},
            {"user": "uid:0", "password": "secret"},
            {"user": "router", "password": "secret"},
            {"user": "a*", "password": "secret"},
        ):
            self.assertIn("not understood", self.login(said), said)

    def test_nobody(self) -> None:
        """Who says nothing is told what to do."""
        self.assertIn("show a certificate, or credentials", self.login(None))

    def test_reload(self) -> None:
        """The file is read again; a broken one changes nothing, and is told."""
        authenticator = Authenticator([self.passwords], self.clock)
        self.write(Entry("bob", stretched(b"new")))
        authenticator.reload()
        self.assertEqual(self.login({"user": "bob", "password": "new"}), "bob")
        self.assertEqual(self.login({"user": "ann", "password": "secret"}), WRONG)
        with open(self.path, "a") as file:
            file.write("carol:plain\n")
        authenticator.reload()
        self.assertEqual(self.login({"user": "bob", "password": "new"}), "bob")
        os.unlink(self.path)
        authenticator.reload()
        self.assertEqual(self.login({"user": "bob", "password": "new"}), "bob")


class OtherTests(PortalCase):
    """Other proofs."""

    def test_interface(self) -> None:
        """It is an IAuthenticator."""
        verifyObject(IAuthenticator, Authenticator([], self.clock))

    def test_anonymous(self) -> None:
        """Only where that is said; a wrong password is wrong all the same."""
        both = (self.passwords, AllowAnonymousAccess())
        self.assertEqual(self.login(None, *both), "anonymous")
        self.assertEqual(self.login({"user": "ann", "password": "x"}, *both), WRONG)

    def test_twisted(self) -> None:
        """Checkers of others do as well."""
        memory = InMemoryUsernamePasswordDatabaseDontUse(ann=b"secret")
        self.assertEqual(self.login({"user": "ann", "password": "secret"}, memory), "ann")
        self.assertEqual(self.login({"user": "ann", "password": "x"}, memory), WRONG)
        self.assertIn("takes no tokens", self.login({"token": "x"}, memory))

    def test_unixUser(self) -> None:
        """Whoever is behind a unix socket is known by the system; elsewhere nobody is."""
        if not hasattr(socket, "SO_PEERCRED"):
            raise SkipTest("this system does not tell who is behind a socket")
        one, other = socket.socketpair(socket.AF_UNIX)
        self.addCleanup(one.close)
        self.addCleanup(other.close)
        checker = UnixUserChecker()
        found = self.login(None, checker, transport=Transport(one))
        self.assertEqual(found, f"uid:{os.getuid()}")
        self.assertIn("must know who you are", self.login(None, checker))
        # Where nobody asks for that it proves nothing.
        self.assertIn("must know", self.login(None, self.passwords, transport=Transport(one)))

    def test_double(self) -> None:
        """Two checkers for the same would make one of them count for nothing."""
        both = (self.passwords, InMemoryUsernamePasswordDatabaseDontUse())
        self.assertRaises(ConfigError, Authenticator, both, self.clock)
        self.assertRaises(ConfigError, Authenticator, ["ann"], self.clock)
