"""
The request C{send} of a device whose table has C{console = true}: any line of text, for
trying out what the device understands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..errors import BadRequest
from .building import framerFor
from .command import Command
from .replykinds import GatherReply
from .settings import DeviceSettings

METHOD: Final = "send"

LONGEST: Final = 60.0
USUAL: Final = 1.0
"""
Seconds that are waited for what the device says, at most and as a rule.
"""


def consoleCommand(device: DeviceSettings, params: Any) -> Command:
    """
    The command for a text.

    @param params: the text; or a mapping of C{text} and C{wait}, the seconds for which what
        the device says is gathered. The answer has it as C{lines}.
    @raise BadRequest: they are not.
    """
    given = params if isinstance(params, Mapping) else {"text": params}
    text, wait = given.get("text"), given.get("wait", USUAL)
    if not isinstance(text, str):
        raise BadRequest(f"text is {text!r}; give the text to send")
    if not text.isprintable():
        raise BadRequest(f"text is {text!r}; control characters cannot be sent")
    isNumber = isinstance(wait, (int, float)) and not isinstance(wait, bool)
    if not isNumber or not 0 < wait <= LONGEST:
        raise BadRequest(f"wait is {wait!r}; give seconds above 0, {LONGEST:g} at most")
    try:
        payload = text.encode(device.encoding.partition(":")[0])
        data = framerFor(device).wrap(payload)
    except ValueError as error:
        raise BadRequest(f"{text!r} cannot be sent: {error}") from error
    return Command(
        METHOD, data, GatherReply, echo=(payload,), timeout=wait, deadline=wait + LONGEST
    )
