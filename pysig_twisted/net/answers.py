"""
Requests that a client's own senders are asked over its link.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from ..core.requests import Handlers
from ..core.router import noSuchSender
from ..errors import BadRequest, PysigError, RemoteError, TooLarge, UnsupportedCodec
from ..wire.codecs import Codecs
from ..wire.messages import Cancel, Fail, Request
from ..wire.version1 import encode
from .clientprotocol import ClientProtocol
from .requests import encodeReply


class Answers:
    """
    The requests that handlers are at work on.
    """

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
        codec = self._codecs.byId.get(request.codec)
        handlers = self._find(request.sender)
        try:
            if handlers is None:
                raise noSuchSender(request.sender)
            if codec is None:
                raise UnsupportedCodec(f"codec {request.codec} is unknown here")
            if request.id in self._open:
                raise BadRequest(f"request {request.id} is open already")
            params = codec.decode(request.params)
        except PysigError as error:
            link.send(Fail(request.id, error.toWire()))
            return
        answer = handlers.call(request.method, params, request.caller)
        self._open[request.id] = answer

        def done(value: Any) -> None:
            if self._open.pop(request.id, None) is None or not link.isOpen:
                return
            frame = encode(encodeReply(codec, request.id, value))
            assert link.welcome is not None
            if len(frame) - 4 > link.welcome.maxFrame:
                error = TooLarge(
                    f"the answer is {len(frame)} bytes; {link.welcome.maxFrame} is the limit"
                )
                frame = encode(Fail(request.id, error.toWire()))
            link.outbox.write(frame)

        def failed(failure: Failure) -> None:
            if self._open.pop(request.id, None) is None or not link.isOpen:
                return
            error = failure.value
            if not isinstance(error, PysigError):
                error = RemoteError(type(error).__name__, str(error))
            link.send(Fail(request.id, error.toWire()))

        answer.addCallbacks(done, failed)

    def cancelled(self, cancel: Cancel) -> None:
        """
        Nobody waits for an answer any more.
        """
        answer = self._open.pop(cancel.id, None)
        if answer is not None:
            answer.cancel()

    def lost(self) -> None:
        """
        The link is down: nobody waits for any of them.
        """
        running, self._open = self._open, {}
        for answer in running.values():
            answer.cancel()
