"""
Events from lines: one JSON value a line, one event a line.

If the name of the event is known, each line is the data of one. Else each line
is an object with C{event}, and C{data} unless that is null, as C{pysig listen
--json} prints them. Of its lines those that nobody can fire are left out:
C{#connect} and C{#disconnect}, which only routers fire, and gaps. Blank lines
are left out too. The first line that is wrong ends it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ..errors import BadData, BadName, PysigError, RemoteError
from ..names import checkName, isBuiltin
from .arguments import parseJson
from .lines import Lines
from .options import RAW
from .progress import Bar, events


class Feed:
    """
    Fires an event for each line.

    @ivar count: how many it has fired.
    """

    def __init__(
        self, session: Any, router: Any, name: str, event: str | None, codec: str, lines: Lines
    ) -> None:
        """
        @param session: the L{Session<pysig_twisted.commands.running.Session>}.
        @param router: an L{IRouter<pysig_twisted.interfaces.IRouter>}.
        @param name: the sender's.
        @param event: the name of all events; C{None} if each line has one.
        @param codec: the encoding's name; C{raw} lines are no JSON.
        @raise BadName: nothing can be called that.
        """
        self.count = 0
        self.sender: Any = None
        self._session = session
        self._router = router
        self._name = checkName(name, "sender")
        self._event = event
        self._isRaw = codec == RAW
        self._lines = lines
        self._bar = Bar(session, lines.name, lines.size)
        self._known: list[str] = [] if event is None else [event]

    async def run(self) -> None:
        """
        Fire them all, no faster than they can be sent.

        @raise PysigError: a line is wrong, or an event is refused.
        """
        try:
            if self._known:
                await self._declare()
            unread = self._lines.taken
            async for number, line in self._lines:
                await self._fire(number, line)
                if self._lines.taken != unread:
                    unread = self._lines.taken
                    self._bar.update(unread, self.count)
                    await self._router.ready()
        except BaseException:
            await self._drain()
            raise
        finally:
            self._bar.end()

    async def _drain(self) -> None:
        """
        It is interrupted: what has been read already is fired still.
        """
        if self._session.isInterrupted:
            for number, line in self._lines.waiting():
                await self._fire(number, line)

    async def leave(self) -> None:
        """
        Be a sender no more.
        """
        if self.sender is not None:
            await self.sender.remove()

    async def _declare(self) -> None:
        """
        Be a sender that fires what is known so far. One that is there already
        has to go first: what a sender fires is fixed while it is there.
        """
        await self.leave()
        self.sender = self._router.addSender(self._name, self._known)
        await self.sender.whenSettled()

    async def _fire(self, number: int, line: bytes) -> None:
        """
        Fire the event that a line stands for.
        """
        try:
            found = self._parsed(line)
            if found is None:
                return
            event, data = found
            if event not in self._known:
                self._known += [event, *self._namesAhead(event)]
                await self._declare()
            self.sender.trigger(event, data)
        except PysigError as error:
            sent = f"{events(self.count)} before it {'was' if self.count == 1 else 'were'} fired"
            text = f"{self._lines.name}, line {number}: {error.message.rstrip('. ')}; {sent}"
            if isinstance(error, RemoteError):
                raise RemoteError(error.type, text) from None
            raise type(error)(text) from None
        self.count += 1

    def _namesAhead(self, event: str) -> list[str]:
        """
        The names of the events that come next, besides those that are known: the
        sender need not leave and come back for each of them.
        """
        names: dict[str, None] = {}
        for line in self._lines.ahead():
            with suppress(PysigError):
                names[checkName((self._parsed(line) or (event,))[0], "event")] = None
        return [name for name in names if name != event and name not in self._known]

    def _parsed(self, line: bytes) -> tuple[str, Any] | None:
        """
        The name and data of an event; C{None} if the line stands for none.

        @raise BadData: it is wrong.
        """
        if self._isRaw and self._event is not None:
            return self._event, line
        try:
            text = line.decode().strip()
        except UnicodeDecodeError as error:
            raise BadData(f"it is not UTF-8 at byte {error.start + 1}") from None
        if not text:
            return None
        value = parseJson(text)
        return (self._event, value) if self._event is not None else self._fromObject(value)

    def _fromObject(self, value: Any) -> tuple[str, Any] | None:
        """
        The same for a line that is an object.
        """
        if isinstance(value, Mapping) and "event" in value:
            event = value["event"]
            if not isinstance(event, str):
                raise BadName(f"the event {event!r} is no name")
            return None if isBuiltin(event) else (event, value.get("data"))
        if isinstance(value, Mapping) and set(value) == {"gap"}:
            return None
        raise BadData('it is not an object with "event"; or name the event before the -')
