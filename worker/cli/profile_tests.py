"""Running a connection test for a person: each stage is printed as it happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import typer

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


def services_of(profile: Profile) -> tuple[Service, ...]:
    """Return the services a profile has, and so can be tested."""
    return ("smtp",) if profile.imap is None else ("smtp", "imap")


def try_out(
    profile: Profile,
    credential: Callable[[Service], str | None],
    *,
    test: bool | None,
    may_ask: bool,
    quiet: bool,
) -> dict[Service, LastTest]:
    """Test unsaved settings if that is wanted, and go on only if they pass or a person says so.

    `test` None asks on a terminal and leaves the test out elsewhere. Ends with 1 when the settings are not to be
    saved; returns what each service's test came to.
    """
    wanted = test if test is not None else may_ask and typer.confirm("Test before saving?", default=True)
    if not wanted:
        return {}
    results = {
        service: run_test(profile, service, credential(service), quiet=quiet)[1] for service in services_of(profile)
    }
    passed = all(found.passed for found in results.values())
    if not passed and not (may_ask and typer.confirm("The test failed. Save all the same?", default=False)):
        shown.fail("the test failed and nothing was saved; --no-test saves without one")
    return results


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
