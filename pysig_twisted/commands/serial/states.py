"""
How a device is, in the words of its bridge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred

from ...core.info import EventInfo, Gap
from ...errors import NoSuchSender, PysigError, SenderGone
from ...names import ANY, CONNECT
from ..failing import describe
from ..output import eventRecord
from ..watching import texts
from .bridges import STATE, DeviceState, askDevices, isBridge, readState
from .view import askedRecord

PRESENCE: Final = "#*connect"

Tell = Callable[[Mapping[str, Any]], "Deferred[None] | None"]


class States:
    """
    Tells, as records, whenever the state of one device changes, and when its bridge goes.

    A bridge that comes is asked how the device is, so that this is known before anything
    changes.

    @ivar devices: the devices of each bridge that is there and has answered.
    """

    def __init__(self, router: Any, name: str, tell: Tell, note: Callable[[str], object]) -> None:
        """
        @param router: any router.
        @param name: the device's.
        @param tell: called with each record; may return a Deferred that fires when there is
            room for more.
        @param note: called with a sentence where something cannot be told.
        """
        self.devices: dict[str, list[str]] = {}
        self._router = router
        self._name = name
        self._tell = tell
        self._note = note
        self._states: dict[str, DeviceState] = {}
        self._bridges: set[str] = set()
        self._asking: dict[str, object] = {}
        self._failing: set[str] = set()
        self._isSettled = False
        self._isDone = False
        self._subscriptions = (
            router.addListener(self._told, ANY, STATE, onGap=self._missed),
            router.addListener(self._came, ANY, PRESENCE, snapshot=True),
        )

    async def settle(self) -> None:
        """
        Wait until the bridges that are there are known. If none of them has the device,
        that is noted when all have answered; once.

        @raise PysigError: the router refuses.
        """
        for subscription in self._subscriptions:
            await subscription.whenSettled()
        self._isSettled = True
        self._search()

    def _told(self, info: EventInfo, data: Any) -> Deferred[None] | None:
        """
        A bridge has told of a device.
        """
        state = readState(data)
        if state is None or info.sender not in self._bridges:
            return None  # others may have such an event, too
        known = self.devices.setdefault(info.sender, [])
        if state.device not in known:
            known.append(state.device)
        if not state.isAbout(self._name):
            return None
        self._isDone = True
        self._asking.pop(info.sender, None)  # what it answers may be older
        if self._states.get(info.sender) == state:
            return None
        self._states[info.sender] = state
        return self._tell(eventRecord(info, data))

    def _missed(self, gap: Gap) -> None:
        """
        Something that bridges told was not heard.
        """
        for bridge in tuple(self._bridges):
            self._ask(bridge)

    def _came(self, info: EventInfo, data: Any) -> Deferred[None] | None:
        """
        A sender has come, or gone.
        """
        bridge, fields = info.sender, data if isinstance(data, Mapping) else {}
        if info.event == CONNECT:
            if isBridge(texts(fields.get("events")), texts(fields.get("requests"))):
                self._bridges.add(bridge)
                self._ask(bridge)
            return None
        self._bridges.discard(bridge)
        self._asking.pop(bridge, None)
        self.devices.pop(bridge, None)
        if self._states.pop(bridge, None) is None:
            return None
        return self._tell(eventRecord(info, data))

    def _ask(self, bridge: str) -> None:
        """
        Ask a bridge how the device is.
        """
        self._asking[bridge] = token = object()
        asking = Deferred.fromCoroutine(askDevices(self._router, bridge))
        about = (bridge, token)
        asking.addCallbacks(self._answered, self._failed, about, errbackArgs=about)
        asking.addBoth(self._search)

    def _answered(self, states: list[DeviceState], bridge: str, token: object) -> None:
        """
        A bridge has told how its devices are.
        """
        if self._asking.get(bridge) is not token:
            return
        del self._asking[bridge]
        self._failing.discard(bridge)
        self.devices[bridge] = [state.device for state in states]
        for state in states:
            if state.isAbout(self._name):
                self._isDone = True
                if self._states.get(bridge) != state:
                    self._states[bridge] = state
                    self._tell(askedRecord(bridge, STATE, msgspec.structs.asdict(state)))

    def _failed(self, failure: Any, bridge: str, token: object) -> None:
        """
        A bridge has not told.
        """
        error = failure.value
        failure.trap(PysigError)
        if self._asking.get(bridge) is not token:
            return
        del self._asking[bridge]
        if not isinstance(error, (NoSuchSender, SenderGone)) and bridge not in self._failing:
            self._failing.add(bridge)
            self._note(f"the devices of {bridge} are not known: {describe(error).rstrip('. ')}")

    def _search(self, result: object = None) -> None:
        """
        Note it if no bridge has the device, once all have been asked.
        """
        if self._isSettled and not self._isDone and not self._asking:
            self._isDone = True
            self._note(self._nowhere())

    def _nowhere(self) -> str:
        """
        That no bridge has the device, and which devices there are.
        """
        if not self._bridges:
            return "no bridge is connected; waiting"
        others = sorted({name for names in self.devices.values() for name in names})
        isAre = "is" if len(others) == 1 else "are"
        there = f"; there {isAre} {', '.join(others)}" if others else ""
        return f"no bridge has a device {self._name!r}{there}; waiting"
