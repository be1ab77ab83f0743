"""Profiles for the tests of their pages: on a real server, with mail that waits and was sent."""

from __future__ import annotations

import secrets
from dataclasses import replace

from sqlalchemy import Engine, insert

from consumers.ledger.states import AttemptOutcome, DeliveryState, EventState
from consumers.ledger.tables import attempts, deliveries, events
from profiles.drafts import Credentials
from profiles.profile import Profile, Security, SmtpSettings
from tests.rig.authority import Authority
from tests.rig.smtp_server import FaultySmtpServer
from tests.web.conftest import NOW, RunningPage

USER, PASSWORD = "qa@example.com", "sesame"


def keep_profile(page: RunningPage, server: FaultySmtpServer, authority: Authority, name: str = "QA alerts") -> Profile:
    """Keep a profile that works with a server."""
    smtp = SmtpSettings("localhost", server.port, Security(server.security), USER, str(authority.ca_file))
    profile = Profile(0, name, USER, smtp, recipients=("team@example.com",))
    return page.ground.profiles.add(profile, Credentials(PASSWORD))


def keep_relay(page: RunningPage, name: str, **more: object) -> Profile:
    """Keep a profile without a login."""
    profile = Profile(0, name, "relay@example.com", SmtpSettings("relay.example.com", 25, Security.NONE))
    return page.ground.profiles.add(replace(profile, **more))  # type: ignore[arg-type]


def keep_mail(engine: Engine, profile: Profile, state: DeliveryState, number: int = 1, taken: int = 0) -> None:
    """Write deliveries of a profile in a state, each of an event of its own; the first has `taken` attempts."""
    with engine.begin() as connection:
        for place in range(number):
            name = secrets.token_hex(8)
            row = connection.execute(
                insert(events)
                .values(
                    source="s", event_id=name, body=b"{}", body_size=2, body_sha256="x", state=EventState.PLANNED,
                    starts=0, recorded_at=NOW, updated_at=NOW,
                )
                .returning(events.c.id)
            ).scalar_one()  # fmt: skip
            delivery = connection.execute(
                insert(deliveries)
                .values(
                    event_row=row, recipient="team@example.com", recipient_key="team@example.com",
                    profile_id=profile.id, profile=profile.name, state=state,
                    due_at=NOW if state is DeliveryState.PENDING else None, fence=0, at_data=False, starts=0,
                    attempts=0, maybe_twice=False, created_at=NOW, updated_at=NOW,
                )
                .returning(deliveries.c.id)
            ).scalar_one()  # fmt: skip
            if place == 0:
                tried = [
                    {"delivery_id": delivery, "fence": fence, "profile_id": profile.id, "ended_at": NOW,
                     "outcome": AttemptOutcome.TAKEN, "started_at": NOW - 1000 * fence}
                    for fence in range(1, taken + 1)
                ]  # fmt: skip
                if tried:
                    connection.execute(insert(attempts), tried)
