"""
Senders, listeners and requests within one process. Nothing else has to run, not even a reactor.

    python examples/local_signals.py
"""

from pysig_twisted import ANY, CONNECT, PysigError, Router

router = Router()


# Listeners may come before the senders that they listen to. Each is called with the event's info
# and its data; the calls come in the order of what they listen to, the widest first.


def everything(info, data):
    print(f"everything:        {info.sender} {info.event} {data}")


def ofOneSender(info, data):
    print(f"of one sender:     {info.event} number {info.seq}: {data}")


def alarms(info, data):
    print(f"alarms of anybody: {info.sender}: {data}")


def warm(info, celsius):
    print(f"one event:         {celsius} degrees is {celsius * 9 / 5 + 32:g} Fahrenheit")


router.addListener(everything)
router.addListener(ofOneSender, "greenhouse")
router.addListener(alarms, ANY, "#alarm")
subscription = router.addListener(warm, "greenhouse", "temperature")

# A sender says what it fires and what it answers. Adding it fires #connect.
window = {"open": False}


def setWindow(params):
    window["open"] = params == "open"
    return window


greenhouse = router.addSender(
    "greenhouse", events=["temperature", "#alarm"], requests={"window": setWindow}
)

greenhouse.trigger("temperature", 21.5)
greenhouse.trigger("#alarm", "too dry")

# In a hot loop, take the signal once.
signal = greenhouse.getSignal("temperature")
for celsius in (21.6, 21.8):
    signal.trigger(celsius)

subscription.remove()


# A request is answered by one sender. What comes back is a Deferred; within one process, and with
# a plain function as its handler, it has fired already.
def failed(failure):
    failure.trap(PysigError)
    print(f"refused:           {failure.value}")


router.request("greenhouse", "window", "open").addCallbacks(print, failed)
router.request("greenhouse", "door", "open").addCallbacks(print, failed)
router.request("cellar", "window", "open").addCallbacks(print, failed)


# Who is here already, and then who comes and goes.
def came(info, data):
    print(f"here:              {info.sender} fires {', '.join(data['events'])}")


router.addListener(came, ANY, CONNECT, snapshot=True)
greenhouse.remove()
