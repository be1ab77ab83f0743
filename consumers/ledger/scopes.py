"""Scopes: what a mail is about, as mutes, stops and acknowledgements know it. Pure.

The thread is what people see as one conversation: a suite and branch, or the key of an alert. The topic is what they
stop: the whole suite. Both belong to one profile, since two teams may call different things alike.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

#: Severities of alerts by rank: what is more severe than what was acknowledged is mailed all the same.
SEVERITIES = {"info": 0, "warning": 1, "critical": 2}


@dataclass(frozen=True, slots=True)
class AlertStand:
    """How an alert stands: the rank of its severity, and whether it fires."""

    severity: int
    firing: bool


@dataclass(frozen=True, slots=True)
class Scopes:
    """The scopes of one mail; `alert` is None for anything but an alert."""

    thread: str
    topic: str
    alert: AlertStand | None = None


def scope(profile_id: int, key: str) -> str:
    """Return the scope of a key (a notice's `thread_key` or `topic_key`) within a profile."""
    return hashlib.sha256(f"{profile_id}\n{key}".encode("utf-8", "replace")).hexdigest()[:32]
