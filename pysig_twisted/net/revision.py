"""
What other rules change for those who are connected.

It happens in one step, between two messages of anybody. What a peer was given before was
allowed then, and comes before what it is told now; what it is given from here on is
allowed by the new rules. A peer is told, in this order:

  1. C{reloaded}, if something was denied to it or revoked before: it may ask again;
  2. PRESENCE: of the senders that it saw and may not see any more, that they are gone
     (L{REVOKED}); of those that it may see now, that they are here; and again of those of
     which it sees other events or methods than before, that they are here, with these;
  3. C{revoked} for each subscription that would be denied now: it has ended;
  4. FAIL C{revoked} for each request that waits for an answer that it may not have;
  5. C{revoked} for each sender that it may not own any more, whose life has ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from ..core.presence import REVOKED
from ..core.router import lastSeq
from ..interfaces import IPolicy
from ..wire.messages import Error
from .access import Access, hearing, revoked
from .audience import presenceFrame
from .peers import Peer

if TYPE_CHECKING:
    from ..core.info import SenderInfo
    from .hub import Hub

RELOADED: Final[Mapping[str, str]] = {
    "code": "reloaded",
    "message": "the rules have changed; what was refused may be allowed now",
}
"""
The notice that what was refused may be asked for again.
"""


def revise(hub: Hub, policy: IPolicy | None) -> None:
    """
    Have a server ask this policy from now on.
    """
    if policy is hub.access.policy:
        return
    before = hub.access.setPolicy(policy)
    hub.events.refreshAll()
    for peer in tuple(hub.joined.values()):
        if peer.id in hub.joined:
            _judge(hub, peer, before)
    hub.requests.judge()
    hub.ownership.judge()


def _judge(hub: Hub, peer: Peer, before: Access) -> None:
    """
    See what a peer may hear and see.

    @param before: what it might.
    """
    access, audience = hub.access, hub.audience
    if peer.isRefused:
        peer.isRefused = False
        peer.send(Error(0, dict(RELOADED)))
    had = audience.shown(peer, before)
    answers = {key: access.listening(peer.principal, key) for key in peer.listens}
    refused = {key: answer for key, answer in answers.items() if not answer.isAllowed}
    for key in refused:
        audience.drop(peer, key)
    if peer.backlog is not None:
        peer.backlog.interestChanged(REVOKED)
    _tellChanged(hub, peer, had)
    for key, decision in refused.items():
        peer.isRefused = True
        error = revoked(peer.principal, hearing(key), decision)
        peer.send(Error(0, {**error.toWire(), "sender": key[0], "event": key[1]}))
        hub.note(peer, "{error}", error=error.message)
    hub.holds.relieved(peer)


def _tellChanged(hub: Hub, peer: Peer, had: dict[str, SenderInfo]) -> None:
    """
    Tell a peer who is here for it now, where that is not what it knows.

    @param had: what it knows.
    """
    has = hub.audience.shown(peer, hub.access)
    for name in sorted({*had, *has}):
        life, old, new = hub._lives.get(name), had.get(name), has.get(name)
        if old == new or life is None:
            continue
        peer.told.pop(name, None)
        if old is None and life.record and hub.backlogs.appeared(peer, life.record):
            continue
        info, reason = (old, REVOKED) if new is None else (new, None)
        if info is not None:
            peer.write(presenceFrame(info, lastSeq(life), reason, peer.maxFrame))
