"""
Patterns of names, and what can be known of two of them without trying every name.

A C{*} stands for any characters, or none; everything else stands for itself.
"""

from __future__ import annotations

from ..names import matcher


def covers(wide: str, narrow: str) -> bool:
    """
    Does C{wide} match whatever C{narrow} does?

    @return: where this is true, it does. That it is not is said of some that do.
    """
    # The stars of what is narrow are taken for characters, which only a star can match.
    return wide == narrow or ("*" in wide and matcher(wide)(narrow))


def overlap(one: str, other: str) -> bool:
    """
    Is there a name that both match?
    """
    reached = {(0, 0)}
    waiting = [(0, 0)]
    while waiting:
        at, there = waiting.pop()
        if at == len(one) and there == len(other):
            return True
        for step in _steps(one[at : at + 1], other[there : there + 1], at, there):
            if step not in reached:
                reached.add(step)
                waiting.append(step)
    return False


def _steps(letter: str, other: str, at: int, there: int) -> list[tuple[int, int]]:
    """
    How far both have come when they have matched one character more, or a star nothing.
    """
    steps: list[tuple[int, int]] = []
    if letter == "*":
        steps.append((at + 1, there))
        if other and other != "*":
            steps.append((at, there + 1))
    if other == "*":
        steps.append((at, there + 1))
        if letter and letter != "*":
            steps.append((at + 1, there))
    if letter and letter == other:
        steps.append((at + 1, there + 1))
    return steps
