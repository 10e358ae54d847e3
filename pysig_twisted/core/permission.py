"""
What may be asked of whoever decides who may do what.
"""

from __future__ import annotations

from enum import Enum

import msgspec


class Verb(str, Enum):
    """
    What a principal does.
    """

    SEND = "send"
    """
    It owns a sender: its name is what is decided about.
    """

    LISTEN = "listen"
    """
    It hears an event of a sender.
    """

    REQUEST = "request"
    """
    It asks a sender for a method.
    """


class Decision(msgspec.Struct, frozen=True):
    """
    An answer, with its reason.

    @ivar isAllowed: may it be done?
    @ivar rule: the rule that says so, for people: its name and where it stands; or that no
        rule allows it.
    """

    isAllowed: bool
    rule: str
