"""
The requests and the polls of a device, from the tables of a configuration file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any, Final

from ..core.requests import MAX_METHODS
from ..errors import BadName, BadRequest
from ..names import checkName
from .building import TAKEN
from .console import METHOD
from .effort import quickExpression
from .eventmistakes import Mistake, eventMistakes
from .placeholders import loosened, strangers
from .requestbuilding import Asking, commandOf
from .requestsettings import PollSettings, ReplySettings, RequestSettings
from .settings import DeviceSettings, EventSettings
from .tables import Place, isTable, read, shown, snake
from .templates import Template

OWN: Final = ("stats", "tap", METHOD)
"""
The requests that the bridge answers itself.
"""

USELESS: Final = 'means nothing with reply = "none": nothing tells that it was lost'

_USUAL: Final = ReplySettings()
_KINDS: Final = ("match", "until", "lines", "bytes")
_READ: Final = ("error", "parse", "types", "columns", "delimiter", "equals")
_ASKED: Final = ("send", "hex", "reply", "timeout", "retries")


def requestsOf(
    values: object, device: DeviceSettings, place: Place, inner: Callable[[str], Place]
) -> dict[str, RequestSettings]:
    """
    The requests of a device that are right; mistakes are noted.

    @param values: the table of tables, by method.
    @param inner: the place of the table of a method.
    """
    if not isinstance(values, Mapping):
        place.wrong("request", f"is {shown(values)}; head each one [serial.NAME.request.METHOD]")
        return {}
    room = MAX_METHODS - len(OWN)
    if len(values) > room:
        place.wrong("request", f"has {len(values)} requests; {room} is the most")
    found: dict[str, RequestSettings] = {}
    for method, value in values.items():
        here = inner(method)
        try:
            checkName(method, "method")
        except BadName as error:
            here.wrong("", f"is no name for a request: {error.message}")
        if method in OWN:
            here.wrong("", f"{method} is answered by the bridge itself; take another name")
        if not isTable(value, here):
            continue
        request = read(RequestSettings, value, here, {"reply": _reply})
        if request is not None and _isRight(requestMistakes(method, request, device), here):
            found[method] = request
    return found


def pollsOf(
    values: object,
    device: DeviceSettings,
    place: Place,
    inner: Callable[[int], Place],
) -> list[PollSettings]:
    """
    The polls of a device that are right; mistakes are noted.

    @param values: a list of tables.
    @param device: with its requests.
    @param inner: the place of a poll, by its number for people.
    """
    if not isinstance(values, list):
        place.wrong("poll", f"is {shown(values)}; head each poll [[serial.NAME.poll]]")
        return []
    found: list[PollSettings] = []
    for number, value in enumerate(values, 1):
        here = inner(number)
        if not isTable(value, here):
            continue
        poll = read(PollSettings, value, here, {"reply": _reply, "params": lambda value, _: value})
        if poll is not None and _isRight(_pollMistakes(poll, value, device), here):
            found.append(poll)
    return found


def _reply(value: object, place: Place) -> Any:
    """
    What answers a command: a table, or the kind alone.
    """
    if isinstance(value, str):
        value = {"kind": value}
    return read(ReplySettings, value, place) if isTable(value, place) else None  # type: ignore[arg-type]


def _isRight(mistakes: Iterator[Mistake], place: Place) -> bool:
    """
    Note mistakes; are there none?
    """
    isRight = True
    for key, problem in mistakes:
        isRight = False
        if place.isRight(key):
            place.wrong(key, problem)
    return isRight


def requestMistakes(
    method: str, settings: RequestSettings, device: DeviceSettings
) -> Iterator[Mistake]:
    """
    What is wrong with a request whose settings are right one by one: the key, and the
    rest of a sentence.
    """
    yield from _sendMistakes(method, settings, device)
    if settings.timeout > settings.deadline:
        yield (
            "timeout",
            f"is {settings.timeout:g}, above its deadline of {settings.deadline:g}",
        )
    if settings.retries and settings.reply.kind == "none":
        yield "retries", USELESS


def _sendMistakes(
    method: str, settings: RequestSettings, device: DeviceSettings, isWhole: bool = False
) -> Iterator[Mistake]:
    """
    What is wrong with what is sent, and with what answers it.

    @param isWhole: is it to have no holes?
    """
    try:
        template = Template(settings.send)
    except ValueError as error:
        yield "send", f"{shown(settings.send)} {error}"
        return
    if not settings.send:
        yield "send", "is empty; give the command"
    longest = max(device.longestText, settings.reply.bytes * device.width)
    mistakes = list(_replyMistakes(settings.reply, template, longest))
    yield from mistakes
    if not mistakes:
        first = None
        for params in [None] if isWhole else template.examples:
            problem = _problem(method, settings, device, params)
            if problem is None:
                return
            first = first or problem
        yield "send", f"{shown(settings.send)} cannot be: {first}"


def _problem(
    method: str, settings: RequestSettings, device: DeviceSettings, params: Any
) -> str | None:
    """
    What is wrong with a command, if anything.
    """
    try:
        Asking(method, settings, device, count(1)).command(params)
    except (BadRequest, ValueError) as error:
        return str(error)
    return None


def _replyMistakes(settings: ReplySettings, template: Template, longest: int) -> Iterator[Mistake]:
    """
    What is wrong with what answers a command.
    """
    given = [key for key in _KINDS if getattr(settings, key)]
    if len(given) > 1 and given != ["match", "until"]:
        yield "reply", f"has {' and '.join(given)}; leave all of them out but one"
    if settings.kind == "none":
        for key in (*_KINDS, *_READ):
            if getattr(settings, key) != getattr(_USUAL, key):
                yield "reply", f'is "none", and has {key}; leave one of them out'
    holes = [hole.name for hole in template.holes]
    for key, text in (
        ("match", settings.match),
        ("until", settings.until),
        ("error", settings.error),
    ):
        for name in strangers(text, holes):
            has = ", ".join(holes) or "none"
            yield "reply", f"{key} has {{{name}}}, which is no hole of send; there are: {has}"
        try:
            quickExpression(loosened(text, holes), longest)
        except ValueError as error:
            yield "reply", f"{key} {shown(text)} {error}"
            return
    spelled = settings.match or settings.until
    kind = settings.parse or ("regex" if "(?P<" in spelled else "text")
    rule = EventSettings(
        parse=kind,
        name="x",
        match=loosened(spelled, holes),
        types=settings.types,
        columns=settings.columns,
        delimiter=settings.delimiter,
        equals=settings.equals,
    )
    for key, problem in eventMistakes(rule, longest):
        if key == "match" and not spelled:
            problem = "is missing; parse = 'regex' reads what match or until finds"
        yield "reply", f"{snake(key)} {problem}"


def _pollMistakes(
    poll: PollSettings, given: Mapping[str, Any], device: DeviceSettings
) -> Iterator[Mistake]:
    """
    What is wrong with a poll.

    @param given: the table.
    """
    if poll.event:
        try:
            checkName(poll.event, "event")
        except BadName as error:
            yield "event", f"is no name: {error.message}"
        if poll.event in TAKEN:
            yield "event", f"is {shown(poll.event)}, which the bridge fires itself; take another"
    if poll.request:
        for key in _ASKED:
            if key in given:
                yield key, "means nothing beside request, which has its own; leave it out"
        settings = device.request.get(poll.request)
        if settings is None:
            has = ", ".join(device.request) or "none"
            yield "request", f"is {shown(poll.request)}; the device has: {has}"
            return
    else:
        if not poll.send:
            yield "send", "is missing; give the command, or a request of the device"
            return
        if "params" in given:
            yield "params", "means nothing without request; write the values into send"
        if poll.retries and poll.reply.kind == "none":
            yield "retries", USELESS
        yield from _sendMistakes("the poll", commandOf(poll), device, isWhole=True)
        return
    problem = _problem(poll.request, settings, device, poll.params)
    if problem is not None:
        yield "params", f"{shown(poll.params)} cannot be: {problem}"
