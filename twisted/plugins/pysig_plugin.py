"""
The C{pysig} command of C{twistd}, and endpoint strings that begin with C{serial:}.

Every start of twistd on the machine imports this module, whatever it is started for. It therefore
imports almost nothing: no reactor, no pyserial, nothing of C{pysig_twisted}.
"""

from __future__ import annotations

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
class SerialParser:
    """
    C{serial:/dev/ttyUSB0:baudrate=115200} for clients and servers, read by
    C{pysig_twisted.carriers.serialstrings}.
    """

    prefix = "serial"

    # Positional only, as no interface can say: a string may have an option C{reactor=}, too.

    def parseStreamClient(  # type: ignore[override]
        self, reactor: Any, /, *words: str, **options: str
    ) -> IStreamClientEndpoint:
        """
        See C{IStreamClientEndpointStringParserWithReactor}.
        """
        from pysig_twisted.carriers.serialstrings import clientEndpoint

        return clientEndpoint(reactor, words, options)

    def parseStreamServer(  # type: ignore[override]
        self, reactor: Any, /, *words: str, **options: str
    ) -> IStreamServerEndpoint:
        """
        See C{IStreamServerEndpointStringParser}.
        """
        from pysig_twisted.carriers.serialstrings import serverEndpoint

        return serverEndpoint(reactor, words, options)


serial = SerialParser()
