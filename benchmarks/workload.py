"""
What is sent.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

PAYLOAD: Final[dict[str, Any]] = {
    "sensor": "garden-07",
    "celsius": 21.53,
    "humidity": 48.2,
    "ok": True,
}
SIZE: Final = len(msgspec.json.encode(PAYLOAD))
