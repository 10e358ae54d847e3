"""
What senders have fired lately, for listeners of a server's own process.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from ..core.info import EventInfo
from ..core.listeners import Replay
from ..core.remembered import Remembered
from ..errors import PysigError
from ..wire.codecs import Codecs
from .cursor import Cursor, Newest
from .history import History
from .interest import Interest
from .kept import Kept


class Recalled(Remembered):
    """
    Gives what the router remembers of its senders, decoded.
    """

    def __init__(self, history: History, codecs: Codecs) -> None:
        """
        @param history: what is remembered.
        @param codecs: the encodings that this process speaks.
        """
        super().__init__(0)
        self._history = history
        self._codecs = codecs

    def replay(self, sender: str, event: str | None, replay: Replay) -> list[tuple[EventInfo, Any]]:
        """
        See L{Remembered.replay}. What cannot be read here is left out.
        """
        lives = self._history.lives(sender)
        record = None if lives is None else lives.current
        if record is None or lives is None or replay is None:
            return []
        hears = partial(Interest(((sender, event),)).hears, sender)
        cursor: Cursor | Newest
        if isinstance(replay, int):
            cursor = Cursor(lives, record, record.before(replay, hears), isTold=True)
        else:
            cursor = Newest(record, hears)
        found: list[tuple[EventInfo, Any]] = []
        while (step := cursor.next(hears)) is not None:
            if isinstance(step, Kept):
                found += self._decoded(step)
        # The rest of a run that is being given to listeners just now is yet to come.
        return [item for item in found if item[0].seq <= record.heard]

    def _decoded(self, kept: Kept) -> list[tuple[EventInfo, Any]]:
        """
        The events of a run.
        """
        stream = kept.stream
        codec = self._codecs.byId.get(stream.codec)
        if codec is None or codec.name != stream.codecName:
            return []
        found = []
        for seq, time, data in kept.run().events():
            try:
                value = codec.decode(data)
            except PysigError:
                continue
            found.append((EventInfo(stream.sender, stream.event, seq, time / 1e6, True), value))
        return found
