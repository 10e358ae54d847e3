"""
Clients of pysig 0.7.3 at the ports of a server.

They are known by their first byte, a C{\\x7b}, before which they may be silent for as long as they
like: until then they are strangers like others, of which there is room for only so many (see
L{Door<pysig_twisted.net.door.Door>}). From then on their connection has a carrier that translates,
and is like all others.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.logger import Logger

from .link import Link, LinkContext
from .peers import Occasions

FIRST: Final = b"{"

OWN_PATIENCE: Final = 5.0
"""
Seconds that an old client has to answer, beyond those after which others are cut: as a listener
that calls back in waits for 10 seconds, in vain, before it answers.
"""


class Guests:
    """
    Welcomes them.
    """

    log = Logger()

    def __init__(self, context: LinkContext) -> None:
        """
        @param context: what the connections of the server share.
        """
        self._context = context

    def mayCome(self, transport: Any) -> bool:
        """
        Can an old client be at the other end of this: does it speak over a plain socket?
        """
        try:
            address = transport.getPeer()
        except (NotImplementedError, AttributeError):
            return False
        if not isinstance(address, (IPv4Address, IPv6Address, UNIXAddress)):
            return False
        with suppress(AttributeError, OSError):
            transport.setTcpKeepAlive(True)  # it may have gone while it was silent
        return True

    def welcome(self, link: Link, data: bytes) -> None:
        """
        One has come.

        @param link: its connection, to which nothing was said yet.
        @param data: the first it says.
        """
        # Loading it takes a while, and many never see one.
        from ..carriers.pysig07.carrier import keepAlive
        from ..carriers.pysig07.guestcarrier import GuestCarrier

        context, missed = self._context, Occasions()

        def miss(sender: str, why: str) -> None:
            context.tally.missed += 1
            count = missed.note(context.clock.now())
            if count:
                self.log.warn(
                    "{address} does not hear an event of {sender}: {why} ({n} were not heard since"
                    " this was said last)",
                    address=link.address,
                    sender=sender,
                    why=why,
                    n=count,
                )

        carrier = GuestCarrier(
            link.transport,
            context.clock,
            link.take,
            lambda error: link.end(error, drop=True),
            miss,
            context.limits.stall + OWN_PATIENCE,
        )
        keepAlive(link.transport)
        link.speakThrough(carrier)
        link.whenOver().addCallback(lambda _: carrier.stop())
        carrier.guest.begin()
        carrier.dataReceived(data)
