"""
What peers may hear, see, ask and own: the one place where a server's policy is asked.

Each peer lives in a world of its own. In it a sender declares only the events that the
peer may hear and the methods that it may ask; a sender of which nothing is left is not
there. Whatever goes to a peer is made from that world, at the moment when it is given to
its connection, so that what was decided is what the rules say then:

  - Without a policy everybody may do everything, and nothing is asked.
  - C{#connect} and C{#disconnect} are not ruled by themselves: whoever sees a sender
    hears them.
  - A sender that declares neither events nor methods, or a default handler, is seen by
    whoever could be allowed some event, or some method, of that name.
  - The router's listing needs no right, since it lists what the caller sees.
  - A policy that raises an exception allows nothing.

The router's own process is never asked about: it is not a peer. A peer that goes by its name
may do nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final

from msgspec.structs import replace
from twisted.logger import Logger

from ..core.info import SenderInfo
from ..core.permission import Decision, Verb
from ..core.router import LOCAL
from ..core.subscriptions import Key
from ..errors import ConfigError, Denied, Revoked
from ..interfaces import IPolicy
from ..names import CONNECT, DISCONNECT, ROUTER, isPattern, matcher

FREE: Final = (ROUTER, "senders")
"""
The sender and the method that everybody may ask.
"""

MAX_KNOWN: Final = 100_000
"""
Answers of the policy about events that are remembered.
"""

BROKEN: Final = Decision(False, "the rules cannot be asked; the router's log says why")

IMPOSTOR: Final = Decision(False, f"{LOCAL!r} is the router itself, which does not connect")

ALLOWED: Final = Decision(True, "there are no rules")


def checkPolicy(policy: Any) -> IPolicy | None:
    """
    Return C{policy} if it is one, or C{None}.

    @raise ConfigError: it is neither.
    """
    for method in IPolicy:
        if policy is not None and not callable(getattr(policy, method, None)):
            raise ConfigError(f"policy {policy!r} has no {method}(); see IPolicy")
    found: IPolicy | None = policy
    return found


class Access:
    """
    See the module.

    @ivar policy: who decides; C{None} if everything is allowed.
    """

    log = Logger()

    def __init__(self, policy: IPolicy | None = None) -> None:
        """
        See the class.
        """
        self.policy = policy
        self._known: dict[tuple[str, str, str], bool] = {}

    def setPolicy(self, policy: IPolicy | None) -> Access:
        """
        Ask this one from now on.

        @return: what asks the one before.
        """
        before = Access(self.policy)
        before._known = self._known
        self.policy, self._known = policy, {}
        return before

    # What a peer may do

    def mayHear(self, principal: str, sender: str, event: str) -> bool:
        """
        May it hear this event of this sender?
        """
        if self.policy is None:
            return True
        key = (principal, sender, event)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            known = self._decide(principal, Verb.LISTEN, sender, event).isAllowed
            self._known[key] = known
        return known

    def mayEverHear(self, principal: str, sender: str) -> bool:
        """
        Could it be allowed some event of this sender?
        """
        return self._ever(principal, Verb.LISTEN, sender, None).isAllowed

    def mayAsk(self, principal: str, sender: str, method: str | None) -> bool:
        """
        May it ask this sender for this method; or with C{None}, for some method?
        """
        if self.policy is None or (sender, method) == FREE:
            return True
        if method is None:
            return self._ever(principal, Verb.REQUEST, sender, None).isAllowed
        return self._decide(principal, Verb.REQUEST, sender, method).isAllowed

    # What it sees

    def events(self, principal: str, sender: str, events: tuple[str, ...]) -> tuple[str, ...]:
        """
        Those of a sender's events that it may hear.
        """
        if self.policy is None:
            return events
        if principal != LOCAL:
            # When rules change this is asked of each sender for each peer.
            decide, listen = self.policy.decide, Verb.LISTEN
            try:
                return tuple([e for e in events if decide(principal, listen, sender, e).isAllowed])
            except Exception:
                pass  # which of them fails is found, and logged, one by one
        return tuple(event for event in events if self.mayHear(principal, sender, event))

    def methods(
        self, principal: str, sender: str, methods: tuple[str | None, ...] | None
    ) -> tuple[str | None, ...] | None:
        """
        Those of the methods that a sender answers which it may ask; C{None} for none.
        """
        if self.policy is None or methods is None:
            return methods
        return tuple(each for each in methods if self.mayAsk(principal, sender, each)) or None

    def mayMiss(self, principal: str, sender: str, events: Iterable[str]) -> bool:
        """
        May it be told that some of these events do not come?
        """
        return self.policy is None or any(self.mayHear(principal, sender, each) for each in events)

    def maySee(self, principal: str, info: SenderInfo) -> bool:
        """
        May it know that this sender is here?
        """
        return self.visible(principal, info) is not None

    def visible(self, principal: str, info: SenderInfo) -> SenderInfo | None:
        """
        A sender as it sees it: with the events and the methods that it may hear and ask;
        C{None} if it may not know of it.
        """
        if self.policy is None:
            return info
        name = info.name
        events = self.events(principal, name, info.events)
        methods = self.methods(principal, name, info.requests)
        if events == info.events and methods == info.requests:
            hasAny = events or methods
            return info if hasAny or self.mayEverHear(principal, name) else None
        return replace(info, events=events, requests=methods) if events or methods else None

    def sight(self, info: SenderInfo) -> Callable[[str], SenderInfo | None]:
        """
        L{visible} of one sender, for many principals in a row.
        """
        if self.policy is None:
            return lambda principal: info
        return cache(lambda principal: self.visible(principal, info))

    # What it asks for

    def sending(self, principal: str, sender: str) -> Decision:
        """
        May it own this sender?
        """
        return self._decide(principal, Verb.SEND, sender, None)

    def listening(self, principal: str, key: Key) -> Decision:
        """
        May it have this subscription? One that is a pattern, any, or a channel may be had
        by whoever could hear something by it, and hears then only what it may.
        """
        sender, event = key
        isAny = event is None or isPattern(event)
        hearsPresence = any(map(matcher(event), (CONNECT, DISCONNECT)))
        if hearsPresence:
            decision = self._ever(principal, Verb.LISTEN, sender, None)
        elif isAny or sender is None or isPattern(sender):
            decision = self._ever(principal, Verb.LISTEN, sender, event)
        else:
            decision = self._decide(principal, Verb.LISTEN, sender, event)
        if hearsPresence and not decision.isAllowed:
            asking = self._ever(principal, Verb.REQUEST, sender, None)
            return asking if asking.isAllowed else decision
        return decision

    def asking(self, principal: str, sender: str, method: str) -> Decision:
        """
        May it make this request?
        """
        if (sender, method) == FREE and principal != LOCAL:
            return ALLOWED
        return self._decide(principal, Verb.REQUEST, sender, method)

    def _decide(self, principal: str, verb: Verb, sender: str, name: str | None) -> Decision:
        """
        See L{IPolicy.decide<pysig_twisted.interfaces.IPolicy.decide>}.
        """
        return self._ask("decide", principal, verb, sender, name)

    def _ever(self, principal: str, verb: Verb, sender: str | None, name: str | None) -> Decision:
        """
        See L{IPolicy.mayEver<pysig_twisted.interfaces.IPolicy.mayEver>}.
        """
        return self._ask("mayEver", principal, verb, sender, name)

    def _ask(self, question: str, principal: str, *arguments: Any) -> Decision:
        """
        Ask the policy.
        """
        if self.policy is None:
            return ALLOWED
        if principal == LOCAL:
            return IMPOSTOR
        try:
            decision = getattr(self.policy, question)(principal, *arguments)
            if isinstance(decision, Decision):
                return decision
            raise TypeError(f"{question}() gave {decision!r}, which is no Decision")
        except Exception:
            self.log.failure("the policy cannot be asked: {question}", question=question)
            return BROKEN


def denied(principal: str, what: str, decision: Decision) -> Denied:
    """
    The error for what is not allowed.

    @param what: what was asked, such as C{"own sender 'a'"}.
    """
    return Denied(f"{principal!r} may not {what}: {decision.rule}", decision.rule)


def revoked(principal: str, what: str, decision: Decision) -> Revoked:
    """
    The error for what is not allowed any more.
    """
    return Revoked(f"{principal!r} may no longer {what}: {decision.rule}", decision.rule)


def owning(sender: str) -> str:
    """
    What somebody does who has a sender.
    """
    return f"own sender {sender!r}"


def hearing(key: Key) -> str:
    """
    What somebody does who has a subscription.
    """
    sender, event = key
    what = "any event" if event is None else f"event {event!r}"
    return f"listen to {what} of {'any sender' if sender is None else f'sender {sender!r}'}"


def requesting(sender: str, method: str) -> str:
    """
    What somebody does who makes a request.
    """
    return f"request {method!r} of sender {sender!r}"
