"""
A message format of one's own: a line of JSON for each message, so that anything that can open a
socket can take part, with no library.

    python examples/custom_wire.py

Starts a router that speaks version 1 on one port and these lines on another, and has three peers
meet there: a client of each format, and a socket that only writes lines.
"""

import base64
import json

import msgspec
from twisted.internet import task
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import clientFromString, connectProtocol
from twisted.protocols.basic import LineOnlyReceiver
from zope.interface import implementer

from pysig_twisted import ClientRouter, IWire, IWireSession, ServerRouter, connect
from pysig_twisted.errors import ProtocolError
from pysig_twisted.wire import messages
from pysig_twisted.wire.runs import Head, Run, parseHead

JSON = 1  # the number of the JSON codec
KINDS = {
    kind.__name__: kind
    for kind in (
        *(messages.Hello, messages.Welcome, messages.Goodbye, messages.Ping, messages.Pong),
        *(messages.Call, messages.Result, messages.Error, messages.GapNotice, messages.Replay),
        *(messages.PresenceNotice, messages.Request, messages.Reply, messages.Fail),
        messages.Cancel,
    )
}
ERRORS = (msgspec.MsgspecError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
PAYLOADS = {"Request": "params", "Reply": "data"}


@implementer(IWire)
class JsonLines:
    """
    The format. It has nothing to remember; its sessions have.
    """

    name = "json-lines"

    def session(self, side, write):
        return JsonLinesSession(write)


@implementer(IWireSession)
class JsonLinesSession:
    """
    The format at work on one connection.
    """

    def __init__(self, write):
        self._write = write
        self._begun = bytearray()

    @property
    def held(self):
        return len(self._begun)

    def feed(self, data):
        self._begun += data
        if b"\n" not in data:
            return
        *lines, rest = self._begun.split(b"\n")
        self._begun = rest
        for line in lines:
            if line.strip():
                yield parse(line)

    def send(self, message):
        for fields in spell(message):
            self._write(msgspec.json.encode(fields) + b"\n")


def parse(line):
    """
    The message of one line. Whether its numbers and names can be ones is no question of format:
    what is read here is checked like the frames of version 1.
    """
    try:
        fields = msgspec.json.decode(line)
        kind = fields.pop("type")
        if kind == "Event":
            return parseEvent(**fields)
        if kind in PAYLOADS:
            fields[PAYLOADS[kind]] = payload(fields.pop("value", None), fields.pop("base64", None))
        return messages.fromBuiltins(KINDS[kind], fields)
    except ERRORS as error:
        raise ProtocolError(f"this is no message: {line[:80]!r} ({error!r})") from error


def parseEvent(sender, event, sid, seq, time, value=None, codec=JSON, **encoded):
    """
    An event: a run of one.
    """
    head = Head(codec, sender, event, messages.sidNumber(sid))
    return Run.of(head, [(seq, time, payload(value, encoded.get("base64")))])


def payload(value, encoded):
    """
    A payload is JSON in its place, or else base64.
    """
    if encoded is None:
        return msgspec.json.encode(value)
    return base64.b64decode(encoded, validate=True)


def spell(message):
    """
    What the lines of a message hold. A Replay is frames of version 1, in base64: a peer that wants
    none asks for none.
    """
    kind = type(message).__name__
    if kind == "Run":
        head = parseHead(message.head)
        for seq, time, data in message.events():
            fields = {"type": "Event", "sender": head.sender, "event": head.event}
            fields |= {"sid": messages.sidText(head.sid), "seq": seq, "time": time}
            yield {**fields, "codec": head.codec, **spelled(head.codec, data)}
        return
    fields = messages.toBuiltins(message)
    if kind in PAYLOADS:
        del fields[PAYLOADS[kind]]
        fields |= spelled(message.codec, getattr(message, PAYLOADS[kind]))
    yield {"type": kind, **fields}


def spelled(codec, data):
    """
    The field that holds a payload.
    """
    try:
        if codec == JSON:
            return {"value": msgspec.json.decode(data)}
    except ERRORS:
        pass  # what calls itself JSON need not be
    return {"base64": base64.b64encode(data).decode()}


class Socket(LineOnlyReceiver):
    """
    A peer that knows nothing of pysig. All it says is written here.
    """

    delimiter = b"\n"
    script = (
        {"type": "Hello", "versions": [1]},
        {"type": "Call", "id": 1, "action": {"call": "listen", "sender": "lamp", "event": "lit"}},
    )

    def connectionMade(self):
        self.heard = Deferred()
        for message in self.script:
            self.sendLine(json.dumps(message).encode())

    def lineReceived(self, line):
        message = json.loads(line)
        print(f"socket <- {message['type']}", flush=True)
        if message["type"] == "Event":
            self.heard.callback(message["value"])


async def main(reactor):
    server = ServerRouter(reactor=reactor)
    server.startService()
    usual = await server.addEndpoint("tcp:0:interface=127.0.0.1")
    lines = await server.addEndpoint("tcp:0:interface=127.0.0.1", wire=JsonLines())
    usual, lines = (f"127.0.0.1:{port.getHost().port}" for port in (usual, lines))

    socket = await connectProtocol(clientFromString(reactor, f"tcp:{lines}"), Socket())
    lamp = ClientRouter(lines, wire=JsonLines(), reactor=reactor)
    lamp.startService()
    sender = lamp.addSender("lamp", "lit", {"color": lambda params: f"{params} it is"})
    await sender.whenSettled()

    client = await connect(reactor, usual)
    print("client <-", await client.request("lamp", "color", "green"))
    sender.trigger("lit", {"by": "Ann"})
    print("socket heard", await socket.heard)
    for router in (client, lamp, server):
        await router.stopService()


if __name__ == "__main__":
    task.react(lambda reactor: Deferred.fromCoroutine(main(reactor)))
