"""
Requests that a client's own senders are asked over its link.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..core.requests import Handlers
from ..core.router import noSuchSender
from ..errors import (
    BadData,
    BadRequest,
    ProtocolError,
    PysigError,
    TooLarge,
    UnsupportedCodec,
)
from ..wire.codecs import Codecs
from ..wire.messages import Cancel, Fail, Request
from ..wire.version1 import encode
from .clientprotocol import ClientProtocol
from .passed import encodeReply, unsendable


class Answers:
    """
    The requests that handlers are at work on.
    """

    log = Logger()

    def __init__(self, codecs: Codecs, find: Callable[[str], Handlers | None]) -> None:
        """
        @param codecs: the encodings that we speak.
        @param find: the handlers of a sender of ours.
        """
        self._codecs = codecs
        self._find = find
        self._open: dict[int, Deferred[Any]] = {}

    def asked(self, link: ClientProtocol, request: Request) -> None:
        """
        The router asks one of our senders.
        """
        if request.id in self._open:
            raise ProtocolError(f"request {request.id} is open already")
        codec = self._codecs.byId.get(request.codec)
        handlers = self._find(request.sender)
        try:
            if handlers is None:
                raise noSuchSender(request.sender)
            if codec is None:
                raise UnsupportedCodec(f"codec {request.codec} is unknown here")
            params = _decoded(codec, request.params)
        except PysigError as error:
            link.send(Fail(request.id, error.toWire()))
            return
        answer = handlers.call(request.method, params, request.caller)
        if not link.isOpen:  # the handler has ended it
            self._cancel(answer)
            return
        self._open[request.id] = answer

        def isWaitedFor() -> bool:
            # The number may be that of a later request by now: a handler that is
            # cancelled need not end at once.
            if self._open.get(request.id) is not answer:
                return False
            del self._open[request.id]
            return True

        def done(value: Any) -> None:
            if isWaitedFor():
                link.write(_answer(link, codec, request, value))

        def failed(failure: Failure) -> None:
            if isWaitedFor():
                error: Any = failure.value
                link.send(Fail(request.id, error.toWire()))

        answer.addCallbacks(done, failed)

    def cancelled(self, cancel: Cancel) -> None:
        """
        Nobody waits for an answer any more.
        """
        answer = self._open.pop(cancel.id, None)
        if answer is not None:
            self._cancel(answer)

    def lost(self) -> None:
        """
        The link is down: nobody waits for any of them.
        """
        running, self._open = self._open, {}
        for answer in running.values():
            self._cancel(answer)

    def _cancel(self, answer: Deferred[Any]) -> None:
        """
        Cancel a handler, which may have a canceller of the user's own.
        """
        answer.addErrback(lambda _: None)
        try:
            answer.cancel()
        except KeyboardInterrupt:
            raise
        except BaseException:
            self.log.failure("a handler could not be cancelled")


def _decoded(codec: Any, params: bytes) -> Any:
    """
    The parameters of a request.

    @raise BadRequest: they cannot be decoded.
    """
    try:
        return codec.decode(params)
    except BadData as error:
        raise BadRequest(f"the parameters cannot be decoded: {error}") from error


def _answer(link: ClientProtocol, codec: Any, request: Request, value: Any) -> bytes:
    """
    The frame of an answer; of an error, if it cannot be sent.
    """
    assert link.welcome is not None
    limit = link.welcome.maxFrame
    frame = encode(encodeReply(codec, request, value))
    if len(frame) - 4 <= limit:
        return frame
    error = TooLarge(f"the answer is {len(frame)} bytes; {limit} is the limit")
    return encode(unsendable(request, error))
