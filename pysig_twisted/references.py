"""
Objects that a command line names: C{package.module:name}.

The folder that the command was started in counts as a place for modules, as for
C{python -m}, and goes before the installed ones.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from .errors import ConfigError


def loadReference(reference: str, example: str = "greenhouse.sensors:start") -> Any:
    """
    The object that C{reference} names.

    @param example: a reference, for messages.
    @param reference: C{package.module:name}; the name may have dots, for what is
        inside a class.
    @raise ConfigError: it names nothing, or its module cannot be imported. An error
        that the module itself raises is the cause of this one.
    """
    module, separator, path = reference.partition(":")
    parts = path.split(".")
    if not (separator and _isDotted(module) and _isDotted(path)):
        raise ConfigError(
            f"{reference!r} names no object; write package.module:name, such as {example}"
        )
    found: Any = _load(reference, module)
    for count, part in enumerate(parts):
        try:
            found = getattr(found, part)
        except AttributeError:
            owner = ".".join([module, *parts[:count]])
            raise ConfigError(f"{reference}: {owner} has no {part!r}") from None
        except Exception as error:
            raise ConfigError(f"{reference}: getting it failed: {error!r}") from error
    return found


def _isDotted(name: str) -> bool:
    """
    Is that a name, or several with dots between them?
    """
    return all(part.isidentifier() for part in name.split("."))


def _load(reference: str, module: str) -> ModuleType:
    """
    The module of a reference.
    """
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{module}.".startswith(f"{error.name}."):
            if os.path.isfile(module):
                name = module.removesuffix(".py")
                raise ConfigError(
                    f"{reference}: that is a file; write its module, {name}:..."
                ) from None
            raise ConfigError(
                f"{reference}: there is no module {error.name!r}, neither installed nor in {here}"
            ) from None
        raise ConfigError(f"{reference}: importing {module} failed: {error}") from error
    except (Exception, SystemExit) as error:
        what = str(error) or type(error).__name__
        raise ConfigError(f"{reference}: importing {module} failed: {what}") from error


def loadCodec(text: str) -> dict[str, Any]:
    """
    What C{--codec} says, as arguments of a L{ClientRouter<pysig_twisted.ClientRouter>}.

    @param text: the name of a codec that is built in, or a reference to one of the
        user's own: an object with what L{ICodec<pysig_twisted.ICodec>} has, or a class
        that makes one.
    @return: C{codec}, its name; and C{codecs}, which holds it if it is the user's.
    @raise ConfigError: it names nothing.
    """
    if ":" not in text:
        return {"codec": text, "codecs": ()}
    codec = loadReference(text, "greenhouse.encodings:codec")
    if isinstance(codec, type):
        try:
            codec = codec()
        except Exception as error:
            raise ConfigError(f"{text}: cannot be made without arguments: {error}") from error
    name = getattr(codec, "name", None)
    if not isinstance(name, str):
        raise ConfigError(f"{text}: {codec!r} is not a codec: it has no name")
    return {"codec": name, "codecs": (codec,)}
