"""
What people write where an endpoint string is wanted, and what they mean by it.

Only strings that no parser takes come here. What is told is the end of a
sentence: the cause, and the string to give instead.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address
from typing import Final

DEFAULT_PORT: Final = 7744
TCP_PREFIXES: Final = ("tcp", "tcp6", "ssl", "tls", "mtls", "pysig-tls")

_URL = re.compile(r"[A-Za-z][\w+.-]*://(?:[^/@]*@)?(?P<rest>[^/]*)")
_PAIR = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%\w]*\]|[\w.-]*):(?P<port>[\w-]*)\Z")
_TCP = re.compile(r"tcp6?:(?P<host>\[[^\]]*\]|[\w.-]+):(?P<port>\d+)\Z")
_MODE = re.compile(r"(?P<path>unix:(?:\\.|[^:\\])+):(?:mode=.*|\d+)\Z")
_LISTENING = re.compile(r"tcp6?:(?P<port>\d+)(?::.*)?\Z")
_PATH = re.compile(r"\.{0,2}/.")
# Kinds of endpoint that are for servers only, and what for.
_SERVERS = {
    "haproxy": "behind a proxy",
    "stdio": "for the process that started it",
    "systemd": "where systemd has opened the port",
}


def clientMistake(text: str) -> str | None:
    """
    What is wrong with a string that names nothing to connect to; C{None} if that
    is not one of the usual mistakes.
    """
    if _isSpaced(text):
        return _spaced(text, f"127.0.0.1:{DEFAULT_PORT}")
    kind, colon, _ = text.partition(":")
    if colon and kind in _SERVERS:
        return f"it is what a server listens on {_SERVERS[kind]}; give host:port, or unix:/path"
    if _PATH.match(text):
        return _path(text)
    if found := _MODE.match(text):
        return f"a mode is for the server that makes the socket; give {found['path']}"
    if found := _URL.match(text):
        return f"it is a URL; give {found['rest'] or 'host:port'}"
    if _isSix(text):
        return f"an IPv6 address stands in brackets; give [{text}] or [{text}]:{DEFAULT_PORT}"
    if found := _LISTENING.match(text):
        return f"that is where a server listens; to connect there, give 127.0.0.1:{found['port']}"
    if found := _TCP.match(text):
        return f"give {found['host']}:{found['port']}"
    if (found := _PAIR.match(text)) and found["host"] not in TCP_PREFIXES:
        host, port = found["host"], found["port"]
        if not host:
            return f"it has no host; give 127.0.0.1:{port or DEFAULT_PORT}"
        if not port:
            return f"it has no port number; give {host}:{DEFAULT_PORT}"
        kind = "" if "." in host or "[" in host else f", and {host!r} no kind of endpoint"
        return f"{port!r} is not a port number{kind}; give {host}:{DEFAULT_PORT}"
    return None


def serverMistake(text: str) -> str | None:
    """
    What is wrong with a string that names nothing to listen on; C{None} if that
    is not one of the usual mistakes.
    """
    if _isSpaced(text):
        return _spaced(text, f"tcp:{DEFAULT_PORT}:interface=127.0.0.1")
    if _PATH.match(text):
        return _path(text)
    if found := _URL.match(text):
        return f"it is a URL; {serverMistake(found['rest'] or ':')}"
    if text.isdecimal():
        return _say("127.0.0.1", text)
    if _isSix(text):
        return _say(text, "")
    if found := _TCP.match(text):
        return _say(found["host"], found["port"])
    if (found := _PAIR.match(text)) and (found["port"].isdecimal() or not found["port"]):
        host = found["host"]
        if not host or host == "localhost" or "." in host or "[" in host:
            return _say(host, found["port"])
    return None


def printable(text: str) -> str:
    """
    A text of which every character shows, on one line: others are written as in
    a string of Python's.
    """
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def _path(text: str) -> str:
    """
    The string for a unix socket.
    """
    return f"it is a path; say unix:{re.sub(r'([:=])', lambda found: chr(92) + found[1], text)}"


def _say(host: str, port: str) -> str:
    """
    The string for a host and a port.
    """
    if port and int(port) > 65535:
        return f"port {port} is not 0 to 65535"
    host = host.strip("[]")
    if host in ("", "localhost"):
        host = "127.0.0.1"
    kind = "tcp"
    if _isSix(host):
        kind, host = "tcp6", host.replace(":", r"\:")
    return f"to listen there, say {kind}:{port or DEFAULT_PORT}:interface={host}"


def _isSpaced(text: str) -> bool:
    """
    Is there white space where no endpoint string has any?
    """
    return text != text.strip() or not text or any(map(str.isspace, text.partition(":")[0]))


def _spaced(text: str, example: str) -> str:
    """
    What is wrong with such a string.
    """
    if not text.strip():
        return f"it is empty; give a string such as {example}"
    return "there is a space in it" if text == text.strip() else "there is a space at an end of it"


def _isSix(text: str) -> bool:
    """
    Is it an IPv6 address, without brackets?
    """
    try:
        return isinstance(ip_address(text.partition("%")[0]), IPv6Address)
    except ValueError:
        return False
