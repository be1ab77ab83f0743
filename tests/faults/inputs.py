"""What the rig publishes: small events with ids that say where they belong, and inputs that are bad on purpose."""

from __future__ import annotations

from typing import Any

#: Recipients that the sink's faults know: the one is refused for ever, the other at first.
REFUSED = "gone@example.com"
GREYLISTED = "grey@example.com"
#: A text of every mail, and an address of most, that `canary` looks for where they must not be.
PLANTED_TEXT = "canary-in-the-body-7f3a"
PLANTED_ADDRESS = "canary.in.the.list.91c2@example.com"


def alert(event_id: str, *recipients: str, profile: str = "QA alerts", **more: Any) -> dict[str, Any]:
    """Return an alert: the smallest mail there is."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "monitor.example.com",
        "type": "runmail.alert",
        "data": {
            "profile": profile,
            "recipients": list(recipients or (PLANTED_ADDRESS,)),
            "key": "disk",
            "title": "The disk of build-7 is full",
            "description": PLANTED_TEXT,
            **more,
        },
    }


def batch(name: str, size: int, **more: Any) -> list[dict[str, Any]]:
    """Return alerts, among them one to several recipients, one of whom is refused."""
    several = (PLANTED_ADDRESS, REFUSED)
    return [alert(f"{name}-{n}", *(several if n == 0 else ()), **more) for n in range(size)]
