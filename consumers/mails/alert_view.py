"""What the templates of an alert are given. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from consumers.contract.events import AlertData
from consumers.mails.budget import Budget
from consumers.mails.cleaning import clean_line, cut, shorten_lines
from consumers.mails.run_finished_view import Outcome
from consumers.mails.words import moment, span
from consumers.mails.zones import zone_named

_SIGNS = {"critical": ("▲", "bad"), "warning": ("◆", "warn"), "info": ("●", "info")}


@dataclass(frozen=True, slots=True)
class AlertView:
    """An alert as it is shown. `facts` are pairs of label and text."""

    title: str
    key: str
    outcome: Outcome
    facts: tuple[tuple[str, str], ...]
    description: tuple[str, ...]
    notes: tuple[str, ...]
    url: str
    button: str = "See the alert"


def alert_view(data: AlertData, timezone: str, budget: Budget) -> AlertView:
    """Return what is shown of an alert, within a budget."""
    zone = zone_named(timezone)
    if data.status == "resolved":
        outcome = Outcome("✓", "good", "resolved")
    else:
        sign, tone = _SIGNS[data.severity]
        outcome = Outcome(sign, tone, data.severity)
    lasted = ""
    if data.starts_at and data.ends_at and data.ends_at >= data.starts_at:
        lasted = span((data.ends_at - data.starts_at).total_seconds()) or ""
    facts = [
        ("Severity", data.severity),
        ("Status", data.status),
        ("Since", moment(data.starts_at, zone) or ""),
        ("Until", moment(data.ends_at, zone) or ""),
        ("Lasted", lasted),
        ("Alert", cut(clean_line(data.key), 120)),
        *((cut(clean_line(name), 40), cut(clean_line(text), 120)) for name, text in list(data.labels.items())[:12]),
    ]
    lines, left_out = shorten_lines(data.description or "", max(budget.message_lines * 4, 4), 1000)
    return AlertView(
        title=cut(clean_line(data.title), 200) or "(untitled alert)",
        key=data.key,
        outcome=outcome,
        facts=tuple((label, text) for label, text in facts if text),
        description=tuple(lines) if any(line.strip() for line in lines) else (),
        notes=("The description is shortened.",) if left_out else (),
        url=data.url or "",
    )
