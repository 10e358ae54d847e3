"""
Requests that a client has asked over its link.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from ..core.clock import Deadlines
from ..core.requests import PendingRequest
from ..errors import PysigError, TooLarge, UnsupportedCodec
from ..wire.codecs import Codecs
from ..wire.messages import Cancel, Fail, Reply
from ..wire.version1 import encodeRequest
from .clientprotocol import ClientProtocol
from .link import Ids


class Question(PendingRequest):
    """
    A request that waits for its answer.

    @ivar link: where it was asked.
    @ivar number: its number there.
    """

    __slots__ = ("link", "number")
    link: ClientProtocol
    number: int


class Questions:
    """
    The requests that wait for their answers. All of them fail when the link
    breaks; none is asked again by itself.
    """

    def __init__(self, deadlines: Deadlines, codecs: Codecs, codec: Any) -> None:
        """
        @param codecs: the encodings that answers may have.
        @param codec: that of what is asked.
        """
        self._deadlines = deadlines
        self._codecs = codecs
        self._codec = codec
        self._ids = Ids()
        self._open: dict[int, Question] = {}

    def ask(
        self,
        link: ClientProtocol,
        sender: str,
        method: str,
        params: Any,
        timeout: float,
        codec: Any = None,
    ) -> Deferred[Any]:
        """
        Ask a sender.

        @param codec: an encoding other than the usual one.
        @return: a Deferred with the answer.
        @raise BadData: the parameters cannot be encoded.
        @raise TooLarge: they do not fit into a frame.
        """
        codec = self._codec if codec is None else codec
        encoded = codec.encode(params)
        number = self._ids.next(self._open)
        milliseconds = round(timeout * 1000) or 1
        frame = encodeRequest(codec.id, sender, method, number, milliseconds, "", encoded)
        assert link.welcome is not None
        if len(frame) - 4 > link.welcome.maxFrame:
            raise TooLarge(
                f"the parameters of request {sender}.{method} are {len(encoded)} bytes"
                f" encoded; frames of {link.welcome.maxFrame} bytes are the limit"
            )
        question = Question(f"request {sender}.{method}", self._deadlines, timeout, self._abandoned)
        question.link, question.number = link, number
        self._open[number] = question
        link.write(frame)
        return question.answer

    def _abandoned(self, question: Question) -> None:
        """
        Nobody waits for a request any more.
        """
        if self._open.pop(question.number, None) is not None and question.link.isOpen:
            question.link.send(Cancel(question.number))

    def replied(self, reply: Reply) -> None:
        """
        An answer has come; if nobody waits for it any more, it is let pass.
        """
        pending = self._open.pop(reply.id, None)
        if pending is None:
            return
        codec = self._codecs.byId.get(reply.codec)
        try:
            if codec is None:
                raise UnsupportedCodec(f"the answer is in codec {reply.codec}, unknown here")
            value = codec.decode(reply.data)
        except PysigError as error:
            pending.fail(error)
        else:
            pending.succeed(value)

    def failed(self, fail: Fail) -> None:
        """
        The answer is an error.
        """
        pending = self._open.pop(fail.id, None)
        if pending is not None:
            pending.fail(PysigError.fromWire(fail.fields))

    def lost(self, error: PysigError) -> None:
        """
        The link is down: no answer will come.
        """
        waiting, self._open = self._open, {}
        for pending in waiting.values():
            pending.fail(error)
