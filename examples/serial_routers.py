"""
A tank in the field and a control room, with nothing between them but a serial line: a null-modem
cable, or a radio modem at each end.

    python examples/serial_routers.py room seriallink:/dev/ttyS0:baudrate=9600
    python examples/serial_routers.py field seriallink:/dev/ttyS0:baudrate=9600

each on its computer, in any order. Without the hardware, on one computer: have

    socat pty,raw,echo=0,link=a pty,raw,echo=0,link=b

run, and give them seriallink:a:baudrate=9600 and seriallink:b:baudrate=9600. The tank drains, which
is an event a second. When it is nearly empty, the room requests the pump; the field requests the
time of day of the room whenever that is there. Kill either of them, and start it anew. Ctrl-C ends
it.
"""

import sys
import time

from twisted.internet import task
from twisted.internet.defer import Deferred
from twisted.logger import globalLogBeginner, textFileLogObserver

from pysig_twisted import ClientRouter, PysigError, ServerRouter
from pysig_twisted.errors import ConfigError, NotConnected, ShuttingDown

LOW = 2


def room(router):
    """
    The end that others join, too: give C{ServerRouter} more endpoints for them.
    """
    router.addSender("clock", requests={"now": lambda params: time.strftime("%H:%M")})

    async def look(info, level):
        print(f"the tank has {level}")
        if level <= LOW:
            try:
                print("pumped", await router.request("tank", "pump", 8, timeout=10))
            except PysigError as error:
                print(f"the pump did not run: {error}")

    def missed(gap):
        # A line that was cut for long, or for which there was too much.
        print(f"{gap.n} levels were missed: {gap.why}")

    router.addListener(look, "tank", "level", onGap=missed)
    router.addListener(lambda info, data: print("the field is there"), "tank", "#connect")
    router.addListener(lambda info, data: print("the field is gone"), "tank", "#disconnect")


def field(router):
    """
    The end in the field.
    """
    level = LOW + 2

    def pump(liters):
        nonlocal level
        level += liters
        print("pumping")
        return liters

    tank = router.addSender("tank", "level", {"pump": pump})

    def drain():
        nonlocal level
        level -= 1
        tank.trigger("level", level)

    async def greet(info, data):
        try:
            print("in the room it is", await router.request("clock", "now", timeout=10))
        except PysigError as error:
            print(f"the room does not tell the time: {error}")

    async def begin():
        try:
            await router.whenConnected(failAfterFailures=1)
        except NotConnected as error:
            print(f"waiting: {error}")  # it goes on trying by itself
            await router.whenConnected()
        task.LoopingCall(drain).start(1.0)

    # With a snapshot: also if it is there already.
    router.addListener(greet, "clock", "#connect", snapshot=True)
    Deferred.fromCoroutine(begin()).addErrback(lambda failure: failure.trap(ShuttingDown))


def main(reactor, place="", line="", *others):
    if place not in ("room", "field") or not line or others:
        raise SystemExit(__doc__)
    try:
        router = ServerRouter(line) if place == "room" else ClientRouter(line)
    except ConfigError as error:
        raise SystemExit(str(error)) from None
    if place == "room":
        # That the port is missing or busy, and who comes and goes, is told in the log.
        globalLogBeginner.beginLoggingTo(
            [textFileLogObserver(sys.stderr)], redirectStandardIO=False
        )
        room(router)
    else:
        field(router)
    router.startService()
    reactor.addSystemEventTrigger("before", "shutdown", router.stopService)
    return Deferred()  # runs until Ctrl-C


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    task.react(main, sys.argv[1:])
