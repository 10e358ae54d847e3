"""
Serial devices as senders of a router.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.logger import Logger

from ..core.clock import clockOf
from ..core.requests import Handler
from ..interfaces import IRouter
from .claim import Claim
from .device import Device
from .lifecycle import CLOSED
from .line import Line
from .settings import DeviceSettings

STATE = "state"


class SerialBridge(Service):
    """
    Keeps serial devices open, and has each be a sender while it is there.

    Besides it is a sender itself: its event C{state} tells whenever a device comes, goes,
    or cannot be opened for another reason than before; its request C{devices} tells how
    all are. Where there is no device, there is no such sender.

    @ivar devices: the devices, by name.
    """

    log = Logger()

    def __init__(
        self,
        router: IRouter,
        devices: Iterable[DeviceSettings] = (),
        *,
        name: str = "bridge",
        reactor: Any = None,
    ) -> None:
        """
        @param router: any router. It is not started or stopped from here.
        @param devices: the devices; L{devices<pysig_twisted.bridge.devices.devices>} makes
            them of a configuration.
        @param name: the name of the sender that this is itself.
        @param reactor: Twisted's, if not given.
        """
        if reactor is None:
            from twisted.internet import reactor
        self._router = router
        self._reactor = reactor
        self._clock = clockOf(reactor)
        self._name = name
        self._claim: Claim | None = None
        self._wanted = {settings.name: settings for settings in devices}
        self._lines: dict[str, Line] = {}
        self.devices: dict[str, Device] = {}

    def startService(self) -> None:
        """
        Open the devices, or wait until they can be opened.
        """
        super().startService()
        self._update()

    def stopService(self) -> Deferred[None]:
        """
        Close the devices.

        @return: a Deferred that fires when they are closed, within 2 seconds.
        """
        super().stopService()
        for name in tuple(self.devices):
            self._remove(name)
        closed = DeferredList([line.stop() for line in self._lines.values()])
        self._leave()
        return closed.addCallback(lambda _: None)

    def reload(self, devices: Iterable[DeviceSettings]) -> None:
        """
        Have these devices from now on. Those whose settings have not changed stay as
        they are.
        """
        self._wanted = {settings.name: settings for settings in devices}
        if self.running:
            self._update()

    def states(self, params: Any = None) -> list[dict[str, Any]]:
        """
        How all devices are: for each what the event C{state} tells. It answers the
        request C{devices}.
        """
        return [_stateOf(device) for _, device in sorted(self.devices.items())]

    def _update(self) -> None:
        """
        Have the devices that are wanted, and no others.
        """
        if not self._wanted:
            self._leave()
        elif self._claim is None:
            requests: dict[str | None, Handler] = {"devices": self.states}
            self._claim = Claim(
                self._router, self._clock, self._name, [STATE], requests, lambda error: None
            )
            self._claim.ask()
        for name, device in tuple(self.devices.items()):
            if self._wanted.get(name) != device.settings:
                self._remove(name)
        for name in self._wanted:
            if name not in self._lines:
                self._add(name)

    def _leave(self) -> None:
        """
        Be no sender any more.
        """
        if self._claim is not None:
            self._claim.remove(CLOSED)
            self._claim = None

    def _add(self, name: str) -> None:
        """
        Begin with a device.
        """
        settings = self._wanted[name]
        device = Device(settings, self._router, self._clock, self._changed)
        self.devices[name] = device
        self._lines[name] = line = Line(settings, device, self._reactor)
        line.start()

    def _remove(self, name: str) -> None:
        """
        End with a device. Its line is closed a little later.
        """
        self.devices.pop(name).stop()
        self._lines[name].stop().addCallback(self._removed, name)

    def _removed(self, result: object, name: str) -> None:
        """
        The line of a device is closed, so that another may open it.
        """
        del self._lines[name]
        if self.running and name in self._wanted:
            self._add(name)

    def _changed(self, device: Device) -> None:
        """
        A device has come or gone, or cannot be opened.
        """
        life = device.life
        if life.message:
            self.log.warn("{name}: {why}", name=device.name, why=life.message)
        else:
            senders = [name for name in device.senders if name != device.name]
            among = f", with {', '.join(senders)}" if senders else ""
            self.log.info(
                "{name}: {state}{among}", name=device.name, state=life.state.value, among=among
            )
        # What was to be told before the router knew us, whoever wants to know asks.
        if self._claim is not None and self._claim.isAccepted:
            self._claim.fire(STATE, _stateOf(device))


def _stateOf(device: Device) -> dict[str, Any]:
    """
    What is told of a device.
    """
    life, settings = device.life, device.settings
    return {
        "device": device.name,
        "state": life.state.value,
        "reason": life.reason,
        "message": life.message,
        "boot": life.boot,
        "port": settings.port or msgspec.to_builtins(settings.match),
        "description": settings.description,
        "senders": device.senders,
        "requests": {
            method: {"send": request.send, "description": request.description}
            for method, request in settings.request.items()
        },
    }
