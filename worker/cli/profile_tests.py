"""Running a connection test for a person: each stage is printed as it happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer

from profiles.last_test import LastTest
from profiles.profile import Profile
from profiles.sealing import Service
from profiles.stages import Outcome, Stage
from worker.cli import shown
from worker.ground import now_milliseconds

MARKS = {Outcome.OK: "✓", Outcome.WARNING: "!", Outcome.SKIPPED: "–", Outcome.FAILED: "✗"}


def run_test(
    profile: Profile, service: Service, credential: str | None, *, quiet: bool, mail_to: str = ""
) -> tuple[list[dict[str, Any]], LastTest]:
    """Test one side of a profile; return its stages as JSON and what to keep of the test."""
    from profiles.trying_out import try_service  # SMTP and IMAP, which only a test needs

    stages: list[Stage] = []

    def each(stage: Stage) -> None:
        stages.append(stage)
        if not quiet:
            _print(stage)

    if not quiet:
        server = profile.smtp if service == "smtp" else profile.imap
        shown.say(f"{service.upper()} {server.host}:{server.port}" if server else service.upper())
    result = try_service(profile, service, credential, each, now=now_milliseconds(), mail_to=mail_to)
    return [_as_json(stage) for stage in stages], result


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
    from profiles.trying_out import services_of

    results = {
        service: run_test(profile, service, credential(service), quiet=quiet)[1] for service in services_of(profile)
    }
    passed = all(found.passed for found in results.values())
    if not passed and not (may_ask and typer.confirm("The test failed. Save all the same?", default=False)):
        shown.fail("the test failed and nothing was saved; --no-test saves without one")
    return results


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
