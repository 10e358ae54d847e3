"""
Settings to what asks a device: commands, what answers them, and polls.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from ..errors import BadRequest
from .building import framerFor, parserFor
from .command import Command, Pacing, Reply
from .effort import quickExpression
from .expressions import isRequired
from .framesettings import LineFrame, NmeaFrame
from .placeholders import filledIn, loosened
from .polls import Poll
from .replykinds import BytesReply, LineReply, LinesReply, MatchReply, NoReply, UntilReply
from .requestsettings import PollSettings, ReplySettings, RequestSettings
from .settings import DeviceSettings, EventSettings
from .templates import Template

LONGEST: Final = 600.0
"""
Seconds that a poll waits for others, at most.
"""

IDS: Final = 256
"""
So many numbers there must be, for a late answer not to have that of the next command.
"""

MARK: Final = "\ue000"
"""
A character that no expression has.
"""

Parse = Callable[[str, bytes], Any]


class Asking:
    """
    Makes the commands of one request.

    @ivar template: what is sent.
    """

    def __init__(
        self,
        method: str,
        settings: RequestSettings,
        device: DeviceSettings,
        numbers: Iterator[int],
    ) -> None:
        """
        @param method: its name, for messages.
        @param device: what the command is sent to.
        @param numbers: for the holes that the bridge fills itself.
        @raise ValueError: something is wrong with C{send} or C{reply}.
        """
        self.template = Template(settings.send)
        self._method = method
        self._settings = settings
        self._device = device
        self._numbers = numbers
        self._framer = framerFor(device)
        self._isSure = _isSure(settings.reply, self.template)
        # Bytes are as many as they are, whatever frames are.
        self._longest = max(device.longestText, settings.reply.bytes * device.width)
        self._encoding = device.encoding.partition(":")[0]

    def command(self, params: Any = None) -> Command:
        """
        The command for some parameters.

        @raise BadRequest: they are not what the command has.
        """
        settings = self._settings
        template = self.template
        filled = template.fill(params, next(self._numbers) if template.ids else 0)
        try:
            payloads = self._payloads(filled.text)
            data = b"".join(map(self._framer.wrap, payloads))
            reply = replyFor(settings.reply, self._longest, filled.values, template.idName)
        except ValueError as error:  # of which those of encodings are some
            raise BadRequest(f"{self._method} cannot be sent: {error}") from error
        return Command(
            self._method,
            data,
            reply,
            echo=payloads,
            timeout=settings.timeout,
            deadline=settings.deadline,
            retries=settings.retries,
            isSure=self._isSure,
            isLatest=settings.latest,
        )

    def _payloads(self, text: str) -> list[bytes]:
        """
        What is in the frames that are sent.

        @raise ValueError: it is no hex, or has characters that the encoding has not.
        """
        if self._settings.hex:
            return [bytes.fromhex(text)]
        if isinstance(self._device.frame, LineFrame):
            return [line.encode(self._encoding) for line in text.split("\n")]
        return [text.encode(self._encoding)]


def _isSure(reply: ReplySettings, template: Template) -> bool:
    """
    Can no answer to another command be taken for this one's? Each has a number that comes
    again only after many others. Of the frames of an answer to C{until}, all but one could
    be another's.
    """
    if template.idName is None or template.ids < IDS or reply.until:
        return False
    return _hasId(reply.match, template) and (not reply.error or _hasId(reply.error, template))


def _hasId(expression: str, template: Template) -> bool:
    """
    Is the number in all that an expression finds?
    """
    others = [hole.name for hole in template.holes if hole.name != template.idName]
    spelled = loosened(filledIn(expression, {str(template.idName): MARK}), others)
    return isRequired(spelled, MARK)


def replyFor(
    settings: ReplySettings, longest: int, values: Mapping[str, str], idName: str | None = None
) -> Reply:
    """
    What makes the replies for a command.

    @param longest: the most characters of the text of a frame.
    @param values: what the command's holes have become.
    @param idName: the one that is a number which no other command has now, if any.
    @raise ValueError: an expression is none, or could take too long.
    """

    def spelled(text: str) -> re.Pattern[str] | None:
        alone = () if idName is None else (idName,)
        return quickExpression(filledIn(text, values, alone), longest) if text else None

    error, match, until = map(spelled, (settings.error, settings.match, settings.until))
    expression = match or until
    what = settings.parse or (
        "regex" if expression is not None and expression.groupindex else "text"
    )
    parse = _parse(settings, what, expression)
    if until is not None:
        return partial(UntilReply, until, parse, error, what=what, among=match)
    if match is not None:
        return partial(MatchReply, match, parse, error, what=what)
    if settings.lines:
        return partial(LinesReply, settings.lines, parse, error, what=what)
    if settings.bytes:
        return partial(BytesReply, settings.bytes, parse, error, what=what)
    return NoReply if settings.kind == "none" else partial(LineReply, parse, error, what=what)


def _parse(settings: ReplySettings, kind: Any, expression: re.Pattern[str] | None) -> Parse:
    """
    How an answer is read.
    """
    rule = EventSettings(
        parse=kind,
        types=settings.types,
        columns=settings.columns,
        delimiter=settings.delimiter,
        equals=settings.equals,
    )
    parse: Parse = parserFor(rule, expression).parse
    return parse


def askings(device: DeviceSettings, numbers: Iterator[int]) -> dict[str, Asking]:
    """
    What makes the commands of a device, by method.

    @raise ValueError: see L{Asking}.
    """
    return {
        method: Asking(method, settings, device, numbers)
        for method, settings in device.request.items()
    }


def pollsFor(
    device: DeviceSettings,
    methods: Mapping[str, Asking],
    numbers: Iterator[int],
    ended: Callable[[PollSettings, Any], object],
) -> list[Poll]:
    """
    What is asked of a device again and again.

    @param ended: told of each answer, and of each C{Failure}.
    @raise ValueError: see L{Asking}.
    """
    return [
        Poll(_pollCommand(device, poll, methods, numbers), poll.every, partial(ended, poll))
        for poll in device.poll
    ]


def _pollCommand(
    device: DeviceSettings,
    poll: PollSettings,
    methods: Mapping[str, Asking],
    numbers: Iterator[int],
) -> Callable[[], Command]:
    """
    What makes the commands of a poll.
    """
    if poll.request:
        return partial(methods[poll.request].command, poll.params)
    return Asking(f"the poll {poll.send!r}", commandOf(poll), device, numbers).command


def commandOf(poll: PollSettings) -> RequestSettings:
    """
    What a poll with a command of its own asks.
    """
    return RequestSettings(
        send=poll.send,
        hex=poll.hex,
        reply=poll.reply,
        timeout=poll.timeout,
        deadline=LONGEST,
        retries=poll.retries,
    )


def clearFor(device: DeviceSettings) -> bytes:
    """
    What ends half a command.
    """
    if device.clear is not None:
        return device.clear.encode("latin-1", "replace")
    if isinstance(device.frame, LineFrame):
        end = device.frame.end
        return (end if isinstance(end, str) else end[0]).encode("latin-1", "replace")
    return b"\r\n" if isinstance(device.frame, NmeaFrame) else b""


def pacingFor(device: DeviceSettings, secondsPerByte: float | None) -> Pacing:
    """
    How fast a device takes what it is sent.
    """
    return Pacing(device.commandGap, device.charDelay, device.lineDelay, secondsPerByte)
