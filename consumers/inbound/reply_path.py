"""The path of a reply, from a kept mail to all it brings about. Read `read_replies` from top to bottom.

    take     kept mails under a lease; the start is counted before anything is parsed        one commit, that of keep
    read     each mail to one named outcome                                                  pure
    match    the delivery it answers, by a signed token                                      pure, few look-ups
    act      commands, bounces; or the named reason why nothing happens
    answer   help that was asked for, and why a command had no effect; at most once a day
    settle   the outcome, all effects, the events that tell of them, the answers             one commit

Who keeps mails takes them in the same commit; the others are taken by id, when the lease of the one before has ended.
A mail that kills its reader is given up at its third start. It knows nothing of mailboxes: how mails are fetched and
kept is `collecting`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from consumers.inbound.acting import NOTHING, Deed, act
from consumers.inbound.announcements import Occasion
from consumers.inbound.authority import Rules
from consumers.inbound.automatic.redirecting import redirect
from consumers.inbound.automatic.wishes import wish_of
from consumers.inbound.automatic.writing import Asked, answer_all
from consumers.inbound.matching import Match, Unmatched, claimed_deliveries, match
from consumers.inbound.reading.outcome import Outcome, Reading
from consumers.inbound.reading.read_mail import Surroundings, read_mail, without_tag
from consumers.inbound.told import Told, told_by
from consumers.ledger.announcing import Announcement, announce
from consumers.ledger.issued import find_issued
from consumers.ledger.replies import Unread, settle_reading, start_reading
from consumers.ledger.understood import event_bodies, find_first, lock_unread
from consumers.ledger.writer import is_away
from profiles.addresses import UnusableAddress, read_address
from profiles.profile import Profile

log = structlog.get_logger(__name__)

#: Outcomes that bring nothing about, whatever they answer.
WITHOUT_EFFECT = (Outcome.OWN_MAIL, Outcome.NOT_FOR_US, Outcome.DUPLICATE, Outcome.UNREADABLE)
#: What people write; without a genuine token it answers no mail of ours.
OF_PEOPLE = (Outcome.REPLY, Outcome.COMMAND, Outcome.UNSUBSCRIBE)


@dataclass(frozen=True, slots=True)
class ReplyParts:
    """What the path works with. `profiles_by_name` makes a look-up for one group of mails.

    `keys` are those that tokens are made with, `aliases` commands in other words; `now` returns milliseconds UTC.
    """

    engine: Engine
    all_profiles: Callable[[], Sequence[Profile]]
    profiles_by_name: Callable[[], Callable[[str], Profile | None]]
    keys: Sequence[bytes]
    aliases: Mapping[str, str]
    now: Callable[[], int]


class ReplyPath:
    """Reads kept mails and lets them have their effects; safe to use from several threads."""

    def __init__(self, parts: ReplyParts) -> None:
        self.parts = parts

    def read_replies(self, ids: Sequence[int]) -> int:
        """Read kept mails; return how many. What another reads already is left to it."""
        total = 0
        while True:
            with self.parts.engine.begin() as connection:
                taken = start_reading(connection, ids, self.parts.now())
            if not taken:
                return total
            self.read_started(taken)
            total += len(taken)

    def read_started(self, mails: Sequence[Unread]) -> None:
        """Read mails that were taken and whose start is counted."""
        profiles = {profile.id: profile for profile in self.parts.all_profiles()}
        own = own_addresses(profiles.values())
        read = [(mail, read_mail(mail.raw, self._around(mail, profiles, own), size=mail.size)) for mail in mails]
        if not self._settled(read, profiles, own) and len(read) > 1:
            # One of them may be at fault, which must not cost its neighbours.
            for each in read:
                self._settled([each], profiles, own)

    def _settled(
        self, read: Sequence[tuple[Unread, Reading]], profiles: Mapping[int, Profile], own: frozenset[str]
    ) -> bool:
        """Settle mails in one commit; False, told in the log, when that fails while the database is there.

        A mail that fails alone keeps its start, and is given up at its third.
        """
        try:
            self._settle(read, profiles, own)
        except Exception as error:
            if isinstance(error, OperationalError | InterfaceError) and is_away(error):
                raise
            log.exception("replies_not_settled", count=len(read), first=read[0][0].id, error=type(error).__name__)
            return False
        return True

    def _around(self, mail: Unread, profiles: Mapping[int, Profile], own: frozenset[str]) -> Surroundings:
        """Return what a mail itself cannot tell."""
        profile = profiles.get(mail.profile_id)
        authserv_id = profile.authserv_id if profile else None
        return Surroundings(own, authserv_id=authserv_id, aliases=self.parts.aliases, answers_only=True)

    def _settle(
        self, read: Sequence[tuple[Unread, Reading]], profiles: Mapping[int, Profile], own: frozenset[str]
    ) -> None:
        """Match and act, and write everything down in one commit."""
        with self.parts.engine.begin() as connection:
            rows = self._written(connection, read, profiles, own)
        for row in rows:
            log.info("reply_read", reply=row["row"], outcome=row["outcome"], reason=row["reason"])

    def _written(
        self,
        connection: Connection,
        read: Sequence[tuple[Unread, Reading]],
        profiles: Mapping[int, Profile],
        own: frozenset[str],
    ) -> list[dict[str, Any]]:
        """Match, act and write; return what was written. What another has read meanwhile is left out."""
        now = self.parts.now()
        free = lock_unread(connection, [mail.id for mail, _ in read])
        mails = [(mail, reading) for mail, reading in _without_duplicates(connection, read) if mail.id in free]
        issued = find_issued(connection, claimed_deliveries(reading.threads for _, reading in mails))
        matches = [match(reading.threads, _sender_key(reading), issued, self.parts.keys, now) for _, reading in mails]
        matches = redirect(connection, [reading for _, reading in mails], matches)
        answered = {each.issued.event_row for each in matches if isinstance(each, Match)}
        told = {row: told_by(body) for row, body in event_bodies(connection, answered)}
        find_by_name = self.parts.profiles_by_name()
        rows: list[dict[str, Any]] = []
        events: list[Announcement] = []
        asked: list[Asked] = []
        for (mail, reading), found in zip(mails, matches, strict=True):
            if isinstance(found, Match) and reading.outcome not in WITHOUT_EFFECT:
                about = told.get(found.issued.event_row)
                profile = _home(about, found, profiles, find_by_name)
                occasion = _occasion(mail, found, about, profile, now)
                deed = act(connection, reading, found, about, _rules(profile), occasion)
                wish = wish_of(reading, found, about, deed.refusal, profile)
                if wish is not None and about is not None:
                    asked.append(Asked(mail.id, mail.raw, reading.message_id, profile, about, wish))
            else:
                deed = NOTHING
                if reading.outcome in OF_PEOPLE:
                    reading = _unanswered(reading, found)
            rows.append(_columns(mail, reading, found, deed, now))
            events += deed.events
        answers = answer_all(connection, asked, own, now)
        for row in rows:
            row["facts"]["answer"] = answers.get(row["row"])
        settle_reading(connection, rows)
        announce(connection, events)
        return rows


def own_addresses(profiles: Iterable[Profile]) -> frozenset[str]:
    """Return the comparison keys of all addresses that profiles write from or read, without tags."""
    found = set()
    for profile in profiles:
        # Not reply_to, which may be a person's.
        for text in (profile.from_address, profile.imap.username if profile.imap else None):
            try:
                found.add(without_tag(read_address(text or "").key))
            except UnusableAddress:
                continue
    return frozenset(found)


def _without_duplicates(connection: Connection, read: Sequence[tuple[Unread, Reading]]) -> list[tuple[Unread, Reading]]:
    """Return the mails, those whose Message-ID was read before as duplicates."""
    first = find_first(
        connection, {(mail.profile_id, reading.message_id) for mail, reading in read if reading.message_id}
    )
    found = []
    for mail, reading in sorted(read, key=lambda pair: pair[0].id):
        key = (mail.profile_id, reading.message_id)
        if reading.message_id and first.setdefault(key, mail.id) < mail.id:
            reading = replace(reading, outcome=Outcome.DUPLICATE, why="message_id", command=None, bounces=())
        found.append((mail, reading))
    return found


def _home(
    told: Told | None,
    found: Match,
    profiles: Mapping[int, Profile],
    find_by_name: Callable[[str], Profile | None],
) -> Profile | None:
    """Return the profile that the answered event names; one that sent its mail meanwhile only stands in."""
    named = find_by_name(told.profile) if told else None
    return named or profiles.get(found.issued.profile_id)


def _unanswered(reading: Reading, found: Match | Unmatched) -> Reading:
    """Return what a person wrote without a genuine token: it answers nothing of ours, or what is long past."""
    outcome = reading.outcome if found is Unmatched.EXPIRED_TOKEN else Outcome.NOT_FOR_US
    return replace(reading, outcome=outcome, why=str(found))


def _occasion(mail: Unread, found: Match, told: Told | None, profile: Profile | None, now: int) -> Occasion:
    return Occasion(
        reply_id=mail.id,
        seal=mail.sha256,
        profile_id=profile.id if profile else found.issued.profile_id,
        profile=profile.name if profile else (told.profile if told else "removed"),
        recipient=found.issued.recipient,
        delivery_id=found.issued.delivery_id,
        about=told.about if told else None,
        now=now,
    )


def _rules(profile: Profile | None) -> Rules:
    if profile is None:
        return Rules()
    return Rules(profile.actors, profile.allow_rerun, profile.timezone)


def _sender_key(reading: Reading) -> str | None:
    return reading.sender.address.key if reading.sender.address else None


def _columns(mail: Unread, reading: Reading, found: Match | Unmatched, deed: Deed, now: int) -> dict[str, Any]:
    """Return what a mail turned out to be in the columns of its row."""
    matched = found if isinstance(found, Match) else None
    return {
        "row": mail.id,
        "read_at": now,
        "outcome": reading.outcome.value,
        "reason": deed.refusal.value if deed.refusal else reading.why,
        "sender": reading.sender.address.wire if reading.sender.address else None,
        "subject": reading.subject or None,
        "message_id": reading.message_id or None,
        "text": reading.text or None,
        "command": str(reading.command) if reading.command else None,
        "delivery_id": matched.issued.delivery_id if matched else None,
        "event_row": matched.issued.event_row if matched else None,
        "matched_by": matched.found_in.value if matched else None,
        "facts": {
            "why": reading.why,
            "refusal": deed.refusal.value if deed.refusal else None,
            "unmatched": None if matched else str(found),
            "command_fault": reading.command_fault.value if reading.command_fault else None,
            "from_fault": reading.sender.fault.value if reading.sender.fault else None,
            "dmarc": reading.dmarc.value,
            "bounces": [bounce.to_json() for bounce in reading.bounces],
            "auto_reply_until": reading.auto_reply_until.isoformat() if reading.auto_reply_until else None,
            "complaint": reading.complaint.to_json() if reading.complaint else None,
        },
    }
