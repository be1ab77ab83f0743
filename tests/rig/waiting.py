"""Waiting for what should happen at once: by a deadline on a condition, never by a sleep of so many seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

#: Seconds that are far above what anything takes on a busy machine.
PATIENCE = 60.0
#: Seconds between two looks.
LOOK_SECONDS = 0.02


def wait_until(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Return the first truthy result of `condition`, or fail at the deadline."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {seconds:g} s: {condition}")
        time.sleep(LOOK_SECONDS)
    return found
