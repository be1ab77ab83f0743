"""The names of the queues, which old and new programs share: they never change."""

from __future__ import annotations

EVENTS = "events"
DELIVERIES = "deliveries"
MAILBOXES = "mailboxes"
WORKFLOWS = "workflows"
QUEUES = (EVENTS, DELIVERIES, MAILBOXES, WORKFLOWS)
