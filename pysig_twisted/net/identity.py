"""
Who somebody is: what a router asks of its authenticator.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..core.router import LOCAL
from ..errors import BadName, Cancelled, ConfigError, NotAuthenticated, PysigError
from ..interfaces import IAuthenticator
from ..names import checkName

log = Logger()


def checkAuthenticator(given: Any) -> IAuthenticator | None:
    """
    Return what was given if it is an authenticator, or C{None}.

    @raise ConfigError: it is neither.
    """
    if given is not None and not callable(getattr(given, "login", None)):
        raise ConfigError(f"authenticator {given!r} has no login(); see IAuthenticator")
    found: IAuthenticator | None = given
    return found


def asked(
    authenticator: IAuthenticator, credentials: Mapping[str, Any] | None, transport: Any
) -> Deferred[str]:
    """
    Ask who is at the other end.

    @return: a Deferred with the principal. It fails with a L{PysigError} and nothing else: what
        else goes wrong is logged, and lets nobody in.
    """
    login: Deferred[Any] = maybeDeferred(authenticator.login, credentials, transport)
    return login.addCallback(_checked).addErrback(_failed)


def _checked(principal: Any) -> str:
    """
    See that it can be a principal, and is not this process.
    """
    try:
        name = checkName(principal, "principal")
    except BadName as error:
        raise TypeError(f"the authenticator gave no principal: {error.message}") from None
    if name == LOCAL:
        raise TypeError(f"the authenticator gave {name!r}, which is this process alone")
    return name


def _failed(failure: Failure) -> Failure:
    """
    Nobody is let in.
    """
    if failure.check(CancelledError):
        return Failure(Cancelled("the connection has ended"))
    if failure.check(PysigError):
        return failure
    log.failure("an authenticator failed", failure)
    return Failure(NotAuthenticated("the router could not find out who you are; see its log"))
