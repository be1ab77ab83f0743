"""The herald of a worker process, built: handlers that are installed, webhooks of the database, one way to send."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

from sqlalchemy import Engine

from consumers.ledger.outgoing import Target, due_targets
from consumers.ledger.writer import LedgerWriter, reading
from consumers.workflows.handlers import find_handlers, installed
from consumers.workflows.herald import Herald, HeraldParts, Signed
from consumers.workflows.outcome import Outcome, Verdict
from consumers.workflows.posting import Post
from profiles.authors import PROGRAM
from profiles.errors import CredentialUnreadable, UnknownWebhook
from profiles.store import ProfileStore
from profiles.webhooks import WebhookStore
from worker.settings import Settings


def make_post(settings: Settings) -> Post:
    """Make the way to send to webhooks."""
    ca_file = str(settings.webhook_ca_file) if settings.webhook_ca_file else None
    return Post(settings.private_hosts, ca_file, settings.webhook_seconds)


def make_herald(
    settings: Settings, engine: Engine, profiles: ProfileStore, writer: LedgerWriter, now: Callable[[], int]
) -> Herald:
    """Build the herald; starts nothing."""
    webhooks = WebhookStore(profiles, settings.private_hosts)
    return Herald(
        HeraldParts(
            writer=writer,
            due=partial(_due, engine, now),
            handlers=find_handlers(installed()),
            send=make_post(settings),
            webhook=partial(_signed, webhooks),
            switch_off=partial(_switch_off, webhooks),
            handler_seconds=settings.handler_seconds,
            webhook_seconds=settings.webhook_seconds,
            now=now,
            chance=random.SystemRandom().random,
        )
    )


def _due(engine: Engine, now: Callable[[], int]) -> list[Target]:
    with reading(), engine.execution_options(reading=True).connect() as connection:
        return due_targets(connection, now())


def _signed(webhooks: WebhookStore, webhook_id: int) -> Signed | Outcome:
    try:
        with reading():
            found = webhooks.get(webhook_id)
            if found.off_reason is not None:
                return Outcome(Verdict.NEVER, "webhook_off")
            return Signed(found.url, tuple(webhooks.secrets(found)))
    except UnknownWebhook:
        return Outcome(Verdict.NEVER, "webhook_removed")
    except CredentialUnreadable:
        # A person mends this; until then the event waits.
        return Outcome(Verdict.AGAIN, "secret_unreadable")


def _switch_off(webhooks: WebhookStore, webhook_id: int, reason: str) -> None:
    try:
        with reading():
            webhooks.switch(webhook_id, reason, by=PROGRAM)
    except UnknownWebhook:
        return
