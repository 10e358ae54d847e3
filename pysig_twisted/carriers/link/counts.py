"""
What is counted of a link.
"""

from __future__ import annotations

import msgspec


class LinkCounts(msgspec.Struct):
    """
    @ivar sessions: that were up.
    @ivar framesIn: that were whole, and of the session.
    @ivar framesOut: of all kinds.
    @ivar resent: that were sent again.
    @ivar duplicates: that had come already.
    @ivar bad: that were none, damaged, or of another session.
    @ivar lineIn: bytes that came over the line.
    @ivar lineOut: bytes that went over it.
    @ivar streamIn: bytes in frames, each once.
    @ivar streamOut: the same, the other way.
    @ivar bytesIn: bytes that the user got: with deflate more than C{streamIn}.
    @ivar bytesOut: bytes that the user gave.
    """

    sessions: int = 0
    framesIn: int = 0
    framesOut: int = 0
    resent: int = 0
    duplicates: int = 0
    bad: int = 0
    lineIn: int = 0
    lineOut: int = 0
    streamIn: int = 0
    streamOut: int = 0
    bytesIn: int = 0
    bytesOut: int = 0
