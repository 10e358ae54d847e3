"""
A line between two links, with a clock of its own: it takes as long as a real one, and damages,
loses, doubles and cuts up what it carries.
"""

from __future__ import annotations

import random
from heapq import heappop, heappush
from itertools import count
from typing import Any

from pysig_twisted.carriers.link.link import Ended, Link


class User:
    """
    Who uses one of the links.

    @ivar heard: what has come, of each session.
    @ivar ends: why they have ended.
    """

    def __init__(self) -> None:
        self.heard: list[bytearray] = []
        self.ends: list[Ended] = []
        self.echoes = 0

    def began(self) -> None:
        """There is a session."""
        self.heard.append(bytearray())

    def received(self, data: bytes) -> None:
        """Something has come."""
        self.heard[-1] += data

    def ended(self, why: Ended) -> None:
        """It is over."""
        self.ends.append(why)

    def echoed(self) -> None:
        """Nobody else is there."""
        self.echoes += 1


class Line:
    """
    See the module.

    @ivar now: seconds.
    """

    def __init__(
        self,
        baud: int = 9600,
        *,
        damage: float = 0.0,
        loss: float = 0.0,
        latency: float = 0.0,
        seed: int = 0,
        **more: Any,
    ) -> None:
        self.now = 1000.0
        self.perByte = 10 / baud
        self.damage, self.loss, self.latency = damage, loss, latency
        self.isCut = False
        self.chance = random.Random(seed)
        self.users = [User(), User()]
        self.links = [Link(None, None) for _ in ()]  # type: ignore[arg-type]
        self.more = {"baud": baud, "secondsPerByte": self.perByte, **more}
        self.free = [0.0, 0.0]
        self._events: list[Any] = []
        self._order = count()
        for at in (0, 1):
            self.links.append(self.make(at))

    def make(self, at: int) -> Link:
        """A link at one end, with a new user."""
        user = self.users[at] = User()
        return Link(
            user,
            lambda data: self.carry(at, data),
            random=lambda size: self.chance.randbytes(size),
            **self.more,
        )

    def open(self) -> None:
        """Both ends are opened."""
        for link in self.links:
            link.open(self.now)

    def restart(self, at: int) -> None:
        """The program at one end dies, and another begins."""
        self.links[at] = self.make(at)
        self.links[at].open(self.now)

    def carry(self, at: int, data: bytes) -> None:
        """One end sends something."""
        begin = max(self.now, self.free[at])
        self.free[at] = begin + len(data) * self.perByte
        if self.isCut:
            return
        spoiled = bytearray()
        for byte in data:
            dice = self.chance.random()
            if dice < self.damage:
                spoiled.append(byte ^ (1 << self.chance.randrange(8)))
            elif dice >= self.damage + self.loss:
                spoiled.append(byte)
        # It comes in pieces, as the driver of a port hands it out.
        half = self.chance.randrange(len(spoiled) + 1)
        for piece, part in ((spoiled[:half], half), (spoiled[half:], len(data))):
            when = begin + part * self.perByte + self.latency
            heappush(self._events, (when, next(self._order), 1 - at, bytes(piece)))

    def run(self, seconds: float) -> None:
        """Time passes."""
        end = self.now + seconds
        while True:
            dues = [link.due for link in self.links]
            due = min((each for each in dues if each is not None), default=end)
            if self._events and self._events[0][0] <= min(due, end):
                when, _, at, piece = heappop(self._events)
                self.now = max(self.now, when)
                if not self.isCut and piece:
                    self.links[at].receive(piece, self.now)
            elif due <= end:
                self.now = max(self.now, due)
                for link, when in zip(self.links, dues, strict=True):
                    if when is not None and when <= self.now:
                        link.expire(self.now)
            else:
                self.now = end
                return
