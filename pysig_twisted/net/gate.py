"""
Keeping from one listener what is not for it.

A connection may be I{late}: it hears now what was fired a while ago. A listener that
was added meanwhile hears what was fired after it was added, and nothing before. And
one that has asked for a replay hears of a sender the replay and nothing else, until
that has come so far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from ..core.delivery import Delivery
from ..core.gaps import joined
from ..core.info import EventInfo, Gap
from ..core.subscriptions import Key
from ..names import isBuiltin, isPattern

Place = tuple[int, int]
"""
A life, and the number of an event in it.
"""


class Gate(Delivery):
    """
    Stands in an index of listeners in place of one of them.

    A sender that it I{awaits} is heard through the replay only. Of one that has a
    place, what comes after the place is heard. When none is left of either, the
    gate is not needed any more.

    C{#connect} and C{#disconnect} pass: what is late of those is true of what is heard.
    Only those of a sender that is awaited must wait, and what came and went meanwhile
    is not told.

    @ivar delivery: how that listener is called.
    """

    __slots__ = (
        "_at",
        "_awaited",
        "_done",
        "_held",
        "_isDone",
        "_isOver",
        "_isReplaying",
        "_kept",
        "_key",
        "_places",
        "delivery",
    )

    def __init__(
        self,
        delivery: Delivery,
        key: Key,
        at: Callable[[str], Place | None],
        isOver: Callable[[str, int], bool],
        done: Callable[[], object],
    ) -> None:
        """
        @param key: what the listener hears.
        @param at: which life of a sender is here, and its last event that was heard.
        @param isOver: has this life of a sender ended?
        @param done: called when the gate is not needed any more.
        """
        self.delivery = delivery
        self.call = self._pass
        self._key = key
        self._at = at
        self._isOver = isOver
        self._done = done
        self._isDone = False
        self._isReplaying = False
        self._awaited: set[str] = set()
        self._places: dict[str, Place] = {}
        # Of senders that are awaited: who came and went, and what was not heard.
        self._held: dict[str, list[tuple[EventInfo, Any]]] = {}
        self._kept: dict[str, Gap] = {}

    # Before

    def wait(self, senders: Iterable[str]) -> None:
        """
        A replay has begun, of these senders.
        """
        self._isReplaying = True
        self._awaited.update(senders)

    def awaits(self, sender: str) -> bool:
        """
        Is the replay of this sender still to come, or its rest?

        A sender that nobody has told of may be in the replay all the same.
        """
        if self._isReplaying and sender not in self._places and self._at(sender) is None:
            self._awaited.add(sender)
        return sender in self._awaited

    def takes(self, sender: str, sid: int, seq: int) -> bool:
        """
        The replay has come to this event; is it to be heard?
        """
        place = self._places.get(sender)
        if place is not None and place[0] == sid and seq <= place[1]:
            return False
        self._places[sender] = (sid, seq)
        return True

    def open(self, sender: str) -> None:
        """
        The replay of this sender has come to its end: hear what it fires after that.
        """
        if sender not in self._awaited:
            return
        self._awaited.discard(sender)
        gap, place = self._kept.pop(sender, None), self._places.get(sender)
        if gap is not None and place is not None:
            if gap.sid == place[0]:
                gap = _after(gap, place[1])
            elif gap.sid is None:
                gap = msgspec.structs.replace(gap, n=None)  # some of these were replayed
        if gap is not None:
            self.delivery.missed(gap)
        self._tellHeld(sender)
        self._look(sender)
        self._check()

    def finish(self, late: Mapping[str, Place]) -> None:
        """
        The router has agreed, and has replayed all there is.

        @param late: for some senders, what the listener must not hear any more.
        """
        for sender in sorted(self._awaited):
            self.open(sender)
        self._isReplaying = False
        for sender, place in late.items():
            before = self._places.get(sender)
            if before is None or before[0] != place[0] or before[1] < place[1]:
                self._places[sender] = place
            self._look(sender)
        self._check()

    def cutOff(self) -> None:
        """
        The link was lost before the replay has come to its end.
        """
        event = self._key[1]
        events = None if event is None or isPattern(event) else (event,)
        self._isReplaying = False
        for sender in sorted(self._awaited):
            self._awaited.discard(sender)
            self._kept.pop(sender, None)
            place, here = self._places.get(sender), self._at(sender)
            sid, last = (None, None) if here is None else here
            first = None
            if place is not None:
                sid, first = place[0], place[1] + 1
                last = last if here is not None and here[0] == sid else None
            if last is None or last >= (first or 1):
                self.delivery.missed(Gap(sender, sid, first, last, None, events, "link"))
            self._tellHeld(sender)
            self._look(sender)
        self._check()

    def ended(self, sender: str, sid: int) -> None:
        """
        A life has ended, and nothing of it comes any more.
        """
        place = self._places.get(sender)
        if place is not None and place[0] == sid and sender not in self._awaited:
            del self._places[sender]
            self._check()

    # In place of the listener

    def _pass(self, info: EventInfo, data: Any) -> object:
        """
        See L{Delivery.call<pysig_twisted.core.delivery.Delivery>}.
        """
        sender = info.sender
        if sender in self._awaited:
            self._keep(info, data)
            return None
        place = self._places.get(sender)
        if place is not None and not isBuiltin(info.event):
            here = self._at(sender)
            if here is None or here[0] != place[0] or info.seq <= place[1]:
                return None
            del self._places[sender]
            self._check()
        return self.delivery.call(info, data)

    def returned(self, result: object) -> None:
        """
        See L{Delivery.returned<pysig_twisted.core.delivery.Delivery.returned>}.
        """
        self.delivery.returned(result)

    def failed(self) -> None:
        """
        See L{Delivery.failed<pysig_twisted.core.delivery.Delivery.failed>}.
        """
        self.delivery.failed()

    def missed(self, gap: Gap) -> None:
        """
        See L{Delivery.missed<pysig_twisted.core.delivery.Delivery.missed>}.
        """
        sender = gap.sender
        place = self._places.get(sender)
        if sender in self._awaited:
            before = self._kept.get(sender)
            self._kept[sender] = gap if before is None else joined(before, gap)
        elif place is None or gap.sid is None:
            # Whole lives may be missing, so nobody knows what comes after the place.
            if place is not None:
                del self._places[sender]
                self._check()
            self.delivery.missed(gap)
        elif gap.sid == place[0]:
            rest = _after(gap, place[1])
            if rest is not None:
                self.delivery.missed(rest)

    def stop(self) -> None:
        """
        See L{Delivery.stop<pysig_twisted.core.delivery.Delivery.stop>}.
        """
        self.delivery.stop()

    def _keep(self, info: EventInfo, data: Any) -> None:
        """
        Something of a sender that is awaited. An event is part of the replay, or else
        it is missed.
        """
        sender = info.sender
        if not isBuiltin(info.event):
            here = self._at(sender)
            sid = None if here is None else here[0]
            self.missed(Gap(sender, sid, info.seq, info.seq, 1, (info.event,), "replay"))
            return
        held = self._held.setdefault(sender, [])
        if len(held) == 2:
            held.pop()  # they take turns, so this one undoes it
        else:
            held.append((info, data))

    def _tellHeld(self, sender: str) -> None:
        """
        Tell who came and went during the replay.
        """
        for info, data in self._held.pop(sender, ()):
            try:
                result = self.delivery.call(info, data)
                if result is not None:
                    self.delivery.returned(result)
            except KeyboardInterrupt:
                raise
            except BaseException:
                self.delivery.failed()

    def _look(self, sender: str) -> None:
        """
        Is what a sender's place waits for over already?
        """
        place, here = self._places.get(sender), self._at(sender)
        if place is None or sender in self._awaited:
            return
        isHere = here is not None and here[0] == place[0]
        if (here is not None and here >= place) if isHere else self._isOver(sender, place[0]):
            del self._places[sender]

    def _check(self) -> None:
        """
        Say so if the gate is not needed any more.
        """
        if not (self._isDone or self._isReplaying or self._places or self._awaited):
            self._isDone = True
            self._done()


def _after(gap: Gap, seq: int) -> Gap | None:
    """
    What of a gap comes after this number.
    """
    if gap.last is not None and gap.last <= seq:
        return None
    if gap.first is not None and gap.first > seq:
        return gap
    return msgspec.structs.replace(gap, first=seq + 1, n=None)
