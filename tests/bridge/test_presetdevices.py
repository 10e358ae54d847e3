"""Presets with simulated devices, on ptys, through a bridge and a router."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from pysig_twisted import Router
from pysig_twisted.bridge import SerialBridge, readDevices
from pysig_twisted.bridge.checksums import NmeaChecksum
from pysig_twisted.errors import BadRequest, RemoteError, RequestTimeout
from pysig_twisted.testing import Recorder
from tests.linesim import LineSim, withoutPtys

PATIENCE = 10.0


class DeviceCase(TestCase):
    """Tests with a device."""

    if reason := withoutPtys():
        skip = reason

    timeout = 60

    async def plug(
        self, preset: str, device: Callable[[bytes], bytes | None], **own: Any
    ) -> LineSim:
        """A device with a preset, by the name of C{device}, that is there."""
        line = LineSim(device=device)
        self.addCleanup(line.close)
        self.heard = Recorder()
        self.router = Router()
        self.router.addListener(self.heard, "device")
        table = {"port": line.a.path, "preset": preset, "stats": 0, **own}
        bridge = SerialBridge(self.router, readDevices({"device": table}))
        bridge.startService()
        self.addCleanup(bridge.stopService)
        await self.hear(1)
        await deferLater(reactor, 0)  # go on outside the listener
        self.assertEqual(self.heard.presence, [("device", "came")])
        return line

    async def hear(self, count: int) -> list[tuple[str, Any]]:
        """So many events, and their data; that of coming is the first."""
        heard = await self.heard.whenHeard(count).addTimeout(PATIENCE, reactor)
        return [(info.event, data) for info, data in heard]

    async def ask(self, method: str, params: Any = None) -> Any:
        """The reply to a request. JSON can carry it."""
        reply = await self.router.request("device", method, params, timeout=PATIENCE)
        self.assertEqual(json.loads(json.dumps(reply)), reply)
        return reply

    @property
    def events(self) -> list[tuple[str, Any]]:
        """What was heard until now, but for presence."""
        return [(event, data) for _, event, data in self.heard.events]


class NmeaTests(DeviceCase):
    """A receiver."""

    async def test_receiver(self) -> None:
        """It begins in the middle of a sentence, and finds where it is."""
        line = await self.plug("nmea", lambda data: None, noise={"bad": 1000})
        check = NmeaChecksum().append
        line.say(b"3,M,46.9,M,,*47\r\n")
        for body in (
            b"$GPRMC,,V,,,,,,,,,,N",
            b"$GPGSA,A,1,,,,,,,,,,,,,99.99,99.99,99.99",
            b"$GPRMC,123519,A,4807.038,N,01131.000,W,022.4,084.4,230394,003.1,W",
            b"$GPGGA,123519,4807.038,N,01131.000,W,1,08,0.9,545.4,M,46.9,M,,",
        ):
            line.say(check(body) + b"\r\n")
        self.assertEqual(
            (await self.hear(5))[1:],
            [
                ("position", {"type": "RMC", "valid": False}),
                (
                    "sentence",
                    {
                        "talker": "GP",
                        "type": "GSA",
                        "fields": ["A", "1", *12 * [""], *3 * ["99.99"]],
                    },
                ),
                (
                    "position",
                    {
                        "type": "RMC",
                        "valid": True,
                        "lat": 48.1173,
                        "lon": -11.51666667,
                        "time": "12:35:19",
                        "date": "1994-03-23",
                        "speed": 11.524,
                        "course": 84.4,
                    },
                ),
                (
                    "fix",
                    {
                        "type": "GGA",
                        "valid": True,
                        "lat": 48.1173,
                        "lon": -11.51666667,
                        "time": "12:35:19",
                        "altitude": 545.4,
                        "satellites": 8,
                        "hdop": 0.9,
                    },
                ),
            ],
        )


class ScannerTests(DeviceCase):
    """A scanner."""

    async def test_scanner(self) -> None:
        """Codes end when nothing more comes, with and without an end."""
        line = await self.plug("scanner", lambda data: None)
        for count, (said, code) in enumerate(
            ((b"4006381333931", "4006381333931"), (b"\x02]E00012345\r\n", "0012345")), 2
        ):
            line.say(said)
            event, data = (await self.hear(count))[-1]
            self.assertEqual((event, data["code"]), ("scan", code))
        self.assertEqual(data["aim"], "E0")


class Meter:
    """
    A meter that speaks SCPI.

    @ivar done: the commands that it was given.
    @ivar errors: what it says when it is asked for errors.
    """

    ANSWERS = {
        "*IDN?": "Agilent Technologies,34401A,0,10-5-2",
        "MEAS:VOLT:DC?": "+4.27150000E-03",
        "*OPC?": "1",
    }

    def __init__(self) -> None:
        self.done: list[str] = []
        self.errors: list[str] = []
        self._held = b""

    def __call__(self, data: bytes) -> bytes:
        """Answer whole lines."""
        *lines, self._held = (self._held + data).split(b"\n")
        said = [answer for line in lines if (answer := self.answer(line.decode()))]
        return "".join(f"{answer}\r\n" for answer in said).encode()

    def answer(self, line: str) -> str:
        """The answer to a line; empty if there is none."""
        said = []
        for command in filter(None, line.split(";")):
            self.done.append(command)
            if command == "SYST:ERR?":
                said.append(self.errors.pop(0) if self.errors else '+0,"No error"')
            elif command in self.ANSWERS:
                said.append(self.ANSWERS[command])
            elif command not in ("*RST", "CONF:VOLT:DC 10"):
                self.errors.append('-113,"Undefined header"')
        return ";".join(said)


class ScpiTests(DeviceCase):
    """A meter."""

    async def test_meter(self) -> None:
        """It is asked and told, one thing after the other."""
        meter = Meter()
        await self.plug("scpi", meter)
        self.assertEqual(
            await self.ask("idn"),
            {
                "maker": "Agilent Technologies",
                "model": "34401A",
                "serial": "0",
                "version": "10-5-2",
            },
        )
        self.assertIsNone(await self.ask("reset"))
        self.assertIsNone(await self.ask("write", "CONF:VOLT:DC 10"))
        self.assertEqual(await self.ask("query", {"command": "MEAS:VOLT:DC?"}), "+4.27150000E-03")
        self.assertEqual(await self.ask("write_wait", "CONF:VOLT:DC 10"), "1")
        self.assertEqual(await self.ask("error"), {"code": 0, "message": "No error"})
        self.assertIsNone(await self.ask("write", "CONF:VOTL:DC 10"))
        self.assertEqual(await self.ask("error"), {"code": -113, "message": "Undefined header"})
        self.assertEqual(
            meter.done,
            [
                "*IDN?",
                "*RST",
                "CONF:VOLT:DC 10",
                "MEAS:VOLT:DC?",
                "CONF:VOLT:DC 10",
                "*OPC?",
                "SYST:ERR?",
                "CONF:VOTL:DC 10",
                "SYST:ERR?",
            ],
        )
        self.assertEqual(self.events, [])

    async def test_wrong(self) -> None:
        """One command cannot be two lines, and there is no empty one."""
        meter = Meter()
        await self.plug("scpi", meter)
        for params in ("A?\n*RST", "", None, {"commando": "A?"}, 3, "x" * 201):
            await self.assertFailure(
                self.router.request("device", "query", params, timeout=PATIENCE), BadRequest
            )
        self.assertEqual(meter.done, [])

    async def test_own(self) -> None:
        """A request of one's own takes the place of the preset's; the others stay."""
        meter = Meter()
        query = {"send": "{command:str}", "timeout": 0.05}
        await self.plug("scpi", meter, request={"query": query})
        asked = self.router.request("device", "query", "MEAS:VOTL:DC?", timeout=PATIENCE)
        await self.assertFailure(asked, RequestTimeout)
        self.assertEqual(await self.ask("error"), {"code": -113, "message": "Undefined header"})

    async def test_identities(self) -> None:
        """What instruments say of themselves is read, whatever is in their version."""
        meter = Meter()
        await self.plug("scpi", meter)
        for said, version in (
            ("FLUKE, 45, 9080025, 2.0, D2.0", "2.0, D2.0"),
            ("RIGOL TECHNOLOGIES,DP832,DP8A123,00.01.14", "00.01.14"),
        ):
            meter.ANSWERS = {**Meter.ANSWERS, "*IDN?": said}
            self.assertEqual((await self.ask("idn"))["version"], version)

    async def test_spellings(self) -> None:
        """What is done is told in two ways; texts stay text; quotes may be missing."""
        meter = Meter()
        await self.plug("scpi", meter)
        meter.ANSWERS = {**Meter.ANSWERS, "*OPC?": "+1 "}
        self.assertEqual(await self.ask("write_wait", "*RST"), "+1 ")
        meter.ANSWERS["*OPC?"] = "10\r\n1"
        self.assertEqual(await self.ask("write_wait", "*RST"), "1")
        for said, code, message in (
            ('-224,"7"', -224, "7"),
            ("0, No error", 0, "No error"),
            ('-222,"Data out of range;VOLT 99"', -222, "Data out of range;VOLT 99"),
        ):
            meter.errors.append(said)
            self.assertEqual(await self.ask("error"), {"code": code, "message": message})


class Modem:
    """
    A modem, which sends back what it is sent.

    @ivar isEchoing: does it?
    """

    ANSWERS = {
        "AT": "OK",
        "AT+CSQ": "+CSQ: 17,99|RING|+CREG: 5|OK",
        "AT+CREG?": '+CREG: 2|+CREG: 2,1,"00C3","A5F1",7|+CMTI: "SM",3|OK',
        "AT+COPS?": "RING|+CME ERROR: SIM not inserted",
        "ATI": "Quectel|EC25|Revision: EC25EFAR06A01M4G|OK",
        "ATA": "NO CARRIER",
        "ATE0": "OK",
    }

    def __init__(self) -> None:
        self.isEchoing = True
        self._held = b""

    def __call__(self, data: bytes) -> bytes:
        """Answer whole commands."""
        said = b""
        for byte in data:
            said += bytes([byte]) if self.isEchoing else b""
            if byte != 13:
                self._held += bytes([byte])
                continue
            command, self._held = self._held.decode(), b""
            if command == "ATE0":
                self.isEchoing = False
            for line in self.ANSWERS.get(command, "ERROR").split("|") if command else ():
                said += f"\r\n{line}\r\n".encode()
        return said


class AtTests(DeviceCase):
    """A modem."""

    async def test_modem(self) -> None:
        """Answers and what it says besides are told apart, with an echo and without."""
        modem = Modem()
        line = await self.plug("at", modem)
        for _ in ("with an echo", "without"):
            self.heard.clear()
            self.assertEqual(await self.ask("at", "AT"), {"lines": [], "last": "OK"})
            self.assertEqual(await self.ask("signal"), {"rssi": 17, "ber": 99})
            self.assertEqual(
                await self.ask("registration"),
                {"state": 1},
            )
            self.assertEqual(
                await self.ask("at", {"command": "ATI"}),
                {"lines": ["Quectel", "EC25", "Revision: EC25EFAR06A01M4G"], "last": "OK"},
            )
            line.say(b"\r\nRING\r\n")
            self.assertEqual(
                await self.hear(5),
                [
                    ("urc", {"code": "RING"}),
                    ("urc", {"code": "+CREG", "value": "5"}),
                    ("urc", {"code": "+CREG", "value": "2"}),
                    ("urc", {"code": "+CMTI", "value": '"SM",3'}),
                    ("urc", {"code": "RING"}),
                ],
            )
            self.assertEqual(await self.ask("at", "ATE0"), {"lines": [], "last": "OK"})
        self.assertFalse(modem.isEchoing)

    async def test_errors(self) -> None:
        """What the modem refuses is an error with its words, and the next command is answered."""
        await self.plug("at", Modem())
        for method, params, said in (
            ("at", "AT+COPS?", "+CME ERROR: SIM not inserted"),
            ("at", "AT+NONSENSE", "ERROR"),
            ("answer", None, "NO CARRIER"),
            ("hangup", None, "ERROR"),
        ):
            asked = self.router.request("device", method, params, timeout=PATIENCE)
            error = await self.assertFailure(asked, RemoteError)
            self.assertIn(said, str(error))
            self.assertEqual(await self.ask("at", "AT"), {"lines": [], "last": "OK"})
        self.assertEqual(self.events, [("urc", {"code": "RING"})])
