"""summary_event: builds the SummaryReady event from figures, what the caller states, and CI facts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .ci import CiFacts
from .events import Event
from .ids import derived_id
from .stated_event import stated_event

TYPE = "runmail.summary.ready"


@dataclass(frozen=True, slots=True)
class SummaryStatement:
    """What the caller states of a summary; None is absent, or for the figures or the CI system to say."""

    profile: str
    title: str | None = None
    recipients: tuple[str, ...] = ()
    period: tuple[datetime, datetime] | None = None
    url: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    id: str | None = None
    source: str | None = None


def summary_event(
    stated: SummaryStatement, figures: dict[str, Any], ci: CiFacts, *, host: str, now: datetime, mask: bool = True
) -> Event:
    """Build the event; `figures` are fields of its data (`totals`, `suites`, …), and what is stated wins over them.

    The id is made from what is published. A summary that names its period is the same whenever it is said; one that
    does not is the same within one CI step, and elsewhere each time its own.

    Raises:
        MalformedEvent: when something stated is refused by the contract, with the field.
    """
    said: dict[str, Any] = {
        "profile": stated.profile,
        "recipients": list(stated.recipients),
        "url": stated.url or figures.get("url") or ci.url,
        "labels": stated.labels,
        "title": stated.title,
    }
    if stated.period is not None:
        said["period"] = {"from": stated.period[0], "to": stated.period[1]}
    given = {name: value for name, value in said.items() if value not in (None, [], {})}
    is_dated = "period" in said or "period" in figures
    occasion = None if is_dated else ci.occasion or now.isoformat()
    return stated_event(
        TYPE,
        {**figures, **given},
        id=stated.id,
        source=stated.source or ci.source or host,
        now=now,
        mask=mask,
        new_id=lambda data: derived_id(TYPE, data, occasion=occasion),
    )
