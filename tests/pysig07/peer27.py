"""
Clients of pysig 0.7.3, on Python 2.7, one for each name. driven27.py says how they are driven.

    python2.7 peer27.py FOLDER-OF-THE-PACKAGE
"""

import sys

sys.path.insert(0, sys.argv[1])

from driven27 import Driven, run
from sig import ClientRouter
from sig.carrier.tcpclient import CarrierTCPClient


class Peer(Driven):
    """One client."""

    def __init__(self, name):
        self.carrier = CarrierTCPClient()
        Driven.__init__(self, name, ClientRouter(self.carrier))
        self.carrier.on_connected = lambda: self.news("connected")
        self.carrier.on_disconnected = lambda: self.news("disconnected")

    # orders

    def connect(self, host, port, auto_reconnect=False):
        """Connect; is it connected?"""
        self.carrier.auto_reconnect = auto_reconnect
        return self.carrier.connect(host, port)

    def disconnect(self):
        """Disconnect."""
        try:
            return self.carrier.disconnect()
        except AttributeError:  # its thread was faster: there is none left to wait for
            return True

    def isConnected(self):
        """Is it connected, as far as it knows?"""
        return self.carrier.isConnected()

    def addRemoteSender(self, sender, events, requests=None):
        """Add a sender; requests are pairs of method and act."""
        self.given[sender] = self.router.addRemoteSender(sender, events, self.handlers(requests))

    def removeRemoteSender(self, sender):
        """Remove it (0.7.3 always ends that with a TypeError)."""
        return self.router.removeRemoteSender(sender)

    def addRemoteListener(self, name, sender=None, event=None, act=None, keeps=True):
        """Add a listener."""
        return self.router.addRemoteListener(self.listener(name, act, keeps), sender, event)

    def removeRemoteListener(self, name, sender=None, event=None):
        """Remove it."""
        return self.router.removeRemoteListener(self.listener(name), sender, event)

    def remoteRequest(self, sender, method, params=None):
        """Ask a sender."""
        return self.router.remoteRequest(sender, method, params)

    def remoteRequests(self, sender, method, count, first=0):
        """Ask a sender many times, with numbers as params; the replies."""
        numbers = range(first, first + count)
        return [self.router.remoteRequest(sender, method, number) for number in numbers]

    def tx(self, message):
        """Say a message, without its id; the reply."""
        return self.carrier.handleTX("", message)

    def raw(self, text):
        """Say a text, as bytes of Latin-1."""
        self.carrier.socket.sendall(text.encode("latin-1"))


if __name__ == "__main__":
    run(Peer)
