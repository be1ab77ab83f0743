"""`runmail profiles list` and `show`: how the profiles stand, and every setting of one."""

from __future__ import annotations

from typing import Any

from consumers.views.shown_times import shown_time
from consumers.views.usage import LedgerUsage
from profiles.described import describe
from profiles.errors import ProfileError
from profiles.last_test import LastTest
from profiles.overview import Seen, overview
from profiles.usage import COUNTED_DAYS
from worker.cli import shown, standing
from worker.cli.profile_arguments import AsJson, Name
from worker.ground import Ground, now_milliseconds

EMPTY = (
    "No email profiles configured",
    "A profile enables SMTP and IMAP for notifications and automation: mail goes out, answers come in.",
    "Create the first with: runmail profiles new",
)

COLUMNS = ("name", "status", "last used", "used", "marks", "SMTP", "IMAP")
#: Columns that a narrow terminal leaves to `show`, with the width from which the table is readable with them.
WIDE = {"SMTP": 110, "IMAP": 150}


def list_(as_json: AsJson = False) -> None:
    """List the profiles: how they stand, what needs an eye, and their use in the last 30 days."""
    found = _look(standing.ground())
    if as_json:
        shown.print_json([as_document(seen) for seen in found])
    elif not found:
        for line in EMPTY:
            shown.say(line)
    else:
        columns = [column for column in COLUMNS if shown.fits(WIDE.get(column, 0))]
        cells = (_cells(seen) for seen in found)
        shown.print_table(columns, ([cell[column] for column in columns] for cell in cells))


def show(name: Name, as_json: AsJson = False) -> None:
    """Show every setting of a profile, its last tests, its use and its marks; never its passwords."""
    ground = standing.ground()
    try:
        profile = ground.profiles.by_name(name)
    except ProfileError as error:
        shown.fail(str(error))
    seen = next(seen for seen in _look(ground) if seen.profile.id == profile.id)
    document = as_document(seen)
    if as_json:
        shown.print_json(document)
        return
    facts = {}
    for key, value in document.items():
        parts = value if isinstance(value, dict) else {"": value}
        if key != "marks":
            facts.update({f"{key} {inner}".strip(): _plain(each) for inner, each in parts.items()})
    shown.print_facts(facts)
    for mark in seen.marks:
        shown.say(f"! {mark.said}")


def as_document(seen: Seen) -> dict[str, Any]:
    """Return a profile as JSON shows it."""
    return {
        "id": seen.profile.id,
        "status": seen.status,
        **describe(seen.profile),
        "former_names": list(seen.profile.former_names),
        "tests": {service: _test(seen.tests.get(service)) for service in ("smtp", "imap")},
        "used": {
            "times": seen.use.times,
            "days": COUNTED_DAYS,
            "last": shown_time(seen.use.last),
            "waiting": seen.use.waiting,
        },
        "marks": [{"name": mark.name.value, "said": mark.said} for mark in seen.marks],
    }


def _cells(seen: Seen) -> dict[str, str]:
    """Return what a list shows of a profile; a reason is written with blanks, so that it can be wrapped."""
    profile = seen.profile
    return {
        "name": profile.name,
        "status": seen.status.replace("_", " "),
        "last used": (shown_time(seen.use.last) or "never")[:10],
        "used": f"{seen.use.times}×",
        "marks": ", ".join(mark.short for mark in seen.marks if mark.short != seen.status) or "–",
        "SMTP": f"{profile.smtp.host}:{profile.smtp.port}",
        "IMAP": f"{profile.imap.host}:{profile.imap.port}" if profile.imap else "–",
    }


def _look(ground: Ground) -> list[Seen]:
    return overview(ground.profiles, LedgerUsage(ground.engine, now_milliseconds), now_milliseconds())


def _test(found: LastTest | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "at": shown_time(found.at),
        "passed": found.passed,
        "reached": found.reached,
        "reason": found.reason,
        "certificate_expires": shown_time(found.certificate_expires),
    }


def _plain(value: Any) -> Any:
    """Return a value as a person reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(each)}" for key, each in value.items() if each not in (None, "")) or None
    return ", ".join(str(each) for each in value) if isinstance(value, list | tuple) else value
