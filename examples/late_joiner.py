"""
Listeners that were not there when it happened: one comes late, one loses its link for a while.

    python examples/late_joiner.py

A router, a thermometer and two displays run in this process, each with a connection of its own over
TCP. Nothing else has to run, and it ends by itself.
"""

from twisted.internet import task
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import clientFromString

from pysig_twisted import ServerRouter, connect
from pysig_twisted.testing import Cut


class Display:
    """
    Shows temperatures, and says if one comes late.
    """

    def __init__(self, name):
        self.name = name
        self.seen = Deferred()

    def show(self, info, celsius):
        late = ", replayed" if info.replayed else ""
        print(f"{self.name:8} number {info.seq}: {celsius}{late}", flush=True)
        seen, self.seen = self.seen, Deferred()
        seen.callback(info.seq)

    def missed(self, gap):
        # Not in this example: it would take an outage of more than the router remembers.
        print(f"{self.name:8} {gap.n} events are gone: {gap.why}", flush=True)

    async def until(self, number):
        while await self.seen < number:
            pass


async def main(reactor):
    server = ServerRouter()
    server.startService()
    port = await server.addEndpoint("tcp:0:interface=127.0.0.1")
    address = f"127.0.0.1:{port.getHost().port}"

    house = await connect(reactor, address)
    thermometer = house.addSender("thermometer", ["temperature", "humidity"])
    await thermometer.whenSettled()
    thermometer.trigger("temperature", 20.5)
    thermometer.trigger("temperature", 21.0)
    thermometer.trigger("humidity", 48)
    thermometer.trigger("temperature", 21.5)
    await house.flush()  # the router has them

    # Nobody was there to listen. Who comes now can have the newest value of each event.
    hall = Display("hall")
    link = Cut(clientFromString(reactor, f"tcp:{address}"))  # a link that we can break
    hallway = await connect(reactor, link)
    hallway.addListener(hall.show, "thermometer", replay="last", onGap=hall.missed)
    await hall.until(4)

    # Or the last ones, as many as it likes.
    cellar = Display("cellar")
    below = await connect(reactor, address)
    below.addListener(cellar.show, "thermometer", "temperature", replay=2, onGap=cellar.missed)
    await cellar.until(4)

    # The link of the hall breaks. What is fired meanwhile comes when it is back: in order, once,
    # and before anything newer.
    print("the link of the hall is broken", flush=True)
    with link.cut():
        for celsius in (22.0, 22.5, 23.0):
            thermometer.trigger("temperature", celsius)
        await cellar.until(7)
    print("it may come back", flush=True)
    await hall.until(7)
    thermometer.trigger("temperature", 23.5)
    await hall.until(8)

    for router in (hallway, below, house, server):
        await router.stopService()


if __name__ == "__main__":
    task.react(lambda reactor: Deferred.fromCoroutine(main(reactor)))
