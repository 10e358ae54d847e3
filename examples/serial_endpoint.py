"""
A serial device in any Twisted application: no router, no bridge, only an endpoint string.

    python -m pysig_twisted.testing.instrument ./thermometer
    python examples/serial_endpoint.py [ENDPOINT]

ENDPOINT is serial:/dev/ttyUSB0:baudrate=115200 or the like; without one it is what the first of
these commands plugs in. Nothing of pysig_twisted is imported: Twisted finds what reads such strings
by itself. Ctrl-C ends it.
"""

import sys

from twisted.application.internet import ClientService
from twisted.internet import task
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import clientFromString
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineReceiver


class Thermometer(LineReceiver):
    """
    Prints what the device says.
    """

    def connectionMade(self):
        print("it is there:", self.transport.getPeer(), flush=True)

    def lineReceived(self, line):
        print(line.decode("ascii", "replace"), flush=True)

    def connectionLost(self, reason):
        print("it is gone:", reason.getErrorMessage(), flush=True)


def main(reactor, device="serial:./thermometer:baudrate=9600"):
    endpoint = clientFromString(reactor, device)
    # It opens the device when it is there, and again when it comes back.
    service = ClientService(endpoint, Factory.forProtocol(Thermometer), retryPolicy=lambda _: 0.5)
    service.startService()
    reactor.addSystemEventTrigger("before", "shutdown", service.stopService)
    return Deferred()  # runs until Ctrl-C


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
