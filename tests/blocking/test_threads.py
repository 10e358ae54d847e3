"""Many threads at the same time: no reply is lost, nothing stands still."""

from __future__ import annotations

import random
from functools import partial
from typing import Any

from pysig_twisted.blocking import BlockingRouter
from tests import slow

from .threadcase import ServerCase, Threads, threaded, until


class Work:
    """
    Threads at work on one router.

    Each has a sender of its own. It asks its own and others', some of which ask once more; it
    fires, and adds and removes listeners. Every answer is checked, and every event is heard, or
    told as missed.
    """

    def __init__(self, router: BlockingRouter, threads: int, calls: int) -> None:
        self._router = router
        self._count = threads
        self._each = calls // threads
        self._heard: dict[str, list[Any]] = {f"s{number}": [] for number in range(threads)}
        self._fired = dict.fromkeys(self._heard, 0)
        self._missed = dict.fromkeys(self._heard, 0)

    def run(self, seconds: float) -> None:
        """Do it all, in time."""
        router = self._router
        router.addListener(self._listen, "s*", "e", onGap=self._gap).whenSettled()
        for name in self._heard:
            router.addSender(name, "e", {"twice": self._twice, "ask": self._ask}).whenSettled()
        threads = Threads()
        for number in range(self._count):
            threads.start(self._work, number)
        threads.join(seconds)
        router.flush()
        for name, fired in self._fired.items():
            heard = self._heard[name]
            until(partial(self._hasAll, name))
            assert heard == sorted(set(heard)), name
            assert not heard or heard[-1] == fired, name

    def _hasAll(self, name: str) -> bool:
        """Is every event of a sender accounted for?"""
        return len(self._heard[name]) + self._missed[name] >= self._fired[name]

    def _gap(self, gap: Any) -> None:
        """Events came faster than the thread could take them."""
        self._missed[gap.sender] += gap.n

    def _listen(self, info: Any, data: Any) -> None:
        """An event. Now and then it calls back."""
        self._heard[info.sender].append(data)
        if data % 100 == 0:
            assert self._router.request(info.sender, "twice", data) == 2 * data

    def _twice(self, params: int) -> int:
        """A request."""
        return params * 2

    def _ask(self, params: int) -> Any:
        """A request that asks another."""
        return self._router.request(f"s{params % self._count}", "twice", params)

    def _work(self, number: int) -> None:
        """What each thread does."""
        router, dice = self._router, random.Random(number)
        name = f"s{number}"
        own = router.getSender(name)
        assert own is not None
        for turn in range(self._each):
            what = dice.random()
            if what < 0.5:
                other = f"s{dice.randrange(self._count)}"
                assert router.request(other, "twice", turn) == 2 * turn
            elif what < 0.6:
                assert router.request(name, "ask", turn) == 2 * turn
            elif what < 0.95:
                self._fired[name] += 1
                own.trigger("e", self._fired[name])
            elif what < 0.98:
                router.addListener(self._ignore, name).remove()
            else:
                assert router.getSender(name) is own

    def _ignore(self, info: Any, data: Any) -> None:
        """An event that does not matter."""


class ThreadsTests(ServerCase):
    """See the module."""

    timeout = 600

    @threaded
    def test_local(self) -> None:
        """Within one process."""
        Work(self.router(), 8, 2000).run(60)

    @threaded
    def test_network(self) -> None:
        """Across a network."""
        Work(self.router(self.endpoint), 8, 2000).run(60)

    @slow
    @threaded
    def test_manyLocal(self) -> None:
        """32 threads make 100,000 calls within one process."""
        Work(self.router(), 32, 100_000).run(500)

    @slow
    @threaded
    def test_manyNetwork(self) -> None:
        """And across a network."""
        Work(self.router(self.endpoint), 32, 100_000).run(500)
