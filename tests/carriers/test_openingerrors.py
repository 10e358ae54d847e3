"""Why a port could not be opened."""

from __future__ import annotations

import errno
import os
import termios
from types import SimpleNamespace

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.carriers import openingerrors
from pysig_twisted.carriers.openingerrors import openingError, rights
from pysig_twisted.carriers.portinfo import Holder
from pysig_twisted.carriers.serialerrors import (
    DeviceBusy,
    DeviceDenied,
    DeviceMissing,
    DeviceRefused,
    SerialError,
)
from pysig_twisted.carriers.serialline import LineSettings

PATH = "/dev/ttyUSB77"


def numbered(number: int) -> OSError:
    """An error of the operating system, as pyserial hands it on."""
    return OSError(number, f"could not open port {PATH}: {os.strerror(number)}")


class OpeningErrorTests(SynchronousTestCase):
    """openingError()."""

    def refusal(self, error: BaseException, path: str = PATH) -> SerialError:
        """What is told of an error."""
        told = openingError(path, LineSettings(115200, "7E1"), error)
        self.assertNotIn("\n", str(told))
        return told

    def test_kinds(self) -> None:
        """Each number of the operating system means one thing, and names the device."""
        self.patch(openingerrors, "holdersOf", lambda path: ())
        kinds: dict[type[SerialError], str] = {
            DeviceMissing: "ENOENT ENODEV ENXIO ENOTDIR EIO",
            DeviceDenied: "EACCES EPERM EROFS",
            DeviceBusy: "EBUSY EAGAIN EMFILE ENFILE ENOMEM",
            DeviceRefused: "ENOTTY EISDIR EINVAL ELOOP ENAMETOOLONG",
        }
        for kind, names in kinds.items():
            for name in names.split():
                number = getattr(errno, name)
                told = self.refusal(numbered(number))
                self.assertIs(type(told), kind, name)
                self.assertEqual(told.osError, number)
                self.assertIn(PATH, str(told))

    def test_hidden(self) -> None:
        """The number is found behind what pyserial and termios make of it."""
        try:
            try:
                raise termios.error(errno.ENOTTY, "Inappropriate ioctl for device")
            except termios.error as error:
                raise OSError(f"Could not configure port: {error}")  # noqa: B904
        except OSError as error:
            self.assertIsInstance(self.refusal(error), DeviceRefused)
            self.assertIn("is not a serial port", str(self.refusal(error)))
        told = self.refusal(termios.error(errno.EINVAL, "Invalid argument"))
        self.assertIn("does not take 115200 baud, 7E1: Invalid argument", str(told))

    def test_noNumber(self) -> None:
        """What has no number is told as it is."""
        for error in (ValueError("Invalid baud rate: 7"), OverflowError("too large")):
            told = self.refusal(error)
            self.assertIsInstance(told, DeviceRefused)
            self.assertIn(f"does not take 115200 baud, 7E1: {error}", str(told))
        self.assertIn("is no path", str(self.refusal(ValueError("embedded null byte"), "a\0b")))

    def test_busy(self) -> None:
        """Who has it is named, if that is known."""
        self.patch(
            openingerrors, "holdersOf", lambda path: (Holder(7, "picocom"), Holder(8, "tio"))
        )
        told = str(self.refusal(numbered(errno.EAGAIN)))
        self.assertIn("busy: it is open in picocom (process 7) and tio (process 8); end", told)
        self.patch(openingerrors, "holdersOf", lambda path: ())
        self.assertIn(
            "busy: it is open in another program", str(self.refusal(numbered(errno.EBUSY)))
        )

    def test_missing(self) -> None:
        """What was left out before a path is proposed; a port without hardware is told as that."""
        self.assertIn("give /dev/null", str(self.refusal(numbered(errno.ENOENT), "null")))
        self.assertIn("plug the device in", str(self.refusal(numbered(errno.ENOENT))))
        self.assertIn("no port is behind it", str(self.refusal(numbered(errno.EIO))))


class RightsTests(SynchronousTestCase):
    """rights()."""

    def setUp(self) -> None:
        """A device of root's and dialout's, and somebody who is neither."""
        self.status = SimpleNamespace(st_gid=20, st_uid=0, st_mode=0o020660)
        self.patch(openingerrors.os, "stat", lambda path: self.status)
        self.patch(openingerrors.os, "geteuid", lambda: 1000)
        self.patch(openingerrors.os, "getegid", lambda: 1000)
        self.groups = [1000]
        self.patch(openingerrors.os, "getgroups", lambda: self.groups)
        self.patch(
            openingerrors.grp,
            "getgrgid",
            lambda number: {20: SimpleNamespace(gr_name="dialout")}[number],
        )
        names = {0: SimpleNamespace(pw_name="root"), 1000: SimpleNamespace(pw_name="ann")}
        self.patch(openingerrors.pwd, "getpwuid", lambda number: names[number])

    def test_group(self) -> None:
        """The group is named, and the command that makes somebody a member."""
        told = openingError(PATH, LineSettings(), numbered(errno.EACCES))
        self.assertIn(f"no permission to open {PATH}: it belongs to the group dialout", str(told))
        self.assertIn("`sudo usermod -aG dialout ann`", str(told))
        self.assertIn("log in anew", str(told))

    def test_member(self) -> None:
        """A member is refused by something else."""
        self.groups.append(20)
        self.assertIn("ann is in its group, dialout; something else", rights(PATH))

    def test_mode(self) -> None:
        """A device that no group may open is told as that."""
        self.status.st_mode = 0o020600
        self.assertIn("its mode is crw-------, which is for root only", rights(PATH))
        self.assertNotIn("usermod", rights(PATH))

    def test_nameless(self) -> None:
        """Numbers without a name stand for themselves."""
        self.status.st_gid = 77
        self.patch(openingerrors.pwd, "getpwuid", lambda number: {}[number])
        self.assertIn("`sudo usermod -aG 77 1000`", rights(PATH))

    def test_folder(self) -> None:
        """Where the device cannot even be looked at, a folder is what refuses."""

        def refused(path: str) -> None:
            raise PermissionError(errno.EACCES, "Permission denied")

        self.patch(openingerrors.os, "stat", refused)
        self.assertEqual(rights(PATH), "Permission denied of a folder above it")
