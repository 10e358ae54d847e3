"""
The carrier of an old client, as its router has it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from zope.interface import directlyProvides, providedBy

from ...core.clock import Clock, ITimer
from ...errors import ProtocolError, PysigError, RequestTimeout
from ...wire.pysig07 import Splitter
from ...wire.version1 import encode
from .carrier import OldCarrier, acknowledge
from .guest import Guest

MESSAGE_TIME: Final = 10.0
"""
Seconds that a message may take to come in whole.
"""


class GuestCarrier(OldCarrier):
    """
    See the module.

    @ivar guest: the client.
    """

    def __init__(
        self,
        transport: Any,
        clock: Clock,
        receive: Callable[[bytes], object],
        failed: Callable[[PysigError], object],
        missed: Callable[[str, str], object],
        patience: float,
    ) -> None:
        """
        @param transport: the real one.
        @param receive: takes frames of version 1, as a protocol's C{dataReceived} does.
        @param failed: told why the connection must end.
        @param missed: told of each event that a listener does not hear: the sender, and why.
        @param patience: seconds that the client has to answer.
        """
        super().__init__((transport,), clock)
        directlyProvides(self, providedBy(transport))
        self._receive = receive
        self._failed = failed
        self._splitter = Splitter()
        self._unfinished: ITimer | None = None
        self.guest = Guest(
            clock, transport.write, self._say, failed, self._drained, missed, patience
        )

    def __getattr__(self, name: str) -> Any:
        """
        What the real transport has besides, such as who is at its other end.
        """
        return getattr(self._transports[0], name)

    @property
    def _waiting(self) -> int:
        """
        See L{OldCarrier}.
        """
        return self.guest.waiting

    def _told(self, message: Any) -> None:
        """
        See L{OldCarrier}.
        """
        self.guest.told(message)

    def _say(self, message: Any) -> None:
        """
        The client says this, in version 1.
        """
        if not self._isOver:
            self._receive(encode(message))

    def dataReceived(self, data: bytes) -> None:
        """
        The client has sent something.
        """
        isNew = False
        try:
            for text in self._splitter.feed(data):
                isNew = True
                self.guest.heard(text)
                if self._isOver:
                    return
        except ProtocolError as error:
            self._failed(error)
        else:
            self._awaitRest(isNew)
            if self.guest.exchange.isAsking:
                acknowledge(self._transports[0])

    def _awaitRest(self, isNew: bool) -> None:
        """
        A message that was begun must be finished in time.

        @param isNew: is it another one than before?
        """
        if self._unfinished is not None and (isNew or not self._splitter.held):
            self._unfinished.cancel()
            self._unfinished = None
        if self._unfinished is None and self._splitter.held:
            self._unfinished = self._clock.callLater(MESSAGE_TIME, self._late)

    def _late(self) -> None:
        """
        It was not.
        """
        self._unfinished = None
        reason = f"a message was begun and not finished within {MESSAGE_TIME:g} s"
        self._failed(RequestTimeout(reason))

    def stop(self) -> None:
        """
        The connection is over.
        """
        self._isOver = True
        if self._unfinished is not None:
            self._unfinished.cancel()
            self._unfinished = None
        self._splitter.stop()
        self.guest.stop()
