"""
What a contract tests, which whoever inherits it has to give.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

C = TypeVar("C", bound=type)


def needs(name: str) -> Callable[[C], C]:
    """
    Have all tests of a contract fail in one sentence where an attribute is
    missing, or is a class in place of an object. It may be set by C{setUp}, and
    the contract may come before or after C{TestCase} among the bases.

    @param name: the attribute.
    """

    def guard(contract: C) -> C:
        for each, test in list(vars(contract).items()):
            if each.startswith("test_"):
                setattr(contract, each, _guarded(test, name))
        return contract

    return guard


def _guarded(test: Callable[[Any], None], name: str) -> Callable[[Any], None]:
    """
    A test that looks at the attribute first.
    """

    @wraps(test)
    def run(case: Any) -> None:
        subject = getattr(case, name, None)
        if subject is None:
            raise case.failureException(
                f"{type(case).__name__} has no {name} to test: give it one, as in"
                f" {name} = My{name.capitalize()}()"
            )
        if isinstance(subject, type):
            raise case.failureException(
                f"the {name} of {type(case).__name__} is the class {subject.__name__}: give it an"
                f" object of that class, as in {name} = {subject.__name__}()"
            )
        test(case)

    return run
