"""Who has something to hear yet."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.net import backlog, flow, history

from .accounting import EVENTS, Listener, Source, World

KEYS = [(None, None), ("stove", None), ("stove", "a"), ("lamp", "b"), ("s*", "c"), (None, "b")]
sources = st.integers(0, 1)
listeners = st.integers(0, 2)


class AccountMachine(RuleBasedStateMachine):
    """Senders fire, listeners read at their own speed, and links break."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(outbox=16_000, history=30_000, stall=30.0, heartbeat=100, silence=1000)
        self.sources = [Source(self.world, name) for name in ("stove", "lamp")]
        for source in self.sources:
            source.come()
        self.listeners = [
            Listener(self.world, (None, None)),
            Listener(self.world, ("stove", "a"), ("lamp", None)),
            Listener(self.world, ("s*", "b"), (None, "c")),
        ]

    def settle(self) -> None:
        """Owners do what they are asked."""
        for _ in range(3):
            for source in self.sources:
                source.answer()

    @rule(
        which=sources, event=st.sampled_from(EVENTS), size=st.integers(0, 700), n=st.integers(1, 6)
    )
    def fire(self, which: int, event: str, size: int, n: int) -> None:
        """Events are fired."""
        self.sources[which].fire(event, size, n)
        self.settle()

    @rule(which=sources)
    def comeSender(self, which: int) -> None:
        """An owner comes."""
        self.settle()
        if not self.sources[which].isUp or not self.sources[which].isHere:
            self.sources[which].come()
        self.settle()

    @rule(which=sources)
    def cutSender(self, which: int) -> None:
        """An owner's link breaks."""
        self.sources[which].cut()

    @rule(which=sources)
    def closeSender(self, which: int) -> None:
        """A sender is taken back."""
        self.sources[which].close()

    @rule(which=sources)
    def killSender(self, which: int) -> None:
        """An owner dies."""
        self.sources[which].forget()

    @rule(which=listeners, size=st.sampled_from([10, 200, 1000, 5000]))
    def read(self, which: int, size: int) -> None:
        """A listener reads."""
        self.listeners[which].read(size)

    @rule(which=listeners)
    def cutListener(self, which: int) -> None:
        """A listener's link breaks."""
        self.listeners[which].cut()

    @rule(which=listeners)
    def comeListener(self, which: int) -> None:
        """A listener comes back."""
        listener = self.listeners[which]
        listener.read(0)
        if not listener.isUp:
            listener.connect()
        self.settle()

    @rule(which=st.integers(1, 2), key=st.sampled_from(KEYS))
    def listen(self, which: int, key: Any) -> None:
        """A listener listens to more."""
        if self.listeners[which].isUp:
            self.listeners[which].listen(key)

    @rule(which=st.integers(1, 2), key=st.sampled_from(KEYS))
    def unlisten(self, which: int, key: Any) -> None:
        """A listener listens to less."""
        self.listeners[which].unlisten(key)

    @rule(seconds=st.sampled_from([0.05, 0.2, 1.0, 6.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.world.advance(seconds)
        self.settle()

    @rule()
    def restart(self) -> None:
        """The router is started anew."""
        for one in (*self.sources, *self.listeners):
            one.cut()
        self.world.advance(0.1)
        self.world.start()

    def teardown(self) -> None:
        """In the end everybody knows all."""
        try:
            for _ in range(3):
                for source in self.sources:
                    if source.life is not None:
                        source.come()
                for listener in self.listeners:
                    listener.read(100_000)
                    if not listener.isUp:
                        listener.connect()
                for _ in range(150):
                    self.settle()
                    for listener in self.listeners:
                        listener.read(5000)
                    self.world.advance(0.05)
            for listener in self.listeners:
                listener.check()
        finally:
            for one in (*self.sources, *self.listeners):
                if one.peer is not None:
                    one.cut()
            self.world.advance(0.1)


class AccountTests(SynchronousTestCase):
    """Every listener's account is true."""

    def test_account(self) -> None:
        """Each event is heard once and in order, or in a gap; who is here is told in turns."""
        for module, name, value in (
            (flow, "PIECE", 512),
            (backlog, "PART", 400),
            (history, "LIFE_BYTES", 8000),
            (history, "MAX_LIVES", 3),
        ):
            self.patch(module, name, value)
        run_state_machine_as_test(
            AccountMachine,
            settings=settings(
                max_examples=60,
                stateful_step_count=60,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
