"""
A device that describes itself, for MicroPython: docs/serial-firmware.md has the rules.

The sender "green" fires the event "t" once a second, and answers the requests "led" (1 or 0) and
"interval" (milliseconds between two events). Put it on the board as main.py. On the host:

    [serial.garden]
    port = "/dev/ttyACM0"
    baud = 115200
    speaks = "pysig"

The class needs nothing but json, and does not wait. What is of your board stands in the functions
below it. To see it speak on any computer: python examples/micropython/self_describing.py
"""

import json


class Device:
    """
    Says what is to be sent, lines of text, and takes what has come, lines of bytes.

    requests has a function for each method. It takes the params, None where there are none, and
    gives the answer. A ValueError of it is an error for whoever asks.
    """

    def __init__(self, name, events, requests, boot, checksum=False):
        self.requests = requests
        self.checksum = checksum
        self.name = name
        self.about = {
            "events": events,
            "requests": sorted(requests),
            "boot": boot,  # any number that differs from start to start
            "buffer": 512,
            "checksum": checksum,
        }

    def hello(self):
        # A dictionary has no order here, and the name is to come first.
        name, about = json.dumps(self.name), json.dumps(self.about)
        return self.ended('{"hello": ' + name + ", " + about[1:])

    def event(self, event, data):
        return self.line({"event": event, "data": data})

    def take(self, line):
        """The line that answers this one; empty if none does."""
        try:
            said = json.loads(self.checked(str(line, "utf-8")))
        except ValueError:
            return ""
        if not isinstance(said, dict):
            return ""
        if said.get("hello") == "?":
            return self.hello()
        if "id" in said and isinstance(said.get("method"), str):
            return self.answer(said["id"], said["method"], said.get("params"))
        return ""

    def answer(self, number, method, params):
        if method not in self.requests:
            return self.line({"id": number, "error": "no such method"})
        try:
            return self.line({"id": number, "response": self.requests[method](params)})
        except ValueError as error:
            return self.line({"id": number, "error": str(error)})

    def line(self, said):
        return self.ended(json.dumps(said))

    def ended(self, text):
        return text + (f"*{xor(text):02X}" if self.checksum else "") + "\n"

    def checked(self, line):
        """The line without its checksum; nothing if that is wrong, or missing."""
        line = line.strip()
        if line[-3:-2] == "*":
            text = line[:-3]
            return text if f"{xor(text):02X}" == line[-2:].upper() else ""
        return line if line == '{"hello":"?"}' or not self.checksum else ""


def xor(text):
    check = 0
    for byte in text.encode():
        check ^= byte
    return check


class Board:
    """What the device has: a thermometer, and a lamp."""

    def __init__(self):
        self.lamp = 0
        self.interval = 1000

    def celsius(self):
        return 21.5  # such as machine.ADC(4).read_u16() on a Pico, converted

    def led(self, params):
        if params not in (0, 1):
            raise ValueError("led takes 1 or 0")
        self.lamp = int(params)  # and: machine.Pin("LED", machine.Pin.OUT).value(self.lamp)
        return self.lamp

    def setInterval(self, params):
        if not isinstance(params, int) or not 10 <= params <= 60000:
            raise ValueError("interval takes milliseconds, 10 to 60000")
        self.interval = params
        return params


def deviceOf(board, boot):
    requests = {"led": board.led, "interval": board.setInterval}
    return Device("green", ["t"], requests, boot)


def main():
    import select
    import sys
    import time

    try:
        from os import urandom

        boot = int.from_bytes(urandom(3), "big")
    except ImportError:
        boot = time.time()
    if hasattr(time, "ticks_ms"):  # MicroPython
        now, passed, said = time.ticks_ms, time.ticks_diff, sys.stdin.buffer
    else:
        now, said = lambda: int(time.monotonic() * 1000), sys.stdin.buffer.raw

        def passed(later, earlier):
            return later - earlier

    poll = select.poll()
    poll.register(sys.stdin, select.POLLIN)

    def say(text):
        sys.stdout.write(text)
        if hasattr(sys.stdout, "flush"):
            sys.stdout.flush()

    board = Board()
    device = deviceOf(board, boot)
    say("\n" + device.hello())
    heard = b""
    before = now()
    while True:
        if poll.poll(10):
            byte = said.read(1)
            if not byte:
                return  # not on a board: nobody is there to ask
            if byte != b"\n":
                heard = (heard + byte)[:513]
            else:
                if len(heard) < 513:
                    say(device.take(heard))
                heard = b""
        if passed(now(), before) >= board.interval:
            before = now()
            say(device.event("t", board.celsius()))


if __name__ == "__main__":
    main()
