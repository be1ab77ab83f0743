"""A finding of the doctor, and what it looks at beside settings, database and broker."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

Verdict = Literal["ok", "warning", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing examined. Wrong keeps mail from being sent or loses it; a warning may become so."""

    subject: str
    verdict: Verdict
    said: str
    advice: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON."""
        return asdict(self)


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _mounts() -> str:
    """Return what is mounted where; empty where the system does not say."""
    mounts = Path("/proc/mounts")
    return mounts.read_text("utf-8", "replace") if mounts.exists() else ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The machine as the doctor sees it: wall clock in seconds since 1970, disk, mounts, environment."""

    now: Callable[[], float] = time.time
    free_bytes: Callable[[Path], int] = _free_bytes
    mounts: Callable[[], str] = _mounts
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
