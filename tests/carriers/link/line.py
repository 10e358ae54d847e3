"""
A line between two links, with a clock of its own: it takes as long as a real one, and damages,
loses, doubles and cuts up what it carries.
"""

from __future__ import annotations

import random
from heapq import heappop, heappush
from itertools import count
from typing import Any

from pysig_twisted.carriers.link.link import Link
from pysig_twisted.carriers.link.linkuser import Ended

LOST = ("killed", Ended.RESET, Ended.RESTARTED, Ended.DEAD, Ended.ABORTED)


class User:
    """
    Who uses one of the links.

    @ivar heard: what has come, of each session by its number.
    @ivar said: what was written.
    @ivar ends: why they have ended.
    """

    def __init__(self) -> None:
        self.link: Any = None
        self.heard: dict[int, bytearray] = {}
        self.said: dict[int, bytearray] = {}
        self.ends: dict[int, Ended] = {}
        # Whoever closes hears nothing more.
        self.closed: set[int] = set()
        self.number = 0
        self.echoes = 0

    def began(self) -> None:
        """There is a session."""
        assert self.number == 0, "there is one already"
        self.number = self.link.session.number
        assert self.number not in self.heard, "it was there before"
        self.heard[self.number] = bytearray()
        self.said[self.number] = bytearray()

    def received(self, data: bytes) -> None:
        """Something has come."""
        self.heard[self.number] += data

    def ended(self, why: Ended) -> None:
        """It is over."""
        self.ends[self.number] = why
        self.number = 0

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
        self.all: list[list[User]] = [[], []]
        self.links: list[Link] = []
        self.more = {"baud": baud, "secondsPerByte": self.perByte, **more}
        self.free = [0.0, 0.0]
        self._events: list[Any] = []
        self._order = count()
        for at in (0, 1):
            self.links.append(self.make(at))

    def make(self, at: int) -> Link:
        """A link at one end, with a new user."""
        user = self.users[at] = User()
        self.all[at].append(user)
        user.link = Link(
            user,
            lambda data: self.carry(at, data),
            random=lambda size: self.chance.randbytes(size),
            **self.more,
        )
        return user.link

    def write(self, at: int, data: bytes) -> None:
        """One end writes something; it is lost where there is no session."""
        user = self.users[at]
        if user.number and not user.link.session.isClosing:
            user.said[user.number] += data
            user.link.write(data, self.now)

    def end(self, at: int) -> None:
        """One end closes the session, if there is one."""
        user = self.users[at]
        user.closed.add(user.number)
        user.link.end(self.now)

    def check(self, test: Any) -> None:
        """Nothing has come that was not written, and what is missing was told."""
        for at in (0, 1):
            said: dict[int, bytearray] = {}
            ends: dict[int, Ended] = {}
            for user in self.all[at]:
                said |= user.said
                ends |= user.ends
            for user in self.all[1 - at]:
                for number, heard in user.heard.items():
                    whole = bytes(said.get(number, b""))
                    test.assertEqual(bytes(heard), whole[: len(heard)])
                    isLive = number == self.links[0].session.number == self.links[1].session.number
                    if len(heard) < len(whole) and not isLive and number not in user.closed:
                        test.assertIn(user.ends.get(number, "killed"), LOST)
                    if isLive:
                        test.assertEqual(len(heard), len(whole))

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
