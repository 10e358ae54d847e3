"""
What users may be called.

A user's name is a principal as it stands. Others have a kind before a colon, such as
C{uid:1000} or C{dns:meter7.lab}; so no user can be taken for one of these, nor for a group or
a pattern of the rules.
"""

from __future__ import annotations

from typing import Final

from ..core.router import LOCAL
from ..errors import BadName
from ..names import MAX_BYTES, checkName

RESERVED: Final = (LOCAL, "router", "anonymous")
"""
Principals that are not users: the router's own process, and those who did not say who they are.
"""

FORBIDDEN: Final = ":*@"


def nameProblem(name: str) -> str:
    """
    Why no user can have this name, as a sentence that begins with it; nothing if one can.
    """
    if name in RESERVED:
        return f"{name!r} is not a user's name, since it means something to the router"
    for letter in FORBIDDEN:
        if letter in name:
            return f"{name[:MAX_BYTES]!r} is not a user's name: there is a {letter} in it"
    if name[:1] in ("#", "$"):
        return f"{name[:MAX_BYTES]!r} is not a user's name: it begins with {name[0]}"
    try:
        checkName(name, "user")
    except BadName as error:
        return error.message
    if name != name.strip():
        return f"{name!r} is not a user's name: there is a space at an end of it"
    return ""
