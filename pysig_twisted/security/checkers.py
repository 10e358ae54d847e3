"""
Who may come in, as checkers of C{twisted.cred}.
"""

from __future__ import annotations

import secrets
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword, UsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from .passwordfile import readPasswords
from .passwords import stretched, tokenDigest
from .proofs import Certified, ICertified, IToken, IUnixUser, Token, UnixUser
from .slowly import Slowly

Avatar = bytes | tuple[()]
"""
What C{twisted.cred} calls an avatar ID: here the principal, in UTF-8.
"""


@implementer(ICredentialsChecker)
class PasswordChecker:
    """
    Whoever stands in a file, with a password or a token. See
    L{passwordfile<pysig_twisted.security.passwordfile>}.

    @ivar path: the file.
    """

    credentialInterfaces = (IUsernamePassword, IToken)

    def __init__(self, path: str, slowly: Slowly) -> None:
        """
        @param slowly: does what takes long.
        @raise ConfigError: the file cannot be used.
        """
        self.path = path
        self._slowly = slowly
        # For users who are not there: so that it takes as long to find out.
        self._nobody = stretched(secrets.token_bytes(16))
        self.reload()

    def reload(self) -> None:
        """
        Read the file again.

        @raise ConfigError: it cannot be used, and all stays as it was.
        """
        found = readPasswords(self.path)
        self._passwords, self._tokens = found.passwords, found.tokens

    def requestAvatarId(self, credentials: Any) -> Deferred[Avatar]:
        """
        See C{ICredentialsChecker}.
        """
        if isinstance(credentials, Token):
            name = self._tokens.get(tokenDigest(credentials.token))
            return fail(UnauthorizedLogin()) if name is None else succeed(name.encode())
        assert isinstance(credentials, UsernamePassword)
        user, password = credentials.username, credentials.password
        kept = self._passwords.get(user.decode())
        isRight = self._slowly.do(lambda: (kept or self._nobody).isOf(password))

        def checked(isRight: bool) -> Avatar:
            if kept is None or not isRight:
                raise UnauthorizedLogin()
            return user

        return isRight.addCallback(checked)


@implementer(ICredentialsChecker)
class CertificateChecker:
    """
    Whoever has shown a certificate that the port has accepted.
    """

    credentialInterfaces = (ICertified,)

    def requestAvatarId(self, credentials: Certified) -> Deferred[Avatar]:
        """
        See C{ICredentialsChecker}.
        """
        return succeed(credentials.principal.encode())


@implementer(ICredentialsChecker)
class UnixUserChecker:
    """
    Every user of this machine who may open the unix socket.
    """

    credentialInterfaces = (IUnixUser,)

    def requestAvatarId(self, credentials: UnixUser) -> Deferred[Avatar]:
        """
        See C{ICredentialsChecker}.
        """
        return succeed(f"uid:{credentials.uid}".encode())
