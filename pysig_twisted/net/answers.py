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
from .passed import encodeAnswer, unsendable


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
            answer = handlers.answer(request.method, params, request.caller)
            if isinstance(answer, Deferred):
                self._wait(link, codec, request, answer)
                return
            frame = _encoded(link, codec, request, answer)
        except PysigError as error:
            frame = encode(Fail(request.id, error.toWire()))
        link.write(frame)  # which is lost if the handler has ended the link

    def _wait(
        self, link: ClientProtocol, codec: Any, request: Request, answer: Deferred[Any]
    ) -> None:
        """
        A handler takes its time.
        """
        if link.ended is not None:  # by that handler
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
                try:
                    link.write(_encoded(link, codec, request, value))
                except PysigError as error:
                    link.send(Fail(request.id, error.toWire()))

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


def _encoded(link: ClientProtocol, codec: Any, request: Request, value: Any) -> bytes:
    """
    The frame of an answer.

    @raise RemoteError: it cannot be encoded.
    @raise TooLarge: it does not fit into a frame.
    """
    frame = encodeAnswer(codec, request, value)
    assert link.welcome is not None
    limit = link.welcome.maxFrame
    if len(frame) - 4 > limit:
        error = TooLarge(f"the answer is {len(frame)} bytes; {limit} is the limit")
        raise unsendable(request, error)
    return frame
