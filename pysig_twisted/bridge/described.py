"""
The senders of a device that describes itself.

The device says in lines of JSON who is there, what these fire and what they answer; see
docs/serial-firmware.md. There is no clock here, and no router: whoever has these says what
time it is, and is told what is to be done.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from ..errors import TooLarge
from . import jsonlines
from .bucket import Bucket
from .framing import Piece, faulty
from .hello import BUFFER, Hello
from .idreply import IdReply
from .jsonlines import Bye, Event, Failed, Message, Response, Text
from .lifecycle import CLOSED, RESET
from .rules import LATE, LINE
from .text import isReadable

AGAIN: Final = 2.0
"""
Seconds until it is asked again who is there.
"""

MOST_SENDERS: Final = 16
"""
Senders of one line.
"""

LIVES: Final = 2 * MOST_SENDERS
"""
Lives of senders that may begin at once. From then on it is one in a second.
"""

EARLY: Final = 100
"""
Lines of text that are kept until the first sender is there.
"""

OPEN: Final = 1024
"""
Requests whose late answers are known.
"""


class Asked(NamedTuple):
    """
    How a request is asked; what a L{Command<pysig_twisted.bridge.command.Command>} needs.

    @ivar data: what is sent.
    @ivar echo: what comes back of that from a device that echoes.
    @ivar reply: makes what waits for the answer.
    """

    data: bytes
    echo: bytes
    reply: Callable[[], Any]


class Described:
    """
    See the module.

    @ivar senders: what each has said of itself, by name, in the order in which they came.
    @ivar late: how many answers came when nobody waited for them any more.
    """

    def __init__(
        self,
        declare: Callable[[str, Hello], object],
        remove: Callable[[str, str], object],
        fire: Callable[[str, str, Any], object],
        write: Callable[[bytes], object],
        noise: Callable[[Piece, float], object],
        problem: Callable[[str], object],
    ) -> None:
        """
        @param declare: called with the name of a sender that is there now, and its hello.
        @param remove: called with the name of a sender that is there no more, and the
            reason: C{reset} where it has started anew, and is declared again at once;
            C{closed} where it said so; else what L{closed} was given.
        @param fire: called with a sender's name, an event and its data.
        @param write: sends bytes to the device, at once.
        @param noise: told what is no use, and when.
        @param problem: told what is wrong with a hello, once for each sentence.
        """
        self._declare = declare
        self._remove = remove
        self._fire = fire
        self._write = write
        self._noise = noise
        self._problem = problem
        self._senders: dict[str, Hello] = {}
        self.senders: Mapping[str, Hello] = MappingProxyType(self._senders)
        self.late = 0
        self._number = 0
        # The sender that was removed and is about to be declared anew.
        self._changing: str | None = None
        self._memo: tuple[bytes, bool, Message] | None = None
        self._forget()

    @property
    def due(self) -> float | None:
        """
        When L{expire} is to be called; C{None} where time changes nothing.
        """
        dues = (self._askAt, self._lives.due() if self._waiting else None)
        return min((due for due in dues if due is not None), default=None)

    @property
    def first(self) -> str | None:
        """
        The sender that says what names no other; C{None} where there is none.
        """
        return next(iter(self._senders), None)

    def opened(self, now: float) -> None:
        """
        The port is open. The device is asked who is there, again and again until one is.
        """
        self._ask(now)

    def closed(self, reason: str) -> None:
        """
        The port is open no more, or the device is silent: all senders are there no more.
        """
        names = [name for name in self._senders if name != self._changing]
        self._senders.clear()
        self._forget()
        for name in names:
            self._remove(name, reason)

    def take(self, text: str, frame: bytes, now: float) -> bool:
        """
        The device has said something.

        @param text: the frame as text.
        @return: is it of any use?
        """
        said = self._read(frame)
        if isinstance(said, Hello):
            return self._takeHello(said, now)
        if isinstance(said, Event):
            why = self._takeEvent(said, now)
        elif isinstance(said, Bye):
            why = self._takeBye(said)
        elif isinstance(said, (Response, Failed)):
            why = self._takeLate(said, text)
        elif isinstance(said, Text):
            why = self._takeText(text)
        elif said.isHello:
            self.refuse(said.why, now)
            return False
        else:
            why = said.why
        if why:
            self._noise(faulty(frame, why), now)
        return not why

    def request(self, sender: str, method: str, params: Any = None) -> Asked:
        """
        How to ask a sender something.

        @raise BadData: JSON cannot carry the parameters.
        @raise TooLarge: the line is longer than the device takes.
        """
        number = self._number = self._number % jsonlines.MOST_IDS + 1
        isOne = len(self._senders) == 1
        line = self._line(jsonlines.request(number, method, params, None if isOne else sender))
        hello = self._senders.get(sender)
        room = hello.buffer if hello is not None else BUFFER
        if len(line) > room:
            raise TooLarge(
                f"{method} with these params is a line of {len(line)} bytes; {sender} takes"
                f" {room} at most: ask for less at a time"
            )
        self._asked[number] = (sender, method)
        if len(self._asked) > OPEN:
            del self._asked[next(iter(self._asked))]
        return Asked(_sent(line), line, lambda: IdReply(number, self._read, self._answered))

    def refuse(self, why: str, now: float) -> None:
        """
        Tell the device and its author that a hello was refused. Its sender is there all the
        same, if it was declared.
        """
        if why not in self._told and len(self._told) < OPEN:
            self._told.add(why)
            self._problem(why)
        if self._complaints.take(now):
            self._write(_sent(self._line(jsonlines.complaint(why))))

    def expire(self, now: float) -> None:
        """
        Time has passed.
        """
        if self._askAt is not None and self._askAt <= now:
            self._ask(now)
        while self._waiting and self._lives.take(now):
            hello = self._waiting.pop(next(iter(self._waiting)))
            self._begin(hello)

    def _forget(self) -> None:
        """
        Nothing is known of the device.
        """
        self._asked: dict[int, tuple[str, str]] = {}
        self._early: deque[str] = deque(maxlen=EARLY)
        self._waiting: dict[str, Hello] = {}
        self._told: set[str] = set()
        self._askAt: float | None = None
        self._askedAt: float | None = None
        self._lives = Bucket(LIVES, 1.0)
        self._complaints = Bucket(MOST_SENDERS, AGAIN)

    def _read(self, frame: bytes) -> Message:
        """
        What a frame says. It may be asked twice in a row.
        """
        isChecked = self._isChecked()
        memo = self._memo
        if memo is None or memo[0] != frame or memo[1] != isChecked:
            memo = self._memo = (frame, isChecked, jsonlines.parse(frame, isChecked))
        return memo[2]

    def _isChecked(self) -> bool:
        """
        Have lines a checksum?
        """
        return any(hello.isChecked for hello in self._senders.values())

    def _line(self, line: bytes) -> bytes:
        """
        With its checksum, if lines have one.
        """
        return jsonlines.checked(line) if self._isChecked() else line

    def _ask(self, now: float) -> None:
        """
        Ask who is there.
        """
        self._askedAt = now
        self._askAt = None if self._senders else now + AGAIN
        self._write(_sent(self._line(jsonlines.question())))

    def _wonder(self, now: float) -> None:
        """
        The device says what does not fit to its hello, so that this may have been missed.
        """
        if self._askAt is None:
            self._askAt = now if self._askedAt is None else max(now, self._askedAt + AGAIN)

    def _takeHello(self, hello: Hello, now: float) -> bool:
        """
        A sender says that it is there.

        @return: can it be?
        """
        name = hello.name
        if self._senders.get(name) == hello:
            self._waiting.pop(name, None)
            return True
        known = self._senders.keys() | self._waiting
        if name not in known and len(known) >= MOST_SENDERS:
            self.refuse(f"there are {MOST_SENDERS} senders already, and {name} is another", now)
            return False
        if name in self._waiting or not self._lives.take(now):
            self._waiting[name] = hello
        else:
            self._begin(hello)
        return True

    def _begin(self, hello: Hello) -> None:
        """
        The life of a sender begins.
        """
        name = hello.name
        isAnew = name in self._senders
        self._senders[name] = hello
        self._askAt = None
        if isAnew:
            self._changing = name
            self._leave(name, RESET)
            self._changing = None
            if self._senders.get(name) is not hello:  # somebody who was told has closed it
                return
        self._declare(name, hello)
        early, self._early = self._early, deque(maxlen=EARLY)
        for text in early:
            if self._senders.get(name) is hello:  # nobody who was told has closed it
                self._fire(name, LINE, text)

    def _leave(self, name: str, reason: str) -> None:
        """
        The life of a sender has ended. What it was asked it does not answer any more.
        """
        for number in [number for number, asked in self._asked.items() if asked[0] == name]:
            del self._asked[number]
        self._remove(name, reason)

    def _takeBye(self, bye: Bye) -> str:
        """
        A sender says that it is there no more.

        @return: what is wrong with that.
        """
        wasWaiting = self._waiting.pop(bye.name, None) is not None
        if self._senders.pop(bye.name, None) is not None:
            self._leave(bye.name, CLOSED)
            return ""
        return "" if wasWaiting else f"a bye of {bye.name!r:.60}, which has not said hello"

    def _takeEvent(self, event: Event, now: float) -> str:
        """
        A sender fires an event.

        @return: why it does not.
        """
        name = self.first if event.sender is None else event.sender
        hello = self._senders.get(name or "")
        if name is None or hello is None:
            self._wonder(now)
            return f"an event of {name!r:.60}, which has not said hello" if name else "no hello yet"
        if event.event not in hello.events:
            self._wonder(now)
            return f"the hello of {name} has no event {event.event!r:.60}"
        self._fire(name, event.event, event.data)
        return ""

    def _takeLate(self, said: Response | Failed, text: str) -> str:
        """
        There is an answer to what was not asked, or not lately.

        @return: why it is not even late.
        """
        sender, method = self._asked.pop(said.id, ("", ""))
        if sender not in self._senders:
            return f"no request has the id {said.id}"
        self.late += 1
        self._fire(sender, LATE, {"text": text, "request": method})
        return ""

    def _takeText(self, text: str) -> str:
        """
        There is a line of text.

        @return: why it is none.
        """
        if not isReadable(text):
            return "no text"
        if self.first is not None:
            self._fire(self.first, LINE, text)
        else:
            self._early.append(text)
        return ""

    def _answered(self, number: int) -> None:
        """
        A request was answered.
        """
        self._asked.pop(number, None)


def _sent(line: bytes) -> bytes:
    """
    What is sent for a line. The end before it ends what noise has begun.
    """
    return b"\n" + line + b"\n"
