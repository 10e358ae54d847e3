"""
One serial device: what comes over its line becomes events, and what it is asked goes out.

Bytes are cut into frames. What L{voice<pysig_twisted.bridge.voice>} the device has says what
these stand for. Its senders are there while the device is (see
L{lifecycle<pysig_twisted.bridge.lifecycle>}). What it says before that, such as the last words
of its boot, is fired right after its C{#connect}, as far as it is among the last L{EARLY} frames.

Besides the events of its voice a device fires C{#stats}, with its counters, right after
C{#connect} and then once a minute; and C{#raw}, with the bytes of its line, for as long as
somebody asks for them by the request C{tap}.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from ..core.clock import Clock, ITimer
from ..core.requests import Handler
from ..errors import BadRequest
from ..interfaces import IRouter
from .building import RAW, STATS, framerFor
from .command import Command
from .describing import READY, DescribingVoice
from .exchange import Exchange
from .expressions import compileExpression
from .framing import Piece
from .lifecycle import CLOSED, REFUSED, RESET, SILENT, Lifecycle, State
from .noise import NoiseMeter
from .plain import PlainVoice
from .requestbuilding import clearFor, pacingFor
from .rules import LATE, NOISE_EVENT
from .settings import DeviceSettings
from .statistics import Statistics
from .text import decoder

EARLY: Final = 100
"""
Frames that are kept until the device is there.
"""

PATIENCE: Final = 3.0
AGAIN: Final = 60.0
"""
Seconds that a device may speak without saying that it is ready until that is told, and until it
is told again.
"""

LONGEST_TAP: Final = 60.0
"""
Seconds that one request C{tap} lasts, at most.
"""


class Device:
    """
    See the module. Whoever has the port tells when it was L{opened}, what is
    L{received}, and when it is L{lost} or cannot be L{unavailable}.

    @ivar settings: what the configuration says of it.
    @ivar life: whether it is there, and if not, why.
    @ivar requests: what its senders answer, whatever the device is.
    @ivar stats: what is counted.
    """

    log = Logger()

    def __init__(
        self,
        settings: DeviceSettings,
        router: IRouter,
        clock: Clock,
        changed: Callable[[Device], object],
    ) -> None:
        """
        @param router: any router.
        @param clock: its time is monotonic.
        @param changed: told when it is there, or not, or why not.
        """
        self.settings = settings
        self.router = router
        self.clock = clock
        self.stats = Statistics()
        self.requests: Mapping[str | None, Handler] = {"stats": self.statistics, "tap": self.tap}
        self._changed = changed
        self._framer: Any = framerFor(settings)
        self._text = decoder(settings.encoding)
        # Of a port elsewhere the speed is not known.
        isHere = settings.isPath or settings.match is not None
        self._secondsPerByte = settings.line.secondsPerByte if isHere else None
        isDescribing = settings.speaks == "pysig"
        self._voice = voice = (
            DescribingVoice(self)
            if isDescribing
            else PlainVoice(self, (*settings.events, STATS, RAW))
        )
        self._noise = NoiseMeter(settings.noise.bad, settings.noise.every, voice.isText)
        self._exchange = Exchange(
            settings.name,
            lambda data: self._write(data),
            self._late,
            decode=self._text,
            pacing=pacingFor(settings, self._secondsPerByte),
            room=settings.queue,
            clear=clearFor(settings),
            settle=settings.settleReply,
            isEchoing=settings.echo,
            isBlocked=lambda: self._isBlocked(),
            polls=voice.polls,
        )
        self._write: Callable[[bytes], object] = lambda data: None
        self._isBlocked: Callable[[], bool] = lambda: False
        self._early: deque[bytes] = deque(maxlen=EARLY)
        self._isTaking = False
        self._timer: ITimer | None = None
        self._timerAt = 0.0
        self._statsAt: float | None = None
        self._tapUntil = self._wonderAt = 0.0
        ready = READY if isDescribing else settings.ready
        self.life = Lifecycle(
            self._connect,
            self._disconnect,
            self._lifeChanged,
            settle=settings.settle,
            ready=compileExpression(ready) if ready else None,
            reset=compileExpression(settings.reset) if settings.reset else None,
            silence=settings.silence or None,
        )

    @property
    def name(self) -> str:
        """
        That of its table, and as a rule the sender's.
        """
        return self.settings.name

    @property
    def senders(self) -> list[str]:
        """
        The names of its senders that are there.
        """
        if self.settings.speaks == "plain":
            return [self.name] if self.life.state is State.UP else []
        return list(self._voice.named)

    def unavailable(self, reason: str, message: str) -> None:
        """
        The port cannot be opened.
        """
        self.life.wait(reason, message)

    def opened(
        self,
        write: Callable[[bytes], object] = lambda data: None,
        isBlocked: Callable[[], bool] = lambda: False,
    ) -> None:
        """
        The port is open.

        @param write: hands bytes to the line.
        @param isBlocked: does the line not take what was handed to it?
        """
        self._write, self._isBlocked = write, isBlocked
        self.stats.opens += 1
        self.stats.measure(self.clock.now(), None)
        self.life.opened(self.clock.now())
        self._schedule()

    def received(self, data: bytes) -> None:
        """
        Some bytes have come.
        """
        if not self.life.isOpen:
            return  # the line is being closed
        now = self.clock.now()
        self.stats.bytesIn += len(data)
        if now < self._tapUntil:
            self._voice.fire(RAW, {"hex": data.hex(" "), "text": self._text(data)})
        isRaw = self._exchange.isRaw
        if isRaw:
            data = self._takeRaw(data, now)
        pieces = self._framer.feed(data, now)
        if data and not pieces:
            self._exchange.stir(now)
        if pieces or isRaw:
            self._take(pieces, now)
            self._exchange.expire(now)
            self._schedule()
        elif self._framer.due is not None:  # nothing else is due earlier than it was
            self._schedule()

    def lost(self, reason: str, message: str) -> None:
        """
        The port is open no more.
        """
        self._end()
        self.life.closed(reason, message)
        self._close(reason)

    def stop(self) -> None:
        """
        The device is not wanted any more.
        """
        self._end()
        self.life.stop()
        self._close(CLOSED)

    def statistics(self, params: Any = None) -> dict[str, Any]:
        """
        The counters. It answers the request C{stats}.
        """
        told = self.stats.told(self.life, self._noise)
        if self.settings.isAsked:
            told |= self._exchange.counts.told(self._exchange.length)
        return told

    def tap(self, params: Any = None) -> None:
        """
        Fire C{#raw} for a while: for C{params["seconds"]}, or 10 seconds. It answers the
        request C{tap}.
        """
        given = params if isinstance(params, Mapping) else {}
        seconds = given.get("seconds", 10)
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
            raise BadRequest(f"seconds is {seconds!r}; give a number, up to {LONGEST_TAP:g}")
        until = self.clock.now() + min(seconds, LONGEST_TAP)
        self._tapUntil = max(self._tapUntil, until)

    def write(self, data: bytes) -> None:
        """
        See L{ILine.write<pysig_twisted.bridge.voice.ILine.write>}.
        """
        if not self._exchange.isSending and not self._isBlocked():
            self._write(data)

    def ask(self, command: Command) -> Deferred[Any]:
        """
        See L{ILine.ask<pysig_twisted.bridge.voice.ILine.ask>}.
        """
        now = self.clock.now()
        answer = self._exchange.ask(command, now)
        if not self._isTaking:  # else what has come already could be taken for the answer
            self._exchange.pump(now)
        self._schedule()
        return answer

    def restarted(self, reason: str) -> None:
        """
        See L{ILine.restarted<pysig_twisted.bridge.voice.ILine.restarted>}.
        """
        self.life.boot += reason == RESET
        self._restart(reason)

    def changed(self) -> None:
        """
        See L{ILine.changed<pysig_twisted.bridge.voice.ILine.changed>}.
        """
        self._changed(self)

    def note(self, problem: str) -> None:
        """
        See L{ILine.note<pysig_twisted.bridge.voice.ILine.note>}.
        """
        self.life.note(REFUSED if problem else None, problem)

    def noise(self, piece: Piece, now: float) -> None:
        """
        See L{ILine.noise<pysig_twisted.bridge.voice.ILine.noise>}.
        """
        told = self._noise.add(piece, now)
        if told is None:
            return
        hint = f"; {told['hint']}" if "hint" in told else ""
        what = f"{told['bytes']} bytes of noise ({told['why']}), such as {told['text']!r}{hint}"
        if self._voice.isUp:
            self.log.warn("{name}: {what}", name=self.name, what=what)
            self._voice.fire(NOISE_EVENT, told)
        else:
            self.life.note("noise", what)

    def _end(self) -> None:
        """
        No more comes over the line: what waits is due.
        """
        now = self.clock.now()
        self._take(self._framer.end(), now)
        self._early.clear()

    def _close(self, reason: str) -> None:
        """
        Nothing goes out, and there is nothing to wait for.
        """
        self._write, self._isBlocked = lambda data: None, lambda: False
        timer, self._timer, self._statsAt = self._timer, None, None
        if timer is not None:
            timer.cancel()
        self._voice.closed(reason)

    def _takeRaw(self, data: bytes, now: float) -> bytes:
        """
        Handle bytes while an answer is so many of them.

        @return: what is not part of it.
        """
        self._isTaking = True
        try:
            rest = self._exchange.takeRaw(data, now)
        finally:
            self._isTaking = False
        if not self._exchange.isRaw:
            self.stats.frames += 1
            self.life.said("", now)
        return rest

    def _take(self, pieces: list[Piece], now: float) -> None:
        """
        Handle frames and noise.
        """
        self._isTaking = True
        try:
            for piece in pieces:
                if self.life.isOpen:  # nobody who was told has stopped it
                    self._takeOne(piece, now)
        finally:
            self._isTaking = False

    def _takeOne(self, piece: Piece, now: float) -> None:
        """
        Handle a frame, or noise.
        """
        voice, frame = self._voice, piece.data
        self.life.said(self._text(frame), now, piece.fault is None)
        if piece.fault is not None:
            self._exchange.stir(now)
            self.noise(piece, now)
            return
        self.stats.frames += 1
        if not voice.isUp:
            self.stats.early += len(self._early) == EARLY
            self._early.append(frame)
            if self.life.state is State.STARTING and now >= self._wonderAt:
                self._wonder(frame, now)
        elif not self._exchange.take(frame, lambda: voice.isEvent(frame), now):
            voice.take(frame, now)

    def _late(self, text: str, method: str) -> None:
        """
        The device has answered when nobody waited any more.
        """
        self._voice.fire(LATE, {"text": text, "request": method})

    def _lifeChanged(self) -> None:
        """
        The device has come or gone, or cannot be opened.
        """
        self._changed(self)
        if self.life.state is State.STARTING and not self.life.reason:
            now = self.clock.now()
            self._wonderAt = now + PATIENCE
            self._voice.starting(now)

    def _wonder(self, frame: bytes, now: float) -> None:
        """
        The device speaks, and has not said that it is ready.
        """
        self._wonderAt = now + AGAIN
        isDescribing = self.settings.speaks == "pysig"
        awaited = "hello" if isDescribing else f"what ready = {self.settings.ready!r} finds"
        said = repr(self._text(frame)[:60])
        self.life.note("starting", f"it has said {said}, and not yet {awaited}")

    def _connect(self) -> None:
        """
        The device is there.
        """
        now = self.clock.now()
        self._exchange.open(now)
        voice = self._voice
        voice.connect(now)
        if voice.isUp:
            self._tellStatistics(now)
        early, self._early = list(self._early), deque(maxlen=EARLY)
        for frame in early:
            if voice.isUp:  # no listener has stopped us
                voice.take(frame, now)

    def _disconnect(self, reason: str) -> None:
        """
        The device is there no more. One that is silent is still polled.
        """
        self._voice.disconnect(reason)
        if reason == SILENT:
            self._restart(reason)
        else:
            self._exchange.close(reason, isNew=reason == RESET)

    def _restart(self, reason: str) -> None:
        """
        What was asked is answered no more, and the device may be asked again.
        """
        self._exchange.close(reason, isNew=reason == RESET)
        self._exchange.open(self.clock.now())

    def _tellStatistics(self, now: float) -> None:
        """
        Fire C{#stats}.
        """
        if self.settings.stats:
            self._statsAt = now + self.settings.stats
            self.stats.measure(now, self._secondsPerByte)
            self._voice.fire(STATS, self.statistics())

    def _schedule(self) -> None:
        """
        See that L{_expire} is called in time. A timer that would be early is left:
        moving it costs more than to find that there is nothing to do.
        """
        if not self.life.isOpen:
            return
        dues = (
            self._framer.due,
            self._voice.due,
            self._exchange.due,
            self.life.due,
            self._statsAt if self._voice.isUp else None,
        )
        due = min((each for each in dues if each is not None), default=None)
        timer = self._timer
        if due is None or (timer is not None and self._timerAt <= due):
            return
        if timer is not None:
            timer.cancel()
        self._timerAt = due
        delay = max(0.0, due - self.clock.now())
        self._timer = self.clock.callLater(delay, self._expire)

    def _expire(self) -> None:
        """
        Time has passed.
        """
        self._timer = None
        now = self.clock.now()
        self._take(self._framer.expire(now), now)
        self._exchange.expire(now)
        self._voice.expire(now)
        self.life.expire(now)
        if self._statsAt is not None and self._statsAt <= now:
            self._tellStatistics(now)
        self._schedule()
