"""
The demo's workbench: a simulated instrument, and a sender that plugs it in and out.
"""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.task import LoopingCall

from .. import Sender
from ..testing.instrument import PERIOD, Instrument

NAME: Final = "bench"

TABLES: Final = """\
[serial.thermometer]
port = {port}
lines = "drop"
stats = 0

[serial.thermometer.request.set_relay]
send = "RLY {{relay:int:1-4}} {{state:on|off}}"
reply = {{match = '^OK$', error = '^ERR'}}

[[serial.thermometer.event]]
match = 'T=(?P<celsius>[-.0-9]+)'
name = "temperature"

[[serial.thermometer.event]]
parse = "text"
match = "READY"
name = "started"
"""
"""
What the router's configuration says of the instrument, but where it is.
"""


class Bench:
    """
    See the module.

    @ivar sender: answers the requests C{unplug} and C{replug}.
    """

    def __init__(self, router: Any, clock: Any, instrument: Instrument) -> None:
        """
        @param router: an L{IRouter<pysig_twisted.interfaces.IRouter>}.
        @param clock: the reactor.
        """
        self._instrument = instrument
        self._calls = LoopingCall(instrument.tick)
        self._calls.clock = clock
        self.sender: Sender = router.addSender(
            NAME, [], {"unplug": self._unplug, "replug": self._replug}
        )

    def start(self) -> None:
        """
        Plug the instrument in.

        @raise OSError: that is not possible.
        """
        self._instrument.plug()
        self._calls.start(PERIOD)

    def stop(self) -> None:
        """
        Pull its plug, for good.
        """
        if self._calls.running:
            self._calls.stop()
        self._instrument.unplug()

    def _unplug(self, params: Any) -> str:
        """
        Answers C{unplug}.
        """
        self._instrument.unplug()
        return "the thermometer is unplugged"

    def _replug(self, params: Any) -> str:
        """
        Answers C{replug}.
        """
        self._instrument.plug()
        return "the thermometer is plugged in"
