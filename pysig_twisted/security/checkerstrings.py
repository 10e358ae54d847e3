"""
Checkers by their strings, for C{--auth} of any Twisted application::

    pysig-passwd:/etc/pysig/passwd
    pysig-uid

"""

from __future__ import annotations

from typing import Any

from twisted.cred.strcred import InvalidAuthArgumentString

from ..errors import ConfigError
from .checkers import PasswordChecker, UnixUserChecker
from .slowly import Slowly


def passwordChecker(argument: str) -> PasswordChecker:
    """
    Whoever stands in a file.

    @param argument: its path.
    @raise InvalidAuthArgumentString: it cannot be used.
    """
    from twisted.internet import reactor

    if not argument:
        raise InvalidAuthArgumentString("name the file: pysig-passwd:FILE")
    try:
        return PasswordChecker(argument, Slowly(reactor))
    except ConfigError as error:
        raise InvalidAuthArgumentString(error.message) from None


def unixUserChecker(argument: str) -> UnixUserChecker:
    """
    Every user of this machine who may open the socket.

    @raise InvalidAuthArgumentString: there is an argument, or this system does not tell.
    """
    import socket

    if argument:
        raise InvalidAuthArgumentString("pysig-uid takes no argument")
    if not hasattr(socket, "SO_PEERCRED"):
        raise InvalidAuthArgumentString("this system does not tell who is behind a unix socket")
    return UnixUserChecker()


def checkerOf(text: str) -> Any:
    """
    The checker that a string describes.

    @raise ConfigError: it describes none, or one that cannot be used.
    """
    from twisted.cred.strcred import InvalidAuthType, findCheckerFactories, makeChecker

    try:
        return makeChecker(text)
    except InvalidAuthType:
        kind = text.partition(":")[0]
        known = ", ".join(sorted({factory.authType for factory in findCheckerFactories()}))
        raise ConfigError(f"there is no kind of --auth {kind!r}; there are {known}") from None
    except InvalidAuthArgumentString as error:
        raise ConfigError(str(error)) from None
    except OSError as error:
        raise ConfigError(f"{text}: {error.strerror}") from None
    except Exception as error:
        raise ConfigError(f"{text}: {error or type(error).__name__}") from None
