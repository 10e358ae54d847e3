"""
One request on its way through a server.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from ..core.presence import Life
from ..core.requests import PendingRequest, noSuchMethod
from ..errors import PysigError, RemoteError, RequestTimeout
from ..wire.messages import Request
from ..wire.version1 import encodeReply
from .peers import Peer

log = Logger()

Methods = tuple[str | None, ...] | None


class Passed:
    """
    A request that is being answered.

    @ivar life: whose it is.
    @ivar method: what is asked for.
    @ivar caller: the peer who asked, by C{callerId}; C{None} for this process,
        which waits by C{pending}.
    @ivar owner: the peer who answers, by C{ownerId}; C{None} for a sender of
        this process, which answers by C{answer}.
    @ivar bucket: see L{Deadlines.add}.
    """

    __slots__ = (
        "answer",
        "bucket",
        "caller",
        "callerId",
        "life",
        "method",
        "owner",
        "ownerId",
        "pending",
    )

    def __init__(
        self, life: Life[Any], method: str, caller: Peer | None = None, callerId: int = 0
    ) -> None:
        """
        A request to this sender.
        """
        self.life = life
        self.method = method
        self.caller = caller
        self.callerId = callerId
        self.pending: PendingRequest | None = None
        self.owner: Peer | None = None
        self.ownerId = 0
        self.answer: Deferred[Any] | None = None
        self.bucket = 0


def encodeAnswer(codec: Any, request: Request, value: Any) -> bytes:
    """
    The frame of what a handler returned.

    @raise RemoteError: it cannot be encoded, whatever that raises.
    """
    try:
        return encodeReply(codec.id, request.id, codec.encode(value))
    except Exception as error:
        told = RemoteError("BadData", f"the handler's answer cannot be sent: {error}")
        raise unsendable(request, told) from error


def unsendable(request: Request, error: PysigError) -> PysigError:
    """
    The error of an answer that cannot be sent, which is the handler's fault and
    so stands in the log of its process.
    """
    log.warn(
        "request {sender}.{method} failed: {error}",
        sender=request.sender,
        method=request.method,
        error=error.message,
    )
    return error


def checkMethod(life: Life[Any], method: str, shown: Callable[[Methods], Methods]) -> None:
    """
    See to it that a sender answers a method.

    @param shown: those of its methods that the caller may know of.
    @raise NoSuchMethod: it does not.
    """
    methods = life.requests or ()
    if method not in methods and None not in methods:
        raise noSuchMethod(life.name, method, shown(life.requests))


def late(sender: str, method: str, seconds: float) -> RequestTimeout:
    """
    The error of a request whose time is up.
    """
    return RequestTimeout(f"request {sender}.{method} had no answer within {seconds:g} s")
