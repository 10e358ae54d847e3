"""
Serial devices in an application of your own: readings are events, and the plug is presence.

    python -m pysig_twisted.testing.instrument ./thermometer
    python examples/serial_bridge.py [PORT]

PORT is the path of a device; without one it is what the first of these commands plugs in. The
router is in this process, and nobody else can connect. With a ServerRouter or a ClientRouter in its
place the devices are on a bus. (Where nothing else is wanted, a table [serial.NAME] in the file of
`twistd pysig server` or `twistd pysig bridge` is enough.) Ctrl-C ends it.
"""

import sys

from twisted.internet import task
from twisted.internet.defer import Deferred

from pysig_twisted import CONNECT, DISCONNECT, Router
from pysig_twisted.bridge import SerialBridge, readDevices

CLIMATE = {"match": r"T=(?P<celsius>[-.0-9]+) H=(?P<humidity>\d+)", "name": "climate"}


def measured(info, data):
    print(f"{data['celsius']} degrees, {data['humidity']} % humidity", flush=True)


def came(info, data):
    print(f"{info.sender} is there", flush=True)


def went(info, data):
    print(f"{info.sender} is gone: {data['reason']}", flush=True)


def state(info, data):
    if data["state"] == "waiting":
        print(f"waiting for {data['device']}: {data['message']}", flush=True)


def main(reactor, port="./thermometer"):
    router = Router()
    router.addListener(measured, "thermometer", "climate")
    router.addListener(came, "thermometer", CONNECT)
    router.addListener(went, "thermometer", DISCONNECT)
    router.addListener(state, "bridge", "state")
    # As in a file: a table for each device, and in it a list of rules.
    devices = readDevices({"thermometer": {"port": port, "baud": 9600, "event": [CLIMATE]}})
    bridge = SerialBridge(router, devices)
    bridge.startService()  # or bridge.setServiceParent(application)
    reactor.addSystemEventTrigger("before", "shutdown", bridge.stopService)
    return Deferred()  # runs until Ctrl-C


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
