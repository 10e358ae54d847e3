"""
The C{pysig} command of C{twistd}, and endpoint strings that begin with C{serial:}, C{seriallink:},
C{mtls:} and C{pysig-tls:}.

Every start of twistd on the machine imports this module, whatever it is started for. It therefore
imports almost nothing: no reactor, no pyserial, nothing of C{pysig_twisted}.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from twisted.application.service import ServiceMaker
from twisted.internet.interfaces import (
    IStreamClientEndpointStringParserWithReactor,
    IStreamServerEndpointStringParser,
)
from twisted.plugin import IPlugin
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


serial = LazyParser("serial", "pysig_twisted.carriers.serialstrings")
seriallink = LazyParser("seriallink", "pysig_twisted.carriers.link.strings")
mtls = LazyParser("mtls", "pysig_twisted.carriers.tls.mutualstrings")
tls = LazyParser("pysig-tls", "pysig_twisted.carriers.tls.strings")
