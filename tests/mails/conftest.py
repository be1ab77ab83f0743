"""Events and profiles for the tests of mails."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from consumers.contract import Event, read_event
from consumers.mails.preview import Preview, preview
from consumers.mails.rendering import Renderer
from profiles.profile import Profile, Security, SmtpSettings

ROOT = Path(__file__).parent.parent.parent
PROFILE = Profile(
    id=7,
    name="QA alerts",
    from_address="qa@example.com",
    from_name="QA alerts",
    smtp=SmtpSettings("localhost", 25, Security.NONE),
    timezone="Europe/Berlin",
)
RENDERER = Renderer()
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def example(name: str, **changes: Any) -> Event:
    """Return an event of examples/, some of its data changed."""
    found = json.loads((ROOT / "examples" / f"{name}.json").read_text("utf-8"))
    found["data"].update(changes)
    return read_event({**found, "data": {key: value for key, value in found["data"].items() if value is not None}})


def mail(event: Event, profile: Profile = PROFILE) -> Preview:
    """Return the mail of an event."""
    return preview(event, profile, "team@example.com", RENDERER, NOON)
