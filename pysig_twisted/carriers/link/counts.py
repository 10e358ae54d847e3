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


class LineFacts(msgspec.Struct, frozen=True):
    """
    How a link is, for people. Goodput and use are those of the last ten seconds.

    @ivar rate: bytes in a second that the line carries; C{None} where that is not known.
    @ivar sessions: that were up since the port is open.
    @ivar framesIn: that were whole, and of the session.
    @ivar framesOut: of all kinds.
    @ivar resent: frames that were sent again.
    @ivar duplicates: frames that came again.
    @ivar bad: frames that were none, damaged, or of another session.
    @ivar roundTrip: seconds until a frame is acknowledged; C{None} as long as none was.
    @ivar goodputIn: bytes of the stream in a second, each once, as small as they were made.
    @ivar goodputOut: the same, the other way.
    @ivar useIn: what part of what the line carries came, of whatever kind; C{None} without a rate.
    @ivar useOut: the same, the other way.
    """

    rate: float | None
    sessions: int
    framesIn: int
    framesOut: int
    resent: int
    duplicates: int
    bad: int
    roundTrip: float | None
    goodputIn: float
    goodputOut: float
    useIn: float | None
    useOut: float | None
