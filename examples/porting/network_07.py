import sys
import time

import sig
from sig.carrier.tcpclient import CarrierTCPClient


def listen_to_disk(info, data):
    print("%s: %s %% used" % (info.get("sender"), data["used"]))


carrier = CarrierTCPClient()
router = sig.ClientRouter(carrier)
carrier.connect("127.0.0.1", int(sys.argv[1]))

if not router.addRemoteListener(listen_to_disk, "disk", "usage"):
    sys.exit("cannot listen")
sender = router.addRemoteSender("disk", ["usage"])

signal = sender.getSignal("usage")
for used in (71, 72, 73):
    signal.trigger({"used": used})

time.sleep(1)
carrier.disconnect()
