"""
Events from lines: one JSON value a line, one event a line.

If the name of the event is known, each line is the data of one. Else each line
is an object with C{event}, and C{data} unless that is null, as C{pysig listen
--json} prints them. Of its lines those that nobody can fire are left out:
C{#connect} and C{#disconnect}, which only routers fire, and gaps, which are told
to the user. Blank lines
are left out too, and so is the mark of UTF-8 before the first. The first line that
is wrong ends it.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from ..errors import BadData, BadName, PysigError, RemoteError
from ..names import checkName, isBuiltin
from .arguments import parseJson
from .lines import Lines
from .options import RAW
from .output import counted, toJson
from .progress import Bar


class Feed:
    """
    Fires an event for each line.

    @ivar count: how many it has fired.
    @ivar gaps: how many gaps were among the lines.
    @ivar missing: how many events are missing there, as far as that is known.
    """

    def __init__(
        self,
        session: Any,
        router: Any,
        name: str,
        event: str | None,
        codec: str,
        lines: Lines,
        encode: Callable[[Any], object],
    ) -> None:
        """
        @param session: the L{Session<pysig_twisted.commands.running.Session>}.
        @param router: an L{IRouter<pysig_twisted.interfaces.IRouter>}.
        @param name: the sender's.
        @param event: the name of all events; C{None} if each line has one.
        @param codec: the encoding's name; C{raw} lines are no JSON.
        @param encode: what encodes the data, or says that it cannot.
        @raise BadName: nothing can be called that.
        """
        self.count = self.gaps = self.missing = 0
        self.sender: Any = None
        self._isMore = False
        self._session = session
        self._router = router
        self._name = checkName(name, "sender")
        self._event = event
        self._isRaw = codec == RAW
        self._lines = lines
        self._encode = encode
        self._bar = Bar(session, lines.name, lines.size, not lines.isTerminal)
        self._known: list[str] = [] if event is None else [event]

    async def check(self) -> None:
        """
        See that the first event of a file can be fired, while nobody has been
        told of the sender yet. Who writes into a pipe is not waited for.

        @raise PysigError: it cannot.
        """
        if not self._lines.isFile:
            return
        with self._placed(self._lines.number + 1):
            await self._lines.begin()
        for number, line in enumerate(self._lines.ahead(), 1):
            with self._placed(number):
                found = self._parsed(number, line)
                if isinstance(found, tuple):
                    checkName(found[0], "event")
                    self._encode(found[1])
                    return

    async def run(self) -> None:
        """
        Fire them all, no faster than they can be sent.

        @raise PysigError: a line is wrong, or an event is refused.
        """
        try:
            if self._known:
                await self._declare()
            unread = self._lines.taken
            lines = aiter(self._lines)
            while True:
                with self._placed(self._lines.number + 1):
                    item = await anext(lines, None)
                if item is None:
                    break
                await self._fire(*item)
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
        with self._placed(number):
            found = self._parsed(number, line)
            if isinstance(found, Mapping):
                self._missed(number, found)
            if not isinstance(found, tuple):
                return
            event, data = found
            if event not in self._known:
                self._known += [event, *self._namesAhead(event)]
                await self._declare()
            self.sender.trigger(event, data)
        self.count += 1

    @contextmanager
    def _placed(self, number: int) -> Iterator[None]:
        """
        What goes wrong here is told with the number of the line.
        """
        try:
            yield
        except PysigError as error:
            wasWere = "was" if self.count == 1 else "were"
            sent = f"{counted(self.count, ',')} before it {wasWere} fired"
            text = f"{self._lines.name}, line {number}: {error.message.rstrip('. ')}; {sent}"
            if isinstance(error, RemoteError):
                raise RemoteError(error.type, text) from None
            raise type(error)(text) from None

    def _missed(self, number: int, gap: Mapping[str, Any]) -> None:
        """
        Tell of a gap among the lines.
        """
        count, sender, why = gap.get("n"), gap.get("sender"), gap.get("why")
        count = count if isinstance(count, int) and count >= 0 else None
        self.gaps += 1
        self.missing += count or 0
        self._isMore = self._isMore or count is None
        name = sender if isinstance(sender, str) else "some sender"
        isAre = "is" if count == 1 else "are"
        reason = f" ({why})" if isinstance(why, str) else ""
        self._session.notices.mention(
            f"{self._lines.name}, line {number}: {counted(count)} of {name} {isAre} missing{reason}"
        )

    def tellMissing(self) -> None:
        """
        Tell how many events were missing in all, if there were gaps.
        """
        if self.gaps:
            gaps = f"{self.gaps:,} gap{'' if self.gaps == 1 else 's'}"
            isAre = "is" if self.missing == 1 else "are"
            count = f"{'at least ' if self._isMore else ''}{counted(self.missing)}"
            self._session.notices.mention(
                f"{self._lines.name}: in all {count} {isAre} missing, in {gaps}"
            )

    def _namesAhead(self, event: str) -> list[str]:
        """
        The names of the events that come next, besides those that are known: the
        sender need not leave and come back for each of them.
        """
        names: dict[str, None] = {}
        for line in self._lines.ahead():
            with suppress(PysigError):
                found = self._parsed(0, line)
                if isinstance(found, tuple):
                    names[checkName(found[0], "event")] = None
        return [name for name in names if name != event and name not in self._known]

    def _parsed(self, number: int, line: bytes) -> tuple[str, Any] | Mapping[str, Any] | None:
        """
        The name and data of an event, or the fields of a gap; C{None} if the line
        stands for neither.

        @raise BadData: it is wrong.
        """
        if self._isRaw and self._event is not None:
            return self._event, line
        try:
            text = (line.removeprefix(BOM_UTF8) if number == 1 else line).decode().strip()
        except UnicodeDecodeError as error:
            raise BadData(f"it is not UTF-8 at byte {error.start + 1}") from None
        if not text:
            return None
        value = parseJson(text)
        return (self._event, value) if self._event is not None else self._fromObject(value)

    def _fromObject(self, value: Any) -> tuple[str, Any] | Mapping[str, Any] | None:
        """
        The same for a line that is an object.
        """
        if isinstance(value, Mapping) and "event" in value:
            event = value["event"]
            if not isinstance(event, str):
                raise BadName(f"the event {toJson(event)} is no name")
            return None if isBuiltin(event) else (event, value.get("data"))
        if isinstance(value, Mapping) and set(value) == {"gap"}:
            gap = value["gap"]
            return gap if isinstance(gap, Mapping) else {}
        raise BadData('it is not an object with "event"; or name the event before the -')
