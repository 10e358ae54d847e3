import sys
import time

from pysig_twisted.blocking import BlockingRouter


def listen_to_disk(info, data):
    print("%s: %s %% used" % (info.get("sender"), data["used"]))


router = BlockingRouter("127.0.0.1:" + sys.argv[1])

router.addRemoteListener(listen_to_disk, "disk", "usage").whenSettled()
sender = router.addRemoteSender("disk", ["usage"])
sender.whenSettled()

signal = sender.getSignal("usage")
for used in (71, 72, 73):
    signal.trigger({"used": used})

time.sleep(1)
router.close()
