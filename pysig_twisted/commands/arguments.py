"""
What stands on the command line, as values.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any

import click

from ..errors import BadData
from .options import RAW


def dataOf(text: str | None, codec: str) -> Any:
    """
    The data that an argument stands for: for the codec C{raw} its bytes as they
    are, else the value that it is the JSON of. C{None} where there is none.

    @raise BadData: it is not JSON, or no text. The message says where.
    """
    return os.fsencode(text) if codec == RAW and text is not None else parseJson(text)


def nameOrAny(text: str | None) -> str | None:
    """
    The sender or event to listen to: absent, C{*} and C{-} mean any.
    """
    return None if text in (None, "*", "-") else text


def checkSender(name: str) -> None:
    """
    See that this can be one sender's name.

    @raise click.UsageError: it is a dash, which stands for any where one listens,
        and for the standard input elsewhere.
    """
    if name == "-":
        raise click.UsageError("the first argument is a sender's name, and - is none")


def parseJson(text: str | None) -> Any:
    """
    The value that the JSON argument stands for; C{None} where there is none.

    @raise BadData: it is not JSON. The message says where.
    """
    if text is None:
        return None
    try:
        text.encode()
    except UnicodeEncodeError:
        # A byte that is none stands in an argument as half a character.
        shown = _BYTE.sub(r"\\x\1", _shown(text))
        raise BadData(f"{shown} is not valid UTF-8") from None
    try:
        value = _decode(text)
    except json.JSONDecodeError as error:
        raise BadData(
            f"{_shown(text)} is not JSON: {error.msg} at character {error.pos + 1};{_hint(text)}"
        ) from None
    except RecursionError:
        raise BadData(f"{_shown(text)} is not usable JSON: it nests too deep") from None
    except _NoSuchNumber as error:
        raise BadData(f"{_shown(text)} is not usable JSON: {error}") from None
    except ValueError:  # Python refuses to read such numbers
        raise BadData(f"{_shown(text)} is not usable JSON: a number is too long") from None
    half = _HALF.search(text)
    if half is not None and not _isWhole(value):
        raise BadData(
            f"{_shown(text)} is not usable JSON: {half[0]} is half of a character,"
            " and the other half is missing"
        )
    return value


class _NoSuchNumber(ValueError):
    """
    JSON has no such number.
    """


def _refuseConstant(name: str) -> Any:
    """
    C{NaN} and the infinities, which Python's parser takes for numbers.
    """
    raise _NoSuchNumber(f"there is no {name} in JSON; give null or text")


_decode = json.JSONDecoder(parse_constant=_refuseConstant).decode
_BYTE = re.compile(r"\\udc([89a-f][0-9a-f])")
_HALF = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


def _isWhole(value: Any) -> bool:
    """
    Can all text in a value be encoded? Half characters cannot.
    """
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


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
