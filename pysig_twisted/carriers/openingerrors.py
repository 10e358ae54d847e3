"""
Why a serial port could not be opened, and what to do about it.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat

from .portinfo import holdersOf
from .serialerrors import DeviceBusy, DeviceDenied, DeviceMissing, DeviceRefused, SerialError
from .serialline import LineSettings

# What the operating system says of a device that is not there. EIO: the file of a port is there,
# and no port behind it.
_MISSING = {errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.ENOTDIR, errno.EIO}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
_BUSY = {errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK}
_USED_UP = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS}
_NO_TERMINAL = {errno.ENOTTY, errno.EISDIR}


def openingError(path: str, settings: LineSettings, error: BaseException) -> SerialError:
    """
    The error for people and programs.

    @param path: what was to be opened.
    @param settings: and how.
    @param error: what came of it.
    """
    number = _number(error)
    said = os.strerror(number) if number else str(error)
    if isinstance(error, (ValueError, OverflowError)) and "\0" in path:
        return DeviceRefused(f"{path!r} is no path")
    if number in _MISSING:
        return DeviceMissing(_missing(path, number), number)
    if number in _DENIED:
        return DeviceDenied(f"no permission to open {path}: {rights(path)}", number)
    if number in _BUSY:
        who = " and ".join(map(str, holdersOf(path))) or "another program"
        return DeviceBusy(f"{path} is busy: it is open in {who}; end that first", number)
    if number in _USED_UP:
        return DeviceBusy(f"{path} cannot be opened now: {said}", number)
    if number in _NO_TERMINAL:
        return DeviceRefused(f"{path} is not a serial port; give the path of one", number)
    return DeviceRefused(
        f"{path} does not take {settings}: {said}; give what the driver can do", number
    )


def _number(error: BaseException | None) -> int | None:
    """
    The number of an error of the operating system, or of the one behind it: pyserial and
    termios do not hand it on in one way.
    """
    while error is not None:
        found = getattr(error, "errno", None)
        if found is None and type(error).__module__ == "termios" and error.args:
            found = error.args[0]
        if isinstance(found, int):
            return found
        error = error.__cause__ or error.__context__
    return None


def _missing(path: str, number: int | None) -> str:
    """
    What to say of a device that is not there.
    """
    if number == errno.EIO:
        return f"{path} is there, but no port is behind it; plug the device in, or give another"
    if "/" not in path and os.path.exists(f"/dev/{path}"):
        return f"there is no {path}; give /dev/{path}"
    return f"{path} is not there; plug the device in, or give another path"


def rights(path: str) -> str:
    """
    What somebody lacks who may not open a device, as part of a sentence.
    """
    try:
        status = os.stat(path)
    except OSError as error:
        return f"{error.strerror} of a folder above it"
    group, user = _group(status.st_gid), _user(os.geteuid())
    both = stat.S_IRGRP | stat.S_IWGRP
    if status.st_mode & both != both:
        return (
            f"its mode is {stat.filemode(status.st_mode)}, which is for {_user(status.st_uid)}"
            f" only; give it to a group of {user}, by a rule of udev"
        )
    if status.st_gid in {os.getegid(), *os.getgroups()}:
        return f"{user} is in its group, {group}; something else refuses it, such as a container"
    return (
        f"it belongs to the group {group}; say `sudo usermod -aG {group} {user}`,"
        " and log in anew or start the service anew"
    )


def _group(number: int) -> str:
    """
    The name of a group.
    """
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _user(number: int) -> str:
    """
    The name of a user.
    """
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
