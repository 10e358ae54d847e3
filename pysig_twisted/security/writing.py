"""
Files that are there as a whole or not at all.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress

from ..errors import ConfigError

PRIVATE = 0o600
PUBLIC = 0o644
"""
Modes of files: for their owner, and for everybody to read.
"""


def writeFile(path: str, data: bytes, mode: int) -> None:
    """
    Write a file, in the place of one that may be there. Whoever reads it meanwhile reads the
    old one. It is never readable for more than C{mode} says.

    @raise ConfigError: it cannot be written.
    """
    folder = os.path.dirname(path) or "."
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".pysig-", dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.chmod(temporary, mode)
                _keepOwner(path, temporary)
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
        _sync(folder)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from None


def _keepOwner(path: str, temporary: str) -> None:
    """
    What root writes goes on being whose it was: a server may run as somebody else.
    """
    with suppress(OSError, AttributeError):
        was = os.stat(path)
        now = os.stat(temporary)
        if (was.st_uid, was.st_gid) != (now.st_uid, now.st_gid):
            os.chown(temporary, was.st_uid, was.st_gid)


def _sync(folder: str) -> None:
    """
    Have what was renamed in a folder outlive a power cut, where the system can do that.
    """
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
