"""Running a connection test for a person: each stage is printed as it happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from profiles.imap_check import check_imap
from profiles.last_test import LastTest
from profiles.profile import Profile
from profiles.sealing import Service
from profiles.smtp_check import check_smtp
from profiles.stages import Outcome, Stage, summarize
from worker.cli import shown
from worker.composition import now_milliseconds

MARKS = {Outcome.OK: "✓", Outcome.WARNING: "!", Outcome.SKIPPED: "–", Outcome.FAILED: "✗"}


def run_test(
    profile: Profile, service: Service, credential: str | None, *, quiet: bool
) -> tuple[list[dict[str, Any]], LastTest]:
    """Test one side of a profile; return its stages as JSON and what to keep of the test."""
    now = now_milliseconds()
    stages: list[Stage] = []

    def each(stage: Stage) -> None:
        stages.append(stage)
        if not quiet:
            _print(stage)

    if not quiet:
        server = profile.smtp if service == "smtp" else profile.imap
        shown.say(f"{service.upper()} {server.host}:{server.port}" if server else service.upper())
    if service == "smtp":
        asyncio.run(_smtp(profile, credential, now, each))
    elif profile.imap is not None:
        for stage in check_imap(profile.imap, credential, now=now):
            each(stage)
    return [_as_json(stage) for stage in stages], summarize(stages, now)


async def _smtp(profile: Profile, credential: str | None, now: int, each: Callable[[Stage], None]) -> None:
    async for stage in check_smtp(profile, credential, now=now):
        each(stage)


def _print(stage: Stage) -> None:
    shown.say(f"  {MARKS[stage.outcome]} {stage.name:<13}{stage.said}  ({stage.milliseconds} ms)")
    if stage.advice:
        shown.say(f"      → {stage.advice}")


def _as_json(stage: Stage) -> dict[str, Any]:
    return {
        "name": stage.name,
        "outcome": stage.outcome.value,
        "said": stage.said,
        "advice": stage.advice,
        "reason": stage.reason,
        "milliseconds": stage.milliseconds,
    }
