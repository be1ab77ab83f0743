"""Resolve and plan: from an event and its profile to deliveries. The rows are written elsewhere; profiles and answers
are looked up by what is handed in, and all else is pure.

Every recipient gets one delivery: an unusable address in quarantine, a forbidden one suppressed, the good ones
pending, or held while the profile is switched off. Two spellings of one address are one recipient.
"""

from __future__ import annotations

from collections.abc import Callable

from consumers.contract import Event, RunFinished
from consumers.contract.events import AlertData
from consumers.ledger.plans import Plan, PlannedDelivery
from consumers.ledger.recording import arrival
from consumers.ledger.scopes import SEVERITIES, AlertStand, Scopes, scope
from consumers.ledger.states import DeliveryState, EventState
from consumers.meaning import consumer_of
from consumers.notice import Notice, Question, Skip
from consumers.reports.run_records import run_record
from profiles.addresses import UnusableAddress, is_allowed, read_address
from profiles.profile import Profile

#: Finds a profile by its name; None when there is none.
FindProfile = Callable[[str], Profile | None]
#: Answers a question, that of the event in a row, through a profile: with an event, or with why there is none.
Answer = Callable[[int, Question, Profile], Event | Skip]


def plan_event(row_id: int, event: Event, find_profile: FindProfile, answer: Answer, now: int) -> Plan:
    """Return what an event comes to at `now` (milliseconds UTC)."""
    profile = find_profile(event.data.profile)
    if profile is None:
        detail = "no profile of this name; make it, then replay the event"
        return _quarantined(row_id, now, "unknown_profile", detail)
    consumer = consumer_of(event)
    if consumer is None:
        return _quarantined(row_id, now, "no_consumer", f"this version sends no mail for {event.type}")
    notice = consumer(event)
    if isinstance(notice, Question):
        return _plan_answer(row_id, answer(row_id, notice, profile), now)
    run = run_record(row_id, event, now) if isinstance(event, RunFinished) else None
    if isinstance(notice, Skip):
        return Plan(row_id, EventState.SKIPPED, now, reason=notice.reason, run=run)
    recipients = notice.recipients or profile.recipients
    if not recipients:
        detail = "neither the event nor the profile names a recipient"
        return _quarantined(row_id, now, "no_recipients", detail)
    planned = plan_recipients(recipients, profile)
    if all(item.state is DeliveryState.QUARANTINED for item in planned):
        detail = "none of the recipients is an address that can be written to"
        return _quarantined(row_id, now, "no_usable_recipient", detail)
    scopes = scopes_of(notice, profile.id)
    return Plan(row_id, EventState.PLANNED, now, profile=profile, deliveries=planned, run=run, scopes=scopes)


def scopes_of(notice: Notice, profile_id: int) -> Scopes:
    """Return what the mail of a notice is about, as mutes, stops and acknowledgements know it."""
    alert = None
    if isinstance(notice.data, AlertData):
        alert = AlertStand(SEVERITIES[notice.data.severity], notice.data.status == "firing")
    return Scopes(scope(profile_id, notice.thread_key), scope(profile_id, notice.topic_key), alert)


def _plan_answer(row_id: int, found: Event | Skip, now: int) -> Plan:
    """Plan an event that is told by another one, or by none."""
    if isinstance(found, Skip):
        return Plan(row_id, EventState.SKIPPED, now, reason=found.reason)
    told = arrival(found, found.to_json(), published_at=None, now=now)
    return Plan(row_id, EventState.SKIPPED, now, "answered", f"answered by the event {found.id}", answer=told)


def plan_recipients(recipients: tuple[str, ...], profile: Profile) -> tuple[PlannedDelivery, ...]:
    """Return one delivery for each different recipient, in the order they were named."""
    planned: dict[str, PlannedDelivery] = {}
    for text in recipients:
        item = _plan_recipient(text, profile)
        planned.setdefault(item.recipient_key, item)
    return tuple(planned.values())


def _plan_recipient(text: str, profile: Profile) -> PlannedDelivery:
    try:
        address = read_address(text)
    except UnusableAddress as error:
        # NUL cannot be stored on PostgreSQL; nothing is ever sent to this text.
        shown = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
        reason = f"unusable_address:{error.reason}"
        return PlannedDelivery(shown, shown.casefold(), DeliveryState.QUARANTINED, reason)
    if not is_allowed(address, profile.allowed_recipients):
        return PlannedDelivery(address.wire, address.key, DeliveryState.SUPPRESSED, "recipient_not_allowed")
    if not profile.enabled:
        return PlannedDelivery(address.wire, address.key, DeliveryState.HELD, "profile_disabled")
    return PlannedDelivery(address.wire, address.key, DeliveryState.PENDING)


def _quarantined(row_id: int, now: int, reason: str, detail: str) -> Plan:
    return Plan(row_id, EventState.QUARANTINED, now, reason=reason, detail=detail)
