"""
A chat: all who connect with telnet read what the others write.

    twistd -ny FILE
    telnet 127.0.0.1 7000

There are two of it: before.py has no bus; after.py has the same lines, and besides those that end
in a plus sign.
"""

from twisted.application import service, strports
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineOnlyReceiver


class Member(LineOnlyReceiver):
    delimiter = b"\n"

    def connectionMade(self):
        self.factory.members.append(self)

    def connectionLost(self, reason):
        self.factory.members.remove(self)

    def lineReceived(self, line):
        self.factory.say(line.decode(errors="replace").rstrip())


class Room(Factory):
    protocol = Member

    def __init__(self):
        self.members = []

    def say(self, text):
        for member in self.members:
            member.sendLine(text.encode())


room = Room()
application = service.Application("chat")
strports.service("tcp:7000:interface=127.0.0.1", room).setServiceParent(application)
