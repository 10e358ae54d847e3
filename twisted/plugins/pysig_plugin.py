"""
The C{pysig} command of C{twistd}, endpoint strings that begin with C{serial:}, C{seriallink:},
C{mtls:}, C{pysig-tls:} and C{pysig07:}, and checkers for C{--auth}: C{pysig-passwd:} and
C{pysig-uid}.

Every start of twistd on the machine imports this module, whatever it is started for. It therefore
imports almost nothing: no reactor, no pyserial, nothing of C{pysig_twisted}.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from twisted.application.service import ServiceMaker
from twisted.cred.strcred import ICheckerFactory
from twisted.internet.interfaces import (
    IStreamClientEndpointStringParserWithReactor,
    IStreamServerEndpointStringParser,
)
from twisted.plugin import IPlugin
from twisted.python.reflect import namedAny
from zope.interface import implementer

if TYPE_CHECKING:
    from twisted.internet.interfaces import IStreamClientEndpoint, IStreamServerEndpoint

pysig = ServiceMaker(
    "pysig",
    "pysig_twisted.tap",
    "A signal router: events and requests between named senders.",
    "pysig",
)


@implementer(
    IPlugin, IStreamClientEndpointStringParserWithReactor, IStreamServerEndpointStringParser
)
class LazyParser:
    """
    Endpoint strings of one kind, for clients and servers, read by a module that is imported for
    the first of them.
    """

    def __init__(self, prefix: str, module: str) -> None:
        """
        @param prefix: what such strings begin with.
        @param module: has C{clientEndpoint} and C{serverEndpoint}.
        """
        self.prefix = prefix
        self._module = module

    # Positional only, as no interface can say: a string may have an option C{reactor=}, too.

    def parseStreamClient(  # type: ignore[override]
        self, reactor: Any, /, *words: str, **options: str
    ) -> IStreamClientEndpoint:
        """
        See C{IStreamClientEndpointStringParserWithReactor}.
        """
        endpoint: IStreamClientEndpoint = import_module(self._module).clientEndpoint(
            reactor, words, options
        )
        return endpoint

    def parseStreamServer(  # type: ignore[override]
        self, reactor: Any, /, *words: str, **options: str
    ) -> IStreamServerEndpoint:
        """
        See C{IStreamServerEndpointStringParser}.
        """
        endpoint: IStreamServerEndpoint = import_module(self._module).serverEndpoint(
            reactor, words, options
        )
        return endpoint


@implementer(IPlugin, ICheckerFactory)
class LazyCheckers:
    """
    Checkers of one kind, made by a module that is imported for the first of them.
    """

    def __init__(
        self, authType: str, make: str, kinds: tuple[str, ...], help: str, form: str
    ) -> None:
        """
        @param authType: what their strings begin with.
        @param make: the function of that module that makes one.
        @param kinds: the interfaces of the credentials that they take, by their full names.
        @param help: for people.
        @param form: what follows the colon, for people.
        """
        self.authType = authType
        self.authHelp = help
        self.argStringFormat = form
        self._make = make
        self._kinds = kinds

    @property
    def credentialInterfaces(self) -> tuple[Any, ...]:
        """
        See C{ICheckerFactory}.
        """
        return tuple(namedAny(kind) for kind in self._kinds)

    def generateChecker(self, argument: str) -> Any:
        """
        See C{ICheckerFactory}.
        """
        return getattr(import_module("pysig_twisted.security.checkerstrings"), self._make)(argument)


passwords = LazyCheckers(
    "pysig-passwd",
    "passwordChecker",
    ("twisted.cred.credentials.IUsernamePassword", "pysig_twisted.security.proofs.IToken"),
    "\nUsers of a file that `pysig passwd` writes, with passwords and tokens.\n",
    "FILE",
)
users = LazyCheckers(
    "pysig-uid",
    "unixUserChecker",
    ("pysig_twisted.security.proofs.IUnixUser",),
    "\nUsers of this machine, where a router listens on a unix socket.\n",
    "No argument.",
)

serial = LazyParser("serial", "pysig_twisted.carriers.serialstrings")
seriallink = LazyParser("seriallink", "pysig_twisted.carriers.link.strings")
mtls = LazyParser("mtls", "pysig_twisted.carriers.tls.mutualstrings")
tls = LazyParser("pysig-tls", "pysig_twisted.carriers.tls.strings")
old = LazyParser("pysig07", "pysig_twisted.carriers.pysig07.strings")
