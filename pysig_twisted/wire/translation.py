"""
A message format of the user's own, between its bytes and version 1.

Nothing above a connection knows which format it has: what a wire reads is put
into the frames of version 1 and read from there, and what is sent comes as such
frames and is handed to the wire as messages. So a wire can say nothing that
version 1 could not: names, numbers and sizes are checked here as for any peer,
and an error of the wire ends its connection and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from twisted.logger import Logger

from ..errors import ConfigError, ProtocolError
from .messages import HELLO_MAX, HIGHEST_MAX_FRAME
from .version1 import Reader, encode

if TYPE_CHECKING:
    from ..interfaces import IWire, IWireSession
    from .conversation import Role

LONGER: Final = 8
"""
A message may take so many times the bytes that version 1 spends on it: six are
what JSON needs for the worst of texts.
"""


PYSIG07: Final = "pysig-0.7"
"""
The format of pysig 0.7.3. It is a carrier rather than a wire, as its messages go one at a time; see
L{pysig_twisted.carriers.pysig07}.
"""


def checkWire(wire: IWire | None) -> IWire | None:
    """
    The wire that a router was given, if it can be one.

    @raise ConfigError: it cannot.
    """
    if wire is not None:
        if isinstance(wire, type) or not callable(getattr(wire, "session", None)):
            raise ConfigError(f"wire {wire!r} has no session() to call; see IWire")
        if not isinstance(getattr(wire, "name", None), str):
            raise ConfigError(f"wire {wire!r} has no name; see IWire")
    return wire


def wireOf(wire: IWire | str | None) -> IWire | str | None:
    """
    The same for a client, which may also name one that is built in: L{PYSIG07}.

    @raise ConfigError: there is none of this name, or it can be none.
    """
    if not isinstance(wire, str):
        return checkWire(wire)
    if wire != PYSIG07:
        raise ConfigError(f"there is no wire {wire!r}; there is {PYSIG07!r}, or one of your own")
    return wire


class Translation:
    """
    What one connection has instead of a L{Reader<pysig_twisted.wire.version1.Reader>}.

    @ivar name: the wire's.
    @ivar begun: see L{FrameReader<pysig_twisted.wire.frames.FrameReader>}.
    """

    log = Logger()

    def __init__(
        self,
        wire: IWire,
        side: Role,
        write: Callable[[bytes], None],
        failed: Callable[[ProtocolError], object],
    ) -> None:
        """
        @param wire: the format.
        @param side: which side of the connection is ours.
        @param write: sends bytes.
        @param failed: told, once, that nothing more can be sent.
        """
        self.name = wire.name
        self.begun = 0
        self._wire = wire
        self._side = side
        self._write = write
        self._failed = failed
        self._isBroken = False
        self._made: IWireSession | None = None
        self._collected: list[bytes] | None = None
        self._incoming = Reader(HELLO_MAX)
        self._outgoing = Reader(HIGHEST_MAX_FRAME)

    @property
    def _session(self) -> IWireSession:
        """
        The wire at work, from the first time that it is needed.
        """
        if self._made is None:
            self._made = self._wire.session(self._side, self._send)
        return self._made

    @property
    def maxFrame(self) -> int:
        """
        The longest message that is taken, as version 1 counts it.
        """
        return self._incoming.maxFrame

    @maxFrame.setter
    def maxFrame(self, size: int) -> None:
        """
        Another limit from now on.
        """
        self._incoming.maxFrame = size

    @property
    def events(self) -> Callable[[bytes, int, int], int] | None:
        """
        See L{Reader<pysig_twisted.wire.frames.FrameReader>}.
        """
        return self._incoming.events

    @events.setter
    def events(self, take: Callable[[bytes, int, int], int] | None) -> None:
        """
        Have another take them.
        """
        self._incoming.events = take

    @property
    def held(self) -> int:
        """
        The bytes that wait for the rest of their message.
        """
        return 0 if self._made is None else int(self._made.held)

    @property
    def needed(self) -> int:
        """
        How many bytes that message has in all, as far as is known: one more.
        """
        return self.held + 1

    def stop(self) -> None:
        """
        See L{Reader<pysig_twisted.wire.version1.Reader>}.
        """
        self._incoming.stop()

    def feed(self, data: bytes) -> Iterator[Any]:
        """
        The messages that C{data} completes.

        @raise ProtocolError: they are none, or too long, or the wire failed. What
            came before has been given.
        """
        wasHeld, whole = self.held, 0
        try:
            for message in self._session.feed(data):
                whole += 1
                yield from self._incoming.feed(self._checked(message))
        except ProtocolError:
            raise
        except Exception as error:
            self.log.failure("wire {name} failed", name=self.name)
            raise ProtocolError(f"wire {self.name!r} cannot read this: {error!r}") from error
        held, limit = self.held, LONGER * self._incoming.maxFrame
        if held > limit:
            raise ProtocolError(
                f"a message has more than {limit} bytes; version 1 would need"
                f" {self._incoming.maxFrame}, which is the limit here"
            )
        if held and (whole or not wasHeld):
            self.begun += 1

    def _checked(self, message: Any) -> bytes:
        """
        The frames of what the wire has read. Whatever is wrong with that, the
        other side may have said so, and it is no reason to log a traceback.
        """
        try:
            return encode(message)
        except Exception as error:
            raise ProtocolError(
                f"wire {self.name!r} has read what is no message, a"
                f" {type(message).__name__}: {error!r}"
            ) from error

    def write(self, frames: bytes) -> None:
        """
        Send what these whole frames say.
        """
        data = self.translate(frames)
        if data:
            self._write(data)

    def translate(self, frames: bytes) -> bytes:
        """
        The bytes for what these whole frames say; none if the wire fails, since
        whoever sends something must not suffer from it.
        """
        if self._isBroken:
            return b""
        collected: list[bytes] = []
        before, self._collected = self._collected, collected
        try:
            for message in self._outgoing.feed(frames):
                self._session.send(message)
            return b"".join(collected)
        except Exception as error:
            self._isBroken = True
            self.log.failure("wire {name} failed", name=self.name)
            self._failed(ProtocolError(f"wire {self.name!r} cannot say this: {error!r}"))
            return b""
        finally:
            self._collected = before

    def _send(self, data: bytes) -> None:
        """
        The wire writes: while a message is being sent, or on its own account.
        """
        if self._collected is None:
            self._write(data)
        else:
            self._collected.append(data)
