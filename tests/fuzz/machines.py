"""
Hypothesis chooses the steps of L{tests.fuzz.model}.
"""

from __future__ import annotations

from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from hypothesis.strategies import booleans, integers, lists, sampled_from, tuples

from .model import CLIENTS, EVENTS, NAMES, PATTERNS, WAITS, World

clients = integers(0, CLIENTS - 1)
names = sampled_from(NAMES)
patterns = integers(0, len(PATTERNS) - 1)


class ServerMachine(RuleBasedStateMachine):
    """
    A whole server.

    @cvar runs: how many lists of steps were taken.
    @cvar taken: how many steps.
    @cvar last: those of the last list.
    """

    runs: ClassVar[int] = 0
    taken: ClassVar[int] = 0
    last: ClassVar[list[Any]] = []

    @initialize(
        piece=sampled_from((1 << 16, 300, 33)),
        declared=lists(tuples(clients, names), min_size=1, max_size=3),
        heard=lists(tuples(clients, patterns, booleans()), min_size=1, max_size=4),
    )
    def begin(
        self,
        piece: int,
        declared: list[tuple[int, str]],
        heard: list[tuple[int, int, bool]],
    ) -> None:
        """All are connected, and there is something to lose."""
        self.world = World()
        type(self).runs += 1
        self._do("pieces", piece)
        for sender in declared:
            self._do("declare", *sender)
        for listener in heard:
            self._do("listen", *listener)
        self._do("calm")

    def _do(self, *step: Any) -> None:
        type(self).taken += 1
        type(self).last = self.world.steps
        self.world.do(*step)

    @rule(client=clients, name=names)
    def declare(self, client: int, name: str) -> None:
        """See L{World}; so for the others."""
        self._do("declare", client, name)

    @rule(client=clients, name=names)
    def remove(self, client: int, name: str) -> None:
        """."""
        self._do("remove", client, name)

    @rule(which=integers(0, 8), event=sampled_from(EVENTS), times=integers(1, 5))
    def fire(self, which: int, event: str, times: int) -> None:
        """One of the senders that there are fires."""
        senders = self.world.senders()
        if senders:
            self._do("fire", *senders[which % len(senders)], event, times)

    @rule(client=clients, far=booleans(), which=integers(0, 8), times=integers(1, 5))
    def away(self, client: int, far: bool, which: int, times: int) -> None:
        """Something is fired while a link is down."""
        self._do("cut", client, True, far)
        self.fire(which, EVENTS[0], times)

    @rule(client=clients, pattern=patterns, snapshot=booleans())
    def listen(self, client: int, pattern: int, snapshot: bool) -> None:
        """."""
        self._do("listen", client, pattern, snapshot)

    @rule(client=clients, pattern=patterns)
    def unlisten(self, client: int, pattern: int) -> None:
        """."""
        self._do("unlisten", client, pattern)

    @rule(client=clients, name=names, method=sampled_from(("echo", "never", "raises", "none")))
    def request(self, client: int, name: str, method: str) -> None:
        """."""
        self._do("request", client, name, method)

    @rule(client=clients, near=booleans(), far=booleans())
    def cut(self, client: int, near: bool, far: bool) -> None:
        """."""
        self._do("cut", client, near, far)

    @rule(client=clients, how=sampled_from(("hold", "slow", "heal", "stop")))
    def trouble(self, client: int, how: str) -> None:
        """."""
        self._do(how, client)

    @rule()
    def restart(self) -> None:
        """."""
        self._do("restart")

    @rule()
    def calm(self) -> None:
        """."""
        self._do("calm")

    @rule(seconds=sampled_from(WAITS))
    def wait(self, seconds: float) -> None:
        """."""
        self._do("wait", seconds)

    def teardown(self) -> None:
        """In the end all is well."""
        if hasattr(self, "world"):
            self.world.close()


def run(number: int, examples: int, steps: int) -> None:
    """
    Take so many lists of so many steps.

    @raise Exception: a promise was broken; C{ServerMachine.last} has the steps that do it.
    """
    chosen: Any = seed(number)(ServerMachine)
    run_state_machine_as_test(
        chosen,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=(Phase.generate,),  # the steps are made fewer in L{tests.fuzz.cases}
            suppress_health_check=list(HealthCheck),
        ),
    )
