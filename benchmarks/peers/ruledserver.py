"""
Our server with rules, or without: the same in all else.

C{python -m benchmarks.peers.ruledserver [RULES]}.
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet import reactor as installed
from zope.interface import implementer

from pysig_twisted import Limits, ServerRouter
from pysig_twisted.core.permission import Decision, Verb
from pysig_twisted.interfaces import IPolicy

from ..contenders import LARGE

reactor: Any = installed


@implementer(IPolicy)
class Rules:
    """
    Rules that are all looked at for each answer, and allow what is asked here.
    """

    def __init__(self, count: int) -> None:
        """
        @param count: how many there are.
        """
        self._denied = [f"nobody-{number}" for number in range(count)]

    def decide(self, principal: str, verb: Verb, sender: str, name: str | None) -> Decision:
        """
        See L{IPolicy.decide}.
        """
        return Decision(not any(sender.startswith(each) for each in self._denied), "the last")

    def mayEver(self, principal: str, verb: Verb, sender: str | None, name: str | None) -> Decision:
        """
        See L{IPolicy.mayEver}.
        """
        return Decision(True, "the last")


def main(count: int) -> None:
    """
    Run it.

    @param count: how many rules there are; 0 for none at all.
    """
    limits = Limits(outbox=LARGE, senders=100_000, subscriptions=1_000_000)
    router = ServerRouter(reactor=reactor, limits=limits, policy=Rules(count) if count else None)
    router.startService()
    listening = router.addEndpoint("tcp:0:backlog=1000:interface=127.0.0.1")
    listening.addCallback(
        lambda port: print(f"listening on 127.0.0.1:{port.getHost().port}", flush=True)
    )
    reactor.run()


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 0)
