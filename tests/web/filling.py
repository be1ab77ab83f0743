"""A ledger filled in bulk, as a busy installation has it after a while: for tests that count and for the bench."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, insert

from consumers.ledger.acting_tables import mutes, suppressions
from consumers.ledger.reply_tables import replies
from consumers.ledger.run_tables import runs
from consumers.ledger.tables import attempts, deliveries, events
from profiles.profile import Profile, Security, SmtpSettings
from profiles.sealing import Keyring
from profiles.store import ProfileStore

NOW = 1_795_000_000_000
HOUR = 3_600_000
KEYS = Keyring.parse("k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
SUITES = ("checkout", "search", "login", "billing")
PROFILES = ("QA alerts", "Nightly reports", "Platform")
#: How states are spread, in turn.
STATES = ("sent",) * 17 + ("failed", "deferred", "suppressed")
STEP = 5_000


@dataclass(frozen=True, slots=True)
class Filled:
    """What was written: the profiles, and how many deliveries."""

    profiles: tuple[Profile, ...]
    deliveries: int


def fill(
    engine: Engine,
    count: int,
    *,
    begin: int = 0,
    now: int = NOW,
    spread: int = 48 * HOUR,
    hostile: str | None = None,
) -> Filled:
    """Write `count` deliveries, the newest at `now`, with events, runs and attempts; a reply to each tenth.

    The first `begin` are there already. `hostile` stands in every text that a stranger may choose.
    """
    store = ProfileStore(engine, KEYS)
    kept = tuple(store.all()) or tuple(
        store.add(
            Profile(
                id=0,
                name=name,
                from_address="qa@example.com",
                recipients=("team@example.com",),
                smtp=SmtpSettings("smtp.example.com", 587, Security.NONE),
            )
        )
        for name in PROFILES
    )
    for start in range(begin, count, STEP):
        numbers = range(start + 1, min(start + STEP, count) + 1)
        with engine.begin() as connection:
            _write(connection, numbers, kept, count, now, spread, hostile)
    return Filled(kept, count)


def run_event(number: int, profile: str, suite: str, hostile: str | None = None) -> dict[str, Any]:
    """Return the event of a finished run as it is kept."""
    data = {
        "profile": profile,
        "recipients": [f"person-{number % 40}@example.com"],
        "suite": hostile or suite,
        "branch": hostile or "main",
        "outcome": "failed",
        "counts": {"total": 9, "passed": 8, "failed": 1},
        "failures": [{"name": hostile or "test_refund", "message": hostile or "assert 1 == 2"}],
    }
    return {
        "specversion": "1.0",
        "id": f"run-{number}",
        "source": "ci.example.com",
        "type": "runmail.run.finished",
        "data": data,
    }


def _write(
    connection: Connection,
    numbers: range,
    kept: tuple[Profile, ...],
    count: int,
    now: int,
    spread: int,
    hostile: str | None,
) -> None:
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in ("event", "run", "delivery", "attempt", "reply")}
    for n in numbers:
        at = now - spread * (count - n) // count
        profile, suite, state = kept[n % len(kept)], SUITES[n % len(SUITES)], STATES[n % len(STATES)]
        recipient = f"person-{n % 40}@example.com"
        document = run_event(n, profile.name, suite, hostile)
        body = json.dumps(document).encode()
        quarantined = n % 97 == 0
        rows["event"].append(
            {
                "id": n,
                "source": hostile or document["source"],
                "event_id": f"{hostile or 'run-'}{n}",
                "type": hostile if hostile and n % 2 else document["type"],
                "profile": hostile or profile.name,
                "body": body,
                "body_size": len(body),
                "body_sha256": hashlib.sha256(body).hexdigest(),
                "state": "planned",
                "reason": None,
                "detail": hostile,
                "starts": 0,
                "published_at": at - 80,
                "recorded_at": at - 50,
                "updated_at": at,
            }
        )
        if quarantined:
            rows["event"].append(
                {
                    **rows["event"][-1],
                    "id": count + n,
                    "state": "quarantined",
                    "reason": "not_json",
                    "detail": hostile or "the bytes are no JSON",
                    "body": b"\x1b[2Jno \xff json \x00" + (hostile or "").encode(),
                    "event_id": None,
                    "source": None,
                }
            )
        rows["run"].append(
            {
                "event_row": n,
                "source": document["source"],
                "profile": profile.name,
                "suite": document["data"]["suite"],
                "branch": document["data"]["branch"],
                "outcome": "failed",
                "finished_at": at - 100,
                **dict.fromkeys(("passed", "errors", "skipped", "flaky", "unnamed"), 0),
                "total": 9,
                "failed": 1,
            }
        )
        rows["delivery"].append(
            {
                "id": n,
                "event_row": n,
                "recipient": hostile or recipient,
                "recipient_key": (hostile and f"{hostile}{n}") or recipient,
                "profile_id": profile.id,
                "profile": hostile or profile.name,
                "state": state,
                "reason": None if state == "sent" else (hostile or "mailbox_unknown"),
                "due_at": now + HOUR if state == "deferred" else None,
                "fence": 1,
                "at_data": False,
                "starts": 0,
                "attempts": 1,
                "maybe_twice": False,
                "message_id": f"{n:040d}@example.com",
                "last_answer": hostile or "250 2.0.0 taken",
                "claimed_at": at,
                "sent_at": at + 40 + n % 100 if state == "sent" else None,
                "bounced": "hard" if n % 50 == 0 and state == "sent" else None,
                "bounced_status": "5.1.1" if n % 50 == 0 and state == "sent" else None,
                "bounced_at": at + HOUR if n % 50 == 0 and state == "sent" else None,
                "created_at": at,
                "updated_at": at + 100,
            }
        )
        rows["attempt"].append(
            {
                "delivery_id": n,
                "fence": 1,
                "profile_id": profile.id,
                "outcome": "taken" if state == "sent" else "refused",
                "reason": None if state == "sent" else "mailbox_unknown",
                "code": 250 if state == "sent" else 550,
                "status": "2.0.0" if state == "sent" else "5.1.1",
                "answer": hostile or "taken as 4F3A",
                "started_at": at + 10,
                "ended_at": at + 40,
            }
        )
        if n % 10 == 0:
            rows["reply"].append(
                {
                    "profile_id": profile.id,
                    "profile": profile.name,
                    "folder": hostile or "INBOX",
                    "uidvalidity": 1,
                    "uid": n,
                    "sha256": hashlib.sha256(str(n).encode()).hexdigest(),
                    "size": 900,
                    "kept_at": at + HOUR,
                    "raw": b"From: person@example.com\r\nSubject: hello\r\n\r\nhello\r\n",
                    "read_at": at + HOUR,
                    "outcome": ("reply", "command", "bounce", "auto_reply")[n // 10 % 4],
                    "reason": hostile or "no_command",
                    "sender": hostile or recipient,
                    "subject": hostile or "Re: checkout",
                    "message_id": hostile or f"{n}@client.example",
                    "text": hostile or "I am on it.",
                    "command": hostile or ("ack" if n % 40 == 10 else None),
                    "delivery_id": n,
                    "event_row": n,
                    "matched_by": "in_reply_to",
                    "facts": {"why": hostile or "no_command", "bounces": []},
                    "starts": 1,
                }
            )
    for table, name in (
        (events, "event"),
        (runs, "run"),
        (deliveries, "delivery"),
        (attempts, "attempt"),
        (replies, "reply"),
    ):
        if rows[name]:
            connection.execute(insert(table), rows[name])


def silence_some(engine: Engine, count: int, *, begin: int = 0, now: int = NOW, hostile: str | None = None) -> None:
    """Write suppressions and mutes, `count` of each."""
    with engine.begin() as connection:
        connection.execute(
            insert(suppressions),
            [
                {
                    "recipient_key": f"gone-{n}@example.com",
                    "recipient": hostile or f"gone-{n}@example.com",
                    "reason": "by_operator",
                    "note": hostile or "on leave",
                    "until": None,
                    "created_at": now - n,
                }
                for n in range(begin, count)
            ],
        )
        connection.execute(
            insert(mutes),
            [
                {
                    "profile_id": 1,
                    "scope": f"{n:032d}",
                    "recipient_key": f"person-{n % 40}@example.com",
                    "recipient": hostile or f"person-{n % 40}@example.com",
                    "kind": "muted",
                    "about": hostile or "checkout",
                    "asked_by": hostile or f"person-{n % 40}@example.com",
                    "delivery_id": n + 1,
                    "until": now + HOUR,
                    "created_at": now - n,
                }
                for n in range(begin, count)
            ],
        )
