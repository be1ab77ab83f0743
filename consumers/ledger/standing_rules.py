"""The rules that stand against mail when it is planned: suppressed addresses, mutes and stops, acknowledged alerts.

Read for a whole group of plans at once, and in the transaction that writes them: what is asked for before a plan is
written holds for it. Nothing is dropped; what a rule forbids is a delivery in `suppressed` with the rule's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from consumers.ledger.acknowledging import end_acknowledgements, find_acknowledged
from consumers.ledger.mutes import find_silenced
from consumers.ledger.plans import Plan, PlannedDelivery
from consumers.ledger.states import ACKNOWLEDGED, DeliveryState
from consumers.ledger.suppressions import find_suppressed

#: States in which a planned delivery may still be suppressed by a rule.
OPEN = (DeliveryState.PENDING, DeliveryState.HELD)


@dataclass(frozen=True, slots=True)
class StandingRules:
    """Rules by what they are about: recipient keys, pairs of scope and recipient key, scopes."""

    suppressed: Mapping[str, str]
    silenced: Mapping[tuple[str, str], str]
    acknowledged: dict[str, int]


def apply_rules(connection: Connection, plans: Sequence[Plan]) -> list[Plan]:
    """Return the plans with what rules forbid; end the acknowledgements of alerts that are resolved."""
    now = max((plan.now for plan in plans), default=0)
    open_items = [item for plan in plans for item in plan.deliveries if item.state in OPEN]
    if not open_items:
        return list(plans)
    scopes = [plan.scopes for plan in plans if plan.scopes is not None]
    alerts = [each for each in scopes if each.alert is not None]
    rules = StandingRules(
        find_suppressed(connection, {item.recipient_key for item in open_items}, now),
        find_silenced(connection, {key for each in scopes for key in (each.thread, each.topic)}, now),
        find_acknowledged(connection, {each.thread for each in alerts}, now),
    )
    ruled = [rule_plan(plan, rules) for plan in plans]
    end_acknowledgements(
        connection,
        [
            (plan.scopes.thread, plan.row_id)
            for plan in plans
            if plan.scopes is not None and plan.scopes.alert is not None and not plan.scopes.alert.firing
        ],
    )
    return ruled


def rule_plan(plan: Plan, rules: StandingRules) -> Plan:
    """Return a plan with what the rules forbid; an alert that is resolved is no longer acknowledged for those after."""
    scopes = plan.scopes
    if scopes is not None and scopes.alert is not None and not scopes.alert.firing:
        rules.acknowledged.pop(scopes.thread, None)
    return replace(plan, deliveries=tuple(_ruled(item, plan, rules) for item in plan.deliveries))


def _ruled(item: PlannedDelivery, plan: Plan, rules: StandingRules) -> PlannedDelivery:
    reason = _rule_against(item, plan, rules) if item.state in OPEN else None
    return replace(item, state=DeliveryState.SUPPRESSED, reason=reason) if reason else item


def _rule_against(item: PlannedDelivery, plan: Plan, rules: StandingRules) -> str | None:
    """Return the name of the first rule against a delivery."""
    if reason := rules.suppressed.get(item.recipient_key):
        return reason
    scopes = plan.scopes
    if scopes is None:
        return None
    for key in (scopes.topic, scopes.thread):
        if reason := rules.silenced.get((key, item.recipient_key)):
            return reason
    taken = rules.acknowledged.get(scopes.thread)
    if taken is not None and scopes.alert is not None and scopes.alert.firing and scopes.alert.severity <= taken:
        return ACKNOWLEDGED
    return None
