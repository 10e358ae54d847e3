"""
What stands on the command line, as values.
"""

from __future__ import annotations

import json
import os
from typing import Any

from ..errors import BadData
from .options import RAW


def dataOf(text: str | None, codec: str) -> Any:
    """
    The data that an argument stands for: for the codec C{raw} its bytes as they
    are, else the value that it is the JSON of. C{None} where there is none.

    @raise BadData: it is not JSON. The message says where.
    """
    return os.fsencode(text) if codec == RAW and text is not None else parseJson(text)


def nameOrAny(text: str | None) -> str | None:
    """
    The sender or event to listen to: absent, C{*} and C{-} mean any.
    """
    return None if text in (None, "*", "-") else text


def parseJson(text: str | None) -> Any:
    """
    The value that the JSON argument stands for; C{None} where there is none.

    @raise BadData: it is not JSON. The message says where.
    """
    if text is None:
        return None
    try:
        return json.loads(text, parse_constant=_refuseConstant)
    except json.JSONDecodeError as error:
        raise BadData(
            f"{_shown(text)} is not JSON: {error.msg} at character {error.pos + 1};{_hint(text)}"
        ) from None
    except RecursionError:
        raise BadData(f"{_shown(text)} is not usable JSON: it nests too deep") from None
    except ValueError as error:
        raise BadData(f"{_shown(text)} is not usable JSON: {error}") from None


def _refuseConstant(name: str) -> Any:
    """
    C{NaN} and the infinities, which Python's parser takes for numbers.
    """
    raise ValueError(f"there is no {name} in JSON; give null or text")


def _shown(text: str) -> str:
    """
    The argument, as messages show it.
    """
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def _hint(text: str) -> str:
    """
    How to write what was probably meant.
    """
    if not text:
        return " leave it out to send null"
    if text.startswith(("{", "[", "'")) or '"' in text:
        return """ quote it for the shell, as in '{"on": true}'"""
    return f""" text is written with both kinds of quotes, as in '"{text[:20]}"'"""
