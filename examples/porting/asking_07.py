import sys

import sig
from sig.carrier.tcpclient import CarrierTCPClient


def stock(params):
    return {"bolts": 3, "nuts": 0}[params["name"]]


carrier = CarrierTCPClient()
store = sig.ClientRouter(carrier)
carrier.connect("127.0.0.1", int(sys.argv[1]))
store.addRemoteSender("store", ["sold"], requests={"stock": stock})

other = CarrierTCPClient()
asking = sig.ClientRouter(other)
other.connect("127.0.0.1", int(sys.argv[1]))

print("bolts: %s" % asking.remoteRequest("store", "stock", {"name": "bolts"}))
# None stands for any failure, also for a time-out
print("screws: %s" % asking.remoteRequest("store", "stock", {"name": "screws"}))

other.disconnect()
carrier.disconnect()
