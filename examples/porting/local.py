from pysig_twisted import CONNECT, Router


def listen_to_connect(info, data):
    print("%s is %s" % (info.get("sender"), info.get("event")))


def listen_to_events(info, data):
    event = info.get("event")
    sender = info.get("sender")
    print("Received event '%s' from sender '%s' having data '%s'" % (event, sender, data["mm"]))


router = Router()

# before the sender is there
router.addListener(listen_to_connect, "weather", CONNECT)
router.addListener(listen_to_events, "weather", "rain")

sender = router.addSender("weather", ["rain", "sun"])
signal = sender.getSignal("rain")
signal.trigger({"mm": 3})
signal.trigger({"mm": 5})

router.removeListener(listen_to_events, "weather", "rain")
signal.trigger({"mm": 7})
sender.remove()
