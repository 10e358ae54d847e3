"""
Folders that demos have left behind: one that is killed cannot clean up.
"""

from __future__ import annotations

import os
import shutil
import socket
import stat
import time
from pathlib import Path
from typing import Final

PREFIX: Final = "pysig-demo-"
OWNER: Final = "owner"
"""
The file in such a folder that says whose it is.
"""

AGE: Final = 60.0
"""
Seconds for which no folder is stale.
"""


def removeStale(place: Path) -> None:
    """
    Remove the folders of this user's demos that are over.

    @param place: the folder that they are in.
    """
    for folder in place.glob(f"{PREFIX}*"):
        try:
            if isStale(folder):
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # another demo was faster


def isStale(folder: Path) -> bool:
    """
    Is that a demo's folder, and the demo over? Its process may seem to be gone
    only because it runs in a container that shares this folder, so its router
    must not answer either.

    @raise OSError: it cannot be looked at.
    """
    found = folder.lstat()
    isOurs = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return (
        isOurs
        and time.time() - found.st_mtime > AGE
        and not isRunning(folder / OWNER)
        and not isAnswering(folder / "bus")
    )


def isRunning(file: Path) -> bool:
    """
    Is there a process with the number that the file says?
    """
    try:
        number = int(file.read_text())
        if number > 0:
            os.kill(number, 0)
            return True
    except PermissionError:
        return True
    except (OSError, ValueError, OverflowError):
        pass
    return False


def isAnswering(path: Path) -> bool:
    """
    Does somebody accept connections to this socket?
    """
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(os.fspath(path))
        except OSError:
            return False
    return True
