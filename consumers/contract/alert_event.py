"""alert_event: builds the Alert event from what the caller states and CI facts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .ci import CiFacts
from .events import Event
from .ids import derived_id
from .stated_event import stated_event

TYPE = "runmail.alert"


@dataclass(frozen=True, slots=True)
class AlertStatement:
    """What the caller states of an alert; None is absent, or for the CI system to say."""

    profile: str
    key: str
    title: str
    recipients: tuple[str, ...] = ()
    severity: str | None = None
    status: str | None = None
    description: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    url: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    id: str | None = None
    source: str | None = None


def alert_event(stated: AlertStatement, ci: CiFacts, *, host: str, now: datetime, mask: bool = True) -> Event:
    """Build the event; `host` is its source where neither the caller nor a CI system names one.

    The id is made from what is published. An alert that says when it started or ended is the same alert whenever it is
    said; one that does not is the same within one CI step, and elsewhere each time its own.

    Raises:
        MalformedEvent: when something stated is refused by the contract, with the field.
    """
    said: dict[str, Any] = {
        "profile": stated.profile,
        "recipients": list(stated.recipients),
        "url": stated.url or ci.url,
        "labels": stated.labels,
        "key": stated.key,
        "title": stated.title,
        "severity": stated.severity,
        "status": stated.status,
        "description": stated.description,
        "starts_at": stated.starts_at,
        "ends_at": stated.ends_at,
    }
    is_dated = stated.starts_at is not None or stated.ends_at is not None
    occasion = None if is_dated else ci.occasion or now.isoformat()
    return stated_event(
        TYPE,
        said,
        id=stated.id,
        source=stated.source or ci.source or host,
        now=now,
        mask=mask,
        new_id=lambda data: derived_id(TYPE, data, occasion=occasion),
    )
