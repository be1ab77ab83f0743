"""`runmail audit --against FILE`: the ledger beside a receiving server's own log."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from consumers.ledger.audit_against import Comparison, compare
from consumers.ledger.server_log import LineUnreadable, TakenMail, read_taken_mail, read_time
from consumers.mails.compose import shown_event_id
from worker.cli import shown, standing
from worker.cli.progress import Progress
from worker.database import open_snapshot
from worker.ground import now_milliseconds


def audit_against(log: Path, since: str, until: str | None, *, as_json: bool) -> bool:
    """Compare and print; return whether the ledger explains every difference."""
    try:
        begin, end = read_time(since), read_time(until) if until else now_milliseconds()
    except LineUnreadable as error:
        shown.fail(f"--since and --until: {error}", 2)
    # On the disk, because both sides may be larger than memory; the system deletes the file when it is closed.
    with tempfile.NamedTemporaryFile(prefix="runmail-audit-") as file:
        scratch = sqlite3.connect(file.name)
        with open_snapshot(standing.ground().engine) as connection:
            found = compare(connection, _lines(log), scratch, shown_event_id, since=begin, until=end)
        scratch.close()
    _show(found, as_json=as_json)
    return found.explained


def _lines(log: Path) -> Iterator[TakenMail]:
    """Yield the log's mails, with progress on a terminal; end the command at a line that is none."""
    try:
        with log.open(encoding="utf-8", newline="\n") as lines, Progress("reading the log") as progress:
            for number, line in enumerate(progress.counting(lines), 1):
                if line.strip():
                    try:
                        yield read_taken_mail(line.rstrip("\r\n"))
                    except LineUnreadable as error:
                        shown.fail(f"{log}, line {number}: {error}", 2)
    except (OSError, UnicodeDecodeError) as error:
        shown.fail(f"{log} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}", 2)


def _show(found: Comparison, *, as_json: bool) -> None:
    if as_json:
        shown.print_json(found.to_json())
        return
    shown.say("The ledger explains every difference." if found.explained else "The ledger and the log do not agree.")
    shown.print_facts(
        {
            "mails in the log": found.lines,
            "deliveries in the ledger": found.deliveries,
            "lost": found.lost,
            "  of them unflagged": found.lost_unflagged,
            "duplicated": found.duplicated,
            "  of them unflagged ": found.duplicated_unflagged,
            "not in the ledger": found.not_in_ledger,
        }
    )
    for kind in ("lost_unflagged", "duplicated_unflagged", "not_in_ledger"):
        for event, recipient in found.examples.get(kind, []):
            shown.say(f"{kind.replace('_', ' ')}: event {event} to {recipient}")
