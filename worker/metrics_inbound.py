"""Metrics of the inbound side, shown by the clock that has the lease: mailboxes, unread mail, outgoing events."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry, Gauge

from consumers.views.inbound_stand import InboundStand


class InboundMetrics:
    """Shows how the inbound side stood when it was last looked at."""

    def __init__(self, registry: CollectorRegistry) -> None:
        told: dict[str, Any] = {"registry": registry}
        self.mailbox_age = Gauge(
            "runmail_mailbox_age_seconds",
            "Since the folder was last read to its end; not there before the first time.",
            ["profile", "folder"],
            **told,
        )
        self.mailbox_failures = Gauge(
            "runmail_mailbox_failures",
            "Passes over the folder that failed one after another, and why the last one did.",
            ["profile", "folder", "reason"],
            **told,
        )
        self.unread = Gauge(
            "runmail_replies_unread", "Mails that are kept and not read; 10000 means so many or more.", **told
        )
        self.unread_seconds = Gauge(
            "runmail_replies_unread_oldest_seconds", "How long the first of them has been kept.", **told
        )
        self.dead = Gauge(
            "runmail_outgoing_dead",
            "Deliveries of outgoing events that were given up; 10000 means so many or more.",
            ["kind"],
            **told,
        )
        self.due_seconds = Gauge(
            "runmail_outgoing_due_oldest_seconds", "How long the outgoing event due longest has been due.", **told
        )

    def show(self, stand: InboundStand) -> None:
        """Show how things stand; a mailbox that is gone, or a reason, is no longer shown."""
        self.mailbox_age.clear()
        self.mailbox_failures.clear()
        for box in stand.mailboxes:
            if box.age is not None:
                self.mailbox_age.labels(box.profile, box.folder).set(box.age)
            self.mailbox_failures.labels(box.profile, box.folder, box.reason or "").set(box.failures)
        self.unread.set(stand.unread)
        self.unread_seconds.set(stand.unread_seconds)
        for kind, count in stand.dead.items():
            self.dead.labels(kind).set(count)
        self.due_seconds.set(stand.due_seconds)

    def forget(self) -> None:
        """Show nothing: what is no longer looked at is not known."""
        for gauge in (self.mailbox_age, self.mailbox_failures, self.dead):
            gauge.clear()
        for gauge in (self.unread, self.unread_seconds, self.due_seconds):
            gauge.set(0)
