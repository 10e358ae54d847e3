import sys

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from pysig_twisted import connect
from pysig_twisted.errors import RemoteError


def stock(params):
    return {"bolts": 3, "nuts": 0}[params["name"]]


async def main(reactor):
    store = await connect(reactor, "127.0.0.1:" + sys.argv[1])
    await store.addSender("store", ["sold"], requests={"stock": stock}).whenSettled()

    asking = await connect(reactor, "127.0.0.1:" + sys.argv[1])

    print("bolts: %s" % await asking.request("store", "stock", {"name": "bolts"}))
    # what the handler raised
    try:
        await asking.request("store", "stock", {"name": "screws"})
    except RemoteError as error:
        print("screws: %s" % error)

    await asking.stopService()
    await store.stopService()


react(lambda reactor: Deferred.fromCoroutine(main(reactor)))
