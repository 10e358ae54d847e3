"""
An encoding of your own: JSON that also has moments, decimal numbers and bytes.

    python examples/custom_codec.py [ENDPOINT]

ENDPOINT is host, host:port or a client endpoint of Twisted's, for example unix:/tmp/bus. A router
must run there (`twistd -n pysig server` or examples/server.py). It need not know this encoding: it
passes on what it does not understand, to those who do. The pysig command uses it, too, when it is
started in the folder above this one:

    pysig listen --codec examples.custom_codec:codec meter
"""

import json
import sys
from base64 import b64decode, b64encode
from datetime import datetime, timezone
from decimal import Decimal

from twisted.internet import task
from twisted.internet.defer import Deferred
from zope.interface import implementer

from pysig_twisted import ClientRouter, ICodec, PysigError
from pysig_twisted.errors import BadData

DEPTH = 32

# What JSON lacks is an object with one key, which begins with a dollar sign.
WRITERS = {
    datetime: lambda value: {"$time": value.isoformat()},
    Decimal: lambda value: {"$decimal": str(value)},
    bytes: lambda value: {"$bytes": b64encode(value).decode()},
}
READERS = {
    "$time": datetime.fromisoformat,
    "$decimal": Decimal,
    "$bytes": lambda text: b64decode(text, validate=True),
}


@implementer(ICodec)
class RichJson:
    """
    JSON with tags. What it cannot carry, and what it cannot read, is a BadData.
    """

    name = "rich-json"  # the two ends of a connection agree on it by its name
    id = 200  # 128 to 255 are for your own

    def encode(self, value):
        try:
            return json.dumps(self._pack(value, DEPTH), allow_nan=False).encode()
        except ValueError as error:  # NaN
            raise BadData(f"rich-json cannot carry this: {error}") from error

    def decode(self, data):
        try:
            return json.loads(data, object_pairs_hook=self._unpack, parse_constant=self._refuse)
        # decimal.InvalidOperation is an ArithmeticError; deep nesting is a RecursionError.
        except (ValueError, ArithmeticError, TypeError, AttributeError, RecursionError) as error:
            raise BadData(f"not rich-json: {error}") from error

    def _pack(self, value, depth):
        if value is None or type(value) in (bool, int, float, str):
            return value
        if type(value) in WRITERS:
            return WRITERS[type(value)](value)
        if not depth:
            raise BadData(f"rich-json nests {DEPTH} levels deep, and no deeper")
        if type(value) is list:
            return [self._pack(item, depth - 1) for item in value]
        if type(value) is dict and all(type(key) is str for key in value):
            # A key of the user's that begins with a dollar sign gets one more.
            return {
                f"${key}" if key[:1] == "$" else key: self._pack(item, depth - 1)
                for key, item in value.items()
            }
        raise BadData(f"rich-json cannot carry a {type(value).__name__}")

    def _unpack(self, pairs):
        if len(pairs) == 1 and pairs[0][0] in READERS:
            key, value = pairs[0]
            return READERS[key](value)
        return {key[1:] if key[:2] == "$$" else key: value for key, value in pairs}

    def _refuse(self, word):
        raise BadData(f"rich-json has no {word}")


codec = RichJson()


def missed(gap):
    print(f"json:      missed {gap.n} event of {gap.sender}, because of the {gap.why}", flush=True)


async def show(router, other, plain):
    other.addListener(lambda info, data: print(f"rich-json: {data}", flush=True), "meter", "read")
    plain.addListener(lambda info, data: print(f"json:      {data}"), "meter", "read", onGap=missed)
    for each in (router, other, plain):
        each.startService()
        await each.whenConnected()

    meter = router.addSender("meter", ["read"], {"next": lambda time: [time, Decimal("0.10")]})
    await meter.whenSettled()
    noon = datetime(2026, 6, 21, 12, tzinfo=timezone.utc)
    meter.trigger("read", {"at": noon, "kWh": Decimal("20451.30"), "raw": b"\x01\xff"})

    # An answer comes in the encoding of the question.
    print("rich-json:", await other.request("meter", "next", noon), flush=True)
    print("json:     ", await plain.request("meter", "next", "noon"), flush=True)

    # Who cannot read the question does not get it.
    await plain.addSender("scale", requests={"weigh": lambda params: 0}).whenSettled()
    try:
        await other.request("scale", "weigh", noon)
    except PysigError as error:
        print(f"rich-json: {type(error).__name__}: {error}", flush=True)


def main(reactor, endpoint="127.0.0.1:7744"):
    # Give your codec to each client that shall read it; `codec` says which one it writes.
    routers = [ClientRouter(endpoint, codec=codec.name, codecs=[codec]) for _ in range(2)]
    routers.append(ClientRouter(endpoint))  # this one has only what everybody has
    for router in routers:
        reactor.addSystemEventTrigger("before", "shutdown", router.stopService)
    showing = Deferred.fromCoroutine(show(*routers))
    # It goes on until Ctrl-C.
    return showing.addCallback(lambda _: Deferred())


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
