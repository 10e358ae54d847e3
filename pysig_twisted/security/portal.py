"""
Who somebody is, by C{twisted.cred}.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from twisted.cred.checkers import ANONYMOUS as NOBODY
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IAnonymous, IUsernamePassword
from twisted.cred.error import LoginFailed, UnhandledCredentials
from twisted.cred.portal import IRealm, Portal
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import Interface, implementer

from ..errors import ConfigError, NotAuthenticated
from ..interfaces import IAuthenticator
from ..net.quotas import ANONYMOUS
from .checkers import CertificateChecker
from .proofs import ICertified, IToken, IUnixUser, proofOf

PENALTY: Final = 1.0
"""
Seconds until somebody is told that a password or a token is wrong: who tries many has to wait.
"""

WRONG: Final = "the user, the password or the token is wrong"
NOT_TAKEN: Final = {
    IUsernamePassword: "this router takes no passwords",
    IToken: "this router takes no tokens",
    IUnixUser: "this router does not ask which user of this machine you are",
    IAnonymous: "this router must know who you are; show a certificate, or credentials",
}


class IPrincipal(Interface):
    """
    The avatar of somebody: its name as a principal, a C{str}.
    """


@implementer(IRealm)
class PrincipalRealm:
    """
    Where everybody is a principal.
    """

    def requestAvatar(
        self, avatarId: Any, mind: object, *interfaces: Any
    ) -> tuple[Any, str, Callable[[], None]]:
        """
        See C{IRealm}.
        """
        if IPrincipal not in interfaces:
            raise NotImplementedError(f"there is only {IPrincipal.__name__} here")
        if avatarId == NOBODY:
            name = ANONYMOUS
        else:
            name = avatarId.decode() if isinstance(avatarId, bytes) else avatarId
        return IPrincipal, name, lambda: None


@implementer(IAuthenticator)
class Authenticator:
    """
    Asks checkers of C{twisted.cred} who somebody is. Who has shown a certificate that the port has
    accepted is known by that; everything else a checker must know.
    """

    log = Logger()

    def __init__(self, checkers: Iterable[Any], clock: Any) -> None:
        """
        @param checkers: C{ICredentialsChecker}s. Those with a method C{reload} are told to.
        @param clock: delays what is said to who is wrong.
        @raise ConfigError: two of them are for the same credentials.
        """
        self._clock = clock
        self._checkers = (CertificateChecker(), *checkers)
        self._portal = Portal(PrincipalRealm(), ())
        for checker in self._checkers:
            if not ICredentialsChecker.providedBy(checker):
                raise ConfigError(f"{checker!r} is no checker of twisted.cred")
            for kind in checker.credentialInterfaces:
                if kind in self._portal.checkers:
                    raise ConfigError(f"two checkers are for {kind.__name__[1:]}; give one")
                self._portal.checkers[kind] = checker

    def takes(self, kind: Any) -> bool:
        """
        Does it take credentials of this kind?
        """
        return kind in self._portal.checkers

    def login(self, credentials: Mapping[str, Any] | None, transport: Any) -> Deferred[str]:
        """
        See L{IAuthenticator.login<pysig_twisted.interfaces.IAuthenticator.login>}.
        """
        try:
            proof = proofOf(credentials, transport, self.takes(IUnixUser))
        except NotAuthenticated as error:
            return fail(error)
        login: Deferred[Any] = self._portal.login(proof, None, IPrincipal)
        return login.addCallbacks(lambda found: found[1], self._failed, errbackArgs=(proof,))

    def reload(self) -> None:
        """
        Have all read their files again that have some. Where one cannot be used, what was in it
        before counts, and it is logged why.
        """
        for checker in self._checkers:
            reload = getattr(checker, "reload", None)
            if reload is None:
                continue
            try:
                reload()
            except ConfigError as error:
                self.log.error("the users stay as they were: {error}", error=error.message)

    def _failed(self, failure: Failure, proof: Any) -> Any:
        """
        Nobody is let in.
        """
        if failure.check(UnhandledCredentials):
            told = [text for kind, text in NOT_TAKEN.items() if kind.providedBy(proof)]
            return Failure(NotAuthenticated(told[0] if told else "this router does not take that"))
        if not failure.check(LoginFailed):
            return failure

        def tell() -> str:
            raise NotAuthenticated(WRONG)

        return deferLater(self._clock, PENALTY, tell)


__all__ = ["Authenticator", "ICertified", "IPrincipal"]
