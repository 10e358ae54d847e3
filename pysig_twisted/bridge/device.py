"""
One serial device as a sender: what comes over its line becomes events.

Bytes are cut into frames, and frames become events by the rules of the settings. The
sender is there while the device is (see L{lifecycle<pysig_twisted.bridge.lifecycle>}).
What a device says before that, such as the last words of its boot, is fired right after
its C{#connect}, as far as it is among the last L{EARLY} frames.

Besides the events of the rules a device fires C{#stats}, with its counters, right after
C{#connect} and then once a minute; and C{#raw}, with the bytes of its line, for as long as
somebody asks for them by the request C{tap}.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from twisted.logger import Logger

from ..core.clock import Clock, ITimer
from ..core.requests import Handler
from ..errors import BadRequest, PysigError
from ..interfaces import IRouter
from .building import RAW, STATS, framerFor, rulesFor
from .claim import Claim
from .expressions import compileExpression
from .framing import Piece
from .lifecycle import REFUSED, Lifecycle
from .noise import NoiseMeter
from .rules import NOISE_EVENT, Fired, Quiet, Rules
from .settings import BracketedFrame, DeviceSettings, GapFrame, LineFrame, NmeaFrame
from .statistics import Statistics
from .text import decoder

EARLY: Final = 100
"""
Frames that are kept until the device is there.
"""

TEXTS: Final = (BracketedFrame, GapFrame, LineFrame, NmeaFrame)
"""
Frames that are text, as a rule.
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
        self._claim: Claim | None = None
        self._router = router
        self._clock = clock
        self._framer: Any = framerFor(settings)
        self._rules: Rules = rulesFor(settings)
        self._text = decoder(settings.encoding)
        isText = isinstance(settings.frame, TEXTS)
        self._noise = NoiseMeter(settings.noise.bad, settings.noise.every, isText)
        # Of a port elsewhere the speed is not known.
        isHere = settings.isPath or settings.match is not None
        self._secondsPerByte = settings.line.secondsPerByte if isHere else None
        self._stats = Statistics()
        self._early: deque[bytes] = deque(maxlen=EARLY)
        self._timer: ITimer | None = None
        self._timerAt = 0.0
        self._statsAt: float | None = None
        self._tapUntil = 0.0
        self.life = Lifecycle(
            self._connect,
            self._disconnect,
            lambda: changed(self),
            settle=settings.settle,
            ready=compileExpression(settings.ready) if settings.ready else None,
            reset=compileExpression(settings.reset) if settings.reset else None,
            silence=settings.silence or None,
        )

    @property
    def name(self) -> str:
        """
        The sender's name.
        """
        return self.settings.name

    def unavailable(self, reason: str, message: str) -> None:
        """
        The port cannot be opened.
        """
        self.life.wait(reason, message)

    def opened(self) -> None:
        """
        The port is open.
        """
        self._stats.opens += 1
        self._stats.measure(self._clock.now(), None)
        self.life.opened(self._clock.now())
        self._schedule()

    def received(self, data: bytes) -> None:
        """
        Some bytes have come.
        """
        if not self.life.isOpen:
            return  # the line is being closed
        now = self._clock.now()
        self._stats.bytesIn += len(data)
        if now < self._tapUntil:
            self._fire(RAW, {"hex": data.hex(" "), "text": self._text(data)})
        pieces = self._framer.feed(data, now)
        if pieces:
            self._take(pieces, now)
            self._schedule()
        elif self._framer.due is not None:  # nothing else is due earlier than it was
            self._schedule()

    def lost(self, reason: str, message: str) -> None:
        """
        The port is open no more.
        """
        self._end()
        self.life.closed(reason, message)
        self._cancel()

    def stop(self) -> None:
        """
        The device is not wanted any more.
        """
        self._end()
        self.life.stop()
        self._cancel()

    def statistics(self, params: Any = None) -> dict[str, Any]:
        """
        The counters. It answers the request C{stats}.
        """
        return self._stats.told(self.life, self._noise)

    def tap(self, params: Any = None) -> None:
        """
        Fire C{#raw} for a while: for C{params["seconds"]}, or 10 seconds. It answers the
        request C{tap}.
        """
        given = params if isinstance(params, Mapping) else {}
        seconds = given.get("seconds", 10)
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
            raise BadRequest(f"seconds is {seconds!r}; give a number, up to {LONGEST_TAP:g}")
        until = self._clock.now() + min(seconds, LONGEST_TAP)
        self._tapUntil = max(self._tapUntil, until)

    def _end(self) -> None:
        """
        No more comes over the line: what waits is due.
        """
        now = self._clock.now()
        self._take(self._framer.end(), now)
        self._early.clear()

    def _take(self, pieces: list[Piece], now: float) -> None:
        """
        Handle frames and noise.
        """
        for piece in pieces:
            self.life.said(self._text(piece.data), now, piece.fault is None)
            if piece.fault is not None:
                self._noted(piece, now)
                continue
            self._stats.frames += 1
            if self._claim is not None:
                self._apply(piece.data, now)
            else:
                self._stats.early += len(self._early) == EARLY
                self._early.append(piece.data)

    def _apply(self, frame: bytes, now: float) -> None:
        """
        Fire what a frame stands for.
        """
        fired = self._rules.apply(frame, now)
        if isinstance(fired, Fired):
            self._fireAll([fired])
        elif fired is Quiet.HELD:
            self._stats.held += 1
        elif fired is Quiet.UNCHANGED:
            self._stats.unchanged += 1
        elif fired is Quiet.DROPPED:
            self._stats.dropped += 1
        else:
            self._noted(Piece(frame[:64], "no text", len(frame)), now)

    def _fireAll(self, fired: list[Fired]) -> None:
        """
        Fire what frames stand for.
        """
        for event, data in fired:
            self._stats.events += self._fire(event, data)

    def _fire(self, event: str, data: Any) -> bool:
        """
        Fire an event, if the device is there.

        @return: was it fired?
        """
        return self._claim is not None and self._claim.fire(event, data)

    def _noted(self, piece: Piece, now: float) -> None:
        """
        There was noise.
        """
        told = self._noise.add(piece, now)
        if told is None:
            return
        hint = f"; {told['hint']}" if "hint" in told else ""
        what = f"{told['bytes']} bytes of noise ({told['why']}), such as {told['text']!r}{hint}"
        if self._claim is None:
            self.life.note("noise", what)
        else:
            self.log.warn("{name}: {what}", name=self.name, what=what)
            self._fire(NOISE_EVENT, told)

    def _connect(self) -> None:
        """
        The device is there.
        """
        requests: dict[str | None, Handler] = {"stats": self.statistics, "tap": self.tap}
        events = [*self.settings.events, STATS, RAW]
        self._rules = rulesFor(self.settings)
        claim = self._claim = Claim(
            self._router, self._clock, self.name, events, requests, self._settled
        )
        claim.ask()
        now = self._clock.now()
        if self._claim is claim:
            self._tellStatistics(now)
        early, self._early = list(self._early), deque(maxlen=EARLY)
        for frame in early:
            if self._claim is claim:  # no listener has stopped us
                self._apply(frame, now)

    def _settled(self, error: PysigError | None) -> None:
        """
        The router has given the name, or refused it.
        """
        if error is None:
            self.life.note(None, "")
        else:
            self.life.note(REFUSED, error.message)

    def _disconnect(self, reason: str) -> None:
        """
        The device is there no more.
        """
        self._fireAll(self._rules.end())
        claim, self._claim = self._claim, None
        if claim is not None:
            claim.remove(reason)

    def _tellStatistics(self, now: float) -> None:
        """
        Fire C{#stats}.
        """
        if self.settings.stats:
            self._statsAt = now + self.settings.stats
            self._stats.measure(now, self._secondsPerByte)
            self._fire(STATS, self.statistics())

    def _schedule(self) -> None:
        """
        See that L{_expire} is called in time. A timer that would be early is left:
        moving it costs more than to find that there is nothing to do.
        """
        isUp = self._claim is not None
        dues = (
            self._framer.due,
            self._rules.due if isUp else None,
            self.life.due,
            self._statsAt if isUp else None,
        )
        due = min((each for each in dues if each is not None), default=None)
        timer = self._timer
        if due is None or (timer is not None and self._timerAt <= due):
            return
        if timer is not None:
            timer.cancel()
        self._timerAt = due
        delay = max(0.0, due - self._clock.now())
        self._timer = self._clock.callLater(delay, self._expire)

    def _cancel(self) -> None:
        """
        There is nothing to wait for.
        """
        timer, self._timer, self._statsAt = self._timer, None, None
        if timer is not None:
            timer.cancel()

    def _expire(self) -> None:
        """
        Time has passed.
        """
        self._timer = None
        now = self._clock.now()
        self._take(self._framer.expire(now), now)
        if self._claim is not None:
            self._fireAll(self._rules.expire(now))
        self.life.expire(now)
        if self._statsAt is not None and self._statsAt <= now:
            self._tellStatistics(now)
        self._schedule()
