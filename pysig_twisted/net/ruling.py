"""
What a router tells a client that it was not asked: its notices.

Most are of rules: what they do not allow any more, and that there are others now, so that
what was refused may be asked for again. Before that, or a new link, it is not.
"""

from __future__ import annotations

from typing import Any

from twisted.logger import Logger

from ..errors import PysigError, Revoked
from .interests import Interests
from .link import shown
from .ownsenders import OwnSenders

log = Logger()


def noticed(
    interests: Interests, own: OwnSenders, fields: dict[str, Any], error: PysigError
) -> None:
    """
    The router gives notice.

    @param fields: what it says.
    @param error: the same, as an error.
    """
    sender, event, sid = fields.get("sender"), fields.get("event"), fields.get("sid")
    if fields.get("code") == "reloaded":
        log.info("the router has other rules: {text}", text=shown(error.message))
        own.reloaded()
        interests.reloaded()
    elif "n" in fields or not isinstance(error, Revoked):
        own.noticed(fields, error)
    elif "event" not in fields:
        if isinstance(sender, str) and isinstance(sid, str):
            own.revoked(sender, sid, error)
    elif isinstance(sender, (str, type(None))) and isinstance(event, (str, type(None))):
        interests.revoked((sender, event), error)
